import { losesOf, planName, stepOf } from '../core/explain.ts'
import { leavesData } from '../core/plan.ts'
import type { Config, Plan } from '../core/types.ts'
import type { Step } from '../core/words.ts'
import { columns } from './columns.ts'

/** `lifeboat plan --json` (CONTRACT.md). */
export const planJson = (plan: Plan, epoch: number, config: Config) => ({
  kind: plan.kind,
  from: plan.from,
  to: plan.to,
  epoch,
  steps: plan.steps.map((each) => {
    const { step, target, sentence, undo } = stepOf(each, plan, config)
    return { step, target, sentence, undo }
  }),
  pointOfNoReturn: pointOfNoReturn(plan, config),
  loses: losesOf(plan, config),
})

/**
 * From which step on the way back is another move that loses something. Null: none. Where a data driver carries what is written, that
 * is promote; where data stays behind, users write at the target once the names point there.
 */
function pointOfNoReturn(plan: Plan, config: Config): Step | null {
  if (plan.from === null || plan.from === plan.to) return null
  return config.data.carried ? 'promote' : leavesData(config) ? 'point' : null
}

/** A plan for people: its steps with each undo, and what it loses. */
export function planLines(plan: Plan, epoch: number, config: Config): string[] {
  const { steps, pointOfNoReturn: point, loses } = planJson(plan, epoch, config)
  const rows = steps.map(({ step, sentence, undo }) => [`  ${step}`, undo === null ? sentence : `${sentence} (undo: ${undo})`])
  return [
    `${planName(plan)}, epoch ${epoch}`,
    ...columns(rows),
    `no return  ${point === null ? 'each step can be undone' : `from ${point} on`}`,
    `loses      ${loses}`,
  ]
}
