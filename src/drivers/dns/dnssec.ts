import { createHash, createPublicKey, verify } from 'node:crypto'
import type { JsonWebKeyInput, KeyObject, VerifyKeyObjectInput } from 'node:crypto'
import type { Signed, Signers } from '../../core/moving.ts'
import { classes, decodeName, encodeName, encodeRr, rrTypes } from './wire.ts'
import type { Rr } from './wire.ts'

// Signatures over sets of records (RFC 4034), verified with the keys that the zone itself publishes; and whether the parent's DS stands for these keys.

type Key = { id: string; algorithm: number; bytes: Buffer }

type Signature = { id: string; algorithm: number; covers: number; labels: number; ttlS: number; untilS: number; sinceS: number; head: Buffer; bytes: Buffer }

/** The key tag (RFC 4034, appendix B): the sum of the record's 16-bit words, carries added. */
const tagOf = (rdata: Buffer): number => {
  const sum = rdata.reduce((all, byte, n) => all + (n % 2 === 0 ? byte << 8 : byte), 0)
  return (sum + (sum >> 16)) & 0xffff
}

const idOf = (tag: number, algorithm: number): string => `${tag} (algorithm ${algorithm})`

/** The keys in a DNSKEY set that may sign: zone keys that are not revoked. */
const keysIn = (records: Rr[]): Key[] =>
  records
    .filter(({ type, rdata }) => type === rrTypes.DNSKEY && (rdata.readUInt16BE(0) & 0x0180) === 0x0100 && rdata.readUInt8(2) === 3)
    .map(({ rdata }) => ({ id: idOf(tagOf(rdata), rdata.readUInt8(3)), algorithm: rdata.readUInt8(3), bytes: rdata.subarray(4) }))

const signatureIn = (rdata: Buffer): Signature & { signer: string } => {
  const { name: signer, end } = decodeName(rdata, 18)
  return {
    covers: rdata.readUInt16BE(0),
    algorithm: rdata.readUInt8(2),
    labels: rdata.readUInt8(3),
    ttlS: rdata.readUInt32BE(4),
    untilS: rdata.readUInt32BE(8),
    sinceS: rdata.readUInt32BE(12),
    id: idOf(rdata.readUInt16BE(16), rdata.readUInt8(2)),
    signer,
    head: Buffer.concat([rdata.subarray(0, 18), encodeName(signer)]),
    bytes: rdata.subarray(end),
  }
}

const signaturesIn = (records: Rr[], zone: string): Signature[] =>
  records.filter(({ type }) => type === rrTypes.RRSIG).map(({ rdata }) => signatureIn(rdata)).filter(({ signer }) => signer === zone)

// ── Keys ─────────────────────────────────────────────────────────────────────

const text = (bytes: Buffer): string => bytes.toString('base64url')

/** An RSA key's exponent, with its length in front, and modulus (RFC 3110). */
const rsa = (bytes: Buffer): JsonWebKeyInput['key'] => {
  const [from, length] = bytes.readUInt8(0) === 0 ? [3, bytes.readUInt16BE(1)] : [1, bytes.readUInt8(0)]
  return { kty: 'RSA', e: text(bytes.subarray(from, from + length)), n: text(bytes.subarray(from + length)) }
}
const curve = (crv: string) => (bytes: Buffer): JsonWebKeyInput['key'] =>
  ({ kty: 'EC', crv, x: text(bytes.subarray(0, bytes.length / 2)), y: text(bytes.subarray(bytes.length / 2)) })
const edwards = (crv: string) => (bytes: Buffer): JsonWebKeyInput['key'] => ({ kty: 'OKP', crv, x: text(bytes) })

/** The algorithms that signers should or may use (RFC 8624, section 3.1). SHA-1 is left out: many machines no longer verify it. */
const algorithms: Record<number, { hash: string | null; jwk: (bytes: Buffer) => JsonWebKeyInput['key'] }> = {
  8: { hash: 'sha256', jwk: rsa },
  10: { hash: 'sha512', jwk: rsa },
  13: { hash: 'sha256', jwk: curve('P-256') },
  14: { hash: 'sha384', jwk: curve('P-384') },
  15: { hash: null, jwk: edwards('Ed25519') },
  16: { hash: null, jwk: edwards('Ed448') },
}

const publicKey = ({ algorithm, bytes }: Key): KeyObject | null => {
  try {
    return createPublicKey({ key: algorithms[algorithm]!.jwk(bytes), format: 'jwk' })
  } catch {
    return null // Bytes that are no key of this algorithm: nothing is signed with it.
  }
}

// ── Verifying ────────────────────────────────────────────────────────────────

/** The owner's name as it was signed: of what a wildcard gave, the wildcard's. Null: longer than the name itself. */
const ownerOf = (name: string, labels: number): string | null => {
  const all = name.split('.')
  const own = all[0] === '*' ? all.length - 1 : all.length
  if (labels > own) return null
  return labels === own ? name : `*.${all.slice(all.length - labels).join('.')}`
}

