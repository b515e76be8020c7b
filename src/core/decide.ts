import { leavesData, planOf, siteOf } from './plan.ts'
import type { Config, Decision, Lifted, Plan, SiteWatch, State } from './types.ts'
import { definitiveRow, freshEvidence, unconfirmedCut } from './verdict.ts'
import { tally } from './votes.ts'
import type { MoveKind, Reason } from './words.ts'

/** No flag was given. */
export const nothingLifted: Lifted = { force: false, unready: false, unfenced: false, acceptLoss: false }

type Want = { hold: Reason } | { kind: MoveKind; cause: Reason }

/** What lifeboat does by itself now: nothing (hold), nothing although it would (refuse), or a move. */
export function decide(state: State, config: Config): Decision {
  const { ledger, watch } = state
  const active = ledger.active
  const hold = (reason: Reason): Decision => ({ kind: 'hold', reason, site: active })
  if (!ledger.trusted) return hold('store-untrusted')
  if (ledger.record === null || active === null) return hold('not-adopted')
  if (config.owner === null) return hold('owner-missing')
  if (ledger.move) return hold('move-open')
  const seen = watch.sites[active]
  if (watch.at === null || seen === undefined) return hold('starting')
  const want = wanted(seen, state, config)
  if ('hold' in want) return hold(want.hold)
  const refuse = (reason: Reason, would: Plan | null): Decision => ({ kind: 'refuse', reason, site: active, would })
  const to = want.kind === 'repoint' ? active : targetOf(state, config, want.cause)
  if (to === null) return refuse(onlyCooldownBars(state, config, want.cause) ? 'cooldown' : 'no-target', null)
  const plan = planOf(want.kind, active, to, config)
  const bar = automaticBar(state, config, want.cause)
  if (bar !== null) return refuse(bar, plan)
  return { kind: 'move', reason: want.cause, site: active, plan, by: 'lifeboat', lifted: nothingLifted, automatic: true }
}

/** What the active site's verdict asks for. */
function wanted(seen: SiteWatch, state: State, config: Config): Want {
  const { outageMs, appFaultMs } = config.policy
  const after = (budgetMs: number, cause: Reason, hold: Reason): Want => {
    if (budgetLeftMs(seen, state, config, budgetMs) > 0) return { hold: cutIsPending(state, config) ? 'cut-unconfirmed' : hold }
    return seen.returning ? { hold: 'blip' } : { kind: 'failover', cause }
  }
  switch (seen.verdict) {
    case 'cut':
      if (seen.health !== 'down') return { hold: 'cut-serving' }
      return seen.returning && seen.row !== definitiveRow ? { hold: 'blip' } : { kind: 'failover', cause: 'cut' }
    case 'stopped':
      return stoppedByOperator(state) ? { hold: 'stopped-by-operator' } : after(outageMs, 'outage', 'outage-budget')
    case 'foreign':
    case 'down':
      return after(outageMs, 'outage', 'outage-budget')
    case 'app-fault':
      return appFaultMs === null ? { hold: 'app-fault-never' } : after(appFaultMs, 'app-fault', 'app-fault-budget')
    case 'blip':
      return { hold: isStarting(state, config) ? 'starting' : 'blip' }
    case 'well':
      return whileWell(state, config)
    case 'abstain':
    case 'notice':
    case 'control-plane-degraded':
      return { hold: seen.verdict }
  }
}

/**
 * How much of a budget is left: the verdict stood for `budgetMs`, or, where it turned to and fro, the site failed without a
 * break for the longer of both budgets. Negative: it is over.
 */
export function budgetLeftMs(seen: SiteWatch, { watch }: State, { policy }: Config, budgetMs: number): number {
  const nowMs = watch.at!.monoMs
  const longestMs = Math.max(policy.outageMs, policy.appFaultMs ?? Infinity)
  const inAllMs = seen.failingSinceMs === null ? Infinity : seen.failingSinceMs + longestMs - nowMs
  return Math.min(seen.verdictSinceMs + budgetMs - nowMs, inAllMs)
}

/** No streak of any voter was long enough yet: at the beginning, and after a round that did not count. */
function isStarting({ ledger, watch }: State, config: Config): boolean {
  const { up, down, voters } = tally(watch.votes, config, siteOf(config, ledger.active!)!)
  return up.length === 0 && down.length === 0 && voters.some((v) => (watch.votes[ledger.active!]?.[v]?.run ?? 0) !== 0)
}

const evidenceOfActive = ({ ledger, watch }: State) => freshEvidence(watch, ledger.active!, watch.at!.monoMs)

