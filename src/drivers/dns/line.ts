import { createSocket } from 'node:dgram'
import { isIP } from 'node:net'
import type { Clock } from '../../clock.ts'
import { openStream, placeOf } from './exchange.ts'
import type { Stream } from './exchange.ts'

/**
 * One way to one name server, over which many questions are asked at once: a socket and a deadline for each would take longer than the
 * questions, of which 64 names are 130. Questions are told apart by their ids.
 */
export type Line = {
  /** Bytes that `read` makes nothing of (null) are passed over. Null: no answer in time, or nobody listens. */
  ask<T>(question: Buffer, read: (bytes: Buffer) => T | null): Promise<T | null>
  /** Whoever still waits gets null. */
  close(): void
}

/** `timeoutMs`: each question's. */
type Place = { server: string; timeoutMs: number }

type Open = { take: (bytes: Buffer) => boolean; end: () => void; again: () => void; sinceMs: number; thirds: number }

/** Questions under way. One timer serves them all: after a third and two thirds of its time a question is asked again, and after all of it it ends. */
const newQuestions = (timeoutMs: number, clock: Clock, over: AbortSignal) => {
  const open = new Map<number, Open>()
  const endAll = (): void => {
    for (const each of [...open.values()]) each.end()
  }
  const look = (): void => {
    const { monoMs } = clock.now()
    for (const each of [...open.values()]) {
      if (monoMs - each.sinceMs < (each.thirds * timeoutMs) / 3) continue
      each.thirds++
      if (each.thirds > 3) each.end()
      else each.again()
    }
  }
  const watch = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(timeoutMs / 12, over)
      look()
    }
  }
  watch().catch(endAll)
  return {
    open,
    endAll,
    put: <T>(id: number, read: (bytes: Buffer) => T | null, again: () => void): Promise<T | null> =>
      new Promise((resolve) => {
        if (over.aborted) return resolve(null)
        const end = (found: T | null): void => {
          open.delete(id)
          resolve(found)
        }
        const take = (bytes: Buffer): boolean => {
          const found = read(bytes)
          if (found !== null) end(found)
          return found !== null
        }
        open.set(id, { take, end: () => end(null), again, sinceMs: clock.now().monoMs, thirds: 1 })
      }),
  }
}

const idOf = (bytes: Buffer): number => bytes.readUInt16BE(0)

/** Ends with the signal, or when it is closed. */
const openLine = (signal: AbortSignal): { over: AbortSignal; close: () => void } => {
  const over = new AbortController()
  const close = (): void => {
    signal.removeEventListener('abort', close)
    if (!over.signal.aborted) over.abort()
  }
  signal.addEventListener('abort', close, { once: true })
  if (signal.aborted) close()
  return { over: over.signal, close }
}

/** By UDP, from a port that the system picks at random. A lost datagram says nothing of the server, so questions are repeated. */
export const openUdpLine = ({ server, timeoutMs }: Place, clock: Clock, signal: AbortSignal): Line => {
  const { address, port } = placeOf(server)
  const { over, close } = openLine(signal)
  const questions = newQuestions(timeoutMs, clock, over)
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4')
  over.addEventListener('abort', () => socket.close(), { once: true })
  if (over.aborted) socket.close()
  // Connected, so that only this server's datagrams arrive, and a closed port is told at once.
  const connected = new Promise<void>((resolve) => {
    socket.on('error', close)
    socket.on('close', resolve)
    // Where there is no way to that address, the callback is told, and no event.
    const told = (fault?: Error): void => (fault ? close() : resolve())
    if (!over.aborted) socket.connect(port, address, told)
  })
  socket.on('message', (bytes) => {
    if (bytes.length >= 2) questions.open.get(idOf(bytes))?.take(bytes)
  })
  return {
    ask: async (question, read) => {
      await connected
      if (over.aborted) return null
      const send = (): void => socket.send(question)
      send()
      return questions.put(idOf(question), read, send)
    },
    close,
  }
}

/**
 * By TCP, over one connection. A server holds back each answer until the one before it is acknowledged (Nagle), and the system acknowledges
 * only with the next thing that it sends, or 40 ms later (Knot 3.2.6, BIND 9.18 and PowerDNS 4.7 on Linux, measured 2026-11). So where
 * answers are waited for and nothing is left to ask, a question is asked that nobody waits for. `nudge`: such a one, with an id of its own.
 */
export const openTcpLine = ({ server, timeoutMs }: Place, nudge: () => Buffer, clock: Clock, signal: AbortSignal): Line => {
  const { over, close } = openLine(signal)
  const questions = newQuestions(timeoutMs, clock, over)
  const connecting = openStream(server, over)
  connecting.catch(close)
  let answered = 0
  let pushing = false
  const push = async (stream: Stream): Promise<void> => {
    if (pushing) return
    pushing = true
    await undefined // What came together counts together.
    pushing = false
    if (questions.open.size === 0) return
    const before = answered
    await stream.ask(nudge())
    // A server that leaves a question unanswered is not nudged for ever.
    if (answered !== before) await push(stream)
  }
  const send = async (stream: Stream, question: Buffer): Promise<void> => {
    const bytes = await stream.ask(question)
    answered++
    const asked = questions.open.get(idOf(question))
    if (asked && !asked.take(bytes)) asked.end()
    push(stream).catch(() => undefined) // It ended meanwhile: there is nothing to push.
  }
  return {
    ask: async (question, read) => {
      const found = questions.put(idOf(question), read, () => undefined)
      connecting.then((stream) => send(stream, question)).catch(close) // No connection, or it ended first: could not find out.
      return found
    },
    close,
  }
}
