import type { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { oneLine } from '../../core/one-line.ts'
import type { Reading } from '../../core/types.ts'
import type { Cloud } from '../../ports.ts'
import { callBudget } from './budget.ts'
import { callOnce } from '../call.ts'
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

/** Where the API is asked, without a slash at its end. */
export const endpointOf = ({ endpoint }: { endpoint?: string | undefined }): string => (endpoint ?? 'https://api.digitalocean.com').replace(/\/+$/, '')

// 5,000 requests an hour and 250 a minute for each token (https://docs.digitalocean.com/reference/api/, "Rate Limit",
// 2026-11). Our share is a tenth of that in any hour: 120 at once and 380 that come back. A quiet poll is one call and
// one more for each droplet.
const share = { burst: 120, perHour: 380 }
const pollMs = 30_000
const pollFloorMs = 1_000
const pollMostMs = 15_000
const witnessMs = 5_000
const clockOffMs = 300_000
/** Nobody's token; well-formed, so that it is refused as unknown and not as malformed. */
export const bogusToken = `dop_v1_${'0'.repeat(64)}`

/** Per source, what is said of every site alike. */
type Says = { source: string; say: Say }[]

/**
 * Account and droplet evidence from DigitalOcean (https://docs.digitalocean.com/reference/api/). The sources `account` and
 * `droplet` speak at each poll, so that a later reading ends an earlier one; `credentials`, `clock` and `witness` only when
 * there is something to say.
 */
export const digitalocean = (options: DigitalOceanOptions): Cloud => {
  const { sites, clock } = options
  const budget = callBudget(share, clock)
  const endpoint = endpointOf(options)
  const api = digitalOceanApi({ endpoint, budget, clock })
  const droplets = dropletReader(api, clock)
  const secrets = [options.token, options.secondToken ?? ''].filter((each) => each !== '')
  const readAll = async (doubt: boolean, turn: Turn): Promise<Reading[]> => {
    const witness = doubt ? readWitness(options, turn) : []
    const [account, ofWitness] = await Promise.all([readAccount(options, api, doubt, turn), witness])
    const shared = [...account.says, ...clockSays(account.first), ...ofWitness]
    const bySite = sites.map(async (site) => {
      const say = account.standing ? await droplets.read(site, account.standing, turn) : notFoundOut(account.asked)
      const says = say ? [...shared, { source: 'droplet', say }] : shared
      return says.map((each) => ({ site: site.site, source: each.source, ...each.say, detail: hide(each.say.detail, secrets) }))
    })
    return (await Promise.all(bySite)).flat()
  }

  let last: Reading[] = []
  let costs = 1 + sites.length
  return {
    cloud: 'digitalocean',
    pollMs,
    pollFloorMs,
    async poll(doubt, signal) {
      signal.throwIfAborted()
      if (api.waitMs() > 0) return stale(last, 'DigitalOcean asks us to wait (HTTP 429)', clock)
      // Until a poll like the last can be paid to its end: one that always ran dry before its last call would never
      // confirm anything.
      if (budget.left() < Math.min(costs, share.burst)) return stale(last, "lifeboat's share of calls is used up", clock)
      const wanted = budget.wanted()
      last = await readAll(doubt, { signal, untilMs: clock.now().monoMs + pollMostMs })
      costs = Math.max(1 + sites.length, budget.wanted() - wanted)
      return last
    },
  }
}

/** The last readings as what they are by now: nothing that was found out. */
const stale = (last: Reading[], why: string, clock: Clock): Reading[] => {
  const now = { claim: 'unknown', code: null, http: null, atMs: clock.now().monoMs } as const
  return last.map((each) => ({ ...each, ...now, detail: `${why}; before: ${each.detail}` }))
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
  if (first.kind !== 'refused')
    return { says: [accountSays(first)], first, asked: first, standing: standingOf(first, options.token) }
  const key = (detail: string): Say => ({ ...said(first), scope: 'key', claim: 'unknown', detail })
  const refused = (say: Say): Account => ({ says: [{ source: 'account', say }], first, asked: first, standing: null })
  if (options.secondToken === null)
    return refused(key(`${first.detail}, and there is no second one to tell the key from the account`))
  const second = await ask(options.secondToken)
  if (second.kind === 'refused')
    return refused(doubt ? bothRefusedSays(second, await ask(bogusToken)) : key('both tokens are refused (HTTP 401)'))
  const say = key(`${first.detail}; the second one ${second.kind === 'ok' ? 'is accepted' : 'could not be tried'}`)
  const says = [accountSays(second), { source: 'credentials', say }]
  return { says, first, asked: second, standing: standingOf(second, options.secondToken) }
}

/** Where no answer comes at all, or we shall wait, the droplets are not asked either. */
const standingOf = (asked: Asked<{ account: { status: string } }>, token: string): Standing | null => {
  if (asked.kind === 'limited' || (asked.kind === 'failing' && asked.scope === 'network')) return null
  return { token, active: asked.kind === 'ok' && asked.value.account.status === 'active' }
}

const statuses = { active: 'account-well', warning: 'account-warning', locked: 'account-locked' } as const

const accountSays = (asked: Asked<z.infer<typeof shapes.account>>): Says[number] => {
  if (asked.kind !== 'ok') return { source: 'account', say: notFoundOut(asked) }
  const status = plain(asked.value.account.status)
  const message = plain(asked.value.account.status_message ?? '')
  const claim = Object.hasOwn(statuses, status) ? statuses[status as keyof typeof statuses] : 'unknown'
  const detail = `account status is ${status}${message && `: ${message}`}`
  return { source: 'account', say: { ...said(asked), code: status, scope: 'account', claim, detail } }
}

/** Both tokens were refused. A bogus one must be refused in the same way; else it is the API that is unwell. */
const bothRefusedSays = (refused: Asked<unknown>, control: Asked<unknown>): Say => {
  const both = 'both tokens are refused (HTTP 401)'
  if (control.kind === 'refused')
    return {
      ...said(refused),
      scope: 'account',
      claim: 'credentials-refused',
      detail: `${both}, and a bogus one as it should be`,
    }
  const claim = control.kind === 'ok' || control.kind === 'failing' ? 'api-failing' : 'unknown'
  return { ...said(control), scope: 'unknown', claim, detail: `${both}, but a bogus one was not: ${control.detail}` }
}

const clockSays = (asked: Asked<unknown>): Says => {
  const { aheadMs } = asked
  if (aheadMs === null || Math.abs(aheadMs) <= clockOffMs) return []
  const minutes = Math.round(Math.abs(aheadMs) / 60_000)
  const detail = `our clock is ${minutes} min ${aheadMs > 0 ? 'ahead of' : 'behind'} DigitalOcean's`
  return [{ source: 'clock', say: { ...said(asked), scope: 'unknown', claim: 'clock-off', detail } }]
}

/** Says in words whether another account's machine at the same cloud answers; it claims nothing. */
const readWitness = async ({ witness, clock }: DigitalOceanOptions, { signal }: Turn): Promise<Says> => {
  if (witness === null) return []
  const called = await callOnce({ url: witness, headers: {}, timeoutMs: witnessMs, bytesMax: 1024 * 1024, clock, signal })
  const [http, detail] =
    called.kind === 'answer'
      ? [called.status, `the witness answers (HTTP ${called.status})`]
      : [null, `the witness does not answer (${called.why})`]
  return [{ source: 'witness', say: { scope: 'network', claim: 'unknown', detail, code: null, http, atMs: called.at.monoMs } }]
}

/** The vendor's text on one line, bounded. */
const plain = (text: string): string => oneLine(text).slice(0, 200)

const hide = (text: string, secrets: string[]): string =>
  secrets.reduce((hidden, secret) => hidden.replaceAll(secret, '(hidden)'), text)
