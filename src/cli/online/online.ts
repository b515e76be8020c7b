import type { Settings } from '../../config/settings.ts'
import { findings as words, type FindingKind } from '../../core/words.ts'
import { exits } from '../../errors.ts'
import type { Colour, Cli } from '../cli.ts'
import { nameServersOf, wire } from '../wiring.ts'
import { stacksOf } from '../stacks.ts'
import { noneNeeded } from '../zone-look.ts'
import { cloudFindings } from './clouds.ts'
import { foundAbout, listed, type Finding } from './finding.ts'
import { lookHere } from './here.ts'
import { hostFindings } from './hosts.ts'
import { readHosts, type Looking } from './looking.ts'
import { zoneFindings } from './mail.ts'
import { nameServerFindings } from './name-servers.ts'
import { askRound, siteFindings } from './sites.ts'
import { stackFindings } from './stacks.ts'
import { vantageFindings } from './vantages.ts'

/** The whole ends within this, whatever does not answer. */
const wholeMs = 9_000

/** Looks at all that the file names, and writes nothing: one line for each thing. Exit 5 where something fails or could not be found out. */
export async function checkOnline(cli: Cli, settings: Settings): Promise<number> {
  const { clock } = cli
  const here = await lookHere(cli, settings)
  const complaints: Looking['complaints'] = new Map()
  const wired = wire(settings, { store: noneNeeded, stacks: stacksOf(cli, settings), clock, command: 'check', log: ({ vantage, msg }) => void complaints.set(String(vantage), msg.replace(/^.*? as it should: /, '')) })
  const looking: Looking = { settings, parts: { ...wired, nameServers: nameServersOf(settings, clock) }, clock, limit: clock.deadline(wholeMs, cli.stop()), ledger: here.ledger, complaints }
  const all: Finding[] = []
  const parts = partsOf(looking)
  for (const part of parts) part.catch(() => undefined) // Its turn comes below; until then a bug in it must not end the process.
  for (const part of parts) {
    const found = await part
    cli.stop().throwIfAborted()
    all.push(...found)
    if (!cli.flags.json) print(cli, found)
  }
  all.push(...here.findings)
  if (cli.flags.json) cli.json({ app: settings.core.app, findings: all })
  else {
    print(cli, here.findings)
    cli.out(`\n${summary(all)}`)
  }
  return all.some(({ finding }) => finding === 'fail' || finding === 'unknown') ? exits.notAsItShouldBe : exits.done
}

/** Everything is under way at once; what is printed first stands first. */
function partsOf(looking: Looking): Promise<Finding[]>[] {
  const { settings, parts, limit } = looking
  const views = readHosts(looking)
  const round = askRound(looking, views)
  const zones = [...new Set(settings.dns.hosts.map(({ zone }) => zone))]
  // What ends with the whole is said for each thing; anything else that is thrown is our bug.
  const whole = (about: string, findings: Promise<Finding[]>): Promise<Finding[]> =>
    findings.catch((thrown: unknown) => {
      if (!limit.aborted) throw thrown
      return [foundAbout(about).unknown(`how it is: no answer in ${wholeMs / 1_000} s`)]
    })
  return [
    ...settings.dns.hosts.map((host) => whole(`DNS host ${host.host}`, hostFindings(host, views, looking))),
    ...zones.map((zone) => whole(`name servers of ${zone}`, nameServerFindings(zone, { views, round }, looking))),
    ...zones.map((zone) => whole(`zone ${zone}`, zoneFindings(zone, views, looking))),
    ...settings.core.sites.map((site) => whole(`site ${site.site}`, siteFindings(site, round, looking))),
    ...(parts.stacks ?? []).map((stack) => whole(`stack of ${stack.site}`, stackFindings(stack, looking))),
    ...settings.vantages.map((each) => whole(`vantage ${each.vantage}`, vantageFindings(each, round, looking))),
    ...parts.clouds.map((cloud) => whole(`cloud ${cloud.cloud}`, cloudFindings(cloud, looking))),
  ]
}

const colours: Record<FindingKind, Colour> = { ok: 'green', warn: 'yellow', fail: 'red', unknown: 'red' }
const width = Math.max(...Object.keys(words).map((word) => word.length))

function print(cli: Cli, found: Finding[]): void {
  for (const [i, { about, finding, says }] of found.entries()) {
    if (about !== found[i - 1]?.about) cli.out(`\n${about}`)
    cli.out(`  ${cli.paint(colours[finding], finding.padEnd(width))}  ${says}`)
  }
}

/** What the whole comes to, and where to look. */
function summary(all: Finding[]): string {
  const of = (kind: FindingKind): Finding[] => all.filter(({ finding }) => finding === kind)
  const places = (found: Finding[]): string => listed([...new Set(found.map(({ about }) => about))], 9)
  const [failed, unknown, warned] = [of('fail'), of('unknown'), of('warn')]
  const parts = [
    ...(failed.length > 0 ? [`${failed.length} not as it should be (${places(failed)})`] : []),
    ...(unknown.length > 0 ? [`${unknown.length} could not be found out (${places(unknown)})`] : []),
    ...(warned.length > 0 ? [`${warned.length} to know (${places(warned)})`] : []),
  ]
  const works = failed.length + unknown.length === 0
  return `${works ? 'All works' : 'Not all works'}, and nothing was written${parts.length > 0 ? `: ${parts.join('; ')}` : ''}`
}
