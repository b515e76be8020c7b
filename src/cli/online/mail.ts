import { callMs } from '../../controller/times.ts'
import type { DnsHostSettings } from '../../config/settings.ts'
import { isIn } from '../../core/dns-names.ts'
import { markerName } from '../../core/marker.ts'
import type { HostView } from '../../core/moving.ts'
import type { SiteConfig } from '../../core/types.ts'
import { ask, questionsMost, recordsIn } from '../../drivers/dns/query.ts'
import { decodeName, decodeValue, rrTypes } from '../../drivers/dns/wire.ts'
import type { Rr } from '../../drivers/dns/wire.ts'
import { inParallel } from '../../drivers/parallel.ts'
import { foundAbout, listed, type Finding, type Found } from './finding.ts'
import type { HostViews, Looking } from './looking.ts'
import { spfIn, type Spf } from './spf.ts'

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
  const names = mailNames(beside).filter((name) => isIn(name, zone))
  const mail: Mail = { sets: beside, leads: await leadsOf(hosts[first]!, names, looking), names: looking.settings.core.dns.names, sites: looking.settings.core.sites }
  const along = [...mxFindings(found, mail), ...spfsIn(beside).flatMap((spf) => spfFindings(found, spf, mail)), ...hintFindings(found, beside), ...unreadFindings(found, mail)]
  return [
    ...(along.length > 0 ? along : [found.ok('no MX, SPF, HTTPS or SVCB there goes along with a move or stays behind')]),
    ...differences(found, hosts.map((host, i) => ({ host: host.host, view: read[host.host] ?? null, sets: whole[i] ? sets[i]! : null })), markerName(looking.settings.core.app, zone)),
  ]
}

const readSets = async ({ host, options, zone }: DnsHostSettings, { settings, clock, limit }: Looking): Promise<Sets> => {
  const names = [...new Set([zone, ...(settings.core.dns.hosts.find((each) => each.host === host)?.names ?? [])])]
  const asked = names.flatMap((name) => types.map((type) => ({ name, type })))
  return inParallel(asked, questionsMost, async ({ name, type }) => {
    const answer = await ask({ server: options.server ?? '', name, type: rrTypes[type], timeoutMs: callMs.read }, clock, limit)
    return { name, type, records: recordsIn(answer, name)?.filter((rr) => rr.type === rrTypes[type]) ?? null }
  })
}

/** Where a name leads: the names that its CNAMEs go to, and its addresses. */
type Lead = { cnames: string[]; addresses: string[] }

/** `leads`: of the names that mail goes to or comes from, those of the zone; null: no answer. `names`: the listed ones. */
type Mail = { sets: Sets; leads: Map<string, Lead | null>; names: string[]; sites: SiteConfig[] }

async function leadsOf({ options }: DnsHostSettings, names: string[], { clock, limit }: Looking): Promise<Mail['leads']> {
  const found = await inParallel(names, questionsMost, async (name): Promise<[string, Lead | null][]> => {
    const answers = await Promise.all([rrTypes.A, rrTypes.AAAA].map((type) => ask({ server: options.server ?? '', name, type, timeoutMs: callMs.read }, clock, limit)))
    if (answers.includes(null)) return [[name, null]]
    // Without authority: it is delegated, and so is none of this zone's.
    if (answers.some((answer) => !recordsIn(answer, name))) return []
    const valuesOf = (type: 'A' | 'AAAA' | 'CNAME') => answers.flatMap((answer) => answer!.answers.filter((rr) => rr.type === rrTypes[type]).map(({ rdata }) => decodeValue(type, rdata)))
    return [[name, { cnames: valuesOf('CNAME'), addresses: [...valuesOf('A'), ...valuesOf('AAAA')] }]]
  })
  return new Map(found.flat())
}

/** Why a name goes along with a move, as the end of a sentence. Null: it does not. */
function follows({ names, leads }: Mail, name: string): string | null {
  if (names.includes(name)) return `${name}, which moves`
  const target = leads.get(name)?.cnames.find((each) => names.includes(each))
  return target === undefined ? null : `${name}, a CNAME to ${target}, which moves`
}

const mxTarget = ({ rdata }: Rr): string => decodeName(rdata, 2).name
const mxIn = (sets: Sets, name: string): string[] => sets.filter((set) => set.type === 'MX' && set.name === name).flatMap(({ records }) => records ?? []).map(mxTarget)

const spfsIn = (sets: Sets): Spf[] =>
  sets.flatMap(({ name, type, records }) => (type === 'TXT' ? (records ?? []) : []).flatMap(({ rdata }) => spfIn(name, decodeValue('TXT', rdata)) ?? []))

const mailNames = (sets: Sets): string[] => [...new Set([...sets.flatMap(({ name }) => mxIn(sets, name)), ...spfsIn(sets).flatMap(({ about }) => about.map(({ name }) => name))])]

const mxFindings = (found: Found, mail: Mail): Finding[] =>
  [...new Set(mail.sets.map(({ name }) => name))].flatMap((name) =>
    mxIn(mail.sets, name).flatMap((target) => {
      const why = follows(mail, target)
      if (why !== null) return [found.warn(`the MX of ${name} is ${why}: mail goes along with a move, to sites that must take it`)]
      const there = mail.sites.filter(({ addresses }) => addresses.some((address) => mail.leads.get(target)?.addresses.includes(address))).map(({ site }) => site)
      return there.length === 0 ? [] : [found.warn(`the MX of ${name} is ${target}, at ${listed(there)} and not in dns.names: mail stays behind in a move. Where other sites take mail, list it`)]
    }),
  )

function spfFindings(found: Found, spf: Spf, mail: Mail): Finding[] {
  const targetsOf = ({ mechanism, name }: Spf['about'][number]): string[] => (mechanism === 'a' ? [name] : mxIn(mail.sets, name))
  const along = spf.about.flatMap((each) => {
    const why = targetsOf(each).map((target) => follows(mail, target)).find((one) => one !== null)
    return why ? [found.warn(`the SPF of ${spf.at} says "${each.term}", which is ${why}: who may send its mail goes along with a move`)] : []
  })
  const named = spf.about.flatMap(targetsOf).flatMap((target) => mail.leads.get(target)?.addresses ?? [])
  return along.length > 0 ? along : leftOut(found, spf, mail.sites, (address) => spf.lets(address) || named.includes(address))
}

/** Sites that an SPF record does not let send although it lets another. */
function leftOut(found: Found, { at }: Spf, sites: SiteConfig[], lets: (address: string) => boolean): Finding[] {
  const may = sites.filter(({ addresses }) => addresses.some(lets))
  const others = sites.filter((site) => site.addresses.length > 0 && !may.includes(site))
  if (may.length === 0 || others.length === 0) return []
  return [found.warn(`the SPF of ${at} lets ${listed(may.map(({ site }) => site))} send its mail, and not ${listed(others.map(({ site }) => site))}: it stays so in a move. Where they send mail, add them there`)]
}

const unreadFindings = (found: Found, { leads }: Mail): Finding[] => {
  const unread = [...leads].flatMap(([name, lead]) => (lead ? [] : [name]))
  return unread.length === 0 ? [] : [found.unknown(`where ${listed(unread)} leads, and so whether mail goes along with a move`)]
}

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
