import { markerName, parseMarker } from '../core/marker.ts'
import { markerFor, oursOf } from '../core/move-hosts.ts'
import type { HostView } from '../core/moving.ts'
import { addressesOf, foreignTxt, shows } from '../core/zone.ts'
import type { Report } from '../ports.ts'
import { turnMs } from './times.ts'
import { isLeading, type Self } from './self.ts'

/** Puts what this leader sees where `status` reads it: at once after a change, else every few seconds, which says that it lives. */
export async function writeReport(self: Self): Promise<void> {
  const now = self.parts.clock.now()
  if (!self.reportDue && now.monoMs - self.reportedMs < turnMs.report) return
  self.reportDue = false
  self.reportedMs = now.monoMs
  await self.parts.store.ask({ report: reportOf(self) })
}

/** The last report of a command that led for its own request: others need not wait until it grows old. */
export async function closeReport(self: Self): Promise<void> {
  if (isLeading(self) && self.entered) await self.parts.store.ask({ report: { ...reportOf(self), ended: true } })
}

function reportOf(self: Self): Report {
  const { clock, leader, configHash } = self.parts
  const now = clock.now()
  // What was decided before a move says nothing of what is so after it; the next round does.
  const decision = self.state.ledger.epoch === self.book.ledger().epoch ? self.decision : null
  return {
    leader,
    atMonoMs: now.monoMs,
    atWallMs: now.wallMs,
    watch: self.state.watch,
    decision: decision && { id: decision.id, kind: decision.kind, reason: decision.reason, sentence: decision.sentence },
    waits: self.waits,
    dns: self.dns,
    configHash,
    untold: self.untold,
    unread: Object.entries(self.stackReads).flatMap(([site, { failing }]) => (failing ? [{ site, ...failing }] : [])),
  }
}

/** Each DNS host for `status`, held against the ledger's record. */
export function hostsFor(self: Self): Self['dns'] {
  const { config } = self.parts
  const ledger = self.book.ledger()
  return config.dns.hosts.map((host) => {
    const view = self.hosts[host.host] ?? null
    const epoch = view ? (parseMarker(view.txt[0] ?? '')?.epoch ?? null) : null
    const addresses = view ? addressesOf(view, host.names) : null
    const stands = (v: HostView | null) =>
      v && ledger.record && config.owner
        ? shows(v, host, markerFor(ledger.record, config, 'pointed'), ledger.record.addresses, oursOf(ledger, config))
        : null
    const servers = (self.servers ?? []).filter((s) => s.zone === host.zone && (s.host === host.host || s.host === null) && s.view)
    const served = servers.length > 0 && servers.every((s) => stands(s.view) === 'yes')
    const shown = stands(view)
    const state = view === null ? 'lost' : shown === null ? null : shown !== 'yes' ? 'lost' : served ? 'served' : 'written'
    const strange = servers.find((s) => stands(s.view) === 'foreign')
    const seenThere = strange ? `${host.host} took the change, and ${strange.server} does not show it: ${foreignTxt(strange.view!, markerName(config.app, host.zone))}` : ''
    return { host: host.host, state, epoch, addresses, staleUntilMs: ledger.staleUntilMs, detail: self.notes[host.host] || seenThere }
  })
}
