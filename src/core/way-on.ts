import { whyNot } from './decide.ts'
import { pausesAt } from './ledger.ts'
import { isPlanned, leavesData } from './plan.ts'
import type { Config, State } from './types.ts'

/**
 * What may be typed next depends on these besides the state. `watched`: some controller leads. `kept`: where none does and this file is not the one in force,
 * whether a controller runs by it, and so is kept from leading; null where it is in force, or none is.
 */
export type Around = { wallMs: number; watched: boolean; kept?: 'surely' | 'perhaps' | null; config: Config }

/**
 * What to type now: the `next` of `status` and of each message to people. Null: nothing. It never offers what would lose data without
 * saying so.
 */
export function wayOn({ ledger, watch }: State, { wallMs, watched, kept, config }: Around): string | null {
  const { move } = ledger
  if (!ledger.trusted) return 'this store may be an old copy, and nothing moves by itself: lifeboat adopt'
  if (ledger.record === null && !move) return 'take over the names: lifeboat adopt'
  if (!watched) return wayToLead(kept ?? null, move ? ', and a move is under way' : '')
  if (move) return 'follow it: lifeboat status --watch'
  if (pausesAt(ledger, wallMs).length > 0) return 'automatic moves on again: lifeboat resume'
  if (watch.sites[ledger.active ?? '']?.health === 'down') return wayOut({ ledger, watch }, config)
  const preferred = config.sites[0]?.site
  return preferred === undefined || preferred === ledger.active ? null : wayBack(preferred, { ledger, watch }, config)
}

/** How somebody comes to lead again. */
function wayToLead(kept: Around['kept'], underWay: string): string {
  if (!kept) return `nobody watches${underWay}: lifeboat watch`
  const accept = 'lifeboat check --accept'
  return kept === 'surely'
    ? `nobody leads${underWay}; the controller there watches by a file that is not the one in force. To let it lead: ${accept}`
    : `nobody leads${underWay}; the file here is not the one in force. Where a watch runs by it: ${accept}; where none does: lifeboat watch`
}

/** Where to go while the active site is down: a failback is a planned move, and would be refused. Null: no other site can take over. */
function wayOut({ ledger, watch }: State, config: Config): string | null {
  const to = config.sites.find(({ site }) => site !== ledger.active && whyNot({ ledger, watch }, config, site) === null)
  if (!to) return null
  return `to move now: lifeboat failover ${to.site}${leavesData(config) ? `, which leaves ${config.data.holds} behind at ${ledger.active}` : ''}`
}

/** How the preferred site becomes the active one again. That its data is in order only a person knows. */
function wayBack(site: string, { ledger, watch }: State, config: Config): string {
  const seen = watch.sites[site]
  const isBack = seen?.health === 'up' && seen.verdict === 'well'
  const fenced = ledger.given.some((given) => given.site === site)
  const [last] = ledger.past
  const again = last && isPlanned(last) && last.from === site ? 'well' : 'back'
  if (config.data.holds === null) {
    if (isBack && fenced) return `${site} is back, and stands by again by itself after ${config.check.rise} good rounds (check.rise); then: lifeboat failback`
    return `${isBack ? '' : 'when '}${site} is ${again}: lifeboat failback`
  }
  const failback = leavesData(config) ? `lifeboat failback --accept-loss all, which leaves ${config.data.holds} behind at ${ledger.active}` : 'lifeboat failback'
  if (!fenced) return `${isBack ? '' : 'when '}${site} is ${again}: ${failback}`
  return `${isBack ? `${site} is back; once` : `when ${site} is back and`} its data is in order: lifeboat rejoin ${site}, then ${failback}`
}
