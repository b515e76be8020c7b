import type { Clock } from '../../clock.ts'
import type { Change, HostView } from '../../core/moving.ts'
import { textOf } from '../../errors.ts'
import type { DnsHost, WriteOutcome } from '../../ports.ts'
import { openStream } from './exchange.ts'
import { askByTcp, digHost, recordsIn } from './query.ts'
import { sign, verify } from './tsig.ts'
import type { TsigKey } from './tsig.ts'
import { besideCname, buildUpdate, changesNothing, newCnames } from './update.ts'
import { decodeMessage, decodeValue, encodeValue, flags, opcodes, rcodes, rcodeWord, rrTypes } from './wire.ts'
import type { Message } from './wire.ts'

/** `server`: `IP:port`. `key` null: unsigned, for the embedded server on loopback. `timeoutMs`: each question's, and a whole write's. */
export type Rfc2136Options = {
  host: string
  zone: string
  marker: string
  names: string[]
  server: string
  key: TsigKey | null
  timeoutMs: number
}

/** Bytes of one message over TCP, less what a signature takes. */
const messageMost = 65_535 - 1024

const unknown = (detail: string): WriteOutcome => ({ outcome: 'unknown', detail })
const refused = (detail: string): WriteOutcome => ({ outcome: 'refused', detail })
const lost = (detail: string): WriteOutcome => ({ outcome: 'lost', detail })

const outcomeOf = (server: string, { rcode }: Message): WriteOutcome => {
  const word = rcodeWord(rcode)
  if (rcode === rcodes.NOERROR) return { outcome: 'done', detail: `${server} took the update` }
  if (rcode === rcodes.NXRRSET || rcode === rcodes.YXRRSET) return lost(`${server} holds other records than were read (${word})`)
  // SERVFAIL says nothing of whether the update was kept; any other error is given before anything is written (RFC 2136 section 3).
  return rcode === rcodes.SERVFAIL ? unknown(`${server} answered ${word}`) : refused(`${server} refused the update (${word})`)
}

const keyRefused = (server: string, key: TsigKey, error: number): WriteOutcome =>
  error === rcodes.BADKEY
    ? // Knot 3.2.6 says this of a key that its ACL does not let update these types, too (measured 2026-11).
      refused(`${server} does not know the key "${key.name}" with ${key.algorithm}, or does not let it do this (BADKEY): compare with what stands there`)
    : refused(`${server} has another secret for the key "${key.name}" (BADSIG): the file needs the one that stands there`)

/** PowerDNS 4.7.3 gives one and the same answer to an unknown key, to another secret or algorithm and to clocks that differ, and signs none of them (measured 2026-11). */
const unsignedHint = ({ rcode }: Message, key: TsigKey): string =>
  rcode === rcodes.REFUSED ? `; PowerDNS says so where it does not know the key "${key.name}", has another secret or algorithm for it, or its clock differs by more than 300 s: compare with what stands there` : ''

/** Why the answer to an update does not count, or what it comes to. `key` null: it was not signed. */
export const judge = (server: string, bytes: Buffer, key: TsigKey | null, wallMs: number, requestMac: Buffer): WriteOutcome => {
  const answer = decodeMessage(bytes)
  if (!(answer.flags & flags.response) || answer.opcode !== opcodes.UPDATE) return unknown(`${server} answered something else than an update's result`)
  if (!key) return outcomeOf(server, answer)
  const verified = verify(bytes, key, wallMs, requestMac)
  switch (verified.is) {
    case 'genuine':
      return outcomeOf(server, answer)
    case 'key':
      return keyRefused(server, key, verified.error)
    case 'clock':
      return refused(`the clocks of ${server} and this machine differ by ${Math.abs(verified.skewS)} s, ours being ${verified.skewS > 0 ? 'ahead' : 'behind'} (BADTIME): set both by NTP`)
    case 'stale':
      return unknown(`${server} signed its answer at another time than now`)
    case 'forged':
      return unknown(`the answer from ${server} is not signed with our key`)
    case 'unsigned':
      return unknown(`${server} answered ${rcodeWord(answer.rcode)} without a signature, so anybody may have said it${unsignedHint(answer, key)}`)
  }
}

