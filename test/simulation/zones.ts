import type { HostView, RecordSet } from '../../src/core/moving.ts'
import type { HostConfig } from '../../src/core/types.ts'
import { markerName } from '../../src/core/marker.ts'

export type Entry = { id: number; name: string; type: string; value: string; ttlS: number }

/** What one DNS host holds and how it fares. Its records change through `change` alone, so that every state is seen. */
export type Zone = {
  config: HostConfig
  marker: string
  records: Entry[]
  /** Every state with the moment it began; name servers serve one of them. */
  history: { sinceMs: number; view: HostView }[]
  /** `hangs`: no answer · `refuses`: it says no to everything. */
  api: 'well' | 'hangs' | 'refuses'
  servers: { server: string; lagMs: number; dead: boolean; frozenAtMs: number | null }[]
  nextId: number
  /** Somebody else wrote here: only a person can put that right. */
  tampered: boolean
}

/** One change of it lands whole, and only where it still shows what was read. */
export const swaps = ({ config }: Zone): boolean => config.driver === 'swaps'

export const newZone = (config: HostConfig, app: string, records: Omit<Entry, 'id'>[], servers: Zone['servers']): Zone => {
  const zone: Zone = { config, marker: markerName(app, config.zone), records: [], history: [], api: 'well', servers, nextId: 1, tampered: false }
  for (const record of records) zone.records.push({ ...record, id: zone.nextId++ })
  zone.history.push({ sinceMs: 0, view: viewOf(zone) })
  return zone
}

export const textsOf = (zone: Zone): string[] =>
  zone.records.filter((r) => r.type === 'TXT' && r.name === zone.marker).map((r) => r.value)

export const valuesOf = (zone: Zone, name: string, type: string): string[] =>
  zone.records.filter((r) => r.name === name && r.type === type).map((r) => r.value)

export function viewOf(zone: Zone): HostView {
  const texts = zone.records.filter((r) => r.type === 'TXT' && r.name === zone.marker)
  const sets: RecordSet[] = []
  for (const name of zone.config.names)
    for (const type of ['A', 'AAAA', 'CNAME']) {
      const of = zone.records.filter((r) => r.name === name && r.type === type)
      if (of.length > 0) sets.push({ name, type, ttlS: Math.max(...of.map((r) => r.ttlS)), values: of.map((r) => r.value).sort() })
    }
  return { txt: texts.map((r) => r.value), txtTtlS: texts[0]?.ttlS ?? null, sets, serial: zone.nextId }
}

/** What a name server of this host answers now: an earlier state, where it lags or is frozen. Null: it is dead. */
export function servedBy(zone: Zone, server: string, nowMs: number): HostView | null {
  const own = zone.servers.find((s) => s.server === server)
  if (!own || own.dead) return null
  const atMs = own.frozenAtMs ?? nowMs - own.lagMs
  return (zone.history.findLast((h) => h.sinceMs <= atMs) ?? zone.history[0]!).view
}

export const sameValues = (one: string[], other: string[]): boolean => one.length === other.length && one.every((v) => other.includes(v))
