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
  deadline: (ms, parent) => (parent ? deadlineWithin(parent, ms) : AbortSignal.timeout(ms)),
  random: () => randomInt(0, 2 ** 32) / 2 ** 32,
  id: () => randomUUID(),
}

/** By hand: AbortSignal.any never lets go of a deadline that another one was made from (Node 24.21, measured 2026-11), and each round makes some. */
function deadlineWithin(parent: AbortSignal, ms: number): AbortSignal {
  const own = new AbortController()
  const end = (reason: unknown): void => {
    clearTimeout(timer)
    parent.removeEventListener('abort', ended)
    own.abort(reason)
  }
  const ended = (): void => end(parent.reason)
  const timer = setTimeout(() => end(new DOMException('The operation was aborted due to timeout', 'TimeoutError')), ms).unref()
  parent.addEventListener('abort', ended)
  if (parent.aborted) ended()
  return own.signal
}
