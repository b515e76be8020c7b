import { Said } from './errors.ts'
import { poll } from './controller/evidence.ts'
import { lead } from './controller/leading.ts'
import { runMove } from './controller/mover.ts'
import { turnMs, type Parts } from './controller/parts.ts'
import { closeReport, writeReport } from './controller/report.ts'
import { takeRequests } from './controller/requests.ts'
import { round } from './controller/round.ts'
import { isLeading, newSelf, say, type Self } from './controller/self.ts'
import { tellersOf } from './controller/telling.ts'
import { tendDns } from './controller/tending.ts'
import { inDoubt } from './core/observe.ts'
import type { State } from './core/types.ts'
import type { Event } from './core/words.ts'

export type { Parts } from './controller/parts.ts'

/** How one run of the controller differs from another. */
export type RunOptions = {
  /** False: this process carries out what it is asked, and starts nothing by itself. */
  ownMoves: boolean
  /** What an earlier run of this process had seen, after a change of the file. */
  state?: State
  /** Called after each turn of the request loop, so that a command can see its request answered. */
  onTurn?: (self: Self) => void
}

/** Runs until the signal aborts: observe, decide, act, record. Resolves with what it had seen. */
export async function runController(parts: Parts, options: RunOptions, signal: AbortSignal): Promise<State> {
  const self = newSelf(parts, options.state)
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const said = new Map<string, string>()
  const tellers = tellersOf(self, options.ownMoves, either)
  const loops = [
    loop(self, 'leader', either, () => lead(self, options.ownMoves), () => turnMs.lead),
    loop(self, 'health', either, () => round(self, either, options.ownMoves), (tookMs) => roundWaitMs(self, tookMs)),
    loop(self, 'dns', either, () => dnsTurn(self, said, either), () => turnMs.backOff),
    loop(self, 'move', either, () => moveTurn(self, either), () => turnMs.requests),
    loop(self, 'decision', either, () => requestTurn(self, options), () => turnMs.requests),
    ...tellers.turns.map((turn) => loop(self, 'notify', either, turn, () => turnMs.tell)),
    ...parts.clouds.map((cloud) => poll(self, cloud, either)),
  ]
  try {
    await Promise.all(loops)
  } catch (thrown) {
    if (!signal.aborted) throw thrown
  } finally {
    stop.abort(signal.reason)
    await Promise.allSettled(loops)
    try {
      if (signal.aborted) await tellers.last()
      if (signal.aborted && !options.ownMoves) await closeReport(self)
    } finally {
      await self.lease?.release()
    }
  }
  return self.state
}

/** One loop of the controller: a turn, then a pause, until the signal aborts. A store that cannot be used now is said, as what that loop is about, and tried again. */
async function loop(self: Self, event: Event, signal: AbortSignal, turn: () => Promise<void>, pauseMs: (tookMs: number) => number): Promise<void> {
  let failing = ''
  for (;;) {
    signal.throwIfAborted()
    const startedMs = self.parts.clock.now().monoMs
    try {
      await turn()
      failing = ''
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof Said)) throw thrown
      if (failing !== thrown.message) say(self, 'error', event, thrown.message)
      failing = thrown.message
    }
    const tookMs = self.parts.clock.now().monoMs - startedMs
    await self.parts.clock.sleep(Math.max(1, pauseMs(tookMs)), signal)
  }
}

/** Every interval; four times as often while something is in doubt. */
function roundWaitMs({ state, parts }: Self, tookMs: number): number {
  const { intervalMs } = parts.config.check
  return (inDoubt(state.watch) ? intervalMs / 4 : intervalMs) - tookMs
}

/** DNS is read when this process begins, when it comes to lead, after each move, and every minute. */
async function dnsTurn(self: Self, said: Map<string, string>, signal: AbortSignal): Promise<void> {
  const { monoMs } = self.parts.clock.now()
  const due = self.dnsReadMs === null || monoMs - self.dnsReadMs >= turnMs.dns
  if (due && self.book.view() !== null && self.book.ledger().move === null) await tendDns(self, said, signal)
}

async function moveTurn(self: Self, signal: AbortSignal): Promise<void> {
  if (isLeading(self) && self.book.ledger().move !== null) await runMove(self, signal)
}

async function requestTurn(self: Self, options: RunOptions): Promise<void> {
  if (isLeading(self)) {
    await takeRequests(self)
    await writeReport(self)
  }
  options.onTurn?.(self)
}