/** What was signed (RFC 4034, section 3.1.8.1). */
const contentOf = (set: Rr[], { head, ttlS, labels }: Signature): Buffer | null => {
  const owner = ownerOf(set[0]!.name, labels)
  if (owner === null) return null
  const rdata = [...new Map(set.map((rr) => [rr.rdata.toString('hex'), rr.rdata])).values()].sort(Buffer.compare)
  return Buffer.concat([head, ...rdata.map((bytes) => encodeRr({ name: owner, type: set[0]!.type, class: classes.IN, ttlS, rdata: bytes }))])
}

const verifies = (set: Rr[], signature: Signature, key: Key): boolean => {
  const [content, object] = [contentOf(set, signature), publicKey(key)]
  if (!content || !object) return false
  const by: VerifyKeyObjectInput = { key: object, dsaEncoding: 'ieee-p1363' }
  return verify(algorithms[key.algorithm]!.hash, content, by, signature.bytes)
}

/** A moment in seconds that is written with 32 bits: the one that is nearest to now (RFC 4034, section 3.1.5). */
const momentMs = (seconds: number, wallMs: number): number => {
  const nowS = Math.floor(wallMs / 1000)
  return (nowS + ((seconds - nowS) | 0)) * 1000
}

/**
 * The signature over a set that ends last, of those that verify and have begun. Null: none does. Undefined: all that could are of
 * algorithms that are not known here. `records`: the set and its signatures, whatever else; `keys`: the zone's DNSKEY set.
 */
export const signedBy = (
  records: Rr[],
  of: { name: string; type: number },
  { zone, keys, wallMs }: { zone: string; keys: Rr[]; wallMs: number },
): Signed | null | undefined => {
  const set = records.filter(({ name, type }) => name === of.name && type === of.type)
  const signatures = signaturesIn(records.filter(({ name }) => name === of.name), zone).filter(({ covers }) => covers === of.type)
  const known = keysIn(keys)
  const good = signatures
    .filter(({ algorithm }) => algorithm in algorithms)
    .filter((signature) => known.some((key) => key.id === signature.id && verifies(set, signature, key)))
    .map(({ sinceS, untilS }) => ({ sinceMs: momentMs(sinceS, wallMs), untilMs: momentMs(untilS, wallMs) }))
    .filter(({ sinceMs }) => sinceMs <= wallMs)
    .sort((a, b) => b.untilMs - a.untilMs)
  return good[0] ?? (signatures.length > 0 && signatures.every(({ algorithm }) => !(algorithm in algorithms)) ? undefined : null)
}

/** With which keys a zone's records are signed, seen at its SOA, and which it publishes. */
export const signersIn = (soa: Rr[], keys: Rr[], zone: string): Signers => ({
  signs: [...new Set(signaturesIn(soa, zone).filter(({ covers }) => covers === rrTypes.SOA).map(({ id }) => id))].sort(),
  publishes: [...new Set(keysIn(keys).map(({ id }) => id))].sort(),
})

// ── The parent's DS ──────────────────────────────────────────────────────────

/** Digests of a DS by number (RFC 8624, section 3.3). */
const digests: Record<number, string> = { 1: 'sha1', 2: 'sha256', 4: 'sha384' }

type Ds = { id: string; digest: string | undefined; bytes: Buffer }

/** Beside a newer one that is known here, one of SHA-1 counts for nothing (RFC 4509, section 3). */
const dsIn = (set: Rr[]): Ds[] => {
  const all = set.map(({ rdata }) => ({ id: idOf(rdata.readUInt16BE(0), rdata.readUInt8(2)), digest: digests[rdata.readUInt8(3)], bytes: rdata.subarray(4) }))
  const newer = all.filter(({ digest }) => digest !== undefined && digest !== 'sha1')
  return newer.length > 0 ? newer : all
}

/** A DS is the digest of the owner's name and the key's whole rdata (RFC 4034, section 5.1.4). */
const standsFor = ({ digest, bytes }: Ds, zone: string, { rdata }: Rr): boolean =>
  digest !== undefined && createHash(digest).update(encodeName(zone)).update(rdata).digest().equals(bytes)

/**
 * Whether the DS at a zone's parent lead to its keys (RFC 4035, section 5.2). `no-key`: they stand for none of them · `not-signed`: no key that they stand for
 * has signed the keys for now · `unknown`: digests or algorithms that are not known here. `keys`: the zone's DNSKEY set with its signatures.
 */
export const trustIn = (ds: Rr[], keys: Rr[], { zone, wallMs }: { zone: string; wallMs: number }): { is: 'good' | 'no-key' | 'not-signed' | 'unknown'; ds: string[]; keys: string[] } => {
  const given = dsIn(ds)
  const named = keys.filter((key) => keysIn([key]).some(({ id }) => given.some((each) => each.id === id && standsFor(each, zone, key))))
  const of = { ds: [...new Set(given.map(({ id }) => id))].sort(), keys: [...new Set(keysIn(keys).map(({ id }) => id))].sort() }
  if (named.length === 0) return { is: given.some(({ digest }) => digest !== undefined) ? 'no-key' : 'unknown', ...of }
  if (keysIn(named).every(({ algorithm }) => !(algorithm in algorithms))) return { is: 'unknown', ...of }
  const signed = signedBy(keys, { name: zone, type: rrTypes.DNSKEY }, { zone, keys: named, wallMs })
  return { is: signed && signed.untilMs > wallMs ? 'good' : 'not-signed', ...of }
}
