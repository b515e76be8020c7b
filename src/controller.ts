import type { Bell } from './controller/bell.ts'
import { poll } from './controller/evidence.ts'
import { lead } from './controller/leading.ts'
import { runMove } from './controller/mover.ts'
import type { Parts } from './controller/parts.ts'
import { turnMs } from './controller/times.ts'
import { closeReport, writeReport } from './controller/report.ts'
import { takeRequests } from './controller/requests.ts'
import { runRounds } from './controller/rounds.ts'
import { isLeading, newSelf, sayingOnce, type Self } from './controller/self.ts'
import { readStack } from './controller/stacks.ts'
import { tellersOf } from './controller/telling.ts'
import { tendDns } from './controller/tending.ts'
import type { State } from './core/types.ts'
import type { Event } from './core/words.ts'


/** How one run of the controller differs from another. */
export type RunOptions = {
  /** False: this process carries out what it is asked, and starts nothing by itself. */
  ownMoves: boolean
  /** What an earlier run of this process had seen, after a change of the file. */
  state?: State
  /** False once it has ended: another run goes on at once, and tells what waits to be told. Left out: none does. */
  isLast?: () => boolean
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
    runRounds(self, options.ownMoves, either),
    loop(self, 'dns', either, () => dnsTurn(self, said, either), () => turnMs.backOff),
    loop(self, 'move', either, () => moveTurn(self, either), () => turnMs.requests, self.moveOpened),
    loop(self, 'decision', either, () => requestTurn(self, options), () => turnMs.requests),
    ...tellers.turns.map((turn) => loop(self, 'notify', either, turn, () => turnMs.tell)),
    ...(options.ownMoves ? (parts.stacks ?? []) : []).map((stack) => loop(self, 'config', either, () => readStack(self, stack, either), () => turnMs.backOff)),
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
      if (signal.aborted && (options.isLast?.() ?? true)) await tellers.last()
      if (signal.aborted && !options.ownMoves) await closeReport(self)
    } finally {
      await self.lease?.release()
    }
  }
  return self.state
}

/** One loop of the controller: a turn, then a pause, which a bell ends early, until the signal aborts. */
async function loop(self: Self, event: Event, signal: AbortSignal, turn: () => Promise<void | 'not due'>, pauseMs: () => number, bell?: Bell): Promise<void> {
  const attempt = sayingOnce(self, event, signal)
  for (;;) {
    signal.throwIfAborted()
    await attempt(turn)
    await (bell ? bell.wait(pauseMs(), signal) : self.parts.clock.sleep(pauseMs(), signal))
  }
}

/** DNS is read when this process begins, when it comes to lead, after each move, and every minute; sooner while a host or one of its name servers does not show what it should, or cannot be read. */
async function dnsTurn(self: Self, said: Map<string, string>, signal: AbortSignal): Promise<void | 'not due'> {
  const { monoMs } = self.parts.clock.now()
  const everyMs = self.dns.some(({ state }) => state === 'lost' || state === 'written') ? turnMs.dnsLost : turnMs.dns
  const due = self.dnsReadMs === null || monoMs - self.dnsReadMs >= everyMs
  if (!due || self.book.view() === null || self.book.ledger().move !== null) return 'not due'
  await tendDns(self, said, signal)
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
