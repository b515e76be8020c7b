/** A stream of chance that a seed and a label fix for ever. */
export type Random = {
  /** In [0, 1). */
  next(): number
  below(n: number): number
  between(low: number, high: number): number
  /** Between two positive bounds, short ones as likely as long ones. */
  span(low: number, high: number): number
  chance(p: number): boolean
  pick<T>(list: readonly T[]): T
  uuid(): string
}

const hashOf = (text: string): number => {
  let hash = 0x811c9dc5
  for (const c of text) hash = Math.imul(hash ^ c.charCodeAt(0), 0x01000193)
  return hash >>> 0
}

/** mulberry32: one for each actor, so that a change of one leaves the others' luck alone. */
export function randomOf(seed: number, label: string): Random {
  let state = hashOf(`${seed} ${label}`)
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const hex = (digits: number) => Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('')
  return {
    next,
    below: (n) => Math.floor(next() * n),
    between: (low, high) => low + next() * (high - low),
    span: (low, high) => low * (high / low) ** next(),
    chance: (p) => next() < p,
    pick: (list) => list[Math.floor(next() * list.length)]!,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`,
  }
}
