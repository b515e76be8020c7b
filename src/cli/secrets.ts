// The last line of defence: no driver puts a secret into a sentence, and where one did all the same it is taken out here.

/** What stands in the place of a secret. */
export const hiddenMark = '(hidden)'

/** Up to this length a secret may be a part of common words (`second` is one of `secondToken`), so it is taken out only where it stands as a word of its own. */
const shortMost = 7

const sign = /[^\p{L}\p{N}]/gu
const literal = (text: string): string => text.replaceAll(sign, (each) => `\\u{${each.codePointAt(0)?.toString(16)}}`)

const formOf = (secret: string): string => {
  if (secret.length > shortMost) return literal(secret)
  // Where it begins or ends with another sign than these, no word goes on there.
  const before = /^[\p{L}\p{N}]/u.test(secret) ? '(?<![\\p{L}\\p{N}])' : ''
  const after = /[\p{L}\p{N}]$/u.test(secret) ? '(?![\\p{L}\\p{N}])' : ''
  return `${before}${literal(secret)}${after}`
}

/** The longest first, and all at once: what was put in for one secret is not searched for the next. */
const patternOf = (secrets: string[]): RegExp => new RegExp(secrets.toSorted((a, b) => b.length - a.length).map(formOf).join('|'), 'gu')

const maskOf = (secrets: string[]): ((text: string) => string) => {
  if (secrets.length === 0) return (text) => text
  const pattern = patternOf(secrets)
  return (text) => text.replaceAll(pattern, hiddenMark)
}

/** The text with `(hidden)` in the place of every secret. No secret may be empty. */
export const hide = (text: string, secrets: string[]): string => maskOf(secrets)(text)

/** The same in every text within plain data. Numbers and keys are ours and stay. */
export function hidden(value: unknown, secrets: string[]): unknown {
  const mask = maskOf(secrets)
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return mask(value)
    if (Array.isArray(value)) return value.map(walk)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each)]))
  }
  return walk(value)
}

/** Those of the secrets that stand in these data. */
export function secretsIn(data: unknown, secrets: string[]): string[] {
  const text = JSON.stringify(data)
  return secrets.filter((secret) => JSON.stringify(hidden(data, [secret])) !== text)
}
