import { Agent, request } from 'undici'
import type { Clock } from '../clock.ts'
import type { Time } from '../core/types.ts'
import { textOf } from '../errors.ts'

export type Called =
  | { kind: 'answer'; status: number; headers: Record<string, string>; text: string; at: Time }
  /** `scope` network: no answer came; unknown: one came that cannot be read. */
  | { kind: 'none'; scope: 'network' | 'unknown'; why: string; at: Time }

export type Call = {
  url: string
  headers: Record<string, string>
  /** The body of a POST. Left out: it is a GET. */
  post?: string
  timeoutMs: number
  bytesMax: number
  clock: Clock
  signal: AbortSignal
}

// The call's own deadline ends the wait; this bound only ends the attempt to connect behind it.
const agent = new Agent({ connect: { timeout: 10_000 } })

/**
 * One GET or POST with a deadline and a bounded body. Redirects are answers, never followed: a token must not travel to wherever
 * they point. Each call opens its own connection, so that none rests on one that died with the way there. Rejects only
 * when `signal` aborts.
 */
export const callOnce = async (call: Call): Promise<Called> => {
  const deadline = call.clock.deadline(call.timeoutMs, call.signal)
  const none = (scope: 'network' | 'unknown', why: string): Called => ({ kind: 'none', scope, why, at: call.clock.now() })
  try {
    const answer = await request(call.url, { ...methodOf(call), headers: call.headers, signal: deadline, dispatcher: agent, reset: true })
    const text = await readBounded(answer.body, call.bytesMax)
    if (text === null) return none('unknown', `more than ${call.bytesMax} bytes`)
    return { kind: 'answer', status: answer.statusCode, headers: flat(answer.headers), text, at: call.clock.now() }
  } catch (thrown) {
    call.signal.throwIfAborted()
    return none('network', deadline.aborted ? `no answer in ${Math.round(call.timeoutMs / 100) / 10} s` : textOf(thrown))
  }
}

const methodOf = ({ post }: Call) => (post === undefined ? ({ method: 'GET' } as const) : ({ method: 'POST', body: post } as const))

/** Null: longer than that. Leaving the loop early destroys the connection. */
const readBounded = async (body: AsyncIterable<Buffer>, bytesMax: number): Promise<string | null> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > bytesMax) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const flat = (headers: Record<string, string | string[] | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]))
