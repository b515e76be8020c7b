import { callMs } from '../../controller/parts.ts'
import type { DnsHostSettings } from '../../config/settings.ts'
import { markerName } from '../../core/marker.ts'
import type { HostView } from '../../core/moving.ts'
import { ask, inParallel, recordsIn } from '../../drivers/dns/query.ts'
import { decodeName, decodeValue, rrTypes } from '../../drivers/dns/wire.ts'
import type { Rr } from '../../drivers/dns/wire.ts'
import { foundAbout, listed, type Finding, type Found } from './finding.ts'
import type { HostViews, Looking } from './looking.ts'

// What stands beside the listed names and goes along with a move, or stays behind: MX, SPF, HTTPS and SVCB; and what two DNS hosts of one zone show otherwise.

const types = ['MX', 'TXT', 'CAA', 'HTTPS', 'SVCB', 'NS'] as const
type Type = (typeof types)[number]

/** The sets at a zone's apex and its listed names, as one host has them. Null: could not find out. */
type Sets = { name: string; type: Type; records: Rr[] | null }[]

/** All DNS hosts of one zone together. */
export async function zoneFindings(zone: string, views: Promise<HostViews>, looking: Looking): Promise<Finding[]> {
  const found = foundAbout(`zone ${zone}`)
  const hosts = looking.settings.dns.hosts.filter((host) => host.zone === zone)
  const read = await views
  // One that has not shown the names is not asked for the rest.
  const sets = await Promise.all(hosts.map((host): Promise<Sets> | Sets => (read[host.host] ? readSets(host, looking) : [])))
  const whole = sets.map((each) => each.length > 0 && each.every(({ records }) => records !== null))
  const first = whole.indexOf(true)
  if (first < 0) return [found.unknown('which MX, SPF, HTTPS and SVCB stand beside the names')]
  const beside = sets[first]!
  const targets = await cnamesOf(hosts[first]!, mailTargets(beside).filter((name) => name.endsWith(`.${zone}`)), looking)
  const follows = followsFor(looking.settings.core.dns.names, targets)
  const along = [...mxFindings(found, beside, follows), ...spfFindings(found, beside, follows), ...hintFindings(found, beside)]
  return [
    ...(along.length > 0 ? along : [found.ok('no MX, SPF, HTTPS or SVCB there goes along with a move or stays behind')]),
    ...differences(found, hosts.map((host, i) => ({ host: host.host, view: read[host.host] ?? null, sets: whole[i] ? sets[i]! : null })), markerName(looking.settings.core.app, zone)),
  ]
}

const readSets = async ({ host, options, zone }: DnsHostSettings, { settings, clock, limit }: Looking): Promise<Sets> => {
  const names = [...new Set([zone, ...(settings.core.dns.hosts.find((each) => each.host === host)?.names ?? [])])]
  const asked = names.flatMap((name) => types.map((type) => ({ name, type })))
  return inParallel(asked, async ({ name, type }) => {
    const answer = await ask({ server: options.server ?? '', name, type: rrTypes[type], timeoutMs: callMs.read }, clock, limit)
    return { name, type, records: recordsIn(answer, name)?.filter((rr) => rr.type === rrTypes[type]) ?? null }
  })
}

/** Why a name goes along with a move, as the end of a sentence. Null: it does not. */
type Follows = (name: string) => string | null

const followsFor =
  (listedNames: string[], targets: Map<string, string>): Follows =>
  (name) => {
    if (listedNames.includes(name)) return `${name}, which moves`
    const target = targets.get(name)
    return target !== undefined && listedNames.includes(target) ? `${name}, a CNAME to ${target}, which moves` : null
  }

/** Where names are CNAMEs to; those that are none are left out. */
async function cnamesOf({ options }: DnsHostSettings, names: string[], { clock, limit }: Looking): Promise<Map<string, string>> {
  const found = await inParallel(names, async (name): Promise<[string, string][]> => {
    const records = recordsIn(await ask({ server: options.server ?? '', name, type: rrTypes.CNAME, timeoutMs: callMs.read }, clock, limit), name)
    const [cname] = records?.filter((rr) => rr.type === rrTypes.CNAME) ?? []
    return cname ? [[name, decodeValue('CNAME', cname.rdata)]] : []
  })
  return new Map(found.flat())
}

const mxTarget = ({ rdata }: Rr): string => decodeName(rdata, 2).name
const mxIn = (sets: Sets, name: string): string[] => sets.filter((set) => set.type === 'MX' && set.name === name).flatMap(({ records }) => records ?? []).map(mxTarget)

/** An SPF record's terms without their qualifiers (RFC 7208, section 4.6). */
const spfTerms = (text: string): string[] => (/^v=spf1( |$)/i.test(text) ? text.toLowerCase().split(/ +/).slice(1).map((term) => term.replace(/^[+?~-]/, '')) : [])

