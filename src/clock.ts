import { randomInt, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Time } from './core/types.ts'

/** The one seam to time and chance. The simulation brings its own; nothing else may ask the machine. */
export interface Clock {
  /** Monotonic and wall milliseconds, read together. */
  now(): Time
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** A signal that aborts after `ms`, or when `parent` does. */
  deadline(ms: number, parent?: AbortSignal): AbortSignal
  /** A number in [0, 1). */
  random(): number
  /** A fresh UUID. */
  id(): string
}

/** The machine's own clock and chance. */
export const machineClock: Clock = {
  now: () => ({ monoMs: performance.now(), wallMs: Date.now() }),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal ? { signal } : {})
  },
  deadline: (ms, parent) =>
    parent ? AbortSignal.any([AbortSignal.timeout(ms), parent]) : AbortSignal.timeout(ms),
  random: () => randomInt(0, 2 ** 32) / 2 ** 32,
  id: () => randomUUID(),
}
