import type { Change } from '../../core/moving.ts'
import { classes, encodeMessage, encodeValue, opcodes, rrTypes } from './wire.ts'
import type { Rr } from './wire.ts'

const none = Buffer.alloc(0)

/** Prerequisite "RRset does not exist" (RFC 2136 section 2.4.3). */
const rrsetAbsent = (name: string, type: number): Rr => ({ name, type, class: classes.NONE, ttlS: 0, rdata: none })

/** Prerequisite "RRset exists, value dependent" (section 2.4.2): the whole set, TTL 0 (any other is FORMERR), or its absence. */
const rrsetIs = (name: string, type: number, rdata: Buffer[]): Rr[] =>
  rdata.length === 0 ? [rrsetAbsent(name, type)] : rdata.map((bytes) => ({ name, type, class: classes.IN, ttlS: 0, rdata: bytes }))

const deleteRrset = (name: string, type: number): Rr => ({ name, type, class: classes.ANY, ttlS: 0, rdata: none })

type Set = { name: string; old: string[]; oldTtlS: number | null; new: string[]; ttlS: number }

/** True: this set already has these values and this TTL, and writing it would only bump the serial. */
const standsAlready = (set: Set): boolean =>
  set.old.length === set.new.length &&
  set.new.every((value) => set.old.includes(value)) &&
  (set.new.length === 0 || set.oldTtlS === set.ttlS)

/** True: the whole change is true already. */
export const changesNothing = (change: Change): boolean => [change.txt, ...change.sets].every(standsAlready)

/** Types at a name beside which a CNAME would be ignored without an error, so that their absence is asked for first. */
export const besideCname = ['NS', 'MX', 'TXT', 'SRV', 'SVCB', 'HTTPS', 'CAA'] as const

/** The names that become a CNAME and were none. */
export const newCnames = (change: Change): string[] =>
  change.sets.filter((set) => set.type === 'CNAME' && set.new.length > 0 && set.old.length === 0).map((set) => set.name)

/**
 * The unsigned UPDATE of one change (RFC 2136): every set as read is a prerequisite; what differs is deleted whole and added
 * again, since Knot 3.2.6 keeps the old TTL when only adding (measured 2026-11). `txtRdata` is the marker's TXT as the server
 * holds it, since the same text split into two strings is another value. All deletions come first: a CNAME must be
 * gone before an address can be added beside it.
 */
export const buildUpdate = ({ id, change, txtRdata }: { id: number; change: Change; txtRdata: Buffer[] }): Buffer => {
  const sets = change.sets.map((set) => ({ ...set, code: rrTypes[set.type], rdata: set.new.map((value) => encodeValue(set.type, value)) }))
  const txt = { ...change.txt, code: rrTypes.TXT, rdata: change.txt.new.map((value) => encodeValue('TXT', value)) }
  const differing = [txt, ...sets].filter((set) => !standsAlready(set))
  const prerequisites = [
    ...rrsetIs(txt.name, txt.code, txtRdata),
    ...change.sets.flatMap((set) => rrsetIs(set.name, rrTypes[set.type], set.old.map((value) => encodeValue(set.type, value)))),
    ...newCnames(change).flatMap((name) => besideCname.map((type) => rrsetAbsent(name, rrTypes[type]))),
  ]
  const deletions = differing.filter((set) => set.old.length > 0).map((set) => deleteRrset(set.name, set.code))
  const additions = differing.flatMap((set) =>
    set.rdata.map((rdata) => ({ name: set.name, type: set.code, class: classes.IN, ttlS: set.ttlS, rdata })),
  )
  const zone = { name: change.zone, type: rrTypes.SOA, class: classes.IN }
  // The sections of an UPDATE stand where those of a query do (RFC 2136 section 2).
  const sections = { questions: [zone], answers: prerequisites, authorities: [...deletions, ...additions], additionals: [] }
  return encodeMessage({ id, opcode: opcodes.UPDATE, rcode: 0, flags: 0, ...sections })
}
