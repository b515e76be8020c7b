import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import type { Clock } from '../../../src/clock.ts'
import { formatMarker } from '../../../src/core/marker.ts'
import type { Change } from '../../../src/core/moving.ts'
import { rfc2136 } from '../../../src/drivers/dns/rfc2136.ts'
import { splitTsig, tsigKey } from '../../../src/drivers/dns/tsig.ts'
import { rcodes } from '../../../src/drivers/dns/wire.ts'
import { debian } from '../../lab/debian.ts'
import { addition, deletion, updateByHand } from '../../lab/hand.ts'
import { startKnot } from '../../lab/knot.ts'
import type { Knot } from '../../lab/knot.ts'
import { forUpdates, startProxy } from '../../lab/proxy.ts'
import { startPoller } from '../../lab/poller.ts'
import { owner, zone } from './case.ts'
import { driverSuite } from './suite.ts'

const unpacked = await debian(['knot'])

const secretOf = (text: string): string => Buffer.from(text).toString('base64')
const soa = '@ 60 SOA ns1 hostmaster 1 3600 600 86400 60\n@ 60 NS ns1\nns1 60 A 127.0.0.1\n'

describe.skipIf(!unpacked)('Knot', () => {
  if (!unpacked) return
  driverSuite('rfc2136 on Knot', async () => {
    const secrets = { lifeboat: secretOf('a key of the lab'), other: secretOf('another key of the lab') }
    const keys = [{ name: 'lifeboat', secret: secrets.lifeboat }]
    const knot = await startKnot(unpacked, { zones: { [zone]: soa }, keys })
    const key = tsigKey('lifeboat', secrets.lifeboat)
    const options = { host: 'rfc2136', zone, server: knot.server, timeoutMs: 2000 }
    return {
      server: knot.server,
      driver: (more) => rfc2136({ ...options, key, ...more }, machineClock),
      forbidden: (more) => rfc2136({ ...options, key: tsigKey('unknown', secrets.other), ...more }, machineClock),
      byHand: (updates) => updateByHand(knot.server, zone, key, updates),
      dump: () => knot.dump(zone),
      serial: () => knot.serial(zone),
      stop: knot.stop,
    }
  })
})

const signal = (): AbortSignal => AbortSignal.timeout(20_000)
const aheadBy = (skewMs: number): Clock => ({
  ...machineClock,
  now: () => ({ ...machineClock.now(), wallMs: machineClock.now().wallMs + skewMs }),
})

const text = formatMarker({ app: 'facts', owner, epoch: 1, site: 'aws', move: '00000000-0000-4000-8000-000000000001', state: 'claimed' })
const name = `_lifeboat-facts.${zone}`
const claim: Change = { zone, txt: { name, ttlS: 60, old: [], oldTtlS: null, new: [text] }, sets: [] }

