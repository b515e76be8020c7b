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
import { tsigKey } from '../../src/drivers/dns/tsig.ts'
import type { NameServers } from '../../src/ports.ts'
import { debian } from '../lab/debian.ts'
import { startFaulty, type Fault } from '../lab/faulty.ts'
import { startKnot, type KnotOptions } from '../lab/knot.ts'
import { listed } from '../lab/rig.ts'
import { labKey } from '../lab/servers.ts'
import { hostEntry, yamlOf } from './online-lab.ts'

// What a command line cannot be given here: another clock, and a parent that publishes a DS.

const unpacked = await debian(['knot'])
const zone = 'shop.example'
const text = '@ 60 SOA ns1 hostmaster 1 3600 600 86400 60\n@ 60 NS ns1\nns1 60 A 127.0.0.1\n@ 60 A 127.0.0.41\n'

const lookingAt = async (servers: string[], given: { clock?: Clock; nameServers?: NameServers }): Promise<Looking> => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-online-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'lifeboat.yaml'), yamlOf({ check: '{ tcp: 1 }', names: [zone], nameservers: servers, hosts: servers.map((server) => hostEntry(zone, server, labKey)) }))
  const settings = loadSettings({ env: {}, cwd: folder })
  const { clock = machineClock } = given
  const parts = wire(settings, { store: noneNeeded, clock, log: () => {}, command: 'check' })
  return { settings, parts: { ...parts, ...(given.nameServers ? { nameServers: given.nameServers } : {}) }, clock, limit: AbortSignal.timeout(30_000), ledger: freshLedger(settings.core), complaints: new Map() }
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
    ['beyond', 400_000, 'fail the clocks of SERVER and this machine differ by 400 s, ours being ahead (BADTIME)'],
  ])('a clock that is off, %s', async (_, skewMs, line) => {
    const { server, serial } = await knotFor()
    const looking = await lookingAt([server], { clock: aheadBy(skewMs) })
    const lines = (await hostFindings(looking.settings.dns.hosts[0]!, readHosts(looking), looking)).map(({ finding, says }) => `${finding} ${says}`.replaceAll(server, 'SERVER').replace(/by (399|401) s/, 'by 400 s').replace(/\b(59|61) s/, '60 s'))
    expect(lines).toContain(line)
    expect(await serial(zone)).toBe(1)
  })

  test.each<[Fault, string]>([
    ['lying', 'fail SERVER takes an update although its prerequisite does not hold: two writers at once would not be noticed'],
    ['frozen', 'unknown could not find out what may be written: SERVER did not answer: The operation was aborted'],
  ])('a server that is %s', async (fault, line) => {
    const { server } = await knotFor()
    const way = await startFaulty(server, tsigKey(labKey.name, labKey.secret))
    onTestFinished(() => way.stop())
    way.fault = fault
    const looking = await lookingAt([way.server], {})
    const lines = (await hostFindings(looking.settings.dns.hosts[0]!, readHosts(looking), looking)).map(({ finding, says }) => `${finding} ${says}`.replaceAll(way.server, 'SERVER'))
    expect(lines).toEqual([`ok answers over TCP with authority for ${zone}`, 'fail does not answer over UDP', expect.stringContaining(line), 'unknown could not find out what it shows of the names'])
  })

  const linesWith = async (servers: string[], nameServers: NameServers): Promise<string[]> => {
    const looking = await lookingAt(servers, { nameServers })
    return (await nameServerFindings(zone, { views: readHosts(looking), round: Promise.resolve({ questions: [], sights: [], active: null }) }, looking)).map(({ finding, says }) => `${finding} ${says}`)
  }

  test('a DS at the parent: signed, about to end, not signed, signed by others', async () => {
    const long = await knotFor({ signing: { [zone]: { lifetime: '14d' } } })
    const short = await knotFor({ signing: { [zone]: { lifetime: '2d' } } })
    const none = await knotFor()
    expect(await linesWith([long.server], listed([long.server], true))).toContain('ok its answers are signed for 14 d more')
    expect(await linesWith([short.server], listed([short.server], true))).toContainEqual(expect.stringMatching(/^fail the parent has a DS, and this server serves shop\.example A with a signature that ends in (2 d|4\d h), and 3 d must be left$/))
    expect(await linesWith([none.server], listed([none.server], true))).toContain('fail the parent has a DS, and this server serves shop.example A without a signature that verifies')
    expect(await linesWith([long.server, none.server], listed([long.server, none.server], true))).toContainEqual(expect.stringMatching(/^fail shop\.example has a DS at its parent; \S+ signs it with key .*, and \S+ is not signed$/))
    const unsure = await linesWith([none.server], listed([none.server], null))
    expect(unsure.at(-1)).toBe('unknown could not find out whether the parent of shop.example has a DS, and so whether answers must be signed')
  })

  test('name servers that nobody can name', async () => {
    const { server } = await knotFor()
    expect(await linesWith([server], { of: async () => null, ds: () => null })).toEqual([expect.stringMatching(/^unknown could not find out which there are: nobody who knows the parent of shop\.example answers\. To name them: dns\.nameservers in \S+lifeboat\.yaml$/)])
  })
})
