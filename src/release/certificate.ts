import { createPrivateKey, X509Certificate } from 'node:crypto'
import { Said } from '../errors.ts'

/**
 * What is wrong with a PEM of chain and key as HAProxy takes it, for these names, now: throws Said, which names `source` and holds nothing of the
 * key. The text itself otherwise.
 */
export function readCertificate(text: string, { source, names, nowMs }: { source: string; names: string[]; nowMs: number }): string {
  const refuse = (what: string): Said => new Said(`${source} ${what}`)
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? []
  if (blocks[0] === undefined) throw refuse('holds no certificate. Write the chain and its key into one PEM file, the certificate of the names first')
  const leaf = parsed(() => new X509Certificate(blocks[0]!))
  if (leaf === null) throw refuse('holds a certificate that cannot be read')
  const key = parsed(() => createPrivateKey(text))
  if (key === null) throw refuse('holds no private key that can be read without a passphrase. Put the key into the same file')
  if (!leaf.checkPrivateKey(key)) throw refuse('holds a key that is not that of its first certificate. Put the certificate of the names first')
  if (Date.parse(leaf.validTo) < nowMs) throw refuse(`expired on ${new Date(Date.parse(leaf.validTo)).toISOString().slice(0, 10)}`)
  const uncovered = names.filter((name) => leaf.checkHost(name.replace(/^\*\./, 'any.')) === undefined)
  if (uncovered.length > 0) throw refuse(`is not valid for ${uncovered.join(', ')}`)
  return text.endsWith('\n') ? text : `${text}\n`
}

/** Null: it is no such thing. */
function parsed<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null // The caller says what is wrong; the reason may hold what was read.
  }
}
