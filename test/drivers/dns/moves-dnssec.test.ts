import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { refuseOtherSigners } from '../../../src/cli/signers.ts'
import type { ServerView } from '../../../src/core/moving.ts'
import { startEmbedded } from '../../../src/drivers/dns/embedded.ts'
import type { Embedded } from '../../../src/drivers/dns/embedded.ts'
import { nameServers } from '../../../src/drivers/dns/nameservers.ts'
import { digHost } from '../../../src/drivers/dns/query.ts'
import type { NameServers } from '../../../src/ports.ts'
import { configOf, hostOf } from '../../core/house.ts'
import { debian } from '../../lab/debian.ts'
import { addition, updateByHand } from '../../lab/hand.ts'
import { startKnot } from '../../lab/knot.ts'
import type { Knot, KnotOptions } from '../../lab/knot.ts'
import { freePort } from '../../lab/ports.ts'
import { listed, newRig, one, two } from '../../lab/rig.ts'
import type { Rig } from '../../lab/rig.ts'
import { embeddedServer, keyedServer, labKey } from '../../lab/servers.ts'
import { waitMs } from '../../lab/wait.ts'

// Zones with a DS at their parent: a move is confirmed where whoever validates takes the answer.

const unpacked = await debian(['knot'])
const testMs = 90_000
const signal = (): AbortSignal => AbortSignal.timeout(waitMs)
const text = `@ 60 SOA ns1 hostmaster 1 3600 600 86400 60\n@ 60 NS ns1\nns1 60 A 127.0.0.1\nwww 60 A ${one}\n`
const ds = Buffer.from(`04d20d02${'ab'.repeat(32)}`, 'hex')

const moved = async (rig: Rig): Promise<void> => {
  rig.start()
  await rig.askAdopt('one', [one])
  await rig.ended(1)
  await rig.seen()
  await rig.askMove('failover', 'two', { force: true, unready: true })
}

