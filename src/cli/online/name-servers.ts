import { callMs } from '../../controller/times.ts'
import { markerName } from '../../core/marker.ts'
import type { HostView, ServerView } from '../../core/moving.ts'
import { isEarlier } from '../../core/serial.ts'
import { otherSigners, signatureFault, signedUntilMs } from '../../core/signatures.ts'
import { spell } from '../../core/spell.ts'
import { trustIn } from '../../drivers/dns/dnssec.ts'
import { ask, digHost, recordsIn } from '../../drivers/dns/query.ts'
import { rrTypes } from '../../drivers/dns/wire.ts'
import type { Dig } from '../../ports.ts'
import { foundAbout, listed, type Finding, type Found } from './finding.ts'
import { inTime, type HostViews, type Looking } from './looking.ts'
import { reachFindings } from './reach.ts'
import type { Round } from './sites.ts'

/** Every name server that the parent of a zone publishes, or that the file names in its place. */
export async function nameServerFindings(zone: string, read: { views: Promise<HostViews>; round: Promise<Round> }, looking: Looking): Promise<Finding[]> {
  const { parts, clock, limit, settings } = looking
  const found = foundAbout(`name servers of ${zone}`)
  const servers = await inTime(clock.deadline(callMs.walk, limit), (within) => parts.nameServers.of(zone, within))
  limit.throwIfAborted()
  if (!servers) return [found.unknown(`which there are: nobody who knows the parent of ${zone} answers. To name them: dns.nameservers in ${settings.file}`)]
  const ds = parts.nameServers.ds(zone)
  const looks = await Promise.all(servers.map((server) => lookAt({ server, zone, ds }, read, looking)))
  const signers = otherSigners(looks.map(({ seen }) => seen), settings.core)
  const signed = ds === null ? [found.unknown(`whether the parent of ${zone} has a DS, and so whether answers must be signed`)] : signers === null ? [] : [found.fail(`${signers}. Put the keys of each into the zone of the other (RFC 8901), or take one of the two out of dns.hosts`)]
  return [...looks.flatMap(({ findings }) => findings), ...signed]
}

type At = { server: string; zone: string; ds: boolean | null }

async function lookAt(at: At, { views, round }: { views: Promise<HostViews>; round: Promise<Round> }, looking: Looking): Promise<{ seen: ServerView; findings: Finding[] }> {
  const { parts, clock, limit, settings } = looking
  const { server, zone, ds } = at
  const found = foundAbout(`name server ${server}`)
  const hosts = settings.core.dns.hosts.filter((host) => host.zone === zone)
  const own = hosts.length === 1 ? hosts[0] : hosts.find(({ host }) => parts.serversOf[host]?.includes(server))
  const dig: Dig = { server, zone, marker: markerName(settings.core.app, zone), names: hosts[0]!.names, timeoutMs: callMs.read, dnssec: ds === true }
  const [reach, view, others, trust, read] = await Promise.all([
    reachFindings(found, { ...at, or: 'take it out of the list of name servers, at the parent or in the file' }, looking),
    digHost(dig, clock, clock.deadline(callMs.read, limit), 'both'),
    vantageFindings(found, dig, round, looking),
    ds ? trustFindings(found, at, looking) : [],
    views,
  ])
  const seen = { server, zone, ds, host: own?.host ?? null, view }
  // That it does not answer is said once.
  if (!view && reach.some(({ finding }) => finding === 'fail')) return { seen, findings: [...reach, ...others] }
  const shown = view ? shownFindings(found, view, { names: (own ? [own] : hosts).map(({ host }) => host), read }) : [found.unknown('what it shows of the names: an answer is missing, or differs over UDP and TCP')]
  return { seen, findings: [...reach, ...shown, ...(view && ds ? [...signatureFindings(found, view, clock.now().wallMs), ...trust] : []), ...others] }
}

