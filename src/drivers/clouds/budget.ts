import type { Clock } from '../../clock.ts'

export type Budget = {
  /** Takes one call; false: there is none left now. */
  take(): boolean
  /** Whole calls that are left now. */
  left(): number
  /** How often a call was wanted since the start, those that were not given included. */
  wanted(): number
}

/** A token bucket: at most `burst + perHour` calls in any hour. Starts full. */
export const callBudget = (limits: { burst: number; perHour: number }, clock: Clock): Budget => {
  let tokens = limits.burst
  let wanted = 0
  let filledMs = clock.now().monoMs
  const fill = () => {
    const { monoMs } = clock.now()
    tokens = Math.min(limits.burst, tokens + ((monoMs - filledMs) * limits.perHour) / 3_600_000)
    filledMs = monoMs
  }
  return {
    take() {
      fill()
      wanted += 1
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
    left() {
      fill()
      return Math.floor(tokens)
    },
    wanted: () => wanted,
  }
}
