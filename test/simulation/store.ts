import { Said } from '../../src/errors.ts'
import type { Entry } from '../../src/core/moving.ts'
import type { Ledger } from '../../src/core/types.ts'
import type { Journal, Store } from '../../src/ports.ts'
import { memoryClient, memoryState, type MemoryState } from '../../src/store/memory.ts'
import type { Process } from './process.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

/** One store file, and who holds its lock. */
/** `since`: when its leader took the lock, on its own monotonic clock, and whether the one before it had let go in order. */
export type StoreFile = { state: MemoryState; leader: Process | null; since: { monoMs: number; unclean: boolean }; failing: boolean; entries: Entry[] }

export const newStoreFile = (state: MemoryState = memoryState({ entriesMax: 4_000, snapshotsMax: 60, everyCommits: 64 })): StoreFile => ({
  state,
  leader: null,
  since: { monoMs: 0, unclean: false },
  failing: false,
  entries: [],
})

/** What a backup of the file would hold; nobody holds its lock. */
export const copyOf = ({ state }: StoreFile): MemoryState => structuredClone({ ...state, lockedBy: null })

export const ledgerIn = (file: StoreFile): Ledger | null => (file.state.ledger === null ? null : (JSON.parse(file.state.ledger) as Ledger))

export type Watcher = {
  committed: (process: Process, before: Ledger | null, after: Ledger, entries: Entry[]) => void
  read: (process: Process, ledger: Ledger | null) => void
  lost: () => void
}

const broken = () => new Said('store: no room to write; nothing was changed', 4)

/** A process's own connection: each transaction may fail, land without an answer, or see its process die before or after it. */
export function storeOf(process: Process, file: StoreFile, scheduler: Scheduler, random: Random, noisy: () => boolean, watcher: Watcher): Store & Journal & { close(): Promise<void> } {
  const gate = <T>(run: () => T, mayBreak: boolean): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      process.mayCrash('before the store')
      if (!process.alive()) return
      scheduler.after(random.span(0.2, noisy() && random.chance(0.01) ? 400 : 3), () => {
        if (!process.alive()) return
        if (mayBreak && file.failing) return process.deliver(() => reject(broken()))
        let answer: T
        try {
          answer = transact(run)
        } catch (thrown) {
          return process.deliver(() => reject(thrown))
        }
        process.mayCrash('after the store')
        const lost = mayBreak && noisy() && random.chance(0.002)
        process.deliver(() => (lost ? reject(broken()) : resolve(answer)))
      })
    })

  const transact = <T>(run: () => T): T => {
    const { state } = file
    const before = { revision: state.revision, ledger: state.ledger, seq: state.seq, free: state.lockedBy === null, unclean: state.leader?.open ?? false }
    const answer = run()
    if (before.free && state.lockedBy !== null) {
      file.leader = process
      file.since = { monoMs: process.monoMs(), unclean: before.unclean }
    }
    if (!before.free && state.lockedBy === null) file.leader = null
    const entries = state.entries.filter((e) => e.seq > before.seq).map((e): Entry => ({ ...(JSON.parse(e.body) as Entry), ...(e.snapshot ? { snapshot: JSON.parse(e.snapshot) as NonNullable<Entry['snapshot']> } : {}) }))
    if (state.revision !== before.revision || entries.length > 0) {
      const parse = (text: string | null) => (text === null ? null : (JSON.parse(text) as Ledger))
      const after = parse(state.ledger)
      if (after) watcher.committed(process, parse(before.ledger), after, entries)
    }
    file.entries.push(...entries)
    if (answer === 'lost') watcher.lost()
    return answer
  }

  let breakable = true
  const client = memoryClient(file.state, { clock: process.clock, gate: (run) => gate(run, breakable) })
  const strictly = <T>(run: () => Promise<T>): Promise<T> => {
    breakable = false
    const promise = run()
    breakable = true
    return promise
  }
  return {
    ...client,
    read: async () => {
      const view = await client.read()
      watcher.read(process, view.ledger)
      return view
    },
    // An answer of `lead` is never lost: the lock would be held by nobody who knows.
    lead: async (leader) => {
      if (file.failing) throw broken()
      const held = await strictly(() => client.lead(leader))
      if ('heldBy' in held) return held
      const { lease } = held
      return { lease: { ...lease, heldUntilMonoMs: () => lease.heldUntilMonoMs(), release: () => strictly(() => lease.release()) } }
    },
    close: () => {
      if (file.leader === process) file.leader = null
      return client.close()
    },
  }
}
