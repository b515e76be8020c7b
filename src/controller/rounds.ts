// When rounds begin: one at each interval, and sooner in doubt (core/observe.ts). A site that drops what it is sent would then make each
// round wait for the time-out of the one before, and a dead vantage all of them; so up to `fall` are under way side by side. They are
// counted one after the other, in the order in which they began.

import { roundEveryMs } from '../core/observe.ts'
import type { Question } from '../ports.ts'
import { newBell } from './bell.ts'
import { count, hear, questionsOf } from './round.ts'
import { sayingOnce, type Self } from './self.ts'

/** Begins rounds and counts them, until the signal aborts. */
export async function runRounds(self: Self, ownMoves: boolean, signal: AbortSignal): Promise<void> {
  const { clock, config, held } = self.parts
  const bell = newBell(clock)
  const attempt = sayingOnce(self, 'health', signal)
  let counted: Promise<void> = Promise.resolve()
  let underWay = 0
  let dropped = false
  const failures: unknown[] = []

  const begin = (): void => {
    underWay += 1
    dropped = false
    const before = counted
    const heard = hear(self, signal)
    counted = Promise.allSettled([before, heard])
      .then(() => attempt(async () => {
          signal.throwIfAborted()
          await count(self, await heard, ownMoves)
        }))
      .catch((thrown: unknown) => void failures.push(thrown))
      .then(() => {
        underWay -= 1
        const questions = whatToHold(self)
        if (questions) held?.hold(questions, drop)
        bell.ring()
      })
  }
  const drop = (): void => {
    dropped = true
    bell.ring()
  }

  try {
    for (;;) {
      const startedMs = clock.now().monoMs
      begin()
      for (;;) {
        const leftMs = startedMs + roundEveryMs(self.state.watch, config.check.intervalMs) - clock.now().monoMs
        const isFull = underWay >= Math.max(1, config.check.fall)
        if (!isFull && (dropped || leftMs <= 0)) break
        await bell.wait(isFull ? config.check.intervalMs : Math.max(1, leftMs), signal)
        if (failures.length > 0) throw failures[0]
      }
    }
  } finally {
    await counted
    held?.hold([], () => {})
  }
}

/**
 * The active site is held while some vantage reaches it: once none does, what a drop would tell is known. Null: nobody can say, as where
 * this observer abstains, and what is held stays.
 */
function whatToHold({ parts, state: { watch, ledger } }: Self): Question[] | null {
  const { active } = ledger
  if (active === null) return []
  const votes = Object.values(watch.votes[active] ?? {})
  if (votes.some(({ says, run }) => says === 'up' && run > 0)) return questionsOf(parts, active).filter(({ site }) => site === active)
  return votes.some(({ run }) => run < 0) ? [] : null
}
