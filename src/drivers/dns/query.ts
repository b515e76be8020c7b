import type { Clock } from '../../clock.ts'
import type { HostView, RecordSet } from '../../core/moving.ts'
import { isEarlier } from '../../core/serial.ts'
import type { Dig } from '../../ports.ts'
import { inParallel } from '../parallel.ts'
import { signedBy, signersIn } from './dnssec.ts'
import { openTcpLine, openUdpLine } from './line.ts'
import type { Line } from './line.ts'
import { throughWildcards, wildParents } from './wildcards.ts'
import type { Ask } from './wildcards.ts'
import { classes, decodeMessage, decodeName, decodeValue, encodeMessage, flags, opcodes, rcodes, rrTypes } from './wire.ts'
import type { Message, Rr } from './wire.ts'

/** `udp`: TCP only where the answer is truncated · `both`: each, and they must agree. */
export type Transport = 'udp' | 'tcp' | 'both'

/** The largest answer that crosses any path unfragmented (dnsflagday.net/2020). */
const udpSize = 1232
/** Questions under way at once to one server: 64 names are 128 of them. */
export const questionsMost = 32

/** `dnssec`: the signatures as well (DO, RFC 3225). */
export type Asking = { server: string; name: string; type: number; timeoutMs: number; recursive?: boolean; dnssec?: boolean }

const anyId = (clock: Clock): number => Math.floor(clock.random() * 65_536)

const encodeQuestion = ({ name, type, recursive, dnssec }: Asking, id: number): Buffer =>
  encodeMessage({
    id,
    opcode: opcodes.QUERY,
    rcode: 0,
    flags: recursive ? 0x0100 : 0,
    questions: [{ name, type, class: classes.IN }],
    answers: [],
    authorities: [],
    additionals: [{ name: '', type: rrTypes.OPT, class: udpSize, ttlS: dnssec ? 0x8000 : 0, rdata: Buffer.alloc(0) }],
  })

/** The answer to a question: id and question are echoed. Null: it is something else, or malformed. */
const answerTo = (asked: { id: number; name: string; type: number }, bytes: Buffer): Message | null => {
  if (bytes.length < 12 || bytes.readUInt16BE(0) !== asked.id) return null
  try {
    const answer = decodeMessage(bytes)
    const [echoed, ...more] = answer.questions
    const fits = echoed?.name === asked.name && echoed.type === asked.type && echoed.class === classes.IN && more.length === 0
    return fits && answer.flags & flags.response && answer.opcode === opcodes.QUERY ? answer : null
  } catch {
    return null // Not a DNS message at all, so not the answer.
  }
}

const askOver = (line: Line, asking: Asking, id: number): Promise<Message | null> => {
  const question = encodeQuestion(asking, id)
  const { name } = decodeName(question, 12) // As it will be read in the answer.
  return line.ask(question, (bytes) => answerTo({ id, name, type: asking.type }, bytes))
}

/** One question by UDP, then by TCP where the answer is truncated. Null: no answer. */
export const ask = async (asking: Asking, clock: Clock, signal: AbortSignal): Promise<Message | null> => {
  const line = openUdpLine(asking, clock, signal)
  const answer = await askOver(line, asking, anyId(clock))
  line.close()
  return answer && answer.flags & flags.truncated ? askByTcp(asking, clock, signal) : answer
}

/** One question over a TCP connection of its own. Null: no answer. */
export const askByTcp = async (asking: Asking, clock: Clock, signal: AbortSignal): Promise<Message | null> => {
  const id = anyId(clock)
  const line = openTcpLine(asking, () => encodeQuestion(asking, id ^ 1), clock, signal)
  const answer = await askOver(line, asking, id)
  line.close()
  return answer
}

/** The records of the asked name and type in an answer; NXDOMAIN and "no such type" are an empty set. Null: it is no answer with authority. */
export const recordsIn = (answer: Message | null, name: string): Rr[] | null => {
  if (!answer || !(answer.flags & flags.authoritative) || answer.flags & flags.truncated) return null
  if (answer.rcode !== rcodes.NOERROR && answer.rcode !== rcodes.NXDOMAIN) return null
  return answer.answers.filter((rr) => rr.name === name && rr.class === classes.IN)
}

const types = ['A', 'AAAA', 'CNAME'] as const

const setsOf = (name: string, records: Rr[]): RecordSet[] =>
  types.flatMap((type) => {
    const set = records.filter((rr) => rr.type === rrTypes[type])
    const values = [...new Set(set.map((rr) => decodeValue(type, rr.rdata)))].sort()
    return set.length === 0 ? [] : [{ name, type, ttlS: Math.max(...set.map((rr) => rr.ttlS)), values }]
  })

/** The serial in an SOA record. */
export const serialOf = (soa: Rr): number => soa.rdata.readUInt32BE(decodeName(soa.rdata, decodeName(soa.rdata, 0).end).end)

