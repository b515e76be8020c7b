// The lease's lock: an exclusive transaction on a file of its own, held open by its own connection. The operating system frees it with
// the process, SIGKILL included, and holds it through SIGSTOP; nobody can steal it.

import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../clock.ts'
import { Said } from '../errors.ts'
import { asSaid, isBusy, isNoDatabase } from './faults.ts'
import { inodeOf, layFile } from './files.ts'

export type Lock = {
  /** False once it was freed, or its file was deleted or replaced: another process could lock the new one. */
  stands(): boolean
  free(): void
}

// A connection that nothing refers to is closed by the garbage collector, and its lock would go with it.
const held = new Set<DatabaseSync>()

const tryLock = (path: string): DatabaseSync | null => {
  layFile(path)
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    // Nothing is ever written into it, so it needs no journal beside it (OFF is refused: node:sqlite opens in defensive mode, 24.21).
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return db
  } catch (thrown) {
    db.close()
    if (isBusy(thrown)) return null
    if (isNoDatabase(thrown)) throw new Said(`store: ${path} is not lifeboat's lock. Stop every lifeboat of this app, then delete it`)
    throw asSaid(path, thrown)
  }
}

// What cannot be looked at counts as gone: not to lead is the safe answer.
const isStill = (path: string, inode: bigint | null): boolean => {
  try {
    return inodeOf(path) === inode
  } catch {
    return false
  }
}

const lockOf = (path: string, db: DatabaseSync): Lock => {
  const inode = inodeOf(path)
  held.add(db)
  return {
    stands: () => held.has(db) && isStill(path, inode),
    free: () => {
      if (held.delete(db)) db.close()
    },
  }
}

/** The lock, or null where another holds it. Two that begin at once can refuse each other, so it is tried a few times. */
export const takeLock = async (path: string, clock: Clock): Promise<Lock | null> => {
  for (let tries = 1; ; tries++) {
    const db = tryLock(path)
    if (db) return lockOf(path, db)
    if (tries === 5) return null
    await clock.sleep(5 + clock.random() * 30)
  }
}