describe.skipIf(!unpacked)('a parent with a DS, and Knot', () => {
  if (!unpacked) return
  const [parentAddress, firstAddress, secondAddress] = ['127.0.42.1', '127.0.42.2', '127.0.42.3']
  let port: number
  let parent: Embedded
  let [first, second]: Knot[] = []
  beforeAll(async () => {
    port = await freePort([parentAddress, firstAddress, secondAddress])
    const zones = (names: string[]) => Object.fromEntries(names.map((name) => [`${name}.example`, text]))
    const start = (address: string, options: Pick<KnotOptions, 'zones' | 'signing'>) => startKnot(unpacked, { address, port, keys: [labKey], ...options })
    first = await start(firstAddress, { zones: zones(['signed', 'brief', 'unsigned', 'shared']), signing: { 'signed.example': {}, 'brief.example': { lifetime: '2d' }, 'shared.example': {} } })
    second = await start(secondAddress, { zones: zones(['shared']), signing: { 'shared.example': {} } })
    const delegation = (name: string, value: string) => ({ name: `${name}.example`, type: 'NS' as const, ttlS: 60, value })
    const records = [
      { name: 'example', type: 'NS' as const, ttlS: 60, value: 'ns.example' },
      { name: 'ns.example', type: 'A' as const, ttlS: 60, value: parentAddress },
      { name: 'ns-1.example', type: 'A' as const, ttlS: 60, value: firstAddress },
      { name: 'ns-2.example', type: 'A' as const, ttlS: 60, value: secondAddress },
      ...['signed', 'brief', 'unsigned', 'shared', 'insecure'].map((name) => delegation(name, 'ns-1.example')),
      delegation('shared', 'ns-2.example'),
    ]
    parent = await startEmbedded({ zones: { example: records }, address: parentAddress, port })
    for (const name of ['signed', 'brief', 'unsigned', 'shared'])
      expect(await updateByHand(parent.server, 'example', null, [addition(`${name}.example`, 60, 'DS', ds)])).toBe(0)
  })
  afterAll(() => Promise.all([parent.stop(), first?.stop(), second?.stop()]))

  const published = (): NameServers => nameServers({ override: () => null, resolvers: [parent.server], port, timeoutMs: 3_000 }, machineClock)
  const rigFor = (zone: string): Promise<Rig> => newRig({ servers: [keyedServer(first!)], zone, names: [`www.${zone}`], nameServers: published() })

  test('the parent says whether there is a DS', async () => {
    const servers = published()
    expect(servers.ds('signed.example')).toBeNull()
    expect(await servers.of('signed.example', signal())).toEqual([first!.server])
    expect(await servers.of('insecure.example', signal())).toEqual([first!.server])
    await servers.of('absent.example', signal())
    expect(['signed.example', 'insecure.example', 'absent.example'].map(servers.ds)).toEqual([true, false, null])
    expect(nameServers({ override: () => ['127.0.0.1:53'], timeoutMs: 100 }, machineClock).ds('signed.example')).toBe(false)
  })

  test('dnssec-resigned: what is signed anew is confirmed', async () => {
    const zone = 'signed.example'
    const rig = await rigFor(zone)
    try {
      await moved(rig)
      expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done', to: 'two' })
      const [seen] = rig.controllers[0]!.self()!.servers!
      expect(seen).toMatchObject({ ds: true, view: { sets: [{ type: 'A', values: [two], signed: { untilMs: expect.any(Number) } }] } })
    } finally {
      await rig.stop()
    }
  }, testMs)

  test.each([
    ['brief.example', /0 of 1 name servers show it; \S+ serves www\.brief\.example A with a signature that ends in (2 d|4\d h), and 3 d must be left/],
    ['unsigned.example', /0 of 1 name servers show it; \S+ serves www\.unsigned\.example A without a signature that verifies/],
  ])('%s: it is not confirmed, the sentence says why, and the move ends all the same', async (zone, sentence) => {
    const rig = await rigFor(zone)
    try {
      rig.start()
      await rig.askAdopt('one', [one])
      await rig.until('it says why', () => rig.controllers[0]!.said(sentence))
      await rig.skip(95_000)
      await rig.skip(95_000)
      expect((await rig.ended(1)).past[0]).toMatchObject({ state: 'done-with-debts', debts: [`rfc2136/${zone}`] })
      await rig.until('it says so', () => rig.controllers[0]!.said('has ended unconfirmed'))
    } finally {
      await rig.stop()
    }
  }, testMs)

  test('signer-mismatch-refused', async () => {
    const zone = 'shared.example'
    const servers = published()
    const view = (server: string) => digHost({ server, zone, marker: `_lifeboat-shop.${zone}`, names: [`www.${zone}`], timeoutMs: 1000, dnssec: true }, machineClock, signal())
    const addresses = (await servers.of(zone, signal()))!
    const seen = await Promise.all(addresses.map(async (server, n): Promise<ServerView> => ({ server, zone, host: `dns${n + 1}`, ds: servers.ds(zone), view: await view(server) })))
    const config = configOf({ dns: { hosts: [hostOf(1, { zone }), hostOf(2, { zone })] } })
    expect(seen.map(({ server }) => server)).toEqual([first!.server, second!.server])
    const refusal = (of: ServerView[], hosts = config) => {
      try {
        refuseOtherSigners(of, hosts)
        return null
      } catch (thrown) {
        return thrown
      }
    }
    expect(refusal(seen)).toMatchObject({ exit: 2, message: expect.stringMatching(/^shared\.example has a DS at its parent; \S+ signs it with key \d+ \(algorithm 13\), and \S+ publishes other keys: \d+ \(algorithm 13\)\. .*take one of the two out of dns\.hosts$/) })
    // None of these is a fault: no DS, could not find out, one host's own servers, one host alone, or each knows the other's key.
    expect(refusal(seen.map((each) => ({ ...each, ds: false })))).toBeNull()
    expect(refusal(seen.map((each) => ({ ...each, ds: null })))).toBeNull()
    expect(refusal([seen[0]!, { ...seen[1]!, view: null }])).toBeNull()
    expect(refusal(seen.map((each) => ({ ...each, host: 'dns1' })))).toBeNull()
    expect(refusal(seen, configOf({ dns: { hosts: [hostOf(1, { zone })] } }))).toBeNull()
    const publishes = seen.flatMap((each) => each.view!.signers!.publishes)
    expect(refusal(seen.map((each) => ({ ...each, view: { ...each.view!, signers: { ...each.view!.signers!, publishes } } })))).toBeNull()
    // A key signing key in common does not help where what signs the records is the other's unknown.
    const common = seen.map((each) => ({ ...each, view: { ...each.view!, signers: { ...each.view!.signers!, publishes: ['1 (algorithm 13)', ...each.view!.signers!.publishes] } } }))
    expect(refusal(common)).not.toBeNull()
    const bare = { ...seen[1]!, view: { ...seen[1]!.view!, signers: { signs: [], publishes: [] } } }
    expect(refusal([seen[0]!, bare])).toMatchObject({ message: expect.stringContaining(`and ${second!.server} is not signed`) })
  })
})

describe('embedded', () => {
  const zone = 'shop.example'
  const rigWith = async (knows: boolean | null): Promise<{ rig: Rig; stop(): Promise<unknown> }> => {
    const server = await startEmbedded({ zones: { [zone]: [{ name: `www.${zone}`, type: 'A', ttlS: 60, value: one }] } })
    const rig = await newRig({ servers: [embeddedServer(server)], zone, names: [`www.${zone}`], nameServers: listed([server.server], knows) })
    return { rig, stop: () => rig.stop().then(server.stop) }
  }

  test('whether there is a DS could not be found out: it says so, and goes on', async () => {
    const { rig, stop } = await rigWith(null)
    try {
      await moved(rig)
      expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done', to: 'two' })
      expect(rig.controllers[0]!.said('1 of 1 name servers show it; whether shop.example is signed could not be found out')).toBe(true)
    } finally {
      await stop()
    }
  }, testMs)

  test('a zone that has a DS and is not signed is not confirmed', async () => {
    const { rig, stop } = await rigWith(true)
    try {
      rig.start()
      await rig.askAdopt('one', [one])
      await rig.until('it says why', () => rig.controllers[0]!.said(`serves www.${zone} A without a signature that verifies`))
    } finally {
      await stop()
    }
  }, testMs)
})
