// The store's file: where it may stand, and how it is read without leaving a trace.
//
// Never open it, its -wal or its -shm with node:fs: closing any descriptor of a file drops all POSIX locks that this process holds on it,
// SQLite's included (sqlite.org/howtocorrupt.html, 2.2). stat, access and unlink are harmless.

import { accessSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { Said } from '../errors.ts'
import { fileAsSaid } from './faults.ts'

const attemptFile = <T>(what: string, run: () => T): T => {
  try {
    return run()
  } catch (thrown) {
    throw fileAsSaid(what, thrown)
  }
}

const statOf = (path: string) => attemptFile(`${path} cannot be read`, () => statSync(path, { bigint: true, throwIfNoEntry: false }))

/** The file's inode, to see that it is still the one that was opened. Null: there is none. */
export const inodeOf = (path: string): bigint | null => statOf(path)?.ino ?? null

/** The absolute path of a store's file; Said where it names none. */
export const placeOf = (path: string): string => {
  if (path === '' || path === ':memory:') throw new Said(`store: path must name a file (got "${path}"), e.g. .lifeboat/shop.db`)
  const place = resolve(path)
  if (statOf(place)?.isDirectory()) throw new Said(`store: ${place} is a folder; store.path must name a file, e.g. ${place}/shop.db`)
  return place
}

/** Creates the file, empty and for this user alone, where there is none. SQLite gives -wal and -shm the same mode. */
export const layFile = (path: string): void =>
  attemptFile(`${path} cannot be created or written`, () => {
    if (!statOf(path)) {
      try {
        closeSync(openSync(path, 'wx', 0o600))
      } catch (thrown) {
        // Another process was faster; its file is as good.
        if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown
      }
    }
    accessSync(path, constants.R_OK | constants.W_OK)
    accessSync(dirname(path), constants.W_OK | constants.X_OK)
  })

/** Creates the store's folder, for this user alone, where there is none; its parent must be there, since a mistyped path is no wish. */
export const layFolder = (path: string): void => {
  const folder = dirname(path)
  if (!statOf(folder)) attemptFile(`the folder ${folder} cannot be created`, () => mkdirSync(folder, { mode: 0o700 }))
}

type Shape = { wal: boolean; shm: boolean; is: string }

const shapeOf = (path: string): Shape => {
  const stat = statOf(path)
  if (!stat) throw new Said(`store: there is no file ${path}`)
  const wal = statOf(`${path}-wal`) !== undefined
  return { wal, shm: statOf(`${path}-shm`) !== undefined, is: `${wal} ${stat.ino} ${stat.size} ${stat.mtimeNs}` }
}

/**
 * How SQLite reads a WAL file without writing: without -wal nobody has it open, and it is as good as immutable; with one, the -shm
 * beside it is opened read-only. Only a -wal that was copied without its -shm gets a new -shm. (Tried with SQLite 3.53, 2026-11.)
 */
const waysOf = ({ wal, shm }: Shape): string[] => (!wal ? ['?immutable=1'] : shm ? ['?readonly_shm=1', ''] : [''])

const readBy = <T>(path: string, ways: string[], run: (db: DatabaseSync) => T): T => {
  const [way = '', ...rest] = ways
  try {
    const db = new DatabaseSync(new URL(pathToFileURL(path).href + way), { readOnly: true, timeout: 100 })
    try {
      return run(db)
    } finally {
      db.close()
    }
  } catch (thrown) {
    if (thrown instanceof Said || rest.length === 0) throw thrown
    return readBy(path, rest, run)
  }
}

/** Runs one reading of a file that another process may be writing. What was read while a writer came or went is read again. */
export const peek = <T>(path: string, run: (db: DatabaseSync) => T, tries = 5): T => {
  const before = shapeOf(path)
  const changed = () => tries > 1 && shapeOf(path).is !== before.is
  try {
    const seen = readBy(path, waysOf(before), run)
    return !before.wal && changed() ? peek(path, run, tries - 1) : seen
  } catch (thrown) {
    if (changed()) return peek(path, run, tries - 1)
    throw thrown
  }
}
