import type { Change, HostView } from '../../src/core/moving.ts'
import type { DnsHost, WriteOutcome } from '../../src/ports.ts'
import type { Process } from './process.ts'
import { sameValues, textsOf, valuesOf, viewOf, type Entry, type Zone } from './zones.ts'

/** What a driver needs of the world: to change a zone so that every state of it is looked at, and how late a write may land. */
export type Lands = { change: (zone: Zone, why: string, run: () => void) => void; lost: () => void; asked: (process: Process, zone: Zone, change: Change) => void }

const edgeOf = (process: Process, zone: Zone) => `${process.machine.name}>${zone.config.host}`

const refusing: WriteOutcome = { outcome: 'refused', detail: 'it says no' }

/** A call that a host which hangs never answers. */
function ask<T>(process: Process, zone: Zone, what: { apply: () => T; write?: boolean; lateMs?: number }, signal: AbortSignal): Promise<T> {
  if (zone.api === 'hangs') return process.clock.sleep(1e9, signal).then(() => what.apply())
  return process.call({ edge: edgeOf(process, zone), apply: what.apply, late: what.lateMs ?? 0, again: what.write ?? false }, signal)
}

/** Of a view that is known the marker alone is read anew, and the addresses may have changed since. */
const readOf = (zone: Zone, known?: HostView): HostView | null => (zone.api !== 'well' ? null : known ? { ...viewOf(zone), sets: known.sets } : viewOf(zone))

const prerequisitesHold = (zone: Zone, change: Change): boolean =>
  sameValues(textsOf(zone), change.txt.old) && change.sets.every((s) => sameValues(valuesOf(zone, s.name, s.type), s.old))

function replace(zone: Zone, name: string, type: string, values: string[], ttlS: number): void {
  zone.records = zone.records.filter((r) => r.name !== name || r.type !== type)
  for (const value of values) zone.records.push({ id: zone.nextId++, name, type, value, ttlS })
}

/** A host with compare-and-swap: one change lands whole or not at all, and may land long after its caller gave up or died. */
export function atomicHost(process: Process, zone: Zone, lands: Lands): DnsHost {
  const land = (change: Change): WriteOutcome => {
    if (zone.api === 'refuses') return refusing
    if (!prerequisitesHold(zone, change)) {
      lands.lost()
      return { outcome: 'lost', detail: 'the prerequisite does not hold' }
    }
    lands.change(zone, `swap → ${change.txt.new.join()}`, () => {
      replace(zone, change.txt.name, 'TXT', change.txt.new, change.txt.ttlS)
      for (const { name, type, new: values, ttlS } of change.sets) replace(zone, name, type, values, ttlS)
    })
    return { outcome: 'done', detail: '' }
  }
  return {
    host: zone.config.host,
    read: (signal, known) => ask(process, zone, { apply: () => readOf(zone, known) }, signal),
    write: (change, signal) => {
      lands.asked(process, zone, change)
      return ask(process, zone, { apply: () => land(change), write: true, lateMs: 60_000 }, signal)
    },
  }
}

class Refused extends Error {}

/**
 * A host that knows single records only: list, create, update and delete by id. An address is updated in place, so that a write which
 * lands late can make it stale and never empty; what is new is there and seen before what is old goes; the marker comes last.
 */
export function recordHost(process: Process, zone: Zone, lands: Lands): DnsHost {
  const call = async <T>(signal: AbortSignal, write: boolean, apply: () => T, again = write): Promise<T> => {
    const refusal = { refused: true } as const
    const answer = await ask(process, zone, { apply: () => (zone.api === 'refuses' ? refusal : apply()), write: again, lateMs: write ? 3_000 : 0 }, signal)
    if (answer === refusal) throw new Refused()
    return answer as T
  }
  const list = (signal: AbortSignal) => call(signal, false, () => zone.records.map((r) => ({ ...r })))
  const create = (signal: AbortSignal, record: Omit<Entry, 'id'>) =>
    call(signal, true, () => {
      const known = zone.records.some((r) => r.name === record.name && r.type === record.type && r.value === record.value)
      if (!known) lands.change(zone, `create ${record.type} ${record.value}`, () => void zone.records.push({ ...record, id: zone.nextId++ }))
    }, false)
  const update = (signal: AbortSignal, id: number, value: string, ttlS: number) =>
    call(signal, true, () =>
      lands.change(zone, `update ${id} → ${value}`, () => void (zone.records = zone.records.map((r) => (r.id === id ? { ...r, value, ttlS } : r)))),
    )
  const remove = (signal: AbortSignal, id: number) =>
    call(signal, true, () => lands.change(zone, `delete ${id}`, () => void (zone.records = zone.records.filter((r) => r.id !== id))))

  const at = (records: Entry[], name: string, type: string) => records.filter((r) => r.name === name && r.type === type)
  const texts = (records: Entry[]) => at(records, zone.marker, 'TXT').map((r) => r.value)

  const writeSets = async (change: Change, signal: AbortSignal): Promise<boolean> => {
    const surplus: number[] = []
    for (const type of ['A', 'AAAA', 'CNAME'] as const)
      for (const set of change.sets.filter((s) => s.type === type)) {
        const seen = await list(signal)
        if (!sameValues(texts(seen), change.txt.old)) return false
        const old = at(seen, set.name, type).filter((r) => !set.new.includes(r.value))
        for (const value of set.new.filter((v) => !at(seen, set.name, type).some((r) => r.value === v))) {
          const free = old.shift()
          await (free ? update(signal, free.id, value, set.ttlS) : create(signal, { name: set.name, type, value, ttlS: set.ttlS }))
        }
        for (const kept of at(seen, set.name, type).filter((r) => set.new.includes(r.value) && r.ttlS !== set.ttlS)) await update(signal, kept.id, kept.value, set.ttlS)
        surplus.push(...old.map((r) => r.id))
      }
    const seen = await list(signal)
    const there = change.sets.every((set) => set.new.every((v) => at(seen, set.name, set.type).some((r) => r.value === v)))
    if (!there || !sameValues(texts(seen), change.txt.old)) return false
    for (const id of surplus) await remove(signal, id)
    return true
  }

  const writeAll = async (change: Change, signal: AbortSignal): Promise<WriteOutcome> => {
    const lost: WriteOutcome = { outcome: 'lost', detail: 'somebody else wrote meanwhile' }
    const seen = await list(signal)
    const asRead = change.sets.every((s) => sameValues(at(seen, s.name, s.type).map((r) => r.value), s.old))
    if (!asRead || !sameValues(texts(seen), change.txt.old) || !(await writeSets(change, signal))) {
      lands.lost()
      return lost
    }
    const text = at(await list(signal), zone.marker, 'TXT')[0]
    const value = change.txt.new[0]!
    await (text ? update(signal, text.id, value, change.txt.ttlS) : create(signal, { name: zone.marker, type: 'TXT', value, ttlS: change.txt.ttlS }))
    return sameValues(texts(await list(signal)), change.txt.new) ? { outcome: 'done', detail: '' } : lost
  }

  return {
    host: zone.config.host,
    read: (signal, known) => ask(process, zone, { apply: () => readOf(zone, known) }, signal),
    write: (change, signal) => {
      lands.asked(process, zone, change)
      return writeAll(change, signal).catch((thrown: unknown) => {
        if (thrown instanceof Refused) return refusing
        throw thrown
      })
    },
  }
}
