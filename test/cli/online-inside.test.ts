import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { machineClock, type Clock } from '../../src/clock.ts'
import { hostFindings } from '../../src/cli/online/hosts.ts'
import { readHosts, type Looking } from '../../src/cli/online/looking.ts'
import { nameServerFindings } from '../../src/cli/online/name-servers.ts'
import { wire } from '../../src/cli/wiring.ts'
import { noneNeeded } from '../../src/cli/zone-look.ts'
import { loadSettings } from '../../src/config/loading.ts'
import { freshLedger } from '../../src/core/ledger.ts'
import { startEmbedded } from '../../src/drivers/dns/embedded.ts'
import { nameServers } from '../../src/drivers/dns/nameservers.ts'
import { ask, recordsIn } from '../../src/drivers/dns/query.ts'
import { tsigKey } from '../../src/drivers/dns/tsig.ts'
import { encodeName, rrTypes } from '../../src/drivers/dns/wire.ts'
import { debian } from '../lab/debian.ts'
import { startFaulty, type Fault } from '../lab/faulty.ts'
import { addition, deletion, updateByHand } from '../lab/hand.ts'
import { startKnot, type KnotOptions } from '../lab/knot.ts'
import { freePort } from '../lab/ports.ts'
import { listed as listedBy } from '../lab/rig.ts'
import { labKey } from '../lab/servers.ts'
import { hostEntry, yamlOf } from './online-lab.ts'

// What a command line cannot be given here: another clock, and a parent that publishes a DS.

const unpacked = await debian(['knot'])
const zone = 'shop.example'
const text = '@ 60 SOA ns1 hostmaster 1 3600 600 86400 60\n@ 60 NS ns1\nns1 60 A 127.0.0.1\n@ 60 A 127.0.0.41\n'

type Parent = Looking['parts']['nameServers']
/** A parent that has a DS or not; which one, it does not say. */
const listed = (servers: string[], ds: boolean | null): Parent => ({ ...listedBy(servers, ds), dsSet: () => null })

const lookingAt = async (servers: string[], given: { clock?: Clock; nameServers?: Parent }): Promise<Looking> => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-online-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'lifeboat.yaml'), yamlOf({ check: '{ tcp: 1 }', names: [zone], nameservers: servers, hosts: servers.map((server) => hostEntry(zone, server, labKey)) }))
  const settings = loadSettings({ env: {}, cwd: folder })
  const { clock = machineClock } = given
  const parts = wire(settings, { store: noneNeeded, clock, log: () => {}, command: 'check' })
  return { settings, parts: { ...parts, nameServers: given.nameServers ?? listed(servers, false) }, clock, limit: AbortSignal.timeout(30_000), ledger: freshLedger(settings.core), complaints: new Map() }
}

const knotFor = async (options: Partial<KnotOptions> = {}) => {
  const knot = await startKnot(unpacked!, { zones: { [zone]: text }, keys: [labKey], ...options })
  onTestFinished(() => knot.stop())
  return knot
}

