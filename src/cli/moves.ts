import type { StepRun } from '../core/moving.ts'
import type { Ledger, Move, Past } from '../core/types.ts'
import type { MoveState } from '../core/words.ts'
import type { Journal, StoredEntry } from '../ports.ts'

/** One move of `lifeboat history --json` (CONTRACT.md). `endedMs` null: it is open. */
export type MoveRun = {
  epoch: number
  kind: string
  from: string | null
  to: string
  by: string
  reason: string
  /** For `lifeboat explain`. Null: the journal does not hold it any more. */
  decision: string | null
  startedMs: number
  endedMs: number | null
  state: MoveState
  steps: StepRun[]
}

type Bare = Omit<MoveRun, 'steps' | 'decision'>

const fromOpen = (move: Move): Bare => {
  const { epoch, kind, from, to, by, cause, startedMs } = move
  return { epoch, kind, from, to, by, reason: cause, startedMs, endedMs: null, state: 'open' }
}

const fromPast = (past: Past): Bare => {
  const { epoch, kind, from, to, by, cause, startedMs, endedMs, state } = past
  return { epoch, kind, from, to, by, reason: cause, startedMs, endedMs, state }
}

/** A move has nine steps, each begun and ended once more by every controller that took it on. */
const stepEntriesMost = 1_000

/** Every move that the ledger knows, newest first, with its steps from the journal. */
export async function movesOf(ledger: Ledger, journal: Journal): Promise<MoveRun[]> {
  const moves = [...(ledger.move ? [fromOpen(ledger.move)] : []), ...ledger.past.map(fromPast)]
  return Promise.all(moves.map((move) => withSteps(move, journal)))
}

/** The open move with its steps so far. Null: none is open. */
export const openMoveOf = async (ledger: Ledger, journal: Journal): Promise<MoveRun | null> =>
  ledger.move ? withSteps(fromOpen(ledger.move), journal) : null

async function withSteps(move: Bare, journal: Journal): Promise<MoveRun> {
  const entries = await journal.entries({ event: 'step', epoch: move.epoch, most: stepEntriesMost })
  return { ...move, decision: await decisionOf(move.epoch, journal), steps: stepRuns(entries.reverse(), move.endedMs) }
}

/** An epoch has one opening and one end, each an entry. */
const openingEntriesMost = 10

/** What the move of this epoch was decided by: a decision's id, or the first of a request's. Null: the journal does not say. */
export async function decisionOf(epoch: number, journal: Journal): Promise<string | null> {
  const of = async (event: string) => (await journal.entries({ event, epoch, most: openingEntriesMost })).map(({ fields }) => fields)
  const [request] = (await of('request')).filter(({ kind }) => kind === 'move')
  if (request) return String(request.request).slice(0, shortId)
  const decision = (await of('move')).find((fields) => fields.decision != null)?.decision
  return decision == null ? null : String(decision)
}

/** As many digits of an id as are shown, and enough to find it by. */
const shortId = 8

/**
 * Steps out of their entries, oldest first: the first start, and the first end. A step that only began is open, unless its move has
 * ended meanwhile. `moveEndedMs` null: the move is open.
 */
export function stepRuns(entries: StoredEntry[], moveEndedMs: number | null): StepRun[] {
  const runs = new Map<string, StepRun>()
  for (const { fields } of entries) {
    const { step, target, phase, outcome, startedMs, endedMs, detail } = fields
    const known = runs.get(String(step))
    const run = known ?? ({ step, target, startedMs, endedMs: null, outcome: 'waiting', detail: '' } as StepRun)
    const ended = phase === 'end' && run.endedMs === null
    runs.set(run.step, ended ? { ...run, endedMs: Number(endedMs), outcome: outcome as StepRun['outcome'], detail: String(detail ?? '') } : run)
  }
  return [...runs.values()].map((run) => (run.endedMs === null && moveEndedMs !== null ? { ...run, endedMs: moveEndedMs, outcome: 'abandoned' } : run))
}
