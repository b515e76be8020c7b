import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'

// A certificate authority for tests, written out in DER (RFC 5280): needs no tool, leaves no key in the repository, and
// its dates can lie where a test wants them.

export type Identity = { cert: string; key: string }
export type Authority = { ca: string; issue: (options: { names: string[]; fromMs?: number; untilMs?: number }) => Identity }

const dayMs = 86_400_000

/** A fresh authority. A leaf is valid for `names` (DNS names and IP addresses), by default from yesterday until 90 days ahead. */
export const makeAuthority = (name = 'lifeboat test authority'): Authority => {
  const keys = makeKeys()
  const ca = pem('CERTIFICATE', certificate({ subject: name, publicKey: keys.publicKey, issuer: name, signKey: keys.privateKey, ca: true }))
  return {
    ca,
    issue: (options) => {
      const leaf = makeKeys()
      const subject = options.names[0] ?? 'nobody'
      const bytes = certificate({ ...options, subject, publicKey: leaf.publicKey, issuer: name, signKey: keys.privateKey, ca: false })
      return { cert: pem('CERTIFICATE', bytes), key: keyText(leaf.privateKey) }
    },
  }
}

/** A certificate that vouches for itself. */
export const makeSelfSigned = (names: string[]): Identity => {
  const keys = makeKeys()
  const subject = names[0] ?? 'nobody'
  const bytes = certificate({ names, subject, publicKey: keys.publicKey, issuer: subject, signKey: keys.privateKey, ca: false })
  return { cert: pem('CERTIFICATE', bytes), key: keyText(keys.privateKey) }
}

type Content = {
  subject: string
  issuer: string
  publicKey: KeyObject
  signKey: KeyObject
  ca: boolean
  names?: string[]
  fromMs?: number
  untilMs?: number
}

const makeKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const keyText = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

const certificate = ({ subject, issuer, publicKey, signKey, ca, names = [], ...dates }: Content): Buffer => {
  const fromMs = dates.fromMs ?? Date.now() - dayMs
  const untilMs = dates.untilMs ?? Date.now() + 90 * dayMs
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const extensions = [extension('551d13', true, sequence(ca ? der(0x01, Buffer.from([0xff])) : Buffer.alloc(0)))]
  if (names.length > 0) extensions.push(extension('551d11', false, sequence(...names.map(alternativeName))))
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaSha256,
    distinguishedName(issuer),
    sequence(utcTime(fromMs), utcTime(untilMs)),
    distinguishedName(subject),
    spki,
    der(0xa3, sequence(...extensions, extension('551d0e', false, der(0x04, createHash('sha1').update(spki).digest())))),
  )
  return sequence(content, ecdsaSha256, der(0x03, Buffer.from([0]), sign('sha256', content, signKey)))
}

const der = (tag: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  const size = body.length < 0x80 ? [body.length] : body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}
const sequence = (...parts: Buffer[]): Buffer => der(0x30, ...parts)
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))
const ecdsaSha256 = sequence(oid('2a8648ce3d040302'))
const distinguishedName = (name: string): Buffer => sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(name)))))
const utcTime = (ms: number): Buffer => der(0x17, Buffer.from(new Date(ms).toISOString().replace(/^..(..)-(..)-(..)T(..):(..):(..).*$/, '$1$2$3$4$5$6Z')))

const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  sequence(oid(id), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value))

const alternativeName = (name: string): Buffer => {
  if (isIP(name) === 0) return der(0x82, Buffer.from(name))
  return der(0x87, isIP(name) === 4 ? Buffer.from(name.split('.').map(Number)) : loopbackV6)
}
// The only IPv6 address that tests use.
const loopbackV6 = Buffer.from([...Array<number>(15).fill(0), 1])

const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END ${label}-----\n`
