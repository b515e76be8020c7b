import { emptyWatch } from '../core/observe.ts'
import { freshLedger } from '../core/ledger.ts'
import { clockDriftMs } from '../core/limits.ts'
import type { HostView, ServerView } from '../core/moving.ts'
import type { Decision, Reading, State } from '../core/types.ts'
import { voteFreshMs } from '../core/votes.ts'
import type { Event } from '../core/words.ts'
import { Said, textOf } from '../errors.ts'
import type { Lease, LogLine, Report } from '../ports.ts'
import { newBell, type Bell } from './bell.ts'
import { openBook, type Book } from './book.ts'
import type { Parts } from './parts.ts'

/** What one controller process knows of itself; every loop reads it, each field has one writer. */
export type Self = {
  parts: Parts
  book: Book
  /** Written by the rounds. */
  state: State
  rounds: number
  /** Evidence that arrived since the last round; written by the polls, emptied by the rounds. */
  readings: Reading[]
  /** Written by the leading loop. */
  lease: Lease | null
  /** True: the store says that it leads. */
  entered: boolean
  /** The hash of the file that was in force when this process first looked. Null: none was. */
  fileAtStart: string | null | undefined
  /** The hash of a file in force that is not this controller's, once it was said: then it does not come to lead. */
  otherFile: string | null
  /** No outside write before this monotonic moment: a new leader waits for what its predecessor may have under way. */
  actFromMs: number
  /** Written by the rounds, while leading. */
  decision: (Decision & { id: string; sentence: string }) | null
  /** Written by the reads of DNS. Null views: could not find out. */
  hosts: Record<string, HostView | null>
  servers: ServerView[] | null
  dns: Report['dns']
  /** What is wrong with each DNS host, as it was last said. */
  notes: Record<string, string>
  /** Rung by whoever opened a move. */
  moveOpened: Bell
  /** Written by the mover. */
  waits: string | null
  dnsReadMs: number | null
  /** Set by whoever changed something that others wait for: the report is written at once. */
  reportDue: boolean
  reportedMs: number
  /** Who leads instead, as it was last said. Null: this process, or not said yet. */
  standsBy: string | null
  /** Channels that do not take their messages now. */
  untold: NonNullable<Report['untold']>
  /** By site when its stack was last asked for its outputs, monotonic, and why they could not be read; written by the loop of the stacks. */
  stackReads: Record<string, { atMs: number; failing: { sinceMs: number; why: string } | null }>
  /** By what was asked, the fault that was said of it; one that answers again has none. */
  faults: Map<string, string>
}

/** A controller that has seen nothing yet, or what an earlier run of this process had seen. */
export const newSelf = (parts: Parts, state?: State): Self => ({
  parts,
  book: openBook(parts.store, parts.config, parts.clock),
  state: state ?? { ledger: freshLedger(parts.config), watch: emptyWatch() },
  rounds: 0,
  readings: [],
  lease: null,
  entered: false,
  fileAtStart: undefined,
  otherFile: null,
  actFromMs: 0,
  decision: null,
  hosts: {},
  servers: null,
  dns: [],
  notes: {},
  moveOpened: newBell(parts.clock),
  waits: null,
  dnsReadMs: null,
  reportDue: false,
  reportedMs: -Infinity,
  standsBy: null,
  untold: [],
  stackReads: {},
  faults: new Map(),
})

/** True: the lease is held and has not run out. */
export const isLeading = (self: Self): boolean =>
  self.lease !== null && self.parts.clock.now().monoMs < self.lease.heldUntilMonoMs()

/** True: this process leads, its predecessor's calls are over, and a call of `ms` ends within the lease (DESIGN.md rule 8). */
export const mayAct = (self: Self, ms: number): boolean => {
  const { monoMs } = self.parts.clock.now()
  return self.lease !== null && monoMs >= self.actFromMs && monoMs + ms < self.lease.heldUntilMonoMs()
}

/** True: no round has come to its end lately, so what was seen may no longer be so. A machine that was suspended shows it on its wall clock alone. */
export const isStale = ({ state: { watch }, parts }: Self): boolean => {
  if (watch.at === null) return true
  const now = parts.clock.now()
  const monoMs = now.monoMs - watch.at.monoMs
  return monoMs > voteFreshMs(parts.config) || Math.abs(now.wallMs - watch.at.wallMs - monoMs) > clockDriftMs
}

/** Says a line in the log with its event's fields. */
export const say = (self: Self, level: LogLine['level'], event: string, msg: string, fields: Record<string, unknown> = {}): void =>
  self.parts.log({ level, event, msg, ...fields })

/** Runs turns of one loop. A store that cannot be used now is said once, as what that loop is about, and left to the next turn. */
export function sayingOnce(self: Self, event: Event, signal: AbortSignal): (turn: () => Promise<void | 'not due'>) => Promise<void> {
  let failing = ''
  return async (turn) => {
    try {
      if ((await turn()) !== 'not due') failing = ''
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof Said)) throw thrown
      if (failing !== thrown.message) say(self, 'error', event, thrown.message)
      failing = thrown.message
    }
  }
}

/**
 * What a driver answers, or null where its deadline ended it. One that throws before that has a fault of its own: it is said once until
 * it answers again, and is no more an answer than silence.
 */
export async function orNull<T>(self: Self, event: Event, what: string, limit: AbortSignal, answer: Promise<T>): Promise<T | null> {
  try {
    const answered = await answer
    self.faults.delete(what)
    return answered
  } catch (thrown) {
    const fault = textOf(thrown)
    if (!limit.aborted && self.faults.get(what) !== fault) {
      self.faults.set(what, fault)
      say(self, 'error', event, `${what}: ${fault}. It counts as no answer`)
    }
    return null
  }
}
