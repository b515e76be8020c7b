import { automaticBar, budgetLeftMs, failingMsOf, onlyCooldownBars, others, targetOf, whyNot } from './decide.ts'
import { pausesOf } from './ledger.ts'
import { isPlanned, leavesData, siteOf } from './plan.ts'
import { spell } from './spell.ts'
import type { Config, Decision, Ledger, Plan, State } from './types.ts'
import { verb } from './verb.ts'
import { freshEvidence, unconfirmedCut } from './verdict.ts'
import { tally } from './votes.ts'
import { reasons, type MoveKind, type Reason, type Verdict } from './words.ts'

/** What a move would leave behind, in words. */
export const losesOf = (plan: Plan, config: Config): string => {
  if (plan.from === plan.to || plan.from === null) return 'nothing: the active site stays'
  if (leavesData(config)) return `${config.data.holds} at ${plan.from}: no driver carries what is held, and it stays there`
  if (!config.data.carried) return 'nothing: no data is held'
  return isPlanned(plan) ? `nothing: ${plan.from} is left when ${plan.to} has all that was written` : `what ${plan.from} wrote and ${plan.to} has not received`
}

const doing: Record<MoveKind, (plan: Plan) => string> = {
  failover: ({ from, to }) => `failover ${from} → ${to}`,
  switchover: ({ from, to }) => `switchover ${from} → ${to}`,
  evacuate: ({ from, to }) => `evacuation ${from} → ${to}`,
  failback: ({ from, to }) => `failback ${from} → ${to}`,
  repoint: ({ to, addresses }) => `repoint to ${to} at ${addresses.join(', ')}`,
  adopt: ({ to, addresses }) => `adoption: the names point at ${to} (${addresses.join(', ')})`,
}

/** `failover aws → hetzner`. */
export const planName = (plan: Plan): string => doing[plan.kind](plan)

type Say = {
  site: string
  why: string
  /** How long it has failed, in words, and what is left of a budget. */
  since: string
  leftMs: (budgetMs: number) => number
  plan: Plan | null
  state: State
  config: Config
}

/** What is wrong with a site, for the sentences of what was not done about it. */
const plights: Record<Verdict, (site: string) => string> = {
  abstain: (site) => `${site} cannot be judged`,
  cut: (site) => `${site} is cut off`,
  stopped: (site) => `${site} is stopped`,
  foreign: (site) => `somebody else answers at ${site}`,
  'app-fault': (site) => `${site}'s host answers and its app fails`,
  down: (site) => `${site} is down`,
  notice: (site) => `the company warns about ${site}`,
  'control-plane-degraded': (site) => `${site} is well, and its cloud's API is not`,
  blip: (site) => `${site} is in doubt`,
  well: (site) => `${site} is well`,
}

const verdictOf = ({ site, state }: Say): Verdict => state.watch.sites[site]?.verdict ?? 'blip'

/** `aws is down: 3 of 3 vantages fail`. */
export const plightOf = (site: string, { verdict, why }: { verdict: Verdict; why: string }): string => `${plights[verdict](site)}: ${why}`

const plight = (s: Say): string => plightOf(s.site, { verdict: verdictOf(s), why: s.why })

/** The same of one outage, with its time. */
const lasting = (s: Say): string => {
  const verdict = verdictOf(s)
  if (verdict === 'stopped') return `${s.site} has been stopped for ${s.since}`
  return verdict === 'foreign' ? `somebody else has answered at ${s.site} for ${s.since}` : `${s.site} has been down for ${s.since}`
}

const wouldStart = (s: Say): string => `${plight(s)}. It would start ${planName(s.plan!)}`

/** The command that starts this plan by hand. */
const byHand = ({ kind, to }: Plan): string =>
  kind === 'failback' ? 'lifeboat failback' : kind === 'repoint' ? `lifeboat adopt --active ${to}` : `lifeboat ${kind} ${to}`

/** What keeps lifeboat from starting by itself, after a colon. */
const bars: Partial<Record<Reason, string>> = {
  'automatic-off': 'policy.automatic is false',
  paused: 'automatic moves are paused',
  'no-target': 'no other site is known to be well',
  cooldown: 'the only site to go to was left a short time ago (policy.cooldown)',
}

