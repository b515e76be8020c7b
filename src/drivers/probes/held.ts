// Connections held open between rounds (DESIGN.md, Votes). Nothing is sent over them, no TLS begins and what the other side says is
// thrown away: all that they tell is that they ended. Servers end them as they end any idle connection, most after 10 s to 2 min; that
// costs a round and a new connection. Where they end sooner, or a site stopped answering while one stood (a server that serves one
// connection at a time waits for it), that address is left alone for a minute, then two, up to an hour.

import { isIP, type Socket } from 'node:net'
import type { Held, Question } from '../../ports.ts'
import type { Means } from './answer.ts'
import { openTcp, type Place } from './connection.ts'
import { portOfUrl } from './exchange.ts'

const openMs = 5_000
/** One that ended sooner was not welcome. */
const shortMs = 5_000
/** One that stood so long makes good what came before it. */
const longMs = 600_000
const pauseMs = { least: 60_000, most: 3_600_000 }

/** `end` null: none stands, and none is tried before `fromMs`. `pausedMs`: how long it was left alone last. */
type Line = { end: (() => void) | null; fromMs: number; pausedMs: number }

/** One connection to each address, never more, from this process. */
export const holdOpen = ({ clock, source }: Pick<Means, 'clock' | 'source'>): Held => {
  const lines = new Map<string, Line>()
  const nowMs = (): number => clock.now().monoMs

  const open = (line: Line, place: Place, dropped: () => void): void => {
    const stop = new AbortController()
    const beganMs = nowMs()
    let socket: Socket | null = null
    const over = (as: 'closed' | 'let go' | 'not had'): void => {
      const stoodMs = nowMs() - beganMs
      const welcome = as === 'closed' && stoodMs >= shortMs
      if (stoodMs >= longMs) line.pausedMs = 0
      if (!welcome) line.pausedMs = Math.min(Math.max(line.pausedMs * 2, pauseMs.least), pauseMs.most)
      line.fromMs = nowMs() + (welcome ? 0 : line.pausedMs)
      line.end = null
    }
    line.end = () => {
      over('let go')
      stop.abort()
      socket?.destroy()
    }
    openTcp(place, clock.deadline(openMs, stop.signal)).then(
      (opened) => {
        socket = opened
        socket.setKeepAlive(true, 30_000)
        socket.resume() // So that its end is seen.
        socket.once('close', () => {
          if (stop.signal.aborted) return
          over('closed')
          dropped()
        })
      },
      () => {
        // Whether it can be reached is for the probes to say.
        if (!stop.signal.aborted) over('not had')
      },
    )
  }

  return {
    hold: (questions, dropped) => {
      const places = placesOf(questions, source)
      for (const [address, { end }] of lines) if (!places.has(address)) end?.()
      for (const [address, place] of places) {
        const line = lines.get(address) ?? { end: null, fromMs: -Infinity, pausedMs: 0 }
        lines.set(address, line)
        if (line.end === null && nowMs() >= line.fromMs) open(line, place, dropped)
      }
    },
  }
}

/** By address, at the port of its first question. A hostname is left out: each look-up of it may lead elsewhere. */
function placesOf(questions: Question[], source: string | undefined): Map<string, Place> {
  const places = new Map<string, Place>()
  for (const question of questions) {
    const port = portOf(question)
    if (port !== null && isIP(question.address) && !places.has(question.address)) places.set(question.address, { host: question.address, port, source })
  }
  return places
}

function portOf(question: Question): number | null {
  if (question.kind === 'dns') return null
  if (question.kind === 'tcp') return question.port
  return portOfUrl(new URL(question.url))
}
