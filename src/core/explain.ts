import { others, whyNot } from './decide.ts'
import { leavesData } from './plan.ts'
import type { Config, Decision, Plan, State } from './types.ts'
import { freshEvidence, unconfirmedCut } from './verdict.ts'
import { tally } from './votes.ts'
import type { MoveKind, Reason, Step } from './words.ts'

/** A duration for people: `0.4 s`, `45 s`, `3 min`, `2 h`, `41 d`; one unit, never longer than it needs. */
export const spell = (ms: number): string => {
  const s = ms / 1000
  if (s < 10) return `${Number(s.toFixed(1))} s`
  if (s < 120) return `${Math.round(s)} s`
  if (s < 2 * 3600) return `${Math.round(s / 60)} min`
  return s < 2 * 86_400 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86_400)} d`
}

/** What a move would leave behind, in words. */
export const losesOf = (plan: Plan, config: Config): string => {
  if (plan.from === plan.to || plan.from === null) return 'nothing: the active site stays'
  if (leavesData(config)) return `${config.data.holds} at ${plan.from}: no driver carries them, and they stay there`
  return config.data.carried ? `what ${plan.from} wrote and ${plan.to} has not received` : 'nothing: no data is held'
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

type Say = { site: string; why: string; since: string; left: (budgetMs: number) => string; would: string | null; state: State; config: Config }

/** What is wrong with a site, for the sentences of what was not done about it. */
const plight = ({ site, why, state }: Say): string => {
  const verdict = state.watch.sites[site]?.verdict
  const what = { cut: 'is cut off', 'app-fault': 'fails in its app', well: 'is well', foreign: 'answers as a stranger', stopped: 'is stopped' } as Partial<Record<string, string>>
  return `${site} ${what[verdict ?? ''] ?? 'is down'}: ${why}`
}

/** One sentence a reason: what is so, and what lifeboat does or does not do about it. */
const says: Partial<Record<Reason, (s: Say) => string>> = {
  starting: () => 'the first rounds are not in yet',
  'not-adopted': ({ config }) => `${config.app}'s names are not adopted yet: it watches only. To take them over: lifeboat adopt`,
  'store-untrusted': () => 'this store may be an old copy, so it watches and does nothing by itself. To take it up: lifeboat adopt',
  'move-open': ({ state }) => `${planName(state.ledger.move!)} is under way (epoch ${state.ledger.move!.epoch})`,
  well: ({ site, why }) => `${site} is well: ${why}`,
  abstain: ({ site, why }) => `the observer does not trust itself (${why}), so it says nothing of ${site} and nothing moves`,
  blip: ({ site, why }) => `${site} is in doubt: ${why}. Doubt holds`,
  notice: ({ site, why }) => `the company warns about ${site}: ${why}. Nothing moves by itself; to move in time: lifeboat switchover`,
  'control-plane-degraded': ({ site, why }) => `${site} is well, and its cloud's API is not: ${why}`,
  'outage-budget': ({ site, why, left, config }) => `${site} is down: ${why}. A failover starts in ${left(config.policy.outageMs)} (policy.outage ${spell(config.policy.outageMs)})`,
  'app-fault-budget': ({ site, why, left, config }) =>
    `${site}'s host is well and its app fails: ${why}. A failover starts in ${left(config.policy.appFaultMs!)} (policy.appFault ${spell(config.policy.appFaultMs!)})`,
  'app-fault-never': ({ site, why }) => `${site}'s host is well and its app fails: ${why}. policy.appFault is never, so nothing moves. To move: lifeboat failover`,
  'cut-unconfirmed': ({ site, state, config }) => `${site} is down, and ${cutOf(state, config)}: it is read again after policy.confirmCut (${spell(config.policy.confirmCutMs)})`,
  'cut-serving': ({ site, why, state, config }) =>
    `${site} is cut and ${state.watch.sites[site]?.health === 'up' ? 'still serves' : 'may still serve'}: ${why}. It will not last: a person decides.${leftBehind(site, config)} To move now: lifeboat switchover ${wayOut(state, config)}${leavesData(config) ? ' --accept-loss all' : ''}`,
  'stopped-by-operator': ({ site, why }) => `${site} was stopped by an operator: ${why}. Nothing moves by itself. To move: lifeboat failover`,
  'automatic-off': (s) => `${plight(s)}. It would start ${s.would}, and policy.automatic is false: nothing is done.${leftBehind(s.site, s.config)} To do it: lifeboat failover`,
  paused: (s) => `${plight(s)}. It would start ${s.would}, and automatic moves are paused by ${s.state.ledger.pause!.by}${s.state.ledger.pause!.why ? ` (${s.state.ledger.pause!.why})` : ''}. To do it: lifeboat failover`,
  cooldown: (s) => `${plight(s)}. The only site to go to was left less than ${spell(s.config.policy.cooldownMs)} ago (policy.cooldown): nothing moves. To move now: lifeboat failover ${wayOut(s.state, s.config)}`,
  'moves-capped': (s) => `${plight(s)}. It would start ${s.would}, and ${s.config.policy.maxMovesPerHour} moves were started within the hour (policy.maxMovesPerHour). To do it: lifeboat failover`,
  'data-held': (s) => `${plight(s)}. It would start ${s.would}, and that leaves ${s.config.data.holds} behind at ${s.site}: only a cut may do that by itself. To do it: lifeboat failover`,
  'no-target': (s) => `${plight(s)}. No other site can take over (${notOthers(s.state, s.config)}): the last answer stays`,
  cut: ({ site, why }) => `${site} is cut off: ${why}`,
  outage: ({ site, why, since }) => `${site} has been down for ${since}: ${why}`,
  'app-fault': ({ site, why, since }) => `${site}'s app has failed for ${since}: ${why}`,
  preferred: ({ would }) => `${would}: the preferred site is well again, and policy.failback is automatic`,
  'address-changed': ({ would }) => `${would}: the active site's address changed`,
  'active-is-up': ({ site, would }) => `${site} is up (${would} would give it up). To do it all the same: --force; with both sites well: lifeboat switchover`,
  'target-unready': ({ site, state, config }) => `${site} ${whyNot(state, config, site) ?? 'cannot take over'}. To go there all the same: --unready`,
  'target-active': ({ site }) => `${site} is active already: there is nothing to do`,
  'source-not-well': ({ site, state }) => `a planned move needs both sites well, and ${site} is ${state.watch.sites[site]?.health ?? 'unknown'}. To give it up: lifeboat failover`,
  'loss-not-accepted': ({ site, config }) => `the move leaves ${config.data.holds} behind at ${site}: no driver carries them. To do it all the same: --accept-loss all`,
  'unknown-site': ({ site, config }) => `there is no site ${site}; there are ${config.sites.map((s) => s.site).join(', ')}`,
  'plan-changed': () => 'things have changed since the plan was shown: nothing was done. To see the new one: lifeboat plan',
  'not-fenced': ({ site }) => `${site} is not fenced: there is nothing to rejoin`,
  'not-paused': () => 'nothing is paused',
  expired: () => 'nobody took the request in time: it has expired and never runs',
  request: () => 'done as asked',
}

