import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import type { Budget } from './budget.ts'
import { callOnce } from '../call.ts'
import type { Called } from '../call.ts'

/** What one call came to. `detail` is for people and holds no secret. */
export type Asked<T> = {
  detail: string
  /** DigitalOcean's own error id. Null: none was given. */
  code: string | null
  http: number | null
  atMs: number
  /** Our wall clock minus theirs. Null: no JSON, or no Date with it. */
  aheadMs: number | null
} & (
  | { kind: 'ok'; value: T }
  /** 401 or 404 in DigitalOcean's own error shape; anything else of that number is `failing`. */
  | { kind: 'refused' | 'absent' }
  | { kind: 'limited'; waitMs: number }
  | { kind: 'failing'; scope: 'network' | 'unknown' }
  /** 403, other answers that say neither yes nor no, and calls that we spared. */
  | { kind: 'unclear'; scope: 'key' | 'unknown' }
)

/** One poll: who may abort it, and the monotonic moment after which no call of it goes on. */
export type Turn = { signal: AbortSignal; untilMs: number }

export type Api = {
  /** One GET. Rejects only when the turn's signal aborts. */
  ask<S extends z.ZodType>(get: { path: string; shape: S; token: string }, turn: Turn): Promise<Asked<z.infer<S>>>
  /** For how long DigitalOcean wants to be left alone; 0: not at all. */
  waitMs(): number
}

const interfaces = z.array(z.object({ ip_address: z.string(), type: z.string() })).default([])
const droplet = z.object({
  id: z.number().int(),
  status: z.string(),
  locked: z.boolean(),
  networks: z.object({ v4: interfaces, v6: interfaces }),
})
const reserved = z.object({ droplet: z.object({ id: z.number().int() }).nullish() })
const refusal = z.object({ id: z.string().regex(/^[\w.-]{1,60}$/), message: z.string() })

/** Only what is read of each answer (https://github.com/digitalocean/openapi, 2026-08). */
export const shapes = {
  account: z.object({
    account: z.object({ status: z.string(), status_message: z.string().nullish(), uuid: z.string().nullish(), team: z.object({ uuid: z.string().nullish() }).nullish() }),
  }),
  token: z.object({ scopes: z.array(z.string()) }),
  droplet: z.object({ droplet }),
  droplets: z.object({
    droplets: z.array(droplet),
    links: z.object({ pages: z.object({ next: z.string().optional() }).nullish() }).nullish(),
    meta: z.object({ total: z.number().int() }),
  }),
  actions: z.object({ actions: z.array(z.object({ type: z.string(), status: z.string(), started_at: z.string() })) }),
  reservedIp: z.object({ reserved_ip: reserved }),
  reservedIpv6: z.object({ reserved_ipv6: reserved }),
}

export type Droplet = z.infer<typeof droplet>
export type DropletAction = z.infer<typeof shapes.actions>['actions'][number]

const callMs = 5_000
// 200 droplets come to about 1.5 MB.
const bytesMax = 8 * 1024 * 1024
// Retry-After comes with the limit of a minute (since 2023, https://docs.digitalocean.com/notes/2023/api-rate-limit);
// that of an hour names only ratelimit-reset. Bounded, so that one absurd header does not blind us.
const waits = { default: 60_000, min: 1_000, max: 900_000 }

/** DigitalOcean's API at `endpoint`: each call is taken from `budget`, and none goes out while it asks us to wait (HTTP 429). */
export const digitalOceanApi = (at: { endpoint: string; budget: Budget; clock: Clock }): Api => {
  const { endpoint, budget, clock } = at
  let waitUntilMs = -Infinity
  const waitMs = () => Math.max(0, waitUntilMs - clock.now().monoMs)
  const spared = (why: string) => {
    const nothing = { code: null, http: null, atMs: clock.now().monoMs, aheadMs: null }
    return { ...nothing, kind: 'unclear', scope: 'unknown', detail: `not asked: ${why}` } as const
  }
  return {
    waitMs,
    async ask({ path, shape, token }, { signal, untilMs }) {
      const timeoutMs = Math.min(callMs, untilMs - clock.now().monoMs)
      if (waitMs() > 0) return spared('DigitalOcean asks us to wait')
      if (timeoutMs <= 0) return spared('the time for one poll is over')
      if (!budget.take()) return spared("lifeboat's share of calls is used up")
      const headers = { authorization: `Bearer ${token}`, accept: 'application/json' }
      const asked = readAnswer(await callOnce({ url: endpoint + path, headers, timeoutMs, bytesMax, clock, signal }), path, shape)
      if (asked.kind === 'limited') waitUntilMs = asked.atMs + asked.waitMs
      return asked
    },
  }
}

const readAnswer = <S extends z.ZodType>(called: Called, path: string, shape: S): Asked<z.infer<S>> => {
  const base = { code: null, http: null, atMs: called.at.monoMs, aheadMs: null }
  const fails = (why: string) => ({ kind: 'failing', detail: `DigitalOcean's API fails: ${why}` }) as const
  if (called.kind === 'none') return { ...base, ...fails(called.why), scope: called.scope }
  const { status } = called
  const json = parse(called.text)
  const said = refusal.safeParse(json)
  const code = said.success ? said.data.id : null
  const its = { ...base, code, http: status, aheadMs: json === undefined ? null : aheadOf(called) }
  const detail = `HTTP ${status} at ${path}`
  if (status === 200) {
    const read = shape.safeParse(json)
    if (read.success) return { ...its, kind: 'ok', value: read.data, detail }
    return { ...its, kind: 'failing', scope: 'unknown', detail: `DigitalOcean's API answers nonsense (${detail})` }
  }
  if (status === 429)
    return { ...its, kind: 'limited', waitMs: waitOf(called), detail: `DigitalOcean's API asks us to wait (${detail})` }
  if (!code || status >= 500 || status < 400) return { ...its, ...fails(detail), scope: 'unknown' }
  if (status === 401) return { ...its, kind: 'refused', detail: `the token is refused (${detail})` }
  if (status === 403) return { ...its, kind: 'unclear', scope: 'key', detail: `the token may not read this (${detail})` }
  return status === 404 ? { ...its, kind: 'absent', detail } : { ...its, kind: 'unclear', scope: 'unknown', detail }
}

/** Undefined: not JSON. */
const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

type Answer = Extract<Called, { kind: 'answer' }>

const aheadOf = ({ headers, at }: Answer): number | null => {
  const theirs = Date.parse(headers.date ?? '')
  return Number.isNaN(theirs) ? null : at.wallMs - theirs
}

/** ratelimit-reset is a Unix second on their clock, so that their Date is taken off it, not ours. */
const waitOf = ({ headers, at }: Answer): number => {
  const retryS = Number.parseInt(headers['retry-after'] ?? '', 10)
  const resetS = Number.parseInt(headers['ratelimit-reset'] ?? '', 10)
  const theirs = Date.parse(headers.date ?? '') || at.wallMs
  const askedMs = retryS >= 0 ? retryS * 1000 : resetS >= 0 ? resetS * 1000 - theirs : waits.default
  return Math.min(waits.max, Math.max(waits.min, askedMs))
}
