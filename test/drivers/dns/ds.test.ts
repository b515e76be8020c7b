import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { trustIn } from '../../../src/drivers/dns/dnssec.ts'
import { classes, encodeName, encodeRr, rrTypes } from '../../../src/drivers/dns/wire.ts'
import type { Rr } from '../../../src/drivers/dns/wire.ts'

// A key with its DS as RFCs print them, and keys of our own with all that can be wrong.

const wallMs = Date.UTC(2026, 10, 25)
const dayS = 86_400
const rr = (name: string, type: keyof typeof rrTypes, rdata: Buffer): Rr => ({ name, type: rrTypes[type], class: classes.IN, ttlS: 60, rdata })
const words = (...values: number[]): Buffer => Buffer.concat(values.map((value) => Buffer.from([value >> 8, value & 255])))
const keyOf = (zone: string, algorithm: number, base64: string, keyFlags = 257): Rr => rr(zone, 'DNSKEY', Buffer.concat([words(keyFlags), Buffer.from([3, algorithm]), Buffer.from(base64, 'base64')]))
const dsOf = (zone: string, tag: number, [algorithm, digest]: [number, number], hex: string): Rr => rr(zone, 'DS', Buffer.concat([words(tag), Buffer.from([algorithm, digest]), Buffer.from(hex, 'hex')]))

const dskey = keyOf('dskey.example.com', 5, 'AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==', 256)
const p256 = keyOf('example.net', 13, 'GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==')
const p384 = keyOf('example.net', 14, 'xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40')

test.each<[string, Rr, Rr]>([
  ['SHA-1 (RFC 4034, section 5.4)', dskey, dsOf('dskey.example.com', 60485, [5, 1], '2BB183AF5F22588179A53B0A98631FAD1A292118')],
  ['SHA-256 (RFC 4509, section 2.3)', dskey, dsOf('dskey.example.com', 60485, [5, 2], 'D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A')],
  ['SHA-256 (RFC 6605, section 6.1)', p256, dsOf('example.net', 55648, [13, 2], 'b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17')],
  ['SHA-384 (RFC 6605, section 6.2)', p384, dsOf('example.net', 10771, [14, 4], '72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3008a946df983d6')],
])('%s', (_, key, ds) => {
  const at = { zone: key.name, wallMs }
  // The key itself is found; that nothing is signed with it here, or that its algorithm is too old, comes next.
  const found = trustIn([ds], [key], at).is
  expect(found).toBe(key === dskey ? 'unknown' : 'not-signed')
  const other = { ...ds, rdata: Buffer.concat([ds.rdata.subarray(0, -1), Buffer.of(ds.rdata.at(-1)! ^ 1)]) }
  expect(trustIn([other], [key], at).is).toBe('no-key')
  expect(trustIn([ds], [{ ...key, rdata: Buffer.concat([key.rdata, Buffer.of(0, 0)]) }], at).is).toBe('no-key')
})

const zone = 'shop.example'
const made = (keyFlags = 257) => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const key = keyOf(zone, 15, Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url').toString('base64'), keyFlags)
  const tag = key.rdata.reduce((all, byte, n) => all + (n % 2 === 0 ? byte << 8 : byte), 0)
  return { key, privateKey, tag: (tag + (tag >> 16)) & 0xffff }
}
type Made = ReturnType<typeof made>

const seconds = (value: number): Buffer => words(value >>> 16, value & 0xffff)
/** The DNSKEY set with one signature over it. */
const signedKeys = (keys: Made[], by: Made, untilS = wallMs / 1000 + dayS): Rr[] => {
  const set = keys.map(({ key }) => key)
  const head = Buffer.concat([words(rrTypes.DNSKEY), Buffer.of(15, 2), seconds(60), seconds(untilS), seconds(wallMs / 1000 - 7 * dayS), words(by.tag), encodeName(zone)])
  const content = Buffer.concat([head, ...set.toSorted((a, b) => Buffer.compare(a.rdata, b.rdata)).map(encodeRr)])
  return [...set, rr(zone, 'RRSIG', Buffer.concat([head, sign(null, content, by.privateKey)]))]
}
const digestOf = ({ key }: Made, hash: string): string => createHash(hash).update(encodeName(zone)).update(key.rdata).digest('hex')
const stands = (of: Made, number = 2, hash = 'sha256'): Rr => dsOf(zone, of.tag, [15, number], digestOf(of, hash))

test('one key that signs, and what can be wrong with it', () => {
  const [one, other] = [made(), made()]
  const is = (ds: Rr[], keys: Rr[]): string => trustIn(ds, keys, { zone, wallMs }).is
  const good = signedKeys([one, other], one)
  const wrong = dsOf(zone, one.tag, [15, 2], '00'.repeat(32))
  expect(is([stands(one)], good)).toBe('good')
  expect(is([wrong, stands(one)], good)).toBe('good')
  expect(is([stands(one, 1, 'sha1')], good)).toBe('good')
  expect(is([stands(one, 4, 'sha384')], good)).toBe('good')
  expect(is([wrong], good)).toBe('no-key')
  // SHA-1 does not count beside a newer one, and a digest that nobody here knows says nothing.
  expect(is([stands(one, 1, 'sha1'), wrong], good)).toBe('no-key')
  expect(is([dsOf(zone, one.tag, [15, 9], '00')], good)).toBe('unknown')
  expect(is([dsOf(zone, one.tag, [15, 9], '00'), stands(one, 1, 'sha1')], good)).toBe('good')
  // The key that the DS stands for must be the one that has signed, for now, and be a zone's and not revoked.
  expect(is([stands(other)], good)).toBe('not-signed')
  expect(is([stands(one)], signedKeys([one, other], one, wallMs / 1000 - 1))).toBe('not-signed')
  const revoked = made(257 | 0x80)
  expect(is([stands(revoked)], signedKeys([revoked], revoked))).toBe('no-key')
  expect(trustIn([wrong], good, { zone, wallMs })).toEqual({ is: 'no-key', ds: [`${one.tag} (algorithm 15)`], keys: [one, other].map(({ tag }) => `${tag} (algorithm 15)`).sort() })
})