const leftBehind = (site: string, config: Config) => (leavesData(config) ? ` A move leaves ${config.data.holds} behind at ${site}.` : '')

const wayOut = (state: State, config: Config): string => others(state, config).find((s) => whyNot(state, config, s) === null) ?? others(state, config)[0] ?? ''

const notOthers = (state: State, config: Config) => others(state, config).map((s) => `${s} ${whyNot(state, config, s) ?? 'was left a short time ago'}`).join(', ') || 'there is none'

const cutOf = ({ ledger, watch }: State, config: Config): string => {
  const evidence = freshEvidence(watch, ledger.active!, watch.at!.monoMs)
  return unconfirmedCut({ evidence, health: 'down', config })?.detail ?? 'a cut was read once'
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
    since: spell(nowMs - (seen?.sinceMs ?? nowMs)),
    left: (budgetMs) => spell(Math.max(0, budgetMs - (nowMs - (seen?.verdictSinceMs ?? nowMs)))),
    would: plan ? planName(plan) : null,
    state,
    config,
  }
  const text = says[decision.reason]?.(facts) ?? decision.reason
  if (decision.kind !== 'move') return `${decision.kind === 'set' ? 'done' : decision.kind}: ${text}`
  if (decision.reason === 'request') return `move: ${planName(decision.plan)}, asked for by ${decision.by}`
  const behind = leavesData(config) && decision.plan.from !== decision.plan.to ? `. It leaves behind ${losesOf(decision.plan, config)}` : ''
  return `move: ${text}. ${planName(decision.plan)} starts${behind}`
}

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
      const voice = votes.voters.includes(vantage) ? vote.says : 'has no vote here'
      lines.push(`  ${vantage}: ${voice}, ${Math.abs(vote.run)} ${vote.run < 0 ? 'failed' : 'good'} in a row: ${said}`)
    }
    for (const e of freshEvidence(watch, site.site, nowMs))
      lines.push(`  ${e.source}: ${e.claim}: ${e.detail}, first read ${spell(nowMs - e.firstMs)} ago, last ${spell(nowMs - e.lastMs)} ago`)
    if (site.site !== ledger.active) lines.push(`  as a target: ${whyNot(state, config, site.site) ?? 'able'}`)
  }
  if (watch.abstains) lines.push(`this observer: ${watch.abstains}`)
  if (ledger.pause) lines.push(`paused by ${ledger.pause.by}`)
  lines.push(`policy: automatic ${config.policy.automatic}, outage ${spell(config.policy.outageMs)}, appFault ${config.policy.appFaultMs === null ? 'never' : spell(config.policy.appFaultMs)}, confirmCut ${spell(config.policy.confirmCutMs)}, cooldown ${spell(config.policy.cooldownMs)}`)
  return lines
}

