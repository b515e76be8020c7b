/** A duration for people: `15 ms`, `0.4 s`, `45 s`, `3 min`, `2 h`, `41 d`; one unit, never longer than it needs. */
export const spell = (ms: number): string => {
  if (ms >= 1 && ms < 95) return `${Math.round(ms)} ms`
  const s = ms / 1000
  if (s < 9.95) return `${Number(s.toFixed(1))} s`
  if (s < 119.5) return `${Math.round(s)} s`
  if (s < 119.5 * 60) return `${Math.round(s / 60)} min`
  return s < 47.5 * 3600 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86_400)} d`
}
