import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import type { Clock } from '../../../src/clock.ts'
import { formatMarker } from '../../../src/core/marker.ts'
import type { Change } from '../../../src/core/moving.ts'
import { rfc2136 } from '../../../src/drivers/dns/rfc2136.ts'
import { splitTsig, tsigKey } from '../../../src/drivers/dns/tsig.ts'
import { rcodes } from '../../../src/drivers/dns/wire.ts'
import type { WriteOutcome } from '../../../src/ports.ts'
import { addition, deletion, updateByHand } from '../../lab/hand.ts'
import type { NameServer } from '../../lab/name-server.ts'
import { startPoller } from '../../lab/poller.ts'
import { forUpdates, startProxy } from '../../lab/proxy.ts'
import { labKey, secretOf } from '../../lab/servers.ts'
import type { LabKey } from '../../lab/servers.ts'
import { owner, signal, zone } from './case.ts'
import type { DriverLab } from './case.ts'

// A server that takes updates by RFC 2136 with a key, as the driver suite takes it, and the facts of such a server on that server.

export type Keyed = Omit<NameServer, 'signal'>

type Given = { zones: Record<string, string>; keys: LabKey[] }

/** What a server does its own way. */
export type Ways = {
  unknownKey: [WriteOutcome['outcome'], RegExp]
  otherSecret: [WriteOutcome['outcome'], RegExp]
  /** Where our clock is 400 s ahead; of one that is behind it says the same. */
  ahead: [WriteOutcome['outcome'], RegExp]
  /** What it answers to a record that the key may not write; it never writes it. */
  mayNot: keyof typeof rcodes
  /** True: a value that is deleted and added again in one update is another version of the zone. */
  noOpIsAVersion: boolean
}

const soa = '@ 60 SOA ns1 hostmaster 1 3600 600 86400 60\n@ 60 NS ns1\nns1 60 A 127.0.0.1\n'
const key = tsigKey(labKey.name, labKey.secret)

/** A lab of the driver suite over a server that knows one key. */
export const keyedLab = async (start: (given: Given) => Promise<Keyed>, { unknownKey }: Ways): Promise<DriverLab> => {
  const server = await start({ zones: { [zone]: soa }, keys: [labKey] })
  const options = { host: 'rfc2136', zone, server: server.server, timeoutMs: 2000 }
  return {
    server: server.server,
    driver: (more) => rfc2136({ ...options, key, ...more }, machineClock),
    forbidden: { driver: (more) => rfc2136({ ...options, key: tsigKey('unknown', secretOf('another key of the lab')), ...more }, machineClock), says: unknownKey },
    byHand: (updates) => updateByHand(server.server, zone, key, updates),
    dump: () => server.dump(zone),
    serial: () => server.serial(zone),
    stop: server.stop,
  }
}

const aheadBy = (skewMs: number): Clock => ({
  ...machineClock,
  now: () => ({ ...machineClock.now(), wallMs: machineClock.now().wallMs + skewMs }),
})

const text = formatMarker({ app: 'facts', owner, epoch: 1, site: 'aws', move: '00000000-0000-4000-8000-000000000001', state: 'claimed' })
const name = `_lifeboat-facts.${zone}`
const www = `www.${zone}`
const claim: Change = { zone, txt: { name, ttlS: 60, old: [], oldTtlS: null, new: [text] }, sets: [] }
const claimed: Change = { ...claim, txt: { ...claim.txt, old: [text], oldTtlS: 60 } }