/** Which vantages elsewhere get no answer from it; one that does not answer us either says so itself. */
async function vantageFindings(found: Found, dig: Dig, round: Promise<Round>, { parts, settings, clock, limit }: Looking): Promise<Finding[]> {
  const elsewhere = settings.vantages.filter(({ url }) => url !== null).map(({ vantage }) => vantage)
  const asked = parts.vantages.filter(({ vantage }) => elsewhere.includes(vantage))
  const seen = await Promise.all(asked.map((each) => inTime(clock.deadline(2 * callMs.read, limit), (within) => each.dig(dig, within))))
  limit.throwIfAborted()
  const { sights } = await round
  const heard = elsewhere.filter((vantage) => sights.some((each) => each.vantage === vantage && each.sight !== null))
  const silent = heard.filter((vantage) => seen[elsewhere.indexOf(vantage)] === null)
  if (heard.length === 0) return []
  return [silent.length === 0 ? found.ok(`answers ${listed(heard)} too`) : found.unknown(`what it answers ${listed(silent)}`)]
}

/** Does it show what its DNS host shows? Of several hosts that it may belong to, any. */
function shownFindings(found: Found, view: HostView, { names, read }: { names: string[]; read: HostViews }): Finding[] {
  const hosts = names.flatMap((host) => (read[host] ? [{ host, view: read[host] }] : []))
  const [first] = hosts
  if (!first) return [found.unknown(`whether it shows what ${listed(names)} shows, which could not be read`)]
  const twin = hosts.find((host) => linesOf(host.view).join() === linesOf(view).join())
  const { host, view: its } = twin ?? first
  const behind = view.serial !== null && its.serial !== null && isEarlier(view.serial, its.serial) ? `serial ${view.serial}, and ${host} has ${its.serial}` : null
  if (twin) return [behind === null ? found.ok(`shows what ${host} shows, serial ${view.serial}`) : found.warn(`shows the same names as ${host}, in an older version of the zone: ${behind}`)]
  const [mine, theirs] = [linesOf(view), linesOf(its)]
  const differing = [...theirs.filter((line) => !mine.includes(line)).map((line) => `lacks ${line}`), ...mine.filter((line) => !theirs.includes(line)).map((line) => `has ${line}`)]
  return [found.fail(`shows something else than ${host}: ${listed(differing)}${behind === null ? '' : `; it is behind: ${behind}`}. Have it transfer the zone from there; where it is another company's, write that one into dns.hosts`)]
}

const linesOf = ({ sets, txt }: HostView): string[] => [...sets.map(({ name, type, values }) => `${name} ${type} ${values.join(' ')}`), ...txt].sort()

function signatureFindings(found: Found, view: HostView, wallMs: number): Finding[] {
  const fault = signatureFault(view, wallMs)
  if (fault !== null) return [found.fail(`the parent has a DS, and this server ${fault}. Have the zone signed anew there`)]
  const untilMs = signedUntilMs(view)
  return [Number.isFinite(untilMs) ? found.ok(`its answers are signed for ${spell(untilMs - wallMs)} more`) : found.unknown('whether its signatures are good: their algorithm is not known here')]
}

/** Does the DS at the parent stand for a key of the zone? */
async function trustFindings(found: Found, { server, zone }: At, { parts, clock, limit }: Looking): Promise<Finding[]> {
  const keys = recordsIn(await ask({ server, name: zone, type: rrTypes.DNSKEY, timeoutMs: callMs.read, dnssec: true }, clock, limit), zone)
  const ds = parts.nameServers.dsSet(zone)
  if (!keys || !ds) return [found.unknown('whether the DS at the parent stands for a key of the zone')]
  const trust = trustIn(ds, keys, { zone, wallMs: clock.now().wallMs })
  // That nothing is signed is said already.
  if (trust.keys.length === 0) return []
  if (trust.is === 'good') return [found.ok('the DS at the parent stands for a key of the zone')]
  if (trust.is === 'unknown') return [found.unknown('whether the DS at the parent stands for a key of the zone: its algorithm is not known here')]
  if (trust.is === 'not-signed') return [found.fail(`the DS at the parent (${listed(trust.ds)}) stands for a key that has not signed the zone's keys for now: whoever validates takes none of its answers. Have the zone signed anew`)]
  return [found.fail(`the DS at the parent (${listed(trust.ds)}) stands for none of the zone's keys (${listed(trust.keys)}): whoever validates takes none of its answers. Have the parent publish the DS of a key that signs the zone, or none`)]
}
