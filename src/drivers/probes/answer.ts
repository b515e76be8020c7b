import { isIPv6 } from 'node:net'
import { errors } from 'undici'
import type { Clock } from '../../clock.ts'
import { spell } from '../../core/spell.ts'
import type { Answer } from '../../core/types.ts'
import type { AnswerKind } from '../../core/words.ts'
import { textOf } from '../../errors.ts'
import type { Question } from '../../ports.ts'

/** What a probe came to, before it is timed. `certificateUntilMs` left out: no TLS was seen. */
export type ProbeResult = { kind: AnswerKind; detail: string; certificateUntilMs?: number | null }

/** What every probe is handed besides its question. `version` goes into the User-Agent; `source` is the local address to ask from, left out: any. */
export type Means = { clock: Clock; version: string; source?: string }

/** Asks within the question's time-out and times it. Rejects only when `signal` aborts, with its reason. */
export const answerOf = async (
  question: Question,
  clock: Clock,
  signal: AbortSignal,
  find: (limit: AbortSignal) => Promise<ProbeResult>,
): Promise<Answer> => {
  signal.throwIfAborted()
  const startedMs = clock.now().monoMs
  const limit = clock.deadline(question.timeoutMs, signal)
  const found = await find(limit).catch((thrown: unknown) => failureOf(thrown, question, limit))
  signal.throwIfAborted()
  const result = found.kind === 'silent' && limit.aborted && wasHeldUp(clock.now().monoMs - startedMs, question) ? heldUp : found
  return {
    kind: result.kind,
    address: question.address,
    detail: plain(result.detail),
    ms: Math.round(clock.now().monoMs - startedMs),
    certificateUntilMs: result.certificateUntilMs ?? null,
  }
}

// A process that was stopped, or starved, finds its time-outs over before it looks for the answers that came meanwhile.
const heldUp: ProbeResult = { kind: 'unable', detail: 'this process was held up while it asked' }
const wasHeldUp = (tookMs: number, { timeoutMs }: { timeoutMs: number }): boolean => tookMs > timeoutMs + Math.max(timeoutMs, 250)

/** What an error says of the address. An error that is not about the connection is our own trouble: `unable`, never the site's. */
export const failureOf = (thrown: unknown, question: { address: string; timeoutMs: number }, limit: AbortSignal): ProbeResult => {
  if (limit.aborted) return { kind: 'silent', detail: `no answer in ${spell(question.timeoutMs)}` }
  const code = codeOf(thrown)
  if (code === null) return { kind: 'unable', detail: `could not ask: ${textOf(thrown)}` }
  if (code === 'ECONNREFUSED') return { kind: 'refused', detail: 'the port refuses the connection' }
  if (isOurs(code, question.address)) return { kind: 'unable', detail: `could not ask from here (${code})` }
  return { kind: 'silent', detail: wordsOf(code) }
}

const codeOf = (thrown: unknown): string | null => {
  // Its `code` is not always there (undici 8.13, 2026-11).
  if (thrown instanceof errors.HTTPParserError) return 'NOT_HTTP'
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' && !/^(UND_)?ERR_INVALID_/.test(code) ? code : null
}

// EINVAL: our own address to ask from is of the other family.
const lacking = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EPERM', 'EACCES'])

// What this machine lacks says nothing of the site. Without an IPv6 route Linux answers ENETUNREACH; for IPv4, which
// every vantage has, the same code means that the way there is gone.
const isOurs = (code: string, address: string): boolean => lacking.has(code) || (code === 'ENETUNREACH' && isIPv6(address))

const wordsOf = (code: string): string => {
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'the connection was reset'
  if (code === 'UND_ERR_SOCKET') return 'closed without a whole answer'
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return `no way there (${code})`
  if (code === 'NOT_HTTP') return 'what it answers is not HTTP'
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) return `the TLS handshake failed (${code})`
  return `no answer (${code})`
}

/** A stranger's words as they may end in our log: one line, printable, short. */
export const plain = (text: string): string => {
  const line = text.replace(/[^\x20-\x7e]+/g, '?')
  return line.length > 160 ? `${line.slice(0, 157)}...` : line
}
