import type { Random } from './random.ts'

/** What becomes of one call, in milliseconds. Null: it never arrives. `againMs`: it lands a second time. */
export type Fate = { thereMs: number | null; backMs: number | null; againMs: number | null }

/** Every path between two actors, `from>to`. Cut ones lose everything there, or everything back. */
export type Network = {
  fate(edge: string, lateMs: number, again: boolean, lateChance?: number): Fate
  cut(from: string, to: string, how: 'there' | 'back' | 'both'): void
  heal(from: string, to: string): void
  healAll(): void
  reaches(edge: string): boolean
  /** How much later than usual an answer comes: seldom much, and never once all is calm. */
  delayMs(mostMs: number): number
}

export function newNetwork(random: Random, noisy: () => boolean): Network {
  const cuts = new Map<string, 'there' | 'back' | 'both'>()
  const travel = () => (noisy() && random.chance(0.02) ? random.span(50, 3_000) : random.span(1, 25))
  return {
    delayMs: (mostMs) => (noisy() && random.chance(0.35) ? random.between(100, mostMs) : 0),
    reaches: (edge) => !cuts.has(edge),
    fate: (edge, lateMs, again, lateChance = 0.03) => {
      const cut = cuts.get(edge)
      const lost = () => noisy() && random.chance(0.01)
      const late = lateMs > 0 && noisy() && random.chance(lateChance)
      const delayed = () => (random.chance(0.5) ? random.span(100, lateMs) : random.between(100, lateMs))
      const there = late ? delayed() : travel()
      const back = travel()
      return {
        thereMs: cut === 'there' || cut === 'both' || lost() ? null : there,
        backMs: cut === 'back' || cut === 'both' || lost() ? null : back,
        againMs: again && cut === undefined && noisy() && random.chance(lateChance) ? there + (lateMs > 0 ? delayed() : random.span(10, 2_000)) : null,
      }
    },
    cut: (from, to, how) => void cuts.set(`${from}>${to}`, how),
    heal: (from, to) => void cuts.delete(`${from}>${to}`),
    healAll: () => cuts.clear(),
  }
}