/** What comes when a budget is over. */
const budget = (s: Say, name: 'outage' | 'appFault', budgetMs: number): string => {
  const { state, config } = s
  const cause = name === 'outage' ? 'outage' : 'app-fault'
  const leftMs = s.leftMs(budgetMs)
  const noTarget = () => (onlyCooldownBars(state, config, cause) ? 'cooldown' : 'no-target')
  const bar = targetOf(state, config, cause, leftMs) === null ? noTarget() : automaticBar(state, config, cause)
  const policy = `policy.${name} (${spell(budgetMs)})`
  if (bar === null) return `${plight(s)}. A failover starts when ${policy} is over, in ${spell(leftMs)}`
  return `${plight(s)}. When ${policy} is over, in ${spell(leftMs)}, nothing moves: ${bars[bar] ?? reasons[bar].means}`
}

/** One sentence a reason: what is so, what lifeboat does or does not do about it, and the one way past it. */
const says: Record<Reason, (s: Say) => string> = {
  starting: ({ site }) => `too few rounds yet to say how ${site} is`,
  'not-adopted': ({ config }) => `${config.app}'s names are not adopted yet: it watches only. To take them over: lifeboat adopt`,
  'owner-missing': () => 'the file has no owner, so our marker in DNS could not be told from a stranger\'s: nothing moves. For a fresh one: lifeboat adopt',
  'store-untrusted': () => 'this store may be an old copy, so it watches and does nothing by itself. To take it up: lifeboat adopt',
  'move-open': ({ state }) => `${planName(state.ledger.move!)} is under way (epoch ${state.ledger.move!.epoch}). To follow it: lifeboat status --watch`,
  well: plight,
  abstain: ({ site, why }) => `the observer does not trust itself (${why}), so it says nothing of ${site} and nothing moves`,
  blip: (s) => `${plight(s)}. Doubt holds`,
  notice: (s) => `${plight(s)}. Nothing moves by itself. To move in time: lifeboat switchover ${wayOut(s)}`,
  'control-plane-degraded': plight,
  'outage-budget': (s) => budget(s, 'outage', s.config.policy.outageMs),
  'app-fault-budget': (s) => budget(s, 'appFault', s.config.policy.appFaultMs!),
  'app-fault-never': (s) => `${plight(s)}. policy.appFault is never, so nothing moves. To move: lifeboat failover ${wayOut(s)}`,
  'cut-unconfirmed': (s) => `${plight(s)}. ${s.why.includes(cutOf(s)) ? 'It may be a cut' : `It may be a cut (${cutOf(s)})`}: that is read again until policy.confirmCut (${spell(s.config.policy.confirmCutMs)}) is over`,
  'cut-serving': (s) =>
    `${plight(s)}. It ${s.state.watch.sites[s.site]?.health === 'up' ? 'still serves' : 'may still serve'}, and that will not last: a person decides.${leftBehind(s)} To move now: lifeboat switchover ${wayOut(s)}${leavesData(s.config) ? ' --accept-loss all' : ''}`,
  'stopped-by-operator': (s) => `${s.site} was stopped by an operator: ${s.why}. Nothing moves by itself. To move: lifeboat failover ${wayOut(s)}`,
  'automatic-off': (s) => `${wouldStart(s)}, and policy.automatic is false: nothing is done.${leftBehind(s)} To do it: ${byHand(s.plan!)}`,
  paused: (s) => `${wouldStart(s)}, and automatic moves are paused${pausedBy(s.state.ledger)}. To do it: ${byHand(s.plan!)}`,
  cooldown: (s) => `${plight(s)}. The only site to go to was left less than ${spell(s.config.policy.cooldownMs)} ago (policy.cooldown): nothing moves. To move now: lifeboat failover ${wayOut(s)}`,
  'moves-capped': (s) => `${wouldStart(s)}, and ${s.config.policy.maxMovesPerHour} moves were started by themselves within the hour (policy.maxMovesPerHour). To do it: ${byHand(s.plan!)}`,
  'data-held': (s) => `${wouldStart(s)}, and that leaves ${s.config.data.holds} behind at ${s.site}: only a cut may do that by itself. To do it: ${byHand(s.plan!)}`,
  'no-target': (s) => `${plight(s)}. No other site can take over (${notOthers(s)}): the last answer stays.${lastResort(s)}`,
  cut: plight,
  outage: (s) => `${lasting(s)}: ${s.why}`,
  'app-fault': ({ site, why, since }) => `${site}'s app has failed for ${since}: ${why}`,
  preferred: ({ plan }) => `${plan!.to} is preferred and well again, and policy.failback is automatic`,
  'address-changed': ({ site }) => `${site}'s address changed`,
  redirect: () => 'an open move was turned to another site',
  'active-is-up': ({ site }) => `${site} is up, and a failover gives it up. To do it all the same: --force`,
  'target-unready': (s) => `${s.site} ${whyNot(s.state, s.config, s.site) ?? 'cannot take over'}. To go there all the same: ${s.plan && !isPlanned(s.plan) ? '--unready' : `lifeboat failover ${s.site} --unready${pressed(s)}`}`,
  'target-cold': ({ site }) => `${site} has no address yet. To create it: lifeboat up ${site}`,
  'target-fenced': ({ site, state, config }) =>
    `${site} ${whyNot(state, config, site) ?? 'is fenced'}${leavesData(config) || config.data.carried ? '. To let it in again' : `; it stands by again after ${config.check.rise} good rounds. To let it in now`}: lifeboat rejoin ${site}`,
  'target-active': ({ site }) => `${site} is active already: there is nothing to do. To look: lifeboat status`,
  'source-not-well': (s) => `a planned move needs both sites well, and ${plight(s)}. To give it up: lifeboat failover ${wayOut(s)}`,
  'loss-not-accepted': ({ site, config }) => `the move leaves ${config.data.holds} behind at ${site}: no driver carries what it holds. To do it all the same: --accept-loss all`,
  'unknown-site': ({ site, config }) => `there is no site ${site}; there are ${config.sites.map((s) => s.site).join(', ')}. To see them: lifeboat status`,
  'plan-changed': () => 'things have changed since the plan was shown: nothing was done. To see the new one: lifeboat plan',
  'not-fenced': ({ site }) => `${site} is not fenced: there is nothing to rejoin. To look: lifeboat status`,
  'not-paused': () => 'nothing is paused. To pause: lifeboat pause',
  expired: () => 'nobody took the request in time: it has expired and never runs',
  request: () => 'as asked',
  disowned: ({ config }) => `${config.dns.names.join(', ')} ${verb(config.dns.names, 'is', 'are')} let go of: the records stay as they are, and our TXT beside them goes`,
}

