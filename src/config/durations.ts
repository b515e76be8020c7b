const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Longer than any span that makes sense here, and far below what a timer or a TTL can hold. */
const mostMs = 366 * 86_400_000

/** How a duration is written, for sentences. */
export const durationForm = 'a number with ms, s, m, h or d, such as 30s'

/** Milliseconds of `1500ms`, `2s`, `3m`, `1h` or `1d`; or, for whatever else, what is wrong with it. */
export const parseDuration = (text: string): number | { wrong: string } => {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? []
  if (number === undefined || unit === undefined)
    return { wrong: /^\d+(\.\d+)?$/.test(text) ? 'has no unit' : 'is not a duration' }
  const ms = Number(number) * (unitMs[unit] ?? Number.NaN)
  if (ms > mostMs) return { wrong: 'is longer than a year' }
  // 0.1s is 100 ms; 0.0001s is nothing that a clock here can keep.
  return Math.abs(ms - Math.round(ms)) < 1e-6 ? Math.round(ms) : { wrong: 'is not a whole number of milliseconds' }
}

/** `90s`, `3m`, `10m`: the longest unit that says it in a whole number. */
export const formatDuration = (ms: number): string => {
  const [unit, size] = Object.entries(unitMs).findLast(([, size]) => ms >= size && ms % size === 0) ?? ['ms', 1]
  return ms === 0 ? '0s' : `${ms / size}${unit}`
}
