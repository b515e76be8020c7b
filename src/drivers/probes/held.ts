// Connections held open between rounds (DESIGN.md, Votes). Nothing is sent over them, no TLS begins and what the other side says is
// thrown away: all that they tell is that they ended. Servers end them as they end any idle connection, most after 10 s to 2 min; that
// costs a round and a new connection. Where they end sooner, that address is left alone for a minute, then two, up to an hour. Where the
// site stopped answering while one stood, this may be why: a server that serves one connection at a time waits for it. That address is
// left alone for an hour, then two, up to a day.

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
/** How long an address is left alone: at first, and at most. */
const pauseMs = { unwelcome: { least: 60_000, most: 3_600_000 }, unreached: { least: 3_600_000, most: 86_400_000 } }

type Pause = keyof typeof pauseMs

/** `end` null: none stands, and none is tried before `fromMs`. It is told why it is left alone then; null: it is not. `pausedMs`: how long it was left alone last. */
type Line = { end: ((pause: Pause | null) => void) | null; fromMs: number; pausedMs: number }

/** One connection to each address, never more, from this process. */
export const holdOpen = ({ clock, source }: Pick<Means, 'clock' | 'source'>): Held => {
  const lines = new Map<string, Line>()
  const nowMs = (): number => clock.now().monoMs

  const open = (line: Line, place: Place, dropped: () => void): void => {
    const stop = new AbortController()
    const beganMs = nowMs()
    let socket: Socket | null = null
    const over = (pause: Pause | null): void => {
      if (nowMs() - beganMs >= longMs) line.pausedMs = 0
      if (pause) line.pausedMs = Math.min(Math.max(line.pausedMs * 2, pauseMs[pause].least), pauseMs[pause].most)
      line.fromMs = nowMs() + (pause ? line.pausedMs : 0)
      line.end = null
    }
    line.end = (pause) => {
      over(pause)
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
          over(nowMs() - beganMs < shortMs ? 'unwelcome' : null)
          dropped()
        })
      },
      () => {
        // Whether it can be reached is for the probes to say.
        if (!stop.signal.aborted) over('unwelcome')
      },
    )
  }

  return {
    hold: (questions, dropped) => {
      const places = placesOf(questions, source)
      // Asked at nowhere: the site that was cannot be reached. Elsewhere: another site is the active one.
      for (const [address, { end }] of lines) if (!places.has(address)) end?.(places.size === 0 ? 'unreached' : null)
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
