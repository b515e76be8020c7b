// What SQLite and the file system throw, as sentences. Exit 2: a person must change something; exit 4: the next try may succeed.

import { exits, Said, textOf } from '../errors.ts'

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const codes = { error: 1, perm: 3, busy: 5, locked: 6, readonly: 8, ioerr: 10, corrupt: 11, full: 13, cantopen: 14, protocol: 15, auth: 23, notadb: 26 }

/** SQLite's primary result code of what was thrown. Null: it does not come from SQLite. */
const codeOf = (thrown: unknown): number | null =>
  thrown instanceof Error && 'errcode' in thrown && typeof thrown.errcode === 'number' ? thrown.errcode & 0xff : null

// Our statements are fixed, so a table that is missing was lost by the file.
const lacksTable = (thrown: unknown): boolean => codeOf(thrown) === codes.error && /^no such (table|column)/.test(textOf(thrown))

const isOneOf = (thrown: unknown, among: number[]): boolean => among.includes(codeOf(thrown) ?? -1)

/** True: another connection holds it at this moment. `protocol` is a lost race for the WAL's locks. */
export const isBusy = (thrown: unknown): boolean => isOneOf(thrown, [codes.busy, codes.locked, codes.protocol])

/** True: the file is none of SQLite's. */
export const isNoDatabase = (thrown: unknown): boolean => isOneOf(thrown, [codes.notadb])

/** The store is there and cannot be read as one. */
export const damaged = (path: string, detail: string): Said =>
  new Said(
    `store: ${path} is damaged, or is not a lifeboat store (${detail}); nothing in it was changed. ` +
      `Move it away, with ${path}-wal and ${path}-shm where they exist; then "lifeboat adopt" takes the app up from DNS`,
  )

/** Another process holds the store's file for longer than we wait. */
export const busy = (path: string): Said =>
  new Said(`store: ${path} is busy: another process keeps it locked. Nothing was written to it; try again`, exits.unfinished)

/** What SQLite threw, as a sentence; what is not the user's or the machine's doing comes back as it is. */
export const asSaid = (path: string, thrown: unknown): unknown => {
  const detail = textOf(thrown)
  if (isBusy(thrown)) return busy(path)
  if (isOneOf(thrown, [codes.corrupt, codes.notadb]) || lacksTable(thrown)) return damaged(path, detail)
  if (isOneOf(thrown, [codes.full])) {
    return new Said(`store: no room to write ${path} (${detail}); nothing was changed in it. Make room on its disk`, exits.unfinished)
  }
  if (isOneOf(thrown, [codes.ioerr])) {
    return new Said(`store: reading or writing ${path} failed (${detail}). Look at its disk; is there room?`, exits.unfinished)
  }
  if (isOneOf(thrown, [codes.perm, codes.readonly, codes.cantopen, codes.auth])) {
    return new Said(`store: ${path} cannot be opened or written (${detail}). This user must be able to read and write the file and its folder`)
  }
  return thrown
}

const fileFaults: Record<string, string> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
}

/** What a call of node:fs threw, as a sentence that says what could not be done. */
export const fileAsSaid = (what: string, thrown: unknown): unknown => {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  const why = fileFaults[code]
  return why ? new Said(`store: ${what}: ${why}. Change store.path, or what stands in its way`) : thrown
}
