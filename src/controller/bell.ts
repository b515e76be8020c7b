import type { Clock } from '../clock.ts'

/** Ends a wait early. One rung while nobody waits ends the next wait at once. */
export type Bell = {
  ring(): void
  /** Resolves after `ms`, or when it rings; rejects with the signal's reason when that aborts first. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

/** A bell that nobody has rung. */
export function newBell(clock: Clock): Bell {
  let rung = false
  let wake = (): void => {}
  return {
    ring: () => {
      rung = true
      wake()
    },
    wait: async (ms, signal) => {
      if (!rung) {
        const woken = new AbortController()
        wake = () => woken.abort()
        await clock.sleep(ms, AbortSignal.any([signal, woken.signal])).catch((thrown: unknown) => {
          signal.throwIfAborted()
          if (!rung) throw thrown
        })
      }
      rung = false
    },
  }
}
