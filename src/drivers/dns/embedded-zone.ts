import { isIn, parentOf } from '../../core/dns-names.ts'
import { classes, decodeValue, encodeName, encodeValue, rcodes, rrTypes } from './wire.ts'
import type { Message, Rr, ValueType } from './wire.ts'

// One zone in memory: looking up (RFC 1034 section 4.3.2) and updating (RFC 2136 section 3). No delegations, no DNSSEC.

export type EmbeddedRecord = { name: string; type: ValueType; ttlS: number; value: string }

type RrSet = { ttlS: number; rdata: Buffer[] }
type Names = Map<string, Map<number, RrSet>>

/** What a question comes to; `answers` may begin with a chain of CNAMEs. */
export type Found = { rcode: number; answers: Rr[]; authorities: Rr[] }

export type EmbeddedZone = {
  readonly name: string
  lookup(name: string, type: number): Found
  /** Carries out an UPDATE whole or not at all, and gives its response code. */
  update(message: Message): number
  serial(): number
  /** Every record but the SOA as sorted lines. */
  dump(): string[]
}

const rrsOf = (name: string, type: number, set: RrSet | undefined): Rr[] =>
  (set?.rdata ?? []).map((rdata) => ({ name, type, class: classes.IN, ttlS: set?.ttlS ?? 0, rdata }))

const sameSet = (one: Buffer[], other: Buffer[]): boolean =>
  one.length === other.length && one.every((rdata) => other.some((each) => each.equals(rdata)))

// ── Looking up ───────────────────────────────────────────────────────────────

const exists = (names: Names, name: string): boolean => names.has(name) || [...names.keys()].some((other) => other.endsWith(`.${name}`))

/** The sets at a name: its own, or those of the wildcard at its closest encloser (RFC 4592). Undefined: no such name. */
const setsAt = (names: Names, zone: string, name: string): Map<number, RrSet> | undefined => {
  if (exists(names, name)) return names.get(name) ?? new Map()
  for (let encloser = name; encloser !== zone; ) {
    encloser = parentOf(encloser)
    if (exists(names, encloser)) return names.get(`*.${encloser}`)
  }
  return undefined
}

const followMost = 8

const lookup = (names: Names, zone: string, asked: string, type: number): Found => {
  const answers: Rr[] = []
  const soa = rrsOf(zone, rrTypes.SOA, names.get(zone)?.get(rrTypes.SOA))
  for (let name = asked; answers.length <= followMost; ) {
    const sets = setsAt(names, zone, name)
    if (!sets) return { rcode: rcodes.NXDOMAIN, answers, authorities: soa }
    const every = [...sets].flatMap(([each, set]) => rrsOf(name, each, set))
    const found = type === rrTypes.ANY ? every : every.filter((rr) => rr.type === type)
    if (found.length > 0) return { rcode: rcodes.NOERROR, answers: [...answers, ...found], authorities: [] }
    const [alias] = rrsOf(name, rrTypes.CNAME, sets.get(rrTypes.CNAME))
    if (!alias) return { rcode: rcodes.NOERROR, answers, authorities: soa }
    answers.push(alias)
    name = decodeValue('CNAME', alias.rdata)
    if (!isIn(name, zone)) break
  }
  return { rcode: rcodes.NOERROR, answers, authorities: [] }
}

// ── Updating ─────────────────────────────────────────────────────────────────

/** One prerequisite that stands alone (section 2.4); whole sets are compared by `unlikeSets`. */
const unmet = (names: Names, rr: Rr): number | null => {
  const sets = names.get(rr.name)
  const there = rr.type === rrTypes.ANY ? (sets?.size ?? 0) > 0 : sets?.has(rr.type) === true
  if (rr.ttlS !== 0 || (rr.class !== classes.IN && rr.rdata.length > 0)) return rcodes.FORMERR
  if (rr.class === classes.ANY && !there) return rr.type === rrTypes.ANY ? rcodes.NXDOMAIN : rcodes.NXRRSET
  if (rr.class === classes.NONE && there) return rr.type === rrTypes.ANY ? rcodes.YXDOMAIN : rcodes.YXRRSET
  return [classes.ANY, classes.NONE, classes.IN].some((known) => known === rr.class) ? null : rcodes.FORMERR
}

const unlikeSets = (names: Names, prerequisites: Rr[]): number | null => {
  const whole = prerequisites.filter((rr) => rr.class === classes.IN)
  for (const { name, type } of whole) {
    const wanted = whole.filter((rr) => rr.name === name && rr.type === type).map((rr) => rr.rdata)
    if (!sameSet(wanted, names.get(name)?.get(type)?.rdata ?? [])) return rcodes.NXRRSET
  }
  return null
}

const unreadable = (rr: Rr): boolean => {
  try {
    recordLine(rr)
    return false
  } catch {
    return true // E.g. an A of three bytes.
  }
}

