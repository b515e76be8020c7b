import type { Clock } from '../../clock.ts'
import type { Reading } from '../../core/types.ts'
import type { Cloud } from '../../ports.ts'
import { callBudget } from './budget.ts'
import { callOnce } from './call.ts'
import { digitalOceanApi, shapes } from './digitalocean-api.ts'
import type { Api, Asked, Turn } from './digitalocean-api.ts'
import { dropletReader, notFoundOut, said } from './digitalocean-droplets.ts'
import type { DigitalOceanSite, Say, Standing } from './digitalocean-droplets.ts'

export type DigitalOceanOptions = {
  sites: DigitalOceanSite[]
  token: string
  /** A second credential of the same account; tells a key that was revoked from an account that was closed. Null: none. */
  secondToken: string | null
  /** URL of a small machine at DigitalOcean under another account. Null: none. */
  witness: string | null
  /** Default https://api.digitalocean.com. */
  endpoint?: string
  clock: Clock
}

// 5,000 requests an hour and 250 a minute for each token (https://docs.digitalocean.com/reference/api/, "Rate Limit", 2026-11). Our share is a
// tenth of that in any hour: 120 at once and 380 that come back. A quiet poll is one call and one more for each droplet.
const share = { burst: 120, perHour: 380 }
const pollMs = 30_000
const pollFloorMs = 1_000
const pollMostMs = 15_000
const witnessMs = 5_000
const clockOffMs = 300_000
// Well-formed, so that it is refused as unknown and not as malformed.
const bogusToken = `dop_v1_${'0'.repeat(64)}`

/** Per source, what is said of every site alike. */
type Says = { source: string; say: Say }[]

/**
 * Account and droplet evidence from DigitalOcean (https://docs.digitalocean.com/reference/api/). The sources `account` and `droplet` speak at each
 * poll, so that a later reading ends an earlier one; `credentials`, `clock` and `witness` only when there is something to say.
 */
export const digitalocean = (options: DigitalOceanOptions): Cloud => {
  const { sites, clock } = options
  const budget = callBudget(share, clock)
  const api = digitalOceanApi({ endpoint: (options.endpoint ?? 'https://api.digitalocean.com').replace(/\/+$/, ''), budget, clock })
  const droplets = dropletReader(api, clock)
  const secrets = [options.token, options.secondToken].filter((each) => each !== null && each !== '') as string[]
  let last: Reading[] = []
  let costs = 1 + sites.length

  /** The last readings as what they are by now: nothing that was found out. */
  const stale = (why: string): Reading[] =>
    last.map((each) => ({ ...each, claim: 'unknown', detail: `${why}; before: ${each.detail}`, code: null, http: null, atMs: clock.now().monoMs }))

  const readAll = async (doubt: boolean, turn: Turn): Promise<Reading[]> => {
    const [account, witness] = await Promise.all([readAccount(options, api, doubt, turn), doubt ? readWitness(options, turn) : []])
    const shared = [...account.says, ...clockSays(account.first), ...witness]
    const bySite = sites.map(async (site) => {
      const say = account.standing ? await droplets.read(site, account.standing, turn) : notFoundOut(account.asked)
      return [...shared, ...(say ? [{ source: 'droplet', say }] : [])].map(({ source, say }) => ({ site: site.site, source, ...say, detail: hide(say.detail, secrets) }))
    })
    return (await Promise.all(bySite)).flat()
  }

  return {
    cloud: 'digitalocean',
    pollMs,
    pollFloorMs,
    async poll(doubt, signal) {
      signal.throwIfAborted()
      if (api.waitMs() > 0) return stale('DigitalOcean asks us to wait (HTTP 429)')
      // Waits until a poll like the last can be paid to its end: one that always ran dry before its last call would never confirm anything.
      if (budget.left() < Math.min(costs, share.burst)) return stale("lifeboat's share of calls is used up")
      const wanted = budget.wanted()
      last = await readAll(doubt, { signal, untilMs: clock.now().monoMs + pollMostMs })
      costs = Math.max(1 + sites.length, budget.wanted() - wanted)
      return last
    },
  }
}

type Account = {
  says: Says
  /** The first answer, for its Date. */
  first: Asked<unknown>
  /** The answer that `says` rests on. */
  asked: Asked<unknown>
  /** Null: there is no token worth asking with. */
  standing: Standing | null
}