/** One step of a plan for people. `undo` null: there is nothing to take back, or no way to. */
export type StepText = { step: Step; target: string; sentence: string; undo: string | null; nothing: boolean }

export function stepOf(step: Step, plan: Plan, config: Config): StepText {
  const told = tell(step, plan, config)
  return { step, ...told, nothing: told.sentence.startsWith(nothingToDo) }
}

const nothingToDo = 'nothing to do: '

function tell(step: Step, plan: Plan, config: Config): Pick<StepText, 'target' | 'sentence' | 'undo'> {
  const hosts = config.dns.hosts.map((h) => h.host).join(', ')
  const names = config.dns.names.join(', ')
  const held = config.data.carried
  const back = plan.from !== null && plan.from !== plan.to ? `lifeboat failover ${plan.from}` : null
  const none = (target: string, why: string) => ({ target, sentence: `${nothingToDo}${why}`, undo: null })
  const stays = plan.from === plan.to || plan.from === null
  switch (step) {
    case 'ready':
      return { target: plan.to, sentence: `${plan.to} is known to be well`, undo: null }
    case 'claim':
      return { target: hosts, sentence: `the new epoch is written beside the names, as claimed, at ${hosts}`, undo: 'the next epoch replaces it' }
    case 'drain':
      return none(plan.from ?? plan.to, 'no edge stands before the sites')
    case 'fence':
      if (!held || stays) return none(plan.from ?? plan.to, held ? 'the active site stays' : 'no data driver: nothing is promised about writes')
      return { target: plan.from!, sentence: `${plan.from} stops writing, or its lease runs out`, undo: back }
    case 'caught-up':
      return held && !stays ? { target: plan.to, sentence: `${plan.to} has all that was written`, undo: null } : none(plan.to, held ? 'the active site stays' : 'no data driver')
    case 'promote':
      return held && !stays ? { target: plan.to, sentence: `${plan.to} is allowed to write`, undo: back } : { target: plan.to, sentence: `${plan.to} is the active site in the ledger; no data driver has anything to open`, undo: back }
    case 'shift':
      return none(plan.to, 'no edge stands before the sites')
    case 'point':
      return { target: hosts, sentence: `${names} → ${plan.addresses.join(', ')}, and the epoch as pointed, in one change at ${hosts}`, undo: back }
    case 'confirm':
      return { target: config.dns.names.join(', '), sentence: 'every name server that the parent publishes is asked for it', undo: null }
  }
}
