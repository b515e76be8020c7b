// What a test or a person sets in the simulated DigitalOcean.

export type SimDroplet = {
  id: number
  /** Its own public addresses, IPv4 or IPv6. */
  addresses: string[]
  /** Addresses that lead to it and do not show among its own. */
  reserved?: string[]
  status?: 'new' | 'active' | 'off' | 'archive'
  locked?: boolean
  actions?: { id?: number; type: string; status: 'in-progress' | 'completed' | 'errored'; startedAt: string }[]
  /** As what it was made; a plain one where left out. */
  made?: { name: string; region: string; size: string; image: string; tags: string[]; createdAt: string }
}

/** All that the simulated company says and does; the lies stand below the truth. */
export type SimState = {
  account: 'active' | 'warning' | 'locked'
  message: string
  /** Tokens that it accepts. */
  tokens: string[]
  /** Tokens of another account. */
  others: string[]
  /** What each token may do, as it says when asked. Null: it does not say. */
  scopes: string[] | null
  droplets: SimDroplet[]
  /** Sizes that cannot be had now: `s-1vcpu-1gb`, or in one region `s-1vcpu-1gb@fra1`. */
  soldOut: string[]
  /** How long an action takes. */
  actionMs: number
  /** How it answers every call. `gate`: a 401 that is not its own; `anything`, `insane`: accepts an unknown token, or answers it with 500. */
  mode: 'well' | 'limited' | 'unavailable' | 'redirect' | 'gate' | 'hang' | 'nonsense' | 'anything' | 'insane'
  /** Paths below /v2 that it forbids (HTTP 403). */
  forbids: string[]
  /** What a 429 asks for: Retry-After, or without one (null) only ratelimit-reset. */
  retryAfterS: number | null
  resetS: number
  /** What its Date is off. */
  skewMs: number
  /** Most droplets on a page, whatever was asked. */
  pageMost: number
  /** Ids that the list leaves out; whether its total counts them all the same; ids that GET by id does not find. */
  unlisted: number[]
  counted: boolean
  unfound: number[]
  /** Page 1 is given whatever page is asked for; page 2 is given empty. */
  repeats: boolean
  emptyPage2: boolean
}

/** A company that is well, with nothing in the account. */
export const truth: SimState = {
  account: 'active', message: '', tokens: [], others: [], scopes: ['account:read', 'droplet:read', 'reserved_ip:read'], droplets: [], soldOut: [], actionMs: 50, mode: 'well', forbids: [], retryAfterS: 30, resetS: 1800, skewMs: 0,
  pageMost: 200, unlisted: [], counted: false, unfound: [], repeats: false, emptyPage2: false,
}
