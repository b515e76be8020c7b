import { pausesAt } from './ledger.ts'
import { leavesData } from './plan.ts'
import type { Config, State } from './types.ts'

/** What may be typed next depends on these besides the state. `watched`: some controller leads. */
export type Around = { wallMs: number; watched: boolean; config: Config }

/**
 * What to type now: the `next` of `status` and of each message to people. Null: nothing. It never offers what would lose data without
 * saying so.
 */
export function wayOn({ ledger, watch }: State, { wallMs, watched, config }: Around): string | null {
  const { move } = ledger
  if (!ledger.trusted) return 'this store may be an old copy, and nothing moves by itself: lifeboat adopt'
  if (ledger.record === null && !move) return 'take over the names: lifeboat adopt'
  if (!watched) return `nobody watches${move ? ', and a move is under way' : ''}: lifeboat watch`
  if (move) return 'follow it: lifeboat status --watch'
  if (pausesAt(ledger, wallMs).length > 0) return 'automatic moves on again: lifeboat resume'
  const preferred = config.sites[0]?.site
  return preferred === undefined || preferred === ledger.active ? null : wayBack(preferred, { ledger, watch }, config)
}

/** How the preferred site becomes the active one again. That its data is in order only a person knows. */
function wayBack(site: string, { ledger, watch }: State, config: Config): string {
  const seen = watch.sites[site]
  const isBack = seen?.health === 'up' && seen.verdict === 'well'
  const fenced = ledger.given.some((given) => given.site === site)
  if (config.data.holds === null) {
    if (isBack && fenced) return `${site} is back, and stands by again by itself after ${config.check.rise} good rounds (check.rise); then: lifeboat failback`
    return `${isBack ? '' : 'when '}${site} is back: lifeboat failback`
  }
  const failback = leavesData(config) ? `lifeboat failback --accept-loss all, which leaves ${config.data.holds} behind at ${ledger.active}` : 'lifeboat failback'
  if (!fenced) return `${isBack ? '' : 'when '}${site} is back: ${failback}`
  return `${isBack ? `${site} is back; once` : `when ${site} is back and`} its data is in order: lifeboat rejoin ${site}, then ${failback}`
}