export const factsSuite = (title: string, start: (given: Given) => Promise<Keyed>, ways: Ways): void => {
  describe(`facts of a server: ${title}`, () => {
    let server: Keyed
    const long = secretOf('a longer key of the lab')
    beforeAll(async () => {
      const keys: LabKey[] = [{ ...labKey, types: ['A', 'AAAA', 'CNAME', 'TXT'] }, { name: 'long', secret: long, algorithm: 'hmac-sha512' }]
      server = await start({ zones: { [zone]: `${soa}www 60 A 127.0.0.11\n` }, keys })
    })
    afterAll(() => server.stop())

    const hasClaim = async (): Promise<boolean> => (await server.dump(zone)).some((line) => line.startsWith(name))
    const hand = (...updates: Parameters<typeof updateByHand>[3]) => updateByHand(server.server, zone, key, updates)
    const at = (more: Partial<Parameters<typeof rfc2136>[0]>, clock: Clock = machineClock) =>
      rfc2136({ host: 'rfc2136', zone, marker: name, names: [www], timeoutMs: 2000, server: server.server, key, ...more }, clock)
    const write = (...as: Parameters<typeof at>) => at(...as).write(claim, signal())
    const says = async ([outcome, detail]: Ways['ahead'], ...as: Parameters<typeof at>): Promise<void> => {
      expect(await write(...as)).toEqual({ outcome, detail: expect.stringMatching(detail) })
      expect(await hasClaim()).toBe(false)
    }

    test('tsig-bad-secret', async () => {
      await says(ways.otherSecret, { key: tsigKey(labKey.name, secretOf('not the secret')) })
      await says(ways.unknownKey, { key: tsigKey('stranger', labKey.secret) })
    })

    test('tsig-skew', async () => {
      await says(ways.ahead, {}, aheadBy(400_000))
      await says([ways.ahead[0], new RegExp(ways.ahead[1].source.replace('ahead', 'behind'))], {}, aheadBy(-400_000))
      expect((await write({}, aheadBy(200_000))).outcome).toBe('done')
      await hand(deletion(name, 'TXT'))
    })

    test('tsig-forged-or-missing-mac', async () => {
      const changes: Record<string, (reply: Buffer) => Buffer> = {
        'is not signed with our key': (reply) => {
          const place = reply.length - 10 // Within the MAC, which is followed by six bytes.
          reply.writeUInt8(reply.readUInt8(place) ^ 1, place)
          return reply
        },
        'without a signature': (reply) => splitTsig(reply)?.message ?? reply,
      }
      for (const [detail, change] of Object.entries(changes)) {
        const proxy = await startProxy(server.server, { reply: forUpdates(change) })
        const answer = await write({ server: proxy.server })
        expect([answer.outcome, answer.detail]).toEqual(['unknown', expect.stringContaining(detail)])
        await proxy.stop()
        await hand(deletion(name, 'TXT'))
      }
    })

    test('hmac-sha512', async () => {
      expect((await write({ key: tsigKey('Long.', long, 'hmac-sha512') })).outcome).toBe('done')
      await hand(deletion(name, 'TXT'))
    })

    test('tcp-only', async () => {
      // The proxy has no UDP port at all; the server itself would take an update there.
      const proxy = await startProxy(server.server, {})
      expect((await write({ server: proxy.server })).outcome).toBe('done')
      await proxy.stop()
      await hand(deletion(name, 'TXT'))
    })

    test('key-may-not-touch-mx', async () => {
      const mx = Buffer.from('000a046d61696c07696e76616c696400', 'hex')
      expect(await hand(addition(www, 60, 'MX', mx))).toBe(rcodes[ways.mayNot])
      expect((await write({})).outcome).toBe('done')
      expect((await server.dump(zone)).some((line) => / (MX|TYPE15) /.test(line))).toBe(false)
      await hand(deletion(name, 'TXT'))
    })

    test('idempotent-no-serial-bump', async () => {
      expect((await write({})).outcome).toBe('done')
      const serial = await server.serial(zone)
      expect(await at({}).write(claimed, signal())).toEqual({ outcome: 'done', detail: 'nothing to change' })
      expect(await server.serial(zone)).toBe(serial)
      expect(await hand(deletion(name, 'TXT'), addition(name, 60, 'TXT', text))).toBe(rcodes.NOERROR)
      expect(await server.serial(zone)).toBe(ways.noOpIsAVersion ? serial + 1 : serial)
    })

    test('a change is never seen half done', async () => {
      const poller = startPoller(server.server, [www])
      const [one, two] = ['127.0.0.11', '127.0.0.12']
      for (let n = 0; n < 40; n++) {
        const [old, next] = n % 2 === 0 ? [one, two] : [two, one]
        const set = { name: www, type: 'A' as const, ttlS: 60, old: [old ?? ''], oldTtlS: 60, new: [next ?? ''] }
        expect((await at({}).write({ ...claimed, sets: [set] }, signal())).outcome).toBe('done')
      }
      const polled = await poller.stop()
      expect(polled.empty).toEqual([])
      expect([...polled.values].sort()).toEqual([one, two])
      expect(polled.answered).toBeGreaterThan(20)
    })
  })
}
