import { constants } from 'node:os'
import type { Clock } from '../clock.ts'

/** One Ctrl-C reaches this process up to three times: from the terminal, from npm and from the launcher. */
const sameMs = 500
/** How long a process whose launcher died may take to stop. */
const graceMs = 5_000

/** Calls `heard` once for each time that the signal is meant. */
export function onSignal(signal: NodeJS.Signals, clock: Clock, heard: () => void): void {
  let lastMs = -Infinity
  process.on(signal, () => {
    const { monoMs } = clock.now()
    const again = monoMs - lastMs < sameMs
    lastMs = monoMs
    if (!again) heard()
  })
}

/** Aborts at the first SIGINT or SIGTERM; a second one ends the process where it stands. */
export function stopOnSignals(clock: Clock): AbortController {
  const stop = new AbortController()
  const stopBy = (signal: NodeJS.Signals) => () => {
    if (stop.signal.aborted) process.exit(128 + constants.signals[signal])
    stop.abort(Object.assign(new Error(`stopped by ${signal}`), { signal }))
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) onSignal(signal, clock, stopBy(signal))
  return stop
}

/** Ends this process when the launcher that started it is gone, whatever ended that. */
export function endWithLauncher(clock: Clock): void {
  // Undefined: no launcher started it.
  if (process.connected === undefined) return
  const end = async () => {
    process.kill(process.pid, 'SIGTERM')
    await clock.sleep(graceMs)
    process.exit(143)
  }
  if (!process.connected) return void end()
  process.once('disconnect', () => void end())
  process.channel?.unref()
}

export type HangUps = {
  /** True: a SIGHUP came, maybe before it was waited for; false: the signal aborted. */
  next(signal: AbortSignal): Promise<boolean>
}

/** The SIGHUPs that this process is sent, from now on. */
export function hangUpsOf(clock: Clock): HangUps {
  let due = false
  let wake = () => {}
  onSignal('SIGHUP', clock, () => {
    due = true
    wake()
  })
  return {
    next: async (signal) => {
      while (!due && !signal.aborted)
        await new Promise<void>((heard) => {
          wake = heard
          signal.addEventListener('abort', () => heard(), { once: true })
        })
      const came = due && !signal.aborted
      if (came) due = false
      return came
    },
  }
}
