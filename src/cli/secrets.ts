// The last line of defence: no driver puts a secret into a sentence, and where one did all the same it is taken out here.

/** Shorter ones are also parts of common words; what is that short keeps no secret. */
const secretLeast = 4

const longestFirst = (secrets: string[]): string[] => secrets.filter((s) => s.length >= secretLeast).sort((a, b) => b.length - a.length)

/** The text with `(hidden)` in the place of every secret. */
export const hide = (text: string, secrets: string[]): string =>
  longestFirst(secrets).reduce((left, secret) => left.replaceAll(secret, '(hidden)'), text)

/** The same in every text within plain data. Numbers and keys are ours and stay. */
export const hidden = (value: unknown, secrets: string[]): unknown => {
  if (typeof value === 'string') return hide(value, secrets)
  if (Array.isArray(value)) return value.map((each) => hidden(each, secrets))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, hidden(each, secrets)]))
}
