import type { FindingKind } from '../../core/words.ts'

/** One line of what was found out. `about`: what was looked at, for people. */
export type Finding = { about: string; finding: FindingKind; says: string }

/** A finding about one thing, by its word: `found.ok('answers')`. */
export type Found = Record<FindingKind, (says: string) => Finding>

/** Findings about one thing. */
export const foundAbout = (about: string): Found => {
  const as = (finding: FindingKind) => (says: string): Finding => ({ about, finding, says })
  return { ok: as('ok'), warn: as('warn'), fail: as('fail'), unknown: (why) => as('unknown')(`could not find out ${why}`) }
}

/** `a`, `a and b`, `a, b and c`; of more than `most` the rest as a number. */
export const listed = (words: string[], most = 4): string => {
  if (words.length > most) return `${words.slice(0, most - 1).join(', ')} and ${words.length - most + 1} more`
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
