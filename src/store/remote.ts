// A controller elsewhere, through its `listen` address: its store as commands read and ask it, and what else only its machine can do.

import type { Clock } from '../clock.ts'
import type { Config } from '../core/types.ts'
import { exits, Said, textOf } from '../errors.ts'
import type { Journal, StoredEntry, StoreView } from '../ports.ts'
import type { OpenStore } from './sqlite.ts'

/** `url` has no user, query or fragment. `token` null: none is sent. `version`: of this lifeboat. */
export type Remote = { url: URL; token: string | null; clock: Clock; version: string }

/**
 * What GET /config says of the file there: all that commands rest on, in which no secret is. `hide`: texts of it that come from `${NAME}`
 * and may be printed nowhere. `nowMs`: the wall clock there.
 */
export type RemoteConfig = { version: string; nowMs: number; file: string; hash: string; core: Config; sharedFates: string[]; hide: string[] }
/** What GET /store says. */
export type RemoteView = { nowMs: number; view: StoreView }
/** Seen through a controller elsewhere, which has said already whether the leader's process lives: this machine cannot tell. */
export type SeenElsewhere = StoreView & { elsewhere: true }

type Call = { post?: unknown; mostMs?: number; signal?: AbortSignal }

/** `clock`: the wall clock there, as far as it was last told, beside the monotonic one of this machine: whatever is asked and shown goes by it. */
export type Controller = {
  url: string
  clock: Clock
  store: OpenStore
  config(): Promise<RemoteConfig>
  /** One page; POST where `post` is given. Throws Said: exit 4 where it cannot be reached or is not ready, else as it says. */
  call<T>(path: string, call?: Call): Promise<T>
}

const callMs = 5_000
/** A long stretch of the journal, with what each decision rested on, is some megabytes. */
const longMs = 30_000
const shortMost = 100

/** Opens nothing: each method is one call. */
export function controllerAt(remote: Remote): Controller {
  const { url, clock: here, version } = remote
  let aheadMs = 0
  const clock: Clock = {
    ...here,
    now: () => {
      const { monoMs, wallMs } = here.now()
      return { monoMs, wallMs: wallMs + aheadMs }
    },
  }
  const call: Controller['call'] = (path, what = {}) => callPage(remote, path, what)

  /** The clock there was read about halfway between question and answer. */
  const timed = async <T extends { nowMs: number }>(path: string): Promise<T> => {
    const askedMs = here.now().wallMs
    const answer = await call<T>(path)
    if (typeof answer.nowMs !== 'number') throw notOurs(url)
    aheadMs = Math.round(answer.nowMs - (askedMs + here.now().wallMs) / 2)
    return answer
  }

  return {
    url: url.href,
    clock,
    call,
    config: async () => {
      const config = await timed<RemoteConfig>('/config')
      if (config.version !== version) throw new Said(`The controller at ${url.href} is lifeboat ${config.version}, and this is ${version}. Install that version here, or type the command on its machine`)
      return config
    },
    store: storeOf(url, call, async () => (await timed<RemoteView>('/store')).view),
  }
}

/** All that a command reads and asks, and nothing that only a leader does. */
function storeOf(url: URL, call: Controller['call'], read: OpenStore['read']): OpenStore {
  const entries: Journal['entries'] = (query) => {
    const words = Object.entries(query).map(([key, value]): [string, string] => [key, String(value)])
    return call<StoredEntry[]>(`/journal?${new URLSearchParams(words)}`, { mostMs: query.most > shortMost ? longMs : callMs })
  }
  return {
    read: async (): Promise<SeenElsewhere> => ({ ...(await read()), elsewhere: true }),
    entries,
    ask: async (what) => {
      if (!('request' in what)) throw new Error('only the leader writes reports')
      await call('/requests', { post: what.request })
    },
    commit: async () => {
      throw new Said(`Only the controller at ${url.href} itself writes its ledger`)
    },
    lead: async () => ({ heldBy: (await read()).report?.leader ?? null }),
    isMoved: () => false,
    close: async () => {},
  }
}

