import type { Heartbeat } from '../ports.ts'
import { isLeading, isStale, say, type Self } from './self.ts'
import { reportFreshMs } from './times.ts'

/** How soon a beat that failed is tried again, at most; its receiver has some grace. */
const againMostMs = 10_000

/** Rounds are on time, and the store can be read: without it nothing is decided, whatever the rounds see. */
export const isOnTime = (self: Self): boolean => !isStale(self) && self.parts.clock.now().monoMs - self.book.readMs() <= reportFreshMs

/**
 * One look at whether a beat is due. It is sent while this process leads and its rounds are on time, and only then: so that silence means
 * that nobody watches, whether the process died, hangs, has lost its store, or does not come to lead.
 */
export function heartbeatTurn(self: Self, heartbeat: Heartbeat, signal: AbortSignal): () => Promise<void> {
  const { clock } = self.parts
  let dueMs = -Infinity
  let complaint: string | null = null
  return async () => {
    const { monoMs } = clock.now()
    if (monoMs < dueMs || !isLeading(self) || !isOnTime(self)) return
    const why = await heartbeat.beat(signal)
    dueMs = monoMs + (why === null ? heartbeat.everyMs : Math.min(heartbeat.everyMs, againMostMs))
    // Figures in it may differ each time; that it fails is said once.
    if (why !== null && complaint === null) say(self, 'warn', 'notify', `the heartbeat was not taken: ${why}. It is tried again`)
    if (why === null && complaint !== null) say(self, 'info', 'notify', 'the heartbeat is taken again')
    complaint = why
  }
}