type Term = { mechanism: string; name: string; term: string }

/** `a` and `mx` terms, with the name that each is about. */
const spfTermsIn = (sets: Sets): (Term & { at: string })[] =>
  sets.flatMap(({ name: at, type, records }) => {
    const texts = type === 'TXT' ? (records ?? []).map(({ rdata }) => decodeValue('TXT', rdata)) : []
    return texts.flatMap(spfTerms).flatMap((term) => {
      const [, mechanism, name] = /^(a|mx)(?::([^/%]+))?(?:\/.*)?$/.exec(term) ?? []
      return mechanism === undefined ? [] : [{ at, mechanism, name: (name ?? at).replace(/\.$/, ''), term }]
    })
  })

const mailTargets = (sets: Sets): string[] => [...new Set([...sets.flatMap(({ name }) => mxIn(sets, name)), ...spfTermsIn(sets).map(({ name }) => name)])]

const mxFindings = (found: Found, sets: Sets, follows: Follows): Finding[] =>
  [...new Set(sets.map(({ name }) => name))].flatMap((name) =>
    mxIn(sets, name).flatMap((target) => {
      const why = follows(target)
      return why === null ? [] : [found.warn(`the MX of ${name} is ${why}: mail goes along with a move, to sites that must take it`)]
    }),
  )

const spfFindings = (found: Found, sets: Sets, follows: Follows): Finding[] =>
  spfTermsIn(sets).flatMap(({ at, mechanism, name, term }) => {
    const why = mechanism === 'a' ? follows(name) : mxIn(sets, name).map(follows).find((each) => each !== null)
    return why ? [found.warn(`the SPF of ${at} says "${term}", which is ${why}: who may send its mail goes along with a move`)] : []
  })

/** Keys of addresses in an SVCB or HTTPS record (RFC 9460, section 14.3.2). */
const hintKeys: Record<number, string> = { 4: 'ipv4hint', 6: 'ipv6hint' }

const hintsIn = ({ rdata }: Rr): string[] => {
  const found: string[] = []
  for (let at = decodeName(rdata, 2).end; at + 4 <= rdata.length; at += 4 + rdata.readUInt16BE(at + 2)) {
    const word = hintKeys[rdata.readUInt16BE(at)]
    if (word !== undefined) found.push(word)
  }
  return found
}

const hintFindings = (found: Found, sets: Sets): Finding[] =>
  sets.flatMap(({ name, type, records }) => {
    const hints = type === 'HTTPS' || type === 'SVCB' ? [...new Set((records ?? []).flatMap(hintsIn))] : []
    return hints.length === 0 ? [] : [found.fail(`the ${type} record of ${name} has addresses in it (${hints.join(', ')}), which a move leaves behind: take them out there`)]
  })

type Side = { host: string; view: HostView | null; sets: Sets | null }

/** What two DNS hosts of one zone show otherwise at the same names. */
function differences(found: Found, sides: Side[], marker: string): Finding[] {
  const whole = sides.filter(({ view, sets }) => view && sets)
  const [one, ...others] = whole.map((side) => ({ host: side.host, lines: linesOf(side, marker) }))
  if (sides.length < 2 || !one) return []
  const unread = sides.filter((side) => !whole.includes(side)).map(({ host }) => host)
  const wrong = others.flatMap(({ host, lines }) => {
    const differing = [...new Set([...one.lines.keys(), ...lines.keys()])].filter((key) => one.lines.get(key) !== lines.get(key)).sort()
    return differing.length === 0 ? [] : [found.warn(`${one.host} and ${host} differ in ${listed(differing)}: whoever asks the one gets another answer than whoever asks the other`)]
  })
  const same = wrong.length === 0 && others.length > 0 ? [found.ok(`${listed(whole.map(({ host }) => host))} show the same at the names and the apex`)] : []
  return [...wrong, ...same, ...(unread.length > 0 ? [found.unknown(`whether ${listed(unread)} shows the same`)] : [])]
}

/** What a host shows, by `name TYPE`, as texts that can be compared; the marker among it. */
const linesOf = ({ view, sets }: Side, marker: string): Map<string, string> => {
  const shown = view!.sets.map((set): [string, string] => [`${set.name} ${set.type}`, set.values.join()])
  const beside = sets!.filter(({ records }) => records!.length > 0).map(({ name, type, records }): [string, string] => [`${name} ${type}`, records!.map(({ rdata }) => rdata.toString('hex')).sort().join()])
  return new Map([...shown, ...beside, ...(view!.txt.length > 0 ? [[`${marker} TXT`, view!.txt.join()] as [string, string]] : [])])
}
