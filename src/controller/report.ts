import { turnMs } from './parts.ts'
import type { Self } from './self.ts'

/** Puts what this leader sees where `status` reads it: at once after a change, else every few seconds, which says that it lives. */
export async function writeReport(self: Self): Promise<void> {
  const { clock, store, leader, configHash } = self.parts
  const now = clock.now()
  if (!self.reportDue && now.monoMs - self.reportedMs < turnMs.report) return
  self.reportDue = false
  self.reportedMs = now.monoMs
  const { decision } = self
  await store.ask({
    report: {
      leader,
      atMonoMs: now.monoMs,
      atWallMs: now.wallMs,
      watch: self.state.watch,
      decision: decision && { id: decision.id, kind: decision.kind, reason: decision.reason, sentence: decision.sentence },
      dns: self.dns,
      configHash,
    },
  })
}
