import { nothingLifted, preferredOf, targetOf, whyNot } from './decide.ts'
import { endPauses, letGo, pausesOf, pauseToo } from './ledger.ts'
import { isPlanned, leavesData, planHash, planOf, siteOf } from './plan.ts'
import type { Config, Decision, Ledger, Lifted, Pause, Plan, Request, State } from './types.ts'
import type { Reason } from './words.ts'

type MoveRequest = Extract<Request, { what: 'move' }>

/** The same as `decide`, for a person's request: a move, a change of the ledger, or a refusal that one flag lifts. */
export function admit(state: State, config: Config, request: Request): Decision {
  const { ledger } = state
  const set = (site: string | null, changed: Ledger): Decision => ({ kind: 'set', reason: 'request', site, ledger: changed })
  switch (request.what) {
    case 'pause':
      return set(null, pauseToo(ledger, pauseOf(request)))
    case 'resume': {
      const isMeant = ({ holder }: Pause) => request.holder === undefined || holder === request.holder
      return pausesOf(ledger).some(isMeant) ? set(null, endPauses(ledger, isMeant)) : refuse('not-paused')
    }
    case 'rejoin': {
      const given = ledger.given.some((g) => g.site === request.site)
      if (!siteOf(config, request.site)) return refuse('unknown-site', request.site)
      if (!given) return refuse('not-fenced', request.site)
      return set(request.site, { ...ledger, given: ledger.given.filter((g) => g.site !== request.site) })
    }
    case 'release': {
      if (!siteOf(config, request.site)) return refuse('unknown-site', request.site)
      const { site, release, pushedMs, by } = request
      return set(site, { ...ledger, releases: { ...ledger.releases, [site]: { release, pushedMs, by } } })
    }
    case 'disown': {
      if (!ledger.trusted) return refuse('store-untrusted')
      if (ledger.move) return refuse('move-open', ledger.move.to)
      if (ledger.record === null && !ledger.leaving) return refuse('not-adopted')
      if (request.epoch !== ledger.epoch) return refuse('plan-changed')
      return { kind: 'set', reason: 'disowned', site: ledger.active, ledger: letGo(ledger, config) }
    }
    case 'adopt':
      return admitAdopt(state, config, request)
    case 'move':
      return admitMove(state, config, request)
  }
}

const refuse = (reason: Reason, site: string | null = null, would: Plan | null = null): Decision => ({ kind: 'refuse', reason, site, would })

function admitAdopt({ ledger }: State, config: Config, request: Extract<Request, { what: 'adopt' }>): Decision {
  if (config.owner === null) return refuse('owner-missing')
  if (!siteOf(config, request.to)) return refuse('unknown-site', request.to)
  if (isCold(config, request.to)) return refuse('target-cold', request.to)
  const plan = planOf('adopt', ledger.active, request.to, config)
  const epoch = Math.max(ledger.epoch, request.seenEpoch) + 1
  return request.planHash === planHash(plan, epoch) ? asked(plan, request) : refuse('plan-changed', request.to, plan)
}

function admitMove(state: State, config: Config, request: MoveRequest): Decision {
  const { ledger } = state
  const plan = requested(state, config, request)
  if ('reason' in plan) return refuse(plan.reason, plan.site)
  const bar = liftableBar(plan, state, config, request)
  if (bar) return refuse(bar.reason, bar.site, plan)
  const agreed = request.planHash === planHash(plan, ledger.epoch + 1)
  return agreed ? asked(plan, request) : refuse('plan-changed', plan.to, plan)
}

const pauseOf = ({ untilMs, by, why, holder }: Extract<Request, { what: 'pause' }>): Pause => ({ untilMs, by, why, ...(holder === undefined ? {} : { holder }) })

const asked = (plan: Plan, request: Request): Decision => ({
  kind: 'move',
  reason: 'request',
  site: plan.to,
  plan,
  by: request.by,
  lifted: request.what === 'move' ? request.lifted : nothingLifted,
  automatic: false,
})

/** The plan that a request for a move stands for; where it names no site, the one that lifeboat would choose. */
export function requested(
  state: State,
  config: Config,
  request: Pick<MoveRequest, 'kind' | 'to'>,
): Plan | { reason: Reason; site: string | null } {
  const { ledger } = state
  if (!ledger.trusted) return { reason: 'store-untrusted', site: null }
  if (ledger.record === null || ledger.active === null) return { reason: 'not-adopted', site: null }
  if (request.to !== null && !siteOf(config, request.to)) return { reason: 'unknown-site', site: request.to }
  const chosen = request.kind === 'failback' ? preferredOf(state, config) : targetOf(state, config, 'request')
  const to = request.to ?? chosen
  if (to === null) return request.kind === 'failback' ? nothingPreferred(state, config) : { reason: 'no-target', site: ledger.active }
  if (to !== ledger.active) return planOf(request.kind, ledger.active, to, config)
  // While a move is open, the active site may be asked for: the move is given up, and the names are brought back to it.
  return ledger.move ? planOf('repoint', to, to, config) : { reason: 'target-active', site: to }
}

type Bar = { reason: Reason; site: string }

/** A failback with nowhere to go: the active site is the most preferred one, or none before it can be active. */
function nothingPreferred(state: State, config: Config): Bar {
  const most = config.sites[0]!.site
  return most === state.ledger.active ? { reason: 'target-active', site: most } : targetBar(state, config, most, nothingLifted)!
}

/** What forbids the plan until its own flag lifts it. Null: nothing. */
function liftableBar(plan: Plan, state: State, config: Config, { lifted }: MoveRequest): Bar | null {
  const { ledger, watch } = state
  const from = ledger.active!
  const health = watch.sites[from]?.health
  if (ledger.move?.to === plan.to && !liftsMore(lifted, ledger.move.lifted)) return { reason: 'move-open', site: plan.to }
  if (plan.to === from) return null
  if (!isPlanned(plan)) {
    if (health === 'up' && !lifted.force) return { reason: 'active-is-up', site: from }
    return targetBar(state, config, plan.to, lifted)
  }
  if (health !== 'up') return { reason: 'source-not-well', site: from }
  const bar = targetBar(state, config, plan.to, nothingLifted)
  if (bar) return bar
  return leavesData(config) && !lifted.acceptLoss ? { reason: 'loss-not-accepted', site: from } : null
}

/** Only doubt about the target's health can be lifted; what it has no address for, or gave up, needs its own command first. */
function targetBar(state: State, config: Config, site: string, lifted: Lifted): Bar | null {
  if (isCold(config, site)) return { reason: 'target-cold', site }
  if (state.ledger.given.some((g) => g.site === site)) return { reason: 'target-fenced', site }
  return whyNot(state, config, site) !== null && !lifted.unready ? { reason: 'target-unready', site } : null
}

const isCold = (config: Config, site: string) => siteOf(config, site)?.addresses.length === 0

/** True: it lifts what the open move does not, so that asking again means something. */
const liftsMore = (asked: Lifted, open: Lifted) =>
  (asked.unready && !open.unready) || (asked.unfenced && !open.unfenced) || (asked.acceptLoss && !open.acceptLoss)
