// The embedded store: one file of node:sqlite, shared by the processes of one machine.

import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../clock.ts'
import { Said } from '../errors.ts'
import type { Journal, Leader, Lease, Store } from '../ports.ts'
import { asSaid, busy, isBusy } from './faults.ts'
import { inodeOf, layFile, layFolder, peek, placeOf } from './files.ts'
import { takeLock, type Lock } from './lock.ts'
import { retention, type Retention } from './rules.ts'
import { storeRows, type StoreRows } from './rows.ts'
import { checkPages, inspect, migrate } from './schema.ts'

export type OpenStore = Store &
  Journal & {
    /** True: its file was moved, deleted or replaced since it was opened, and it takes nothing more. Throws Said where that cannot be seen. */
    isMoved(): boolean
    close(): Promise<void>
  }

export type SqliteOptions = {
  path: string
  /** Whose store it must be. */
  app: string
  clock: Clock
  /** True: nothing is created, migrated or written; every method that would write throws Said. */
  readOnly?: boolean
  keeps?: Retention
  /** The file's greatest size, in pages of 4 KiB; left out: none. */
  pagesMax?: number
}

const busyMsMax = 2_000

type Attempt = <T>(run: () => T) => Promise<T>

// SQLite's own busy time-out would stop the whole process while it waits, so the waiting is done here.
const attemptOn = (path: string, clock: Clock): Attempt => async (run) => {
  const untilMs = clock.now().monoMs + busyMsMax
  for (;;) {
    try {
      return run()
    } catch (thrown) {
      if (!isBusy(thrown)) throw asSaid(path, thrown)
      if (clock.now().monoMs >= untilMs) throw busy(path)
    }
    await clock.sleep(2 + clock.random() * 20)
  }
}

const openWritable = (path: string, { app, pagesMax }: SqliteOptions): DatabaseSync => {
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    const mode = db.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode
    if (mode !== 'wal') {
      throw new Said(`store: the file system of ${path} cannot hold a store: it lacks what SQLite's WAL needs. Name a local disk in store.path`)
    }
    db.exec('PRAGMA journal_size_limit = 4194304')
    if (pagesMax !== undefined) db.exec(`PRAGMA max_page_count = ${pagesMax}`)
    migrate(db, path, app)
    return db
  } catch (thrown) {
    db.close()
    throw thrown
  }
}

const leaseOf = (lock: Lock, unclean: boolean, leave: () => Promise<void>): Lease => {
  const letGo = async () => {
    try {
      if (lock.stands()) await leave()
    } finally {
      lock.free()
    }
  }
  let released: Promise<void> | null = null
  return {
    heldUntilMonoMs: () => (lock.stands() ? Infinity : -Infinity),
    unclean,
    release: () => (released ??= letGo()),
  }
}

const openReading = (path: string, opening: SqliteOptions, attempt: Attempt): OpenStore => {
  const seen = <T>(run: (rows: StoreRows) => T) =>
    attempt(() =>
      peek(path, (db) => {
        if (inspect(db, path, opening.app) === 0) throw new Said(`store: nothing was written to ${path} yet`)
        return run(storeRows(db, path, retention))
      }),
    )
  const refuse = async (): Promise<never> => {
    throw new Said(`store: ${path} was opened for reading only`)
  }
  return {
    read: () => seen((rows) => rows.read(opening.clock.now().wallMs)),
    entries: (query) => seen((rows) => rows.entries(query)),
    commit: refuse,
    ask: refuse,
    lead: refuse,
    isMoved: () => false, // It holds nothing open: each read is of what stands there then.
    close: async () => {},
  }
}

type Run = <T>(statements: () => T, durable?: boolean) => Promise<T>

/** Each run is an attempt on this very file: one that was moved away meanwhile is nobody's store. */
const runsOn = (db: DatabaseSync, path: string, attempt: Attempt, isMoved: () => boolean): Run =>
  (statements, durable = true) =>
    attempt(() => {
      if (isMoved()) {
        throw new Said(`store: ${path} was moved or deleted while it was open; nothing was written. Put it back, or start again`)
      }
      db.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`)
      return statements()
    })

type Leading = { path: string; clock: Clock; rows: StoreRows; run: Run; isMoved: () => boolean; locks: Set<Lock> }

const lead = async (leader: Leader, { path, clock, rows, run, isMoved, locks }: Leading): ReturnType<Store['lead']> => {
  const lock = await takeLock(`${path}.lock`, clock)
  // Between another's lock and its entry here, the name is its predecessor's.
  if (!lock) return { heldBy: await run(rows.entered) }
  try {
    const unclean = await run(() => rows.enter(leader))
    locks.add(lock)
    return { lease: leaseOf(lock, unclean, async () => (isMoved() ? undefined : run(rows.leave))) }
  } catch (thrown) {
    lock.free()
    throw thrown
  }
}

const openWriting = async (path: string, opening: SqliteOptions, attempt: Attempt): Promise<OpenStore> => {
  const { clock } = opening
  const db = await attempt(() => openWritable(path, opening))
  const rows = storeRows(db, path, opening.keeps ?? retention)
  const inode = inodeOf(path)
  const isMoved = () => inodeOf(path) !== inode
  const run = runsOn(db, path, attempt, isMoved)
  const locks = new Set<Lock>()
  const nowMs = () => clock.now().wallMs
  return {
    read: () => run(() => rows.read(nowMs())),
    commit: (commit) => run(() => rows.commit(commit, nowMs())),
    // A report is written every round and old the next, so it need not reach the disk at once.
    ask: (what) => ('request' in what ? run(() => rows.ask(what.request, nowMs())) : run(() => rows.putReport(what.report, nowMs()), false)),
    entries: (query) => run(() => rows.entries(query)),
    lead: (leader) => lead(leader, { path, clock, rows, run, isMoved, locks }),
    isMoved,
    close: async () => {
      for (const lock of locks) lock.free()
      if (db.isOpen) db.close()
    },
  }
}

/** Opens the store, creates it where there is none, and refuses with Said what is not this app's store or is damaged. */
export const openSqlite = async (opening: SqliteOptions): Promise<OpenStore> => {
  const { app, clock, readOnly = false } = opening
  const path = placeOf(opening.path)
  const attempt = attemptOn(path, clock)
  if (!readOnly) {
    layFolder(path)
    layFile(path)
  }
  // Looked at without a trace before anything is opened for writing: what is not ours stays as it is.
  await attempt(() =>
    peek(path, (db) => {
      if (inspect(db, path, app) > 0 && !readOnly) checkPages(db, path)
    }),
  )
  return readOnly ? openReading(path, opening, attempt) : openWriting(path, opening, attempt)
}
