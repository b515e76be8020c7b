import { servedBy, taken } from './move-hosts.ts'
import type { World } from './moving.ts'
import { isPlanned } from './plan.ts'
import type { Config, Move, Plan } from './types.ts'
import type { Outcome, Step } from './words.ts'

/** One step of a plan for people. `undo` null: there is nothing to take back, or no way to. */
export type StepText = { step: Step; target: string; sentence: string; undo: string | null; nothing: boolean }

/** A step of a plan as people read it; one with nothing to do says why. */
export function stepOf(step: Step, plan: Plan, config: Config): StepText {
  const told = tell(step, plan, config)
  return { step, ...told, nothing: told.sentence.startsWith(nothingToDo) }
}

const nothingToDo = 'nothing to do: '

function tell(step: Step, plan: Plan, config: Config): Pick<StepText, 'target' | 'sentence' | 'undo'> {
  const hosts = config.dns.hosts.map((h) => h.host).join(', ')
  const names = config.dns.names.join(', ')
  const held = config.data.carried
  const back = plan.from === null || plan.from === plan.to ? null : `lifeboat switchover ${plan.from}${isPlanned(plan) ? '' : ', once it is well again'}`
  const none = (target: string, why: string) => ({ target, sentence: `${nothingToDo}${why}`, undo: null })
  const stays = plan.from === plan.to || plan.from === null
  switch (step) {
    case 'ready':
      if (stays || plan.kind === 'adopt') return none(plan.to, stays ? 'the active site stays' : 'an adoption takes the site as it is')
      return { target: plan.to, sentence: `${plan.to} is known to be well`, undo: null }
    case 'claim':
      return { target: hosts, sentence: `the new epoch is written beside the names, as claimed, at ${hosts}`, undo: 'the next epoch replaces it' }
    case 'drain':
      return none(plan.from ?? plan.to, 'no edge stands before the sites')
    case 'fence':
      if (!held || stays) return none(plan.from ?? plan.to, held ? 'the active site stays' : 'no data driver: nothing is promised about writes')
      return { target: plan.from!, sentence: `${plan.from} stops writing, or its lease runs out`, undo: back }
    case 'caught-up':
      if (!held || stays) return none(plan.to, held ? 'the active site stays' : 'no data driver')
      if (!isPlanned(plan)) return none(plan.to, `what ${plan.from} did not send is not waited for`)
      return { target: plan.to, sentence: `${plan.to} has all that was written`, undo: null }
    case 'promote':
      if (held && !stays) return { target: plan.to, sentence: `${plan.to} is allowed to write`, undo: back }
      return { target: plan.to, sentence: `${plan.to} is the active site in the ledger; no data driver has anything to open`, undo: back }
    case 'shift':
      return none(plan.to, 'no edge stands before the sites')
    case 'point':
      return { target: hosts, sentence: `${names} → ${plan.addresses.join(', ')}, and the epoch as pointed, in one change at ${hosts}`, undo: back }
    case 'confirm':
      return { target: config.dns.names.join(', '), sentence: 'every name server of the zone is asked for it', undo: null }
  }
}

/** How a step of a move ended, as people read it: for what is written in DNS, where it stands and where it does not. */
export function endOf(step: Step, move: Move, world: World, config: Config): { sentence: string; outcome: Outcome } {
  const plan = stepOf(step, move, config)
  if (plan.nothing) return { sentence: plan.sentence, outcome: 'nothing' }
  if (step === 'confirm') {
    const { showing, sentence } = servedBy(move, world, config)
    return { sentence, outcome: showing > 0 ? 'done' : 'unknown' }
  }
  if (step !== 'claim' && step !== 'point') return { sentence: plan.sentence, outcome: 'done' }
  const { by, not } = taken(move, world, config, step === 'claim' ? 'claimed' : 'pointed')
  if (by.length === 0) return { sentence: `no DNS host shows it: ${not.join(', ')}`, outcome: 'unknown' }
  const sentence = tell(step, move, { ...config, dns: { ...config.dns, hosts: config.dns.hosts.filter((h) => by.includes(h.host)) } }).sentence
  return { sentence: not.length > 0 ? `${sentence}; not yet: ${not.join(', ')}` : sentence, outcome: 'done' }
}
