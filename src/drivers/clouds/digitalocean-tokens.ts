import type { z } from 'zod'
import type { Clock } from '../../clock.ts'
import { callBudget } from './budget.ts'
import { bogusToken, endpointOf } from './digitalocean.ts'
import { digitalOceanApi, shapes } from './digitalocean-api.ts'
import type { Asked } from './digitalocean-api.ts'

export type AskedAccount = Asked<z.infer<typeof shapes.account>>

/** What one token is. `scopes` as DigitalOcean names them; null: could not find out. */
export type TokenLook = { account: AskedAccount; scopes: string[] | null }

/** `second` null: there is none. `bogus`: what a token that nobody has was answered. */
export type TokensLook = { first: TokenLook; second: TokenLook | null; bogus: AskedAccount }

// doctl asks here for a token's scopes (https://github.com/digitalocean/doctl, do/oauth.go, 2026-11); no page of the API describes it, and
// it has not been tried with a real account. Where another endpoint is named, there.
const aboutToken = { endpoint: 'https://cloud.digitalocean.com', path: '/v1/oauth/token/info' }

/** Looks at each token itself by a few GETs, `untilMs` being the monotonic moment by which each has ended. Rejects only when `signal` aborts. */
export const lookAtTokens = async (
  of: { token: string; secondToken: string | null; endpoint?: string | undefined; clock: Clock },
  turn: { signal: AbortSignal; untilMs: number },
): Promise<TokensLook> => {
  const { token, secondToken, endpoint, clock } = of
  const budget = callBudget({ burst: 5, perHour: 0 }, clock)
  const api = digitalOceanApi({ endpoint: endpointOf(of), budget, clock })
  const panel = digitalOceanApi({ endpoint: endpoint === undefined ? aboutToken.endpoint : endpointOf(of), budget, clock })
  const account = (each: string) => api.ask({ path: '/v2/account', shape: shapes.account, token: each }, turn)
  const look = async (each: string): Promise<TokenLook> => {
    const [asked, about] = await Promise.all([account(each), panel.ask({ path: aboutToken.path, shape: shapes.token, token: each }, turn)])
    return { account: asked, scopes: about.kind === 'ok' ? about.value.scopes : null }
  }
  const [first, second, bogus] = await Promise.all([look(token), secondToken === null ? null : look(secondToken), account(bogusToken)])
  return { first, second, bogus }
}