const leftBehind = ({ site, config }: Say) => (leavesData(config) ? ` A move leaves ${config.data.holds} behind at ${site}.` : '')

const pausedBy = ({ pause }: Ledger): string => (pause ? ` by ${pause.by}${pause.why ? ` (${pause.why})` : ''}` : '')

/** Where a person would go: the plan's target, the first site that can be active, or the first other one. */
const wayOut = ({ plan, state, config }: Say): string =>
  plan?.to ?? others(state, config).find((s) => whyNot(state, config, s) === null) ?? others(state, config)[0] ?? ''

const notOthers = ({ state, config }: Say): string => {
  const each = others(state, config).map((s) => `${s} ${whyNot(state, config, s) ?? 'was left a short time ago'}`)
  return each.join(', ') || 'there is none'
}

/** What a failover needs besides, while the active site is up. */
const pressed = ({ state }: Say): string => (state.watch.sites[state.ledger.active ?? '']?.health === 'up' ? ' --force' : '')

/** The one command that goes on where no site can take over: to one in doubt, else to let one in, else to create one. */
function lastResort(s: Say): string {
  const { state, config } = s
  const list = others(state, config)
  const isCold = (s: string) => siteOf(config, s)?.addresses.length === 0
  const isGiven = (s: string) => state.ledger.given.some((g) => g.site === s)
  const cold = list.find(isCold)
  const given = list.find((s) => isGiven(s) && !isCold(s))
  const doubted = list.find((s) => !isGiven(s) && !isCold(s))
  if (doubted) return ` To go there all the same: lifeboat failover ${doubted} --unready${pressed(s)}`
  if (given) return ` To let it in again: lifeboat rejoin ${given}`
  return cold ? ` To create it: lifeboat up ${cold}` : ' Another site in the file would be a way out. To prove the file: lifeboat check'
}

const cutOf = ({ state, config }: Say): string => {
  const evidence = freshEvidence(state.watch, state.ledger.active!, state.watch.at!.monoMs)
  return unconfirmedCut({ evidence, health: 'down', failingMs: failingMsOf(state), config })?.detail ?? 'not any more'
}