// ── One call ─────────────────────────────────────────────────────────────────

async function callPage<T>({ url, token, clock }: Remote, path: string, { post, mostMs = callMs, signal }: Call): Promise<T> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
  const sent = post === undefined ? { headers } : { headers: { ...headers, 'content-type': 'application/json' }, method: 'POST', body: JSON.stringify(post) }
  const limit = clock.deadline(mostMs, signal)
  let answer: { status: number; type: string; text: string }
  try {
    // Not by undici, as drivers call: every command reads this file, and undici alone takes 150 ms to load (Node 24.21, 2026-11).
    // A redirect would carry the token to whoever it names.
    const response = await fetch(`${url.href.replace(/\/$/, '')}${path}`, { ...sent, signal: limit, redirect: 'error' })
    answer = { status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text() }
  } catch (thrown) {
    signal?.throwIfAborted()
    const never = limit.aborted ? null : neverReached(url, thrown)
    if (never) throw never
    const why = limit.aborted ? `no answer in ${mostMs / 1000} s` : reasonOf(thrown)
    throw new Said(`The controller at ${url.href} cannot be reached: ${why}. Look whether it runs there, with this address under listen`, exits.unfinished)
  }
  if (answer.status !== 200) throw refusalOf(url, token, answer)
  const said = objectIn(answer.text)
  if (said === null) throw notOurs(url)
  return said as T
}

/** Null: it is no JSON of ours. */
function objectIn(text: string): object | null {
  try {
    const said: unknown = JSON.parse(text)
    return typeof said === 'object' ? said : null
  } catch {
    return null // Not JSON: the caller says so.
  }
}

/** An address at which no try will ever succeed. Null: a later one may. */
function neverReached(url: URL, thrown: unknown): Said | null {
  const { cause } = thrown as Error & { cause?: Error & { code?: string } }
  // Ports that the Fetch standard bars, such as 1 and 6000 (undici of Node 24.21, 2026-11).
  if (cause?.message === 'bad port') return new Said(`Nothing is asked at port ${url.port} of ${url.hostname}: it is among those that HTTP clients keep away from. Give listen another, such as 8686`)
  if (url.protocol !== 'https:' || !/^(EPROTO|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG))$/.test(cause?.code ?? '')) return null
  return new Said(`What answers at ${url.href} does not speak TLS; a listen by itself does not either. Write http://${url.host}, or put TLS before it`)
}

/** fetch says "fetch failed", and keeps what failed in the cause. */
function reasonOf(thrown: unknown): string {
  const { cause } = thrown as Error
  // Every address of the name was tried: each says the same.
  return textOf((cause instanceof AggregateError ? cause.errors[0] : cause) ?? thrown)
}

const notOurs = (url: URL): Said => new Said(`What answers at ${url.href} is not a controller of lifeboat. Name the address of its listen`)

/** What a controller refuses it says in one sentence of plain text; the rest comes from what stands before it, or from somebody else. */
function refusalOf(url: URL, token: string | null, { status, type, text }: { status: number; type: string; text: string }): Said {
  if (status === 401) return new Said(`The controller at ${url.href} ${token === null ? 'wants a token' : 'does not take our token'}. Put the token of its listen into LIFEBOAT_CONTROLLER_TOKEN`)
  const sentence = type.startsWith('text/plain') ? text.trim() : ''
  if (status === 503 && sentence) return new Said(sentence, exits.unfinished)
  if (status === 502 || status === 503 || status === 504) return new Said(`The controller at ${url.href} cannot be reached: what stands before it answers ${status}`, exits.unfinished)
  if (status === 500) return new Said(`The controller at ${url.href} has a bug (500): what it is stands in its log`, exits.bug)
  if (status === 400 && sentence) return new Said(sentence)
  return status === 403 && sentence ? new Said(`The controller at ${url.href} refuses (403): ${sentence}`) : notOurs(url)
}