const readAccount = async (options: DigitalOceanOptions, api: Api, doubt: boolean, turn: Turn): Promise<Account> => {
  const ask = (token: string) => api.ask({ path: '/v2/account', shape: shapes.account, token }, turn)
  const first = await ask(options.token)
  if (first.kind !== 'refused') return { says: [accountSays(first)], first, asked: first, standing: standingOf(first, options.token) }
  if (options.secondToken === null) {
    const detail = `${first.detail}, and there is no second one to tell the key from the account`
    return { says: [{ source: 'account', say: { ...said(first), scope: 'key', claim: 'unknown', detail } }], first, asked: first, standing: null }
  }
  const second = await ask(options.secondToken)
  if (second.kind === 'refused') {
    const say = doubt ? refusedSays(second, await ask(bogusToken)) : { ...said(second), scope: 'key' as const, claim: 'unknown' as const, detail: 'both tokens are refused (HTTP 401)' }
    return { says: [{ source: 'account', say }], first, asked: second, standing: null }
  }
  const detail = `${first.detail}; the second one ${second.kind === 'ok' ? 'is accepted' : 'could not be tried'}`
  const key: Say = { ...said(first), scope: 'key', claim: 'unknown', detail }
  return { says: [accountSays(second), { source: 'credentials', say: key }], first, asked: second, standing: standingOf(second, options.secondToken) }
}

/** Where no answer comes at all, or we shall wait, the droplets are not asked either. */
const standingOf = (asked: Asked<{ account: { status: string } }>, token: string): Standing | null => {
  if (asked.kind === 'limited' || (asked.kind === 'failing' && asked.scope === 'network')) return null
  return { token, active: asked.kind === 'ok' && asked.value.account.status === 'active' }
}

const statuses = { active: 'account-well', warning: 'account-warning', locked: 'account-locked' } as const

const accountSays = (asked: Asked<{ account: { status: string; status_message?: string | null | undefined } }>): Says[number] => {
  if (asked.kind !== 'ok') return { source: 'account', say: notFoundOut(asked) }
  const status = plain(asked.value.account.status)
  const message = plain(asked.value.account.status_message ?? '')
  const claim = status in statuses ? statuses[status as keyof typeof statuses] : 'unknown'
  return { source: 'account', say: { ...said(asked), code: status, scope: 'account', claim, detail: `account status is ${status}${message && `: ${message}`}` } }
}

/** Both tokens were refused. A bogus one must be refused in the same way; else it is the API that is unwell. */
const refusedSays = (refused: Asked<unknown>, control: Asked<unknown>): Say => {
  if (control.kind === 'refused') return { ...said(refused), scope: 'account', claim: 'credentials-refused', detail: 'both tokens are refused (HTTP 401), and a bogus one as it should be' }
  const detail = `both tokens are refused (HTTP 401), but a bogus one is not (${control.detail})`
  return { ...said(control), scope: 'unknown', claim: control.kind === 'ok' || control.kind === 'failing' ? 'api-failing' : 'unknown', detail }
}

const clockSays = (asked: Asked<unknown>): Says => {
  const { aheadMs } = asked
  if (aheadMs === null || Math.abs(aheadMs) <= clockOffMs) return []
  const detail = `our clock is ${Math.round(Math.abs(aheadMs) / 60_000)} min ${aheadMs > 0 ? 'ahead of' : 'behind'} DigitalOcean's`
  return [{ source: 'clock', say: { ...said(asked), scope: 'unknown', claim: 'clock-off', detail } }]
}

/** Says in words whether another customer's machine at the same cloud answers; it claims nothing. */
const readWitness = async ({ witness, clock }: DigitalOceanOptions, { signal }: Turn): Promise<Says> => {
  if (witness === null) return []
  const called = await callOnce({ url: witness, headers: {}, timeoutMs: witnessMs, bytesMax: 1024 * 1024, clock, signal })
  const http = called.kind === 'answer' ? called.status : null
  const detail = called.kind === 'answer' ? `the witness answers (HTTP ${called.status})` : `the witness does not answer (${called.why})`
  return [{ source: 'witness', say: { scope: 'network', claim: 'unknown', detail, code: null, http, atMs: called.at.monoMs } }]
}

/** The vendor's text on one line, bounded. */
const plain = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, ' ').trim().slice(0, 200)

const hide = (text: string, secrets: string[]): string => secrets.reduce((hidden, secret) => hidden.replaceAll(secret, '(hidden)'), text)
