import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Clock } from '../clock.ts'
import { within } from '../drivers/probes/connection.ts'

/** A line of the controller's log. */
export type Line = { atMs: number; event: string; msg: string } & Record<string, unknown>

export type Lines = {
  /** All that were heard so far. */
  lines: Line[]
  /** The first line after `from` that fits; rejects after `mostMs`, or when the controller ends. */
  line(fits: (line: Line) => boolean, from?: number, mostMs?: number): Promise<Line>
  /** Listens to this controller from now on. */
  hear(controller: ChildProcess): void
}

/** Hears what a controller says on its standard output; nobody yet. The signal ends every wait. */
export const newLines = (clock: Clock, signal: AbortSignal): Lines => {
  const lines: Line[] = []
  let speaker: ChildProcess | null = null
  let news = Promise.withResolvers<void>()
  const wake = () => {
    news.resolve()
    news = Promise.withResolvers()
  }
  return {
    lines,
    line: async (fits, from = 0, mostMs = 20_000) => {
      const limit = clock.deadline(mostMs, signal)
      for (;;) {
        const found = lines.slice(from).find(fits)
        if (found) return found
        if (speaker?.exitCode !== null) throw new Error(`the controller ended: ${lines.at(-1)?.msg}`)
        await within(news.promise, limit).catch(() => {
          signal.throwIfAborted()
          throw new Error(`nothing in ${mostMs / 1000} s; last: ${lines.at(-1)?.msg}`)
        })
      }
    },
    hear: (controller) => {
      speaker = controller
      createInterface({ input: controller.stdout! }).on('line', (text) => {
        const { time, ...line } = JSON.parse(text) as Line & { time: string | number }
        lines.push({ ...line, atMs: new Date(time).getTime() })
        wake()
      })
      controller.once('exit', wake)
    },
  }
}
