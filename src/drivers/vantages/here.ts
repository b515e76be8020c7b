import type { Clock } from '../../clock.ts'
import { askMost } from '../../core/limits.ts'
import type { HostView } from '../../core/moving.ts'
import type { Answer } from '../../core/types.ts'
import type { Ask, Dig, Question, Sight, Vantage } from '../../ports.ts'
import { inParallel } from '../parallel.ts'
import { probeDns } from '../probes/dns.ts'
import { hostOf } from '../../url-host.ts'
import { get, openTarget } from '../probes/exchange.ts'
import { answerOf } from '../probes/answer.ts'
import type { Means, ProbeResult } from '../probes/answer.ts'
import { findAtEach, joining, systemResolve } from '../probes/hostname.ts'
import type { Resolve } from '../probes/hostname.ts'
import { probeHttp } from '../probes/http.ts'
import { probeTcp } from '../probes/tcp.ts'

export type HereOptions = {
  vantage: string
  clock: Clock
  /** Stands in the User-Agent. */
  version: string
  /** The local address that probes are sent from. Left out: any. */
  source?: string
  /** Finds the addresses of a site's hostname. Left out: as this machine does. */
  resolve?: Resolve
  digHost: (dig: Dig, signal: AbortSignal) => Promise<HostView | null>
}

/** The vantage that is this process. */
export const hereVantage = ({ vantage, digHost, resolve = systemResolve, ...means }: HereOptions): Vantage => {
  const addressesOf = joining(resolve)
  return {
    vantage,
    probe: async (ask, signal): Promise<Sight> => {
      const [answers, canaries] = await Promise.all([
        inParallel(ask.questions, askMost.questions, (question) => answer(question, means, addressesOf, signal)),
        Promise.all(ask.canaries.map((url) => isWell(url, ask, means, signal))),
      ])
      return { answers, canaries: { well: canaries.filter(Boolean).length, asked: canaries.length }, version: means.version }
    },
    dig: digHost,
  }
}

const answer = (question: Question, means: Means, resolve: Resolve, signal: AbortSignal): Promise<Answer> =>
  answerOf(question, means.clock, signal, (limit) =>
    findAtEach(question, { resolve, clock: means.clock, limit, find: (asked) => find(asked, means, limit) }),
  )

const find = (question: Question, means: Means, limit: AbortSignal): Promise<ProbeResult> => {
  if (question.kind === 'http') return probeHttp(question, means, limit)
  if (question.kind === 'tcp') return probeTcp(question, means, limit)
  return probeDns(question, means, limit)
}

// A canary proves our way out, so any answer of its own server will do; its name is looked up by the system.
const isWell = async (canary: string, { timeoutMs }: Ask, means: Means, signal: AbortSignal): Promise<boolean> => {
  const limit = means.clock.deadline(timeoutMs, signal)
  try {
    const url = new URL(canary)
    const { socket, fault } = await openTarget({ url, address: hostOf(url), trust: 'public' }, means, limit)
    try {
      return fault === null && (await get(socket, url, means.version, limit, async ({ statusCode }) => statusCode < 500))
    } finally {
      socket.destroy()
    }
  } catch {
    signal.throwIfAborted()
    // Whatever the trouble was: this canary does not prove us well.
    return false
  }
}