/** What a request changed in the ledger without a move. */
const setSays = (decision: Extract<Decision, { kind: 'set' }>, { watch, ledger }: State): string => {
  const { pause } = decision.ledger
  if (decision.site && decision.ledger.releases !== ledger.releases) return `${decision.site} runs release ${decision.ledger.releases?.[decision.site]?.release}`
  if (decision.site) return `${decision.site} is a standby again`
  if (!pause) return 'automatic moves are on again'
  const until = pause.untilMs === null ? ' until somebody resumes them' : watch.at ? ` for ${spell(pause.untilMs - watch.at.wallMs)}` : ''
  const stays = pausesOf(ledger).includes(pause)
  return `automatic moves ${stays ? 'stay' : 'are'} paused${pausedBy(decision.ledger)}${until}${ledger.move ? '; the open move goes on' : ''}`
}

/** The sentence of a decision: the same in the log, in `status`, in messages and in tests. */
export function sentenceOf(decision: Decision, state: State, config: Config): string {
  const site = decision.site ?? state.ledger.active ?? ''
  const seen = state.watch.sites[site]
  const nowMs = state.watch.at?.monoMs ?? 0
  const plan = decision.kind === 'move' ? decision.plan : decision.kind === 'refuse' ? decision.would : null
  const facts: Say = {
    site,
    why: seen?.why ?? 'not seen yet',
    since: spell(nowMs - (seen?.failingSinceMs ?? seen?.sinceMs ?? nowMs)),
    leftMs: (budgetMs) => (seen ? Math.max(0, budgetLeftMs(seen, state, config, budgetMs)) : budgetMs),
    plan,
    state,
    config,
  }
  if (decision.kind === 'set') return `done: ${decision.reason === 'request' ? setSays(decision, state) : says[decision.reason](facts)}`
  if (decision.kind !== 'move') return `${decision.kind}: ${says[decision.reason](facts)}`
  if (decision.reason === 'request') return `move: ${planName(decision.plan)}, asked for by ${decision.by}`
  const behind = leavesData(config) && decision.plan.from !== decision.plan.to ? `. It leaves behind ${losesOf(decision.plan, config)}` : ''
  return `move: ${says[decision.reason](facts)}. ${capital(planName(decision.plan))} starts${behind}`
}

const capital = (text: string): string => `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`

/** Every fact that a decision rested on, a line each. */
export function factsOf(state: State, config: Config): string[] {
  const { ledger, watch } = state
  const nowMs = watch.at?.monoMs ?? 0
  const lines = [`epoch ${ledger.epoch}, active ${ledger.active ?? 'none'}${ledger.trusted ? '' : ', the store may be an old copy'}`]
  for (const site of config.sites) {
    const seen = watch.sites[site.site]
    if (!seen) continue
    const votes = tally(watch.votes, config, site)
    lines.push(`${site.site}: ${seen.health} for ${spell(nowMs - seen.sinceMs)}, verdict ${seen.verdict} (row ${seen.row}): ${seen.why}`)
    lines.push(`  votes: ${votes.up.length} up, ${votes.down.length} down, ${votes.unknown.length} abstain, of ${votes.voters.length}; quorum ${votes.quorum}`)
    for (const [vantage, vote] of Object.entries(watch.votes[site.site] ?? {})) {
      const said = vote.answers.map((a) => `${a.address} ${a.detail}`).join(', ') || watch.blind[vantage] || 'no answer of this vantage'
      const voice = !votes.voters.includes(vantage) ? 'has no vote here' : vote.run === 0 ? 'abstains' : vote.says
      const streak = vote.run === 0 ? '' : `, ${Math.abs(vote.run)} ${vote.run < 0 ? 'failed' : 'good'} in a row`
      lines.push(`  ${vantage}: ${voice}${streak}: ${said}`)
    }
    for (const e of freshEvidence(watch, site.site, nowMs))
      lines.push(`  ${e.source}: ${e.claim}: ${e.detail}, first read ${spell(nowMs - e.firstMs)} ago, last ${spell(nowMs - e.lastMs)} ago`)
    if (site.site !== ledger.active) lines.push(`  as a target: ${whyNot(state, config, site.site) ?? 'able'}`)
  }
  if (watch.abstains) lines.push(`this observer: ${watch.abstains}`)
  for (const { by } of pausesOf(ledger)) lines.push(`paused by ${by}`)
  lines.push(policyOf(config))
  return lines
}

const policyOf = ({ policy }: Config): string => {
  const { automatic, outageMs, appFaultMs, confirmCutMs, cooldownMs } = policy
  const appFault = appFaultMs === null ? 'never' : spell(appFaultMs)
  return `policy: automatic ${automatic}, outage ${spell(outageMs)}, appFault ${appFault}, confirmCut ${spell(confirmCutMs)}, cooldown ${spell(cooldownMs)}`
}