const stoppedByOperator = (state: State) =>
  evidenceOfActive(state).some((e) => e.claim === 'machine-stopped-by-operator')

/** For how long the active site has been down, an operator's stop left out. */
export const failingMsOf = ({ ledger, watch }: State): number => watch.at!.monoMs - (watch.sites[ledger.active!]?.failingSinceMs ?? watch.at!.monoMs)

/** Within a budget: is a cut about to be confirmed? */
const cutIsPending = (state: State, config: Config): boolean =>
  unconfirmedCut({ evidence: evidenceOfActive(state), health: 'down', failingMs: failingMsOf(state), config }) !== undefined

/** A well site stays, unless its address changed, or a more preferred one is ready and may be returned to. */
function whileWell({ ledger, watch }: State, config: Config): Want {
  const addresses = planOf('repoint', ledger.active, ledger.active!, config).addresses
  if (addresses.length > 0 && addresses.join() !== [...ledger.record!.addresses].sort().join())
    return { kind: 'repoint', cause: 'address-changed' }
  if (config.policy.failback === 'manual' || leavesData(config)) return { hold: 'well' }
  const preferred = preferredOf({ ledger, watch }, config)
  return preferred !== null && cooledDown({ ledger, watch }, preferred) ? { kind: 'failback', cause: 'preferred' } : { hold: 'well' }
}

/** The first site before the active one, in order of preference, that could be active. Null: there is none. */
export function preferredOf(state: State, config: Config): string | null {
  for (const { site } of config.sites) {
    if (site === state.ledger.active) return null
    if (whyNot(state, config, site) === null) return site
  }
  return null
}

/** Why this site cannot be a target now, in words. Null: it can. */
export function whyNot({ ledger, watch }: State, config: Config, site: string): string | null {
  const settings = siteOf(config, site)
  const seen = watch.sites[site]
  const given = ledger.given.find((g) => g.site === site)
  if (!settings) return 'is not in the file'
  if (settings.addresses.length === 0) return settings.standby === 'cold' ? 'is cold: it has no address yet' : 'has no address yet'
  if (given) return `was given up in epoch ${given.epoch} and has not rejoined`
  if (seen?.verdict === 'cut') return `is cut: ${seen.why}`
  if (seen?.ready !== true) return seen?.ready === false ? `is not well: ${seen.why}` : 'is not known to be well'
  return null
}

/** True: the site was not left within policy.cooldown, as that will be `aheadMs` from now; 0 unless given. */
export function cooledDown({ ledger, watch }: State, site: string, aheadMs = 0): boolean {
  const left = ledger.past.filter((p) => p.from === site && p.to !== site)
  return left.every((p) => (watch.deadlines[`cooldown:${p.epoch}`] ?? Infinity) <= watch.at!.monoMs + aheadMs)
}

/** Every site but the active one, in order of preference. */
export const others = ({ ledger }: State, config: Config) => config.sites.map((s) => s.site).filter((s) => s !== ledger.active)

/** The most preferred other site that can be active; an automatic return waits out the cooldown, as that is `aheadMs` from now, but not from a cut. */
export function targetOf(state: State, config: Config, cause: Reason, aheadMs = 0): string | null {
  const able = others(state, config).filter((s) => whyNot(state, config, s) === null)
  return able.find((s) => cause === 'cut' || cause === 'request' || cooledDown(state, s, aheadMs)) ?? null
}

/** Where there is no target: true if one was left within policy.cooldown, and could be active but for that. */
export const onlyCooldownBars = (state: State, config: Config, cause: Reason) =>
  cause !== 'cut' && others(state, config).some((s) => whyNot(state, config, s) === null)

/** What keeps lifeboat from starting by itself. Null: nothing. */
export function automaticBar(state: State, config: Config, cause: Reason): Reason | null {
  if (leavesData(config) && cause !== 'cut' && cause !== 'address-changed') return 'data-held'
  if (!config.policy.automatic) return 'automatic-off'
  if (state.ledger.pause) return 'paused'
  return startsThisHour(state) >= config.policy.maxMovesPerHour ? 'moves-capped' : null
}

/** How many moves lifeboat started by itself within the last hour; an open one counts, and one that no round has seen yet. */
export const startsThisHour = ({ ledger, watch }: State): number => {
  const ended = ledger.past.filter((p) => p.automatic && (watch.deadlines[`hour:${p.epoch}`] ?? Infinity) > watch.at!.monoMs)
  return ended.length + (ledger.move?.automatic ? 1 : 0)
}