/** The prescan of section 3.4.1: nothing is written where a later record is malformed. */
const malformed = (rr: Rr): boolean => {
  if (rr.class === classes.IN) return [rrTypes.ANY, rrTypes.OPT, rrTypes.TSIG].some((meta) => meta === rr.type) || unreadable(rr)
  if (rr.class === classes.ANY) return rr.ttlS !== 0 || rr.rdata.length > 0
  return rr.class !== classes.NONE || rr.ttlS !== 0 || rr.type === rrTypes.ANY
}

/** A CNAME beside anything else, or anything beside a CNAME, is ignored without an error (section 3.4.2.2). */
const add = (names: Names, { name, type, ttlS, rdata }: Rr): void => {
  const sets = names.get(name) ?? new Map<number, RrSet>()
  const others = [...sets.keys()].filter((other) => other !== type)
  if (type === rrTypes.SOA || (type === rrTypes.CNAME ? others.length > 0 : others.includes(rrTypes.CNAME))) return
  const kept = type === rrTypes.CNAME ? [] : (sets.get(type)?.rdata ?? []).filter((each) => !each.equals(rdata))
  names.set(name, sets.set(type, { ttlS, rdata: [...kept, rdata] }))
}

/** Deletes what fits; the apex keeps its SOA and NS sets (section 3.4.2.3). */
const remove = (names: Names, zone: string, rr: Rr): void => {
  const sets = names.get(rr.name)
  const kept = rr.name === zone ? [rrTypes.SOA, rrTypes.NS] : []
  for (const [type, set] of sets ?? []) {
    if ((rr.type !== type && rr.type !== rrTypes.ANY) || kept.some((each) => each === type)) continue
    const rest = rr.class === classes.NONE ? set.rdata.filter((each) => !each.equals(rr.rdata)) : []
    if (rest.length === 0) sets?.delete(type)
    else sets?.set(type, { ...set, rdata: rest })
  }
  if (sets?.size === 0) names.delete(rr.name)
}

const copyOf = (names: Names): Names => new Map([...names].map(([name, sets]) => [name, new Map(sets)]))

// ── The zone ─────────────────────────────────────────────────────────────────

const soaOf = (zone: string, serial: number): Buffer => {
  const numbers = Buffer.alloc(20)
  for (const [n, value] of [serial, 3600, 600, 86_400, 60].entries()) numbers.writeUInt32BE(value, 4 * n)
  return Buffer.concat([encodeName(`ns1.${zone}`), encodeName(`hostmaster.${zone}`), numbers])
}

const valueTypes: ValueType[] = ['A', 'AAAA', 'CNAME', 'NS', 'TXT']

/** A record in one line; what has no text form of ours is written as RFC 3597 has it. */
export const recordLine = ({ name, type, ttlS, rdata }: Rr): string => {
  const known = valueTypes.find((each) => rrTypes[each] === type)
  return known ? `${name} ${ttlS} ${known} ${decodeValue(known, rdata)}` : `${name} ${ttlS} TYPE${type} \\# ${rdata.length} ${rdata.toString('hex')}`
}

const linesOf = (names: Names): string[] =>
  [...names].flatMap(([name, sets]) => [...sets].filter(([type]) => type !== rrTypes.SOA).flatMap(([type, set]) => rrsOf(name, type, set).map(recordLine))).sort()

/** A zone with a SOA of its own, whose serial rises with each update that changes something, and the records. */
export const embeddedZone = (zone: string, records: EmbeddedRecord[], firstSerial = 1): EmbeddedZone => {
  let serial = firstSerial
  let names: Names = new Map([[zone, new Map([[rrTypes.SOA as number, { ttlS: 60, rdata: [soaOf(zone, serial)] }]])]])
  for (const { name, type, ttlS, value } of records) {
    if (!isIn(name, zone)) throw new Error(`${name} is not within ${zone}`)
    add(names, { name, type: rrTypes[type], class: classes.IN, ttlS, rdata: encodeValue(type, value) })
  }
  const update = ({ answers: prerequisites, authorities: updates }: Message): number => {
    if ([...prerequisites, ...updates].some((rr) => !isIn(rr.name, zone))) return rcodes.NOTZONE
    for (const rr of prerequisites) {
      const code = unmet(names, rr)
      if (code !== null) return code
    }
    const unlike = unlikeSets(names, prerequisites)
    if (unlike !== null) return unlike
    if (updates.some(malformed)) return rcodes.FORMERR
    const next = copyOf(names)
    for (const rr of updates) rr.class === classes.IN ? add(next, rr) : remove(next, zone, rr)
    if (linesOf(next).join('\n') === linesOf(names).join('\n')) return rcodes.NOERROR
    serial = (serial + 1) >>> 0
    next.get(zone)?.set(rrTypes.SOA, { ttlS: 60, rdata: [soaOf(zone, serial)] })
    names = next
    return rcodes.NOERROR
  }
  return { name: zone, lookup: (name, type) => lookup(names, zone, name, type), update, serial: () => serial, dump: () => linesOf(names) }
}
