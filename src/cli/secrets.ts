// The last line of defence: no driver puts a secret into a sentence, and where one did all the same it is taken out here.

/** What stands in the place of a secret. */
export const hiddenMark = '(hidden)'

/** Up to this length a secret is also a part of common words, so it is taken out only where it stands as a word of its own. */
const shortMost = 3

const sign = /[^\p{L}\p{N}]/gu
const literal = (text: string): string => text.replaceAll(sign, (each) => `\\u{${each.codePointAt(0)?.toString(16)}}`)

const formOf = (secret: string): string => (secret.length > shortMost ? literal(secret) : `(?<![\\p{L}\\p{N}])${literal(secret)}(?![\\p{L}\\p{N}])`)

/** The longest first, and all at once: what was put in for one secret is not searched for the next. */
const patternOf = (secrets: string[]): RegExp => new RegExp(secrets.toSorted((a, b) => b.length - a.length).map(formOf).join('|'), 'gu')

/** The text with `(hidden)` in the place of every secret. No secret may be empty. */
export const hide = (text: string, secrets: string[]): string => (secrets.length === 0 ? text : text.replaceAll(patternOf(secrets), hiddenMark))

/** The same in every text within plain data. Numbers and keys are ours and stay. */
export const hidden = (value: unknown, secrets: string[]): unknown => {
  if (typeof value === 'string') return hide(value, secrets)
  if (Array.isArray(value)) return value.map((each) => hidden(each, secrets))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, hidden(each, secrets)]))
}
