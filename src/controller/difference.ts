import type { Written } from '../core/types.ts'

/** What differs between two files, a phrase each, by their own keys. */
export const differenceOf = (before: Written, after: Written): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((path) => before[path] !== after[path])
    .map((path) => `${path} ${before[path] ?? 'not set'} → ${after[path] ?? 'not set'}`)

/** The same in one line. Their texts differ, so what does not show here is what may not be shown, or means nothing. */
export const differenceSentence = (before: Written, after: Written): string =>
  differenceOf(before, after).join('; ') || 'only in its layout, its comments or a hidden value'
