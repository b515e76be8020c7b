// The store of a controller elsewhere, through its `listen` address: all that a command reads and asks, and nothing that only a leader does.

import type { Clock } from '../clock.ts'
import type { Config } from '../core/types.ts'
import { exits, Said, textOf } from '../errors.ts'
import type { Journal, Report, Store, StoredEntry, StoreView } from '../ports.ts'
import type { OpenStore } from './sqlite.ts'

/** `token` null: none is sent. */
export type Remote = { url: string; token: string | null; clock: Clock }

/** What GET /config says: the file's path there, and the part of it that commands rest on, in which no secret is. */
export type RemoteConfig = { file: string; core: Config }
/** What GET /store says; `nowMs` is the wall clock there. */
export type RemoteView = { nowMs: number; view: StoreView }

const callMs = 5_000

/** Throws Said (exit 4 where the controller cannot be reached, 2 where it does not let us in). */
async function call<T>({ url, token, clock }: Remote, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
  const sent = body === undefined ? { headers } : { headers: { ...headers, 'content-type': 'application/json' }, method: 'POST', body: JSON.stringify(body) }
  const signal = clock.deadline(callMs)
  let status: number, text: string
  try {
    const answer = await fetch(new URL(path, url), { ...sent, signal, redirect: 'error' })
    ;[status, text] = [answer.status, await answer.text()]
  } catch (thrown) {
    const why = signal.aborted ? `no answer in ${callMs / 1000} s` : reasonOf(thrown)
    throw new Said(`The controller at ${url} cannot be reached: ${why}. Is it running, with this address under listen?`, exits.unfinished)
  }
  if (status === 401) throw new Said(`The controller at ${url} does not take our token. Put the token of its listen into LIFEBOAT_CONTROLLER_TOKEN`)
  if (status !== 200) {
    throw new Said(`The controller at ${url} answered ${status}${text ? `: ${text.trim()}` : ''}`, status === 503 ? exits.unfinished : exits.user)
  }
  try {
    return JSON.parse(text) as T
  } catch {
    throw new Said(`What answers at ${url} is not a controller of lifeboat`)
  }
}

/** fetch says "fetch failed", and keeps what failed in the cause. */
const reasonOf = (thrown: unknown): string => textOf((thrown as Error).cause ?? thrown)

/** The configuration of the controller there. */
export const remoteConfig = (remote: Remote): Promise<RemoteConfig> => call(remote, '/config')

/** Opens nothing: each method is one call. A clock that differs from the controller's is reckoned with, both ways. */
export function remoteStore(remote: Remote): OpenStore {
  let aheadMs = 0 // By how much the clock there is ahead of ours.

  const read: Store['read'] = async () => {
    const { nowMs, view } = await call<RemoteView>(remote, '/store')
    aheadMs = nowMs - remote.clock.now().wallMs
    return { ...view, report: view.report && inOurTime(view.report) }
  }

  const inOurTime = (report: Report): Report => {
    const leader = { ...report.leader, sinceMs: report.leader.sinceMs - aheadMs }
    return { ...report, atWallMs: report.atWallMs - aheadMs, leader }
  }

  const entries: Journal['entries'] = (query) => {
    const words = Object.entries(query).map(([key, value]): [string, string] => [key, String(value)])
    return call<StoredEntry[]>(remote, `/journal?${new URLSearchParams(words)}`)
  }

  return {
    read,
    entries,
    ask: async (what) => {
      if (!('request' in what)) throw new Error('only the leader writes reports')
      await call(remote, '/requests', { ...what.request, expiresMs: what.request.expiresMs + aheadMs })
    },
    commit: async () => {
      throw new Said(`Only the controller at ${remote.url} itself writes its ledger`)
    },
    lead: async () => ({ heldBy: (await read()).report?.leader ?? null }),
    isMoved: () => false,
    close: async () => {},
  }
}
