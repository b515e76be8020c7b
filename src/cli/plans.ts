import { losesOf, planName } from '../core/explain.ts'
import { stepOf } from '../core/step-sentences.ts'
import { isPlanned, leavesData } from '../core/plan.ts'
import { releaseChange } from '../core/releases.ts'
import type { Config, Ledger, Plan } from '../core/types.ts'
import type { Step } from '../core/words.ts'
import { columns } from './columns.ts'
import { shortTime } from './times.ts'

/** A plan and what it is shown beside: the ledger as it stands, and the wall clock. */
export type Shown = { plan: Plan; epoch: number; config: Config; ledger: Ledger; nowMs: number }

/** `lifeboat plan --json` (CONTRACT.md). */
export const planJson = ({ plan, epoch, config, ledger, nowMs }: Shown) => ({
  kind: plan.kind,
  from: plan.from,
  to: plan.to,
  epoch,
  steps: plan.steps.map((each) => {
    const { step, target, sentence, undo } = stepOf(each, plan, config)
    const waits = step === 'ready' ? tail(plan, ledger, nowMs) : ''
    return { step, target, sentence: `${sentence}${waits}`, undo }
  }),
  pointOfNoReturn: pointOfNoReturn(plan, config),
  loses: losesOf(plan, config),
  /** Which releases the two sites run, where they differ. Null: they do not, or nobody ever told. */
  releases: releaseChange(ledger, plan),
})

/** A planned move begins only when no answer from before the adoption is kept any more. Empty: none is. */
const tail = (plan: Plan, { longTailUntilMs }: Ledger, nowMs: number): string =>
  isPlanned(plan) && longTailUntilMs !== null && longTailUntilMs > nowMs
    ? `; it waits until ${shortTime(longTailUntilMs, nowMs)} UTC, since answers with the TTL from before the adoption may be kept until then`
    : ''

/**
 * From which step on the way back is another move that loses something. Null: none. Where a data driver carries what is written, that
 * is promote; where data stays behind, users write at the target once the names point there.
 */
function pointOfNoReturn(plan: Plan, config: Config): Step | null {
  if (plan.from === null || plan.from === plan.to) return null
  return config.data.carried ? 'promote' : leavesData(config) ? 'point' : null
}

/** A plan for people: its steps with each undo, and what it loses. */
export function planLines(shown: Shown): string[] {
  const { steps, pointOfNoReturn: point, loses, releases } = planJson(shown)
  const rows = steps.map(({ step, sentence, undo }) => [`  ${step}`, undo === null ? sentence : `${sentence} (undo: ${undo})`])
  return [
    `${planName(shown.plan)}, epoch ${shown.epoch}`,
    ...columns(rows),
    `point of no return: ${point === null ? 'none, each step can be undone' : point}`,
    `loses: ${loses}`,
    ...(releases === null ? [] : [`releases: ${releases}`]),
  ]
}