describe.skipIf(!unpacked)('facts of a server: Knot 3.2.6', () => {
  if (!unpacked) return
  let knot: Knot
  const secrets = { lifeboat: secretOf('a key of the lab'), long: secretOf('a longer key of the lab') }
  const key = tsigKey('lifeboat', secrets.lifeboat)
  const options = { host: 'rfc2136', zone, marker: name, names: [`www.${zone}`], timeoutMs: 2000 }
  beforeAll(async () => {
    knot = await startKnot(unpacked, {
      zones: { [zone]: `${soa}www 60 A 127.0.0.11\n` },
      keys: [
        { name: 'lifeboat', secret: secrets.lifeboat, types: ['A', 'AAAA', 'CNAME', 'TXT'] },
        { name: 'long', secret: secrets.long, algorithm: 'hmac-sha512' },
      ],
    })
  }, 60_000)
  afterAll(() => knot.stop())
  const claimed = async (): Promise<boolean> => (await knot.dump(zone)).some((line) => line.startsWith(name))
  const write = (more: Partial<Parameters<typeof rfc2136>[0]>, clock: Clock = machineClock) =>
    rfc2136({ ...options, server: knot.server, key, ...more }, clock).write(claim, signal())

  test('tsig-bad-secret', async () => {
    const bad = await write({ key: tsigKey('lifeboat', secretOf('not the secret')) })
    expect(bad).toEqual({ outcome: 'refused', detail: `${knot.server} has another secret for the key "lifeboat" (BADSIG)` })
    const stranger = await write({ key: tsigKey('stranger', secrets.lifeboat) })
    expect(stranger).toEqual({ outcome: 'refused', detail: `${knot.server} does not know the key "stranger", or does not let it do this (BADKEY)` })
    expect(await claimed()).toBe(false)
  })

  test('tsig-skew', async () => {
    expect((await write({}, aheadBy(400_000))).detail).toMatch(/differ by (399|400|401) s, ours being ahead \(BADTIME\)/)
    const behind = await write({}, aheadBy(-400_000))
    expect(behind.outcome).toBe('refused')
    expect(behind.detail).toContain('ours being behind')
    expect(await claimed()).toBe(false)
  })

  test('tsig-forged-or-missing-mac', async () => {
    const changes: Record<string, (reply: Buffer) => Buffer> = {
      'is not signed with our key': (reply) => {
        const at = reply.length - 10 // Within the MAC, which is followed by six bytes.
        reply.writeUInt8(reply.readUInt8(at) ^ 1, at)
        return reply
      },
      'without a signature': (reply) => splitTsig(reply)?.message ?? reply,
    }
    for (const [detail, change] of Object.entries(changes)) {
      const proxy = await startProxy(knot.server, { reply: forUpdates(change) })
      const answer = await write({ server: proxy.server })
      expect([answer.outcome, answer.detail]).toEqual(['unknown', expect.stringContaining(detail)])
      await proxy.stop()
      await updateByHand(knot.server, zone, key, [deletion(name, 'TXT')])
    }
  })

  test('hmac-sha512', async () => {
    expect((await write({ key: tsigKey('Long.', secrets.long, 'hmac-sha512') })).outcome).toBe('done')
    await updateByHand(knot.server, zone, key, [deletion(name, 'TXT')])
  })

  test('tcp-only', async () => {
    // The proxy has no UDP port at all; Knot itself would take an update there.
    const proxy = await startProxy(knot.server, {})
    expect((await write({ server: proxy.server })).outcome).toBe('done')
    await proxy.stop()
    await updateByHand(knot.server, zone, key, [deletion(name, 'TXT')])
  })

  test('key-may-not-touch-mx', async () => {
    const mx = Buffer.from('000a046d61696c07696e76616c696400', 'hex')
    expect(await updateByHand(knot.server, zone, key, [addition(`www.${zone}`, 60, 'MX', mx)])).toBe(rcodes.NOTAUTH)
    expect((await write({})).outcome).toBe('done')
    expect((await knot.dump(zone)).some((line) => line.includes(' MX '))).toBe(false)
    await updateByHand(knot.server, zone, key, [deletion(name, 'TXT')])
  })

  test('idempotent-no-serial-bump', async () => {
    expect((await write({})).outcome).toBe('done')
    const serial = await knot.serial(zone)
    const again = { ...claim, txt: { ...claim.txt, old: [text], oldTtlS: 60 } }
    const same = await rfc2136({ ...options, server: knot.server, key }, machineClock).write(again, signal())
    expect(same).toEqual({ outcome: 'done', detail: 'nothing to change' })
    expect(await knot.serial(zone)).toBe(serial)
  })

  test('a change is never seen half done', async () => {
    const poller = startPoller(knot.server, [`www.${zone}`])
    const dns = rfc2136({ ...options, server: knot.server, key }, machineClock)
    const [one, two] = ['127.0.0.11', '127.0.0.12']
    for (let n = 0; n < 10; n++) {
      const [old, next] = n % 2 === 0 ? [one, two] : [two, one]
      const txt = { ...claim.txt, old: [text], oldTtlS: 60 }
      const set = { name: `www.${zone}`, type: 'A' as const, ttlS: 60, old: [old ?? ''], oldTtlS: 60, new: [next ?? ''] }
      expect((await dns.write({ zone, txt, sets: [set] }, signal())).outcome).toBe('done')
    }
    const polled = poller.stop()
    expect(polled.empty).toEqual([])
    expect([...polled.values].sort()).toEqual([one, two])
    expect(polled.answered).toBeGreaterThan(20)
  })
})