/** The marker's TXT exactly as the server holds it. */
const readTxt = async ({ server, timeoutMs }: Rfc2136Options, name: string, clock: Clock, signal: AbortSignal): Promise<Buffer[] | null> => {
  const records = recordsIn(await askByTcp({ server, name, type: rrTypes.TXT, timeoutMs }, clock, signal), name)
  return records && records.filter((rr) => rr.type === rrTypes.TXT).map((rr) => rr.rdata)
}

/** A type beside which a new CNAME would be ignored, with its name. Null: could not find out; undefined: none. */
const besideNewCname = async ({ server, timeoutMs }: Rfc2136Options, change: Change, clock: Clock, signal: AbortSignal): Promise<string | null | undefined> => {
  for (const name of newCnames(change)) {
    for (const type of besideCname) {
      const records = recordsIn(await askByTcp({ server, name, type: rrTypes[type], timeoutMs }, clock, signal), name)
      if (!records) return null
      if (records.some((rr) => rr.type === rrTypes[type])) return `${name} has ${type} records, and a CNAME cannot stand beside them`
    }
  }
  return undefined
}

const send = async (options: Rfc2136Options, message: Buffer, clock: Clock, deadline: AbortSignal): Promise<WriteOutcome> => {
  const { server, key } = options
  const signed = key ? sign(message, key, clock.now().wallMs) : { bytes: message, mac: Buffer.alloc(0) }
  let sent = false
  try {
    const stream = await openStream(server, deadline)
    sent = true
    try {
      return judge(server, await stream.ask(signed.bytes), key, clock.now().wallMs, signed.mac)
    } finally {
      stream.close()
    }
  } catch (error) {
    return unknown(sent ? `${server} did not answer the update, which may have landed: ${textOf(error)}` : `nothing was sent: ${server} cannot be reached: ${textOf(error)}`)
  }
}

const sameTexts = (rdata: Buffer[], texts: string[]): boolean => {
  const held = rdata.map((bytes) => decodeValue('TXT', bytes)).sort()
  return held.length === texts.length && [...texts].sort().every((text, n) => text === held[n])
}

const write = async (options: Rfc2136Options, change: Change, clock: Clock, signal: AbortSignal): Promise<WriteOutcome> => {
  if (changesNothing(change)) return { outcome: 'done', detail: 'nothing to change' }
  const deadline = clock.deadline(options.timeoutMs, signal)
  const { server } = options
  const beside = await besideNewCname(options, change, clock, deadline)
  if (beside !== undefined) return beside === null ? unknown(`nothing was sent: ${server} does not answer for ${change.zone}`) : refused(beside)
  const asOurs = change.txt.old.map((text) => encodeValue('TXT', text))
  const written = await update(options, change, asOurs, clock, deadline)
  if (written.outcome !== 'lost' || asOurs.length === 0) return written
  // The same text may stand there split into other strings, which is another value.
  const held = await readTxt(options, change.txt.name, clock, deadline)
  const isSplit = held !== null && sameTexts(held, change.txt.old) && held.some((bytes) => !asOurs.some((ours) => ours.equals(bytes)))
  return isSplit ? update(options, change, held, clock, deadline) : written
}

const update = async (options: Rfc2136Options, change: Change, txtRdata: Buffer[], clock: Clock, deadline: AbortSignal): Promise<WriteOutcome> => {
  const message = buildUpdate({ id: Math.floor(clock.random() * 65_536), change, txtRdata })
  if (message.length > messageMost) return refused(`the update is longer than one DNS message (${message.length} bytes): list fewer or shorter names`)
  return send(options, message, clock, deadline)
}

/** A DNS host behind RFC 2136 (BIND, Knot, PowerDNS …): one UPDATE over TCP with every set as read for its prerequisites. Reads are DNS queries to the same server. */
export const rfc2136 = (options: Rfc2136Options, clock: Clock): DnsHost => {
  const { host, server, zone, marker, names, timeoutMs } = options
  return {
    host,
    read: async (signal, known): Promise<HostView | null> => {
      const view = await digHost({ server, zone, marker, names: known ? [] : names, timeoutMs }, clock, signal)
      return view && known ? { ...view, sets: known.sets } : view
    },
    write: (change, signal) => write(options, change, clock, signal),
  }
}