/** A CNAME is seen in the answer to the A question, so two questions a name suffice. */
const viewBy = async (ask: Ask, { zone, marker, names }: Dig): Promise<{ view: HostView; found: Rr[] } | null> => {
  const apex = (await ask(zone, rrTypes.SOA)) ?? []
  const soa = apex.find((rr) => rr.type === rrTypes.SOA)
  if (!soa) return null
  const questions = [{ name: marker, type: rrTypes.TXT as number }, ...names.flatMap((name) => [{ name, type: rrTypes.A }, { name, type: rrTypes.AAAA }])]
  const answers = await inParallel(questions, questionsMost, ({ name, type }) => ask(name, type))
  const found: Rr[] = [...apex]
  for (const answer of answers) {
    if (!answer) return null
    found.push(...answer)
  }
  const txt = found.filter((rr) => rr.name === marker && rr.type === rrTypes.TXT)
  const view = {
    txt: txt.map((rr) => decodeValue('TXT', rr.rdata)),
    txtTtlS: txt[0]?.ttlS ?? null,
    sets: names.flatMap((name) => setsOf(name, found.filter((rr) => rr.name === name))),
    serial: serialOf(soa),
  }
  return { view, found }
}

/** The view with what is signed in it, by the keys that this very server publishes. */
const signedViewBy = async (ask: Ask, dig: Dig, wallMs: number): Promise<HostView | null> => {
  const [seen, keys] = await Promise.all([viewBy(ask, dig), ask(dig.zone, rrTypes.DNSKEY)])
  if (!seen || !keys) return null
  const { view, found } = seen
  const sets = view.sets.map((set) => {
    const signed = signedBy(found, { name: set.name, type: rrTypes[set.type as (typeof types)[number]] }, { zone: dig.zone, keys, wallMs })
    return signed === undefined ? set : { ...set, signed }
  })
  return { ...view, sets, signers: signersIn(found, keys, dig.zone) }
}

const digBy = async (transport: 'udp' | 'tcp', dig: Dig, clock: Clock, signal: AbortSignal): Promise<HostView | null> => {
  const { server, zone, timeoutMs, dnssec = false } = dig
  // Questions on one line are told apart by id, so these count up from a random one.
  let id = anyId(clock)
  const nextId = (): number => (id = (id + 1) & 0xffff)
  const again = (): Buffer => encodeQuestion({ server, name: zone, type: rrTypes.SOA, timeoutMs }, nextId())
  const line = transport === 'tcp' ? openTcpLine(dig, again, clock, signal) : openUdpLine(dig, clock, signal)
  const failed = new AbortController()
  const end = (): void => {
    line.close()
    failed.abort()
  }
  const may: Ask = async (name, type) => {
    if (failed.signal.aborted) return null
    const asking = { server, name, type, timeoutMs, dnssec }
    const answer = await askOver(line, asking, nextId())
    const isCut = answer !== null && answer.flags & flags.truncated && transport === 'udp'
    return recordsIn(isCut ? await askByTcp(asking, clock, failed.signal) : answer, name)
  }
  const must: Ask = async (name, type) => {
    const records = await may(name, type)
    // One question without an answer makes the whole view unknown: the others need not be waited for.
    if (!records) end()
    return records
  }
  try {
    // Nobody waits for the answers of wildcards: they are asked beside the names.
    const [view, wild] = await Promise.all([
      dnssec ? signedViewBy(must, dig, clock.now().wallMs) : viewBy(must, dig).then((seen) => seen && seen.view),
      wildParents(may, dig),
    ])
    return view && (await throughWildcards(may, view, dig, wild))
  } catch {
    return null // A value that is none, e.g. an A of three bytes: could not find out.
  } finally {
    end()
  }
}

const agree = (one: HostView, other: HostView): boolean => JSON.stringify({ ...one, serial: null }) === JSON.stringify({ ...other, serial: null })

/**
 * Reads the marker, the listed names' A, AAAA and CNAME and the SOA's serial from one authoritative server. `timeoutMs` is each question's.
 * Null: could not find out (no answer, no authority, SERVFAIL, REFUSED, a malformed answer, or UDP and TCP disagree).
 */
export const digHost = async (dig: Dig, clock: Clock, signal: AbortSignal, transport: Transport = 'udp'): Promise<HostView | null> => {
  if (transport !== 'both') return digBy(transport, dig, clock, signal)
  const [udp, tcp] = await Promise.all([digBy('udp', dig, clock, signal), digBy('tcp', dig, clock, signal)])
  if (!udp || !tcp || !agree(udp, tcp)) return null
  // Of two serials the one that was seen earlier (RFC 1982), so that "at least ours" holds for both.
  return udp.serial !== null && tcp.serial !== null && isEarlier(tcp.serial, udp.serial) ? tcp : udp
}
