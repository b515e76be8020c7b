// The store in memory: the sqlite store's twin for simulations and tests. One shared state, one client per process.

import type { Clock } from '../clock.ts'
import type { Entry } from '../core/moving.ts'
import type { Ledger, Request } from '../core/types.ts'
import type { Commit, Journal, Leader, Lease, Report, StoredEntry, StoreView } from '../ports.ts'
import { epochOf, expiryOf, refuseUntimely, retention, type Retention } from './rules.ts'
import type { OpenStore } from './sqlite.ts'

/** What the disk would hold: JSON text, so that nothing is shared with whoever wrote it. */
export type MemoryState = {
  revision: number
  ledger: string | null
  requests: { id: string; expiresMs: number; taken: boolean; body: string }[]
  report: string | null
  seq: number
  entries: { seq: number; event: string; epoch: number | null; body: string; snapshot: string | null }[]
  leader: { open: boolean; body: string } | null
  /** The lock: whose client holds it. Null: it is free. */
  lockedBy: object | null
  keeps: Retention
}

/** An empty store in memory, to be shared by several controllers. */
export const memoryState = (keeps: Retention = retention): MemoryState => ({
  revision: 0, ledger: null, requests: [], report: null, seq: 0, entries: [], leader: null, lockedBy: null, keeps,
})

/**
 * Every method runs its one synchronous transaction through it, once: a simulation delays it, crashes before or after it, or
 * loses its answer (never that of `lead`: the lock would be held by nobody who knows).
 */
export type Gate = <T>(run: () => T) => Promise<T>

const append = (state: MemoryState, entries: Entry[]): void => {
  for (const entry of entries) {
    const { snapshot, ...body } = entry
    state.entries.push({
      seq: ++state.seq,
      event: entry.event,
      epoch: epochOf(entry),
      body: JSON.stringify(body),
      snapshot: snapshot ? JSON.stringify(snapshot) : null,
    })
  }
}

const sweep = (state: MemoryState, nowMs: number): void => {
  const expired = state.requests.filter((request) => request.expiresMs <= nowMs)
  state.requests = state.requests.filter((request) => request.expiresMs > nowMs)
  append(state, expired.filter(({ taken }) => !taken).map(({ body }) => expiryOf(JSON.parse(body) as Request, nowMs)))
}

const prune = (state: MemoryState, openEpoch: number): void => {
  const { entriesMax, snapshotsMax } = state.keeps
  state.entries = state.entries.filter(({ seq, epoch }) => seq > state.seq - entriesMax || epoch === openEpoch)
  const oldest = state.entries.filter(({ snapshot }) => snapshot !== null).at(-snapshotsMax)?.seq ?? 0
  for (const entry of state.entries) if (entry.seq < oldest && entry.epoch !== openEpoch) entry.snapshot = null
}

const waiting = (state: MemoryState, nowMs: number) => state.requests.filter(({ taken, expiresMs }) => !taken && expiresMs > nowMs)

const commit = (state: MemoryState, { revision, ledger, entries, takes }: Commit, nowMs: number): number | 'lost' => {
  const taken = takes === undefined ? null : waiting(state, nowMs).find(({ id }) => id === takes)
  if (state.revision !== revision || taken === undefined) return 'lost'
  if (taken) taken.taken = true
  state.revision++
  state.ledger = JSON.stringify(ledger)
  sweep(state, nowMs)
  append(state, entries)
  if (state.revision % state.keeps.everyCommits === 0) prune(state, ledger.move?.epoch ?? -1)
  return state.revision
}

const ask = (state: MemoryState, what: { request: Request } | { report: Report }, nowMs: number): void => {
  if ('request' in what) refuseUntimely(what.request, nowMs)
  sweep(state, nowMs)
  if ('report' in what) {
    state.report = JSON.stringify(what.report)
  } else if (!state.requests.some(({ id }) => id === what.request.id)) {
    state.requests.push({ id: what.request.id, expiresMs: what.request.expiresMs, taken: false, body: JSON.stringify(what.request) })
  }
}

const entriesOf = (state: MemoryState, { event, epoch, afterSeq, most }: Parameters<Journal['entries']>[0]): StoredEntry[] => {
  const found = state.entries.filter(
    (entry) => (event === undefined || entry.event === event) && (epoch === undefined || entry.epoch === epoch) && entry.seq > (afterSeq ?? 0),
  )
  const chosen = afterSeq === undefined ? found.slice(-most).reverse() : found.slice(0, most)
  return chosen.map(({ seq, body, snapshot }) => ({
    seq,
    ...(JSON.parse(body) as Entry),
    ...(snapshot === null ? {} : { snapshot: JSON.parse(snapshot) as Entry['snapshot'] }),
  }))
}

const viewOf = (state: MemoryState, nowMs: number): StoreView => ({
  revision: state.revision,
  ledger: state.ledger === null ? null : (JSON.parse(state.ledger) as Ledger),
  requests: waiting(state, nowMs).map(({ body }) => JSON.parse(body) as Request),
  report: state.report === null ? null : (JSON.parse(state.report) as Report),
})

type Run = <T>(transaction: (nowMs: number) => T) => Promise<T>

const leaseOf = (state: MemoryState, holder: object, unclean: boolean, run: Run): Lease => {
  let released = false
  const holds = () => !released && state.lockedBy === holder
  return {
    heldUntilMonoMs: () => (holds() ? Infinity : -Infinity),
    unclean,
    release: () =>
      run(() => {
        if (!holds()) return
        released = true
        state.lockedBy = null
        if (state.leader) state.leader.open = false
      }),
  }
}

const lead = (state: MemoryState, holder: object, leader: Leader, run: Run): { lease: Lease } | { heldBy: Leader | null } => {
  if (state.lockedBy) return { heldBy: state.leader?.open ? (JSON.parse(state.leader.body) as Leader) : null }
  const unclean = state.leader?.open ?? false
  state.lockedBy = holder
  state.leader = { open: true, body: JSON.stringify(leader) }
  return { lease: leaseOf(state, holder, unclean, run) }
}

/** One process's connection. `close` is also its death: the lock is freed, and its last holder has not let go in order. */
export const memoryClient = (
  state: MemoryState,
  { clock, gate = async (run) => run() }: { clock: Clock; gate?: Gate },
): OpenStore => {
  const me = {}
  let closed = false
  const run: Run = (transaction) =>
    gate(() => {
      if (closed) throw new Error('this client of the store is closed')
      return transaction(clock.now().wallMs)
    })
  return {
    read: () => run((nowMs) => viewOf(state, nowMs)),
    commit: (what) => run((nowMs) => commit(state, what, nowMs)),
    ask: (what) => run((nowMs) => ask(state, what, nowMs)),
    lead: (leader) => run(() => lead(state, me, leader, run)),
    entries: (query) => run(() => entriesOf(state, query)),
    isMoved: () => false,
    close: async () => {
      closed = true
      if (state.lockedBy === me) state.lockedBy = null
    },
  }
}
