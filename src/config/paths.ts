/** The way to one value: keys, and indexes of lists. */
export type Path = (string | number)[]

/** A key's name as it may be printed. `{ token:abc }` makes a key of a secret, so only a plain word is shown whole. */
export const shownKey = (key: string): string => {
  const word = /^[\w.-]*/.exec(key)?.[0] ?? ''
  if (word.length > 40) return '(hidden)'
  return word === key && word ? word : `${word}…`
}

/** `dns.hosts[0].driver`. */
export const formatPath = (path: Path): string =>
  path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i > 0 ? '.' : ''}${shownKey(step)}`)).join('') || 'file'
