import { createHmac, timingSafeEqual } from 'node:crypto'
import { classes, decodeMessage, decodeName, encodeName, encodeRr, rcodes, rrTypes } from './wire.ts'
import type { Rr } from './wire.ts'

// Transaction signatures (RFC 8945).

const hashes = { 'hmac-sha256': 'sha256', 'hmac-sha512': 'sha512' } as const
export type TsigAlgorithm = keyof typeof hashes
/** Every algorithm that a key may have here. */
export const tsigAlgorithms = Object.keys(hashes) as TsigAlgorithm[]

export type TsigKey = { name: string; algorithm: TsigAlgorithm; secret: Buffer }

/** A key from its text; `secret` is base64, as in knot.conf and named.conf. */
export const tsigKey = (name: string, secret: string, algorithm: TsigAlgorithm = 'hmac-sha256'): TsigKey => ({
  name: name.toLowerCase().replace(/\.$/, ''),
  algorithm,
  secret: Buffer.from(secret, 'base64'),
})

/** Seconds by which two clocks may differ, as BIND, Knot and RFC 8945 section 10 have it. */
const fudgeS = 300

type Variables = { algorithm: string; timeS: number; fudgeS: number; error: number; other: Buffer }
export type Tsig = Variables & { name: string; mac: Buffer; originalId: number }

const time = (timeS: number, fudge: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeUIntBE(timeS, 0, 6)
  bytes.writeUInt16BE(fudge, 6)
  return bytes
}

const words = (...values: number[]): Buffer => Buffer.concat(values.map((value) => Buffer.from([value >> 8, value & 255])))

/** What the MAC covers (RFC 8945 section 4.3): the request's MAC for an answer, the message without its TSIG, the variables. */
const macOf = (key: TsigKey, message: Buffer, v: Variables, requestMac: Buffer | null): Buffer => {
  const hmac = createHmac(hashes[key.algorithm], key.secret)
  if (requestMac) hmac.update(words(requestMac.length)).update(requestMac)
  hmac.update(message)
  hmac.update(Buffer.concat([encodeName(key.name), words(classes.ANY, 0, 0), encodeName(v.algorithm), time(v.timeS, v.fudgeS)]))
  hmac.update(words(v.error, v.other.length)).update(v.other)
  return hmac.digest()
}

const encodeTsig = (tsig: Tsig): Rr => ({
  name: tsig.name,
  type: rrTypes.TSIG,
  class: classes.ANY,
  ttlS: 0,
  rdata: Buffer.concat([
    encodeName(tsig.algorithm),
    time(tsig.timeS, tsig.fudgeS),
    words(tsig.mac.length),
    tsig.mac,
    words(tsig.originalId, tsig.error, tsig.other.length),
    tsig.other,
  ]),
})

const decodeTsig = ({ name, rdata }: Rr): Tsig => {
  const { name: algorithm, end } = decodeName(rdata, 0)
  const macEnd = end + 10 + rdata.readUInt16BE(end + 8)
  const otherEnd = macEnd + 6 + rdata.readUInt16BE(macEnd + 4)
  if (otherEnd !== rdata.length) throw new Error('a TSIG is malformed')
  return {
    name,
    algorithm,
    timeS: rdata.readUIntBE(end, 6),
    fudgeS: rdata.readUInt16BE(end + 6),
    mac: rdata.subarray(end + 10, macEnd),
    originalId: rdata.readUInt16BE(macEnd),
    error: rdata.readUInt16BE(macEnd + 2),
    other: rdata.subarray(macEnd + 6, otherEnd),
  }
}

/** The message with a TSIG behind it, and its MAC, over which the answer is signed. `requestMac` is set where the message itself is an answer. */
export const sign = (message: Buffer, key: TsigKey, wallMs: number, requestMac: Buffer | null = null): { bytes: Buffer; mac: Buffer } => {
  const variables = { algorithm: key.algorithm, timeS: Math.floor(wallMs / 1000), fudgeS, error: 0, other: Buffer.alloc(0) }
  const mac = macOf(key, message, variables, requestMac)
  const record = encodeTsig({ ...variables, name: key.name, mac, originalId: message.readUInt16BE(0) })
  const bytes = Buffer.concat([message, encodeRr(record)])
  bytes.writeUInt16BE(bytes.readUInt16BE(10) + 1, 10)
  return { bytes, mac }
}

/** The TSIG of a message, and the message as it was before. Null: it has none. Throws where it is malformed. */
export const splitTsig = (bytes: Buffer): { tsig: Tsig; message: Buffer } | null => {
  const { additionals, lastAt } = decodeMessage(bytes)
  const last = additionals.at(-1)
  if (last?.type !== rrTypes.TSIG) return null
  // Both are taken as given by the MAC (RFC 8945 section 4.2), so another value would go unseen.
  if (last.class !== classes.ANY || last.ttlS !== 0) throw new Error('a TSIG is malformed')
  const tsig = decodeTsig(last)
  const message = Buffer.from(bytes.subarray(0, lastAt))
  message.writeUInt16BE(tsig.originalId, 0)
  message.writeUInt16BE(additionals.length - 1, 10)
  return { tsig, message }
}

/**
 * Whether an answer comes from who holds the key. `unsigned`: anybody may have said it · `clock`: the server says that our
 * clocks differ, by `skewS` (positive: we are ahead) · `key`: the server does not know the key, or its secret is another
 * (RFC 8945 section 5.2: these two answers cannot be signed).
 */
export type Verified = { is: 'genuine' | 'unsigned' | 'forged' | 'stale' } | { is: 'key'; error: number } | { is: 'clock'; skewS: number }

/** Verifies an answer (RFC 8945 section 5.3). A MAC that is not whole does not count. */
export const verify = (bytes: Buffer, key: TsigKey, wallMs: number, requestMac: Buffer): Verified => {
  const split = splitTsig(bytes)
  if (!split) return { is: 'unsigned' }
  const { tsig, message } = split
  if (tsig.error === rcodes.BADKEY || tsig.error === rcodes.BADSIG) return { is: 'key', error: tsig.error }
  const mac = macOf(key, message, tsig, requestMac)
  const genuine = tsig.name === key.name && tsig.algorithm === key.algorithm && tsig.mac.length === mac.length && timingSafeEqual(tsig.mac, mac)
  if (!genuine) return { is: 'forged' }
  if (tsig.error === rcodes.BADTIME && tsig.other.length === 6) return { is: 'clock', skewS: tsig.timeS - tsig.other.readUIntBE(0, 6) }
  return Math.abs(Math.floor(wallMs / 1000) - tsig.timeS) <= tsig.fudgeS ? { is: 'genuine' } : { is: 'stale' }
}
