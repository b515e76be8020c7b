import { Pool } from 'undici'
import type { Dispatcher } from 'undici'
import type { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { textOf } from '../../errors.ts'
import type { Log, Vantage } from '../../ports.ts'
import { sightShapeFor, viewShape } from './shapes.ts'
import { nonceHeader, signatureHeader, signingWith } from './signing.ts'
import type { Action } from './signing.ts'

/** For look-up, handshake and both crossings, on top of the time that the vantage itself may take. */
const wayMs = 1000
const answerMaxBytes = 4 * 1024 * 1024

export type RemoteOptions = { vantage: string; url: string; token: string; clock: Clock; log: Log }

/** A vantage elsewhere. Whatever is not right with its answer makes it null; the log says why, once per reason. */
export const remoteVantage = ({ vantage, url, token, clock, log }: RemoteOptions): Vantage => {
  const post = posting(url, token, clock)
  let complaint = ''

  const call = async <T>(action: Action, content: { timeoutMs: number }, shape: z.ZodType<T>, signal: AbortSignal): Promise<T | null> => {
    signal.throwIfAborted()
    const limit = clock.deadline(content.timeoutMs + wayMs, signal)
    try {
      const result = await post(action, content, shape, limit)
      complaint = ''
      return result
    } catch (thrown) {
      signal.throwIfAborted()
      const why = limit.aborted ? 'no answer in time' : textOf(thrown)
      if (why !== complaint) log({ level: 'warn', event: 'vantage', msg: `vantage ${vantage} does not answer as it should: ${why}`, vantage })
      complaint = why
      return null
    }
  }

  return {
    vantage,
    probe: (ask, signal) => call('probe', ask, sightShapeFor(ask), signal),
    dig: (dig, signal) => call('dig', dig, viewShape, signal),
  }
}

type Post = <T>(action: Action, content: object, shape: z.ZodType<T>, limit: AbortSignal) => Promise<T>

/** Sends signed requests, and reads answers that are signed for them; throws what is wrong with one. */
const posting = (url: string, token: string, clock: Clock): Post => {
  const base = new URL(url.endsWith('/') ? url : `${url}/`)
  const signing = signingWith(token)
  // Connections are kept between rounds. Probes and look-ups run beside each other, none behind a slow one.
  const kept = { allowH2: false, pipelining: 1, keepAliveTimeout: 55_000 }
  const pool = new Pool(base.origin, { ...kept, maxResponseSize: answerMaxBytes, headersTimeout: 0, bodyTimeout: 0 })
  return async (action, content, shape, limit) => {
    const nonce = clock.id()
    const body = JSON.stringify(content)
    const signature = signing.sign({ what: 'ask', action, nonce, body })
    const headers = { 'content-type': 'application/json', [nonceHeader]: nonce, [signatureHeader]: signature }
    // A pool follows no redirect.
    const reply = await pool.request({ method: 'POST', path: `${base.pathname}${action}`, headers, body, signal: limit })
    const text = await textIn(reply)
    const isSigned = signing.isSigned({ what: 'answer', action, nonce, body: text }, reply.headers[signatureHeader])
    if (!isSigned) throw new Error('its answer is not signed with our token')
    return readAs(shape, text)
  }
}

const textIn = async ({ statusCode, body }: Dispatcher.ResponseData): Promise<string> => {
  if (statusCode === 200) return body.text()
  await body.dump()
  throw new Error(statusCode === 401 ? 'HTTP 401: its token is another' : `HTTP ${statusCode}`)
}

const readAs = <T>(shape: z.ZodType<T>, text: string): T => {
  const result = shape.safeParse(JSON.parse(text))
  if (!result.success) throw new Error('its answer has another shape; does it run another version of lifeboat?')
  return result.data
}
