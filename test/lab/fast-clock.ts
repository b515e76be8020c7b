import { machineClock } from '../../src/clock.ts'
import type { Clock } from '../../src/clock.ts'

/** Runs `speed` times as fast as the machine's, and can be stepped forward. Deadlines stay real, so that calls over the network have their time. */
export type FastClock = Clock & { skip(ms: number): void }

export const fastClock = (speed: number): FastClock => {
  const start = machineClock.now()
  const sleeping = new Set<() => void>()
  let skippedMs = 0
  const monoMs = (): number => (machineClock.now().monoMs - start.monoMs) * speed + skippedMs
  return {
    ...machineClock,
    now: () => {
      const sinceMs = monoMs() // Read once: a process held up between two readings would see its clock jump.
      return { monoMs: sinceMs, wallMs: Math.round(start.wallMs + sinceMs) }
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const dueMs = monoMs() + ms
        let timer: NodeJS.Timeout
        const end = (run: () => void): void => {
          clearTimeout(timer)
          sleeping.delete(wake)
          signal?.removeEventListener('abort', aborted)
          run()
        }
        const aborted = (): void => end(() => reject(signal?.reason))
        const wake = (): void => {
          const leftMs = dueMs - monoMs()
          if (leftMs <= 0) return end(resolve)
          clearTimeout(timer)
          timer = setTimeout(wake, Math.ceil(leftMs / speed))
        }
        if (signal?.aborted) return reject(signal.reason)
        signal?.addEventListener('abort', aborted, { once: true })
        sleeping.add(wake)
        wake()
      }),
    skip: (ms) => {
      skippedMs += ms
      for (const wake of [...sleeping]) wake()
    },
  }
}