describe.skipIf(!unpacked)('on Knot', () => {
  const aheadBy = (skewMs: number): Clock => ({ ...machineClock, now: () => ({ ...machineClock.now(), wallMs: machineClock.now().wallMs + skewMs }) })

  test.each([
    ['within 5 min ahead', 120_000, 'warn our clock is 2 min ahead of that of SERVER, which takes no change beyond 5 min: set both by NTP'],
    ['within 5 min behind', -60_000, 'warn our clock is 60 s behind that of SERVER, which takes no change beyond 5 min: set both by NTP'],
    ['beyond', 400_000, 'fail the clocks of SERVER and this machine differ by 400 s, ours being ahead (BADTIME): set both by NTP'],
  ])('a clock that is off, %s', async (_, skewMs, line) => {
    const { server, serial } = await knotFor()
    const looking = await lookingAt([server], { clock: aheadBy(skewMs) })
    const lines = (await hostFindings(looking.settings.dns.hosts[0]!, readHosts(looking), looking)).map(({ finding, says }) => `${finding} ${says}`.replaceAll(server, 'SERVER').replace(/by (399|401) s/, 'by 400 s').replace(/\b(59|61) s/, '60 s'))
    expect(lines).toContain(line)
    expect(await serial(zone)).toBe(1)
  })

  const held = 'SERVER answers no update in 1.5 s; in Knot a transaction that was left open holds them up (knotc zone-abort)'

  test('a transaction that was left open', async () => {
    const { server, control } = await knotFor()
    await control('zone-begin', zone)
    const looking = await lookingAt([server], {})
    const lines = (await hostFindings(looking.settings.dns.hosts[0]!, readHosts(looking), looking)).map(({ finding, says }) => `${finding} ${says}`.replaceAll(server, 'SERVER'))
    expect(lines).toContain(`unknown could not find out what may be written: ${held}`)
  })

  test.each<[Fault, string]>([
    ['lying', 'fail SERVER takes an update although its prerequisite does not hold: two writers at once would not be noticed'],
    ['frozen', `unknown could not find out what may be written: ${held}`],
  ])('a server that is %s', async (fault, line) => {
    const { server } = await knotFor()
    const way = await startFaulty(server, tsigKey(labKey.name, labKey.secret))
    onTestFinished(() => way.stop())
    way.fault = fault
    const looking = await lookingAt([way.server], {})
    const lines = (await hostFindings(looking.settings.dns.hosts[0]!, readHosts(looking), looking)).map(({ finding, says }) => `${finding} ${says}`.replaceAll(way.server, 'SERVER'))
    expect(lines).toEqual(['fail does not answer over UDP: start it there or open its firewall, or correct server in dns.hosts', `ok answers over TCP with authority for ${zone}`, line, 'unknown could not find out what it shows of the names'])
  })

  const linesWith = async (servers: string[], nameServers: Parent): Promise<string[]> => {
    const looking = await lookingAt(servers, { nameServers })
    return (await nameServerFindings(zone, { views: readHosts(looking), round: Promise.resolve({ questions: [], sights: [], active: null }) }, looking)).map(({ finding, says }) => `${finding} ${says}`)
  }

  test('a DS at the parent: signed, about to end, not signed, signed by others', async () => {
    const long = await knotFor({ signing: { [zone]: { lifetime: '14d' } } })
    const short = await knotFor({ signing: { [zone]: { lifetime: '2d' } } })
    const none = await knotFor()
    expect(await linesWith([long.server], listed([long.server], true))).toContain('ok its answers are signed for 14 d more')
    expect(await linesWith([short.server], listed([short.server], true))).toContainEqual(expect.stringMatching(/^fail the parent has a DS, and this server serves shop\.example A with a signature that ends in (2 d|4\d h), and 3 d must be left\. Have the zone signed anew there$/))
    expect(await linesWith([none.server], listed([none.server], true))).toContain('fail the parent has a DS, and this server serves shop.example A without a signature that verifies. Have the zone signed anew there')
    expect(await linesWith([long.server, none.server], listed([long.server, none.server], true))).toContainEqual(expect.stringMatching(/^fail shop\.example has a DS at its parent; \S+ signs it with key .*, and \S+ is not signed\. Put the keys of each into the zone of the other \(RFC 8901\), or take one of the two out of dns\.hosts$/))
    const unsure = await linesWith([none.server], listed([none.server], null))
    expect(unsure.at(-1)).toBe('unknown could not find out whether the parent of shop.example has a DS, and so whether answers must be signed')
  })

  test('a DS at the parent, and the key that it stands for', async () => {
    const [above, at] = ['127.0.44.1', '127.0.44.2']
    const port = await freePort([above, at])
    const knot = await knotFor({ address: at, port, signing: { [zone]: {} } })
    const records = [
      { name: 'example', type: 'NS' as const, ttlS: 60, value: 'ns.example' },
      { name: 'ns.example', type: 'A' as const, ttlS: 60, value: above },
      { name: 'ns-1.example', type: 'A' as const, ttlS: 60, value: at },
      { name: zone, type: 'NS' as const, ttlS: 60, value: 'ns-1.example' },
    ]
    const parent = await startEmbedded({ zones: { example: records }, address: above, port })
    onTestFinished(() => parent.stop())
    const [key] = recordsIn(await ask({ server: knot.server, name: zone, type: rrTypes.DNSKEY, timeoutMs: 5_000 }, machineClock, AbortSignal.timeout(30_000)), zone)!
    const linesOf = async (rdata: Buffer): Promise<string[]> => {
      expect(await updateByHand(parent.server, 'example', null, [deletion(zone, 'DS'), addition(zone, 60, 'DS', rdata)])).toBe(0)
      return linesWith([knot.server], nameServers({ override: () => null, resolvers: [parent.server], port, timeoutMs: 5_000 }, machineClock))
    }
    const none = Buffer.from(`30390d02${'00'.repeat(32)}`, 'hex')
    expect(await linesOf(none)).toContainEqual(
      expect.stringMatching(/^fail the DS at the parent \(12345 \(algorithm 13\)\) stands for none of the zone's keys \(\d+ \(algorithm 13\)\): whoever validates takes none of its answers\. Have the parent publish the DS of a key that signs the zone, or none$/),
    )
    const tag = key!.rdata.reduce((all, byte, n) => all + (n % 2 === 0 ? byte << 8 : byte), 0)
    const head = Buffer.from([0, 0, 13, 2])
    head.writeUInt16BE((tag + (tag >> 16)) & 0xffff)
    const right = Buffer.concat([head, createHash('sha256').update(encodeName(zone)).update(key!.rdata).digest()])
    const lines = await linesOf(right)
    expect(lines).toContain('ok the DS at the parent stands for a key of the zone')
    expect(lines.filter((line) => line.startsWith('fail'))).toEqual([])
  })

  test('name servers that nobody can name', async () => {
    const { server } = await knotFor()
    expect(await linesWith([server], { of: async () => null, ds: () => null, dsSet: () => null })).toEqual([expect.stringMatching(/^unknown could not find out which there are: nobody who knows the parent of shop\.example answers\. To name them: dns\.nameservers in \S+lifeboat\.yaml$/)])
  })
})
