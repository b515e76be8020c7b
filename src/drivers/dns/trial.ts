import type { Clock } from '../../clock.ts'
import { spell } from '../../core/spell.ts'
import { textOf } from '../../errors.ts'
import { openStream } from './exchange.ts'
import type { Stream } from './exchange.ts'
import { judge } from './rfc2136.ts'
import { sign, splitTsig, verify } from './tsig.ts'
import type { TsigKey } from './tsig.ts'
import { classes, encodeMessage, encodeValue, opcodes, rrTypes } from './wire.ts'
import type { Rr } from './wire.ts'

// What a name server would let a key write, found out by UPDATEs that can change nothing: the prerequisite of each never holds (no SOA at
// the zone's apex), and what it would delete is nobody's. Knot 3.2.6 and BIND 9.18.49 look at who may write what before they look at
// prerequisites; PowerDNS 4.7.3 asks its policy script after them, so that there a trial without a key comes as far as one with it (measured 2026-11).

/** A set that a key may write or not. */
export type Power = { name: string; type: keyof typeof nobodys }

/** Values that nobody has: documentation addresses (RFC 5737, RFC 3849) and names that never are (RFC 2606). */
const nobodys = {
  A: encodeValue('A', '192.0.2.0'),
  AAAA: encodeValue('AAAA', '2001:db8::'),
  CNAME: encodeValue('CNAME', 'nobody.invalid'),
  NS: encodeValue('NS', 'nobody.invalid'),
  TXT: encodeValue('TXT', 'lifeboat check --online'),
  MX: Buffer.concat([Buffer.from([0xff, 0xff]), encodeValue('CNAME', 'nobody.invalid')]),
} as const

/**
 * `allowed`: nothing but the prerequisite stood in its way; `aheadS`: our clock less the server's, null where it does not say.
 * `ignored`: it says that it did what a prerequisite forbade. `unknown`: could not find out from its answer. `silent`: it gave none.
 */
export type Tried = { is: 'allowed'; aheadS: number | null } | { is: 'refused'; detail: string } | { is: 'unknown'; detail: string } | { is: 'silent'; detail: string } | { is: 'ignored'; detail: string }

/** `key` null: unsigned. `timeoutMs`: of all together. */
export type TrialOptions = { server: string; zone: string; key: TsigKey | null; timeoutMs: number }

const none = Buffer.alloc(0)
const neverHolds = (zone: string): Rr => ({ name: zone, type: rrTypes.SOA, class: classes.NONE, ttlS: 0, rdata: none })
const deletion = ({ name, type }: Power): Rr => ({ name, type: rrTypes[type], class: classes.NONE, ttlS: 0, rdata: nobodys[type] })

const messageOf = (zone: string, powers: Power[], id: number): Buffer => {
  const questions = [{ name: zone, type: rrTypes.SOA, class: classes.IN }]
  const sections = { questions, answers: [neverHolds(zone)], authorities: powers.map(deletion), additionals: [] }
  return encodeMessage({ id, opcode: opcodes.UPDATE, rcode: 0, flags: 0, ...sections })
}

const aheadOf = (reply: Buffer, wallMs: number): number | null => {
  const split = splitTsig(reply)
  return split && Math.floor(wallMs / 1000) - split.tsig.timeS
}

const tryOn = async (stream: Stream, message: Buffer, { server, key, timeoutMs }: TrialOptions, limit: AbortSignal, clock: Clock): Promise<Tried> => {
  const signed = key ? sign(message, key, clock.now().wallMs) : { bytes: message, mac: none }
  try {
    const reply = await stream.ask(signed.bytes)
    const { wallMs } = clock.now()
    const { outcome, detail } = judge(server, reply, key, wallMs, signed.mac)
    if (outcome === 'lost') return { is: 'allowed', aheadS: key && aheadOf(reply, wallMs) }
    return outcome === 'done' ? { is: 'ignored', detail: `${server} takes an update although its prerequisite does not hold` } : { is: outcome, detail }
  } catch (thrown) {
    return { is: 'silent', detail: limit.aborted ? `${server} answers no update in ${spell(timeoutMs)}; in Knot a transaction that was left open holds them up (knotc zone-abort)` : `${server} did not answer: ${textOf(thrown)}` }
  }
}

/** Tries each group of sets in one UPDATE over one TCP connection. Answers in the order of the groups; rejects only when `signal` aborts. */
export const tryPowers = async (options: TrialOptions, groups: Power[][], clock: Clock, signal: AbortSignal): Promise<Tried[]> => {
  const { server, zone, timeoutMs } = options
  const from = Math.floor(clock.random() * 65_536)
  const limit = clock.deadline(timeoutMs, signal)
  try {
    const stream = await openStream(server, limit)
    try {
      return await Promise.all(groups.map((powers, n) => tryOn(stream, messageOf(zone, powers, (from + n) & 0xffff), options, limit, clock)))
    } finally {
      stream.close()
    }
  } catch (thrown) {
    signal.throwIfAborted()
    return groups.map(() => ({ is: 'silent', detail: `${server} cannot be reached over TCP: ${textOf(thrown)}` }))
  }
}

/** Does the server know the key, with this secret and algorithm? Found out by a signed query, which no permission to write is needed for. Null: could not find out. */
export const knowsKey = async ({ server, zone, timeoutMs }: TrialOptions, key: TsigKey, clock: Clock, signal: AbortSignal): Promise<boolean | null> => {
  const questions = [{ name: zone, type: rrTypes.SOA, class: classes.IN }]
  const id = Math.floor(clock.random() * 65_536)
  const message = encodeMessage({ id, opcode: opcodes.QUERY, rcode: 0, flags: 0, questions, answers: [], authorities: [], additionals: [] })
  const { bytes, mac } = sign(message, key, clock.now().wallMs)
  try {
    const stream = await openStream(server, clock.deadline(timeoutMs, signal))
    try {
      const { is } = verify(await stream.ask(bytes), key, clock.now().wallMs, mac)
      return is === 'genuine' ? true : is === 'key' ? false : null
    } finally {
      stream.close()
    }
  } catch {
    signal.throwIfAborted()
    return null // No answer: could not find out.
  }
}
