// The journal's entries, read from a store's file or from JSON Lines, for `lifeboat replay`.

import { readFile } from 'node:fs/promises'
import { isObject } from '../core/objects.ts'
import { Said } from '../errors.ts'
import type { StoredEntry } from '../ports.ts'
import { asSaid, fileAsSaid, isNoDatabase } from './faults.ts'
import { peek, placeOf } from './files.ts'
import { journalRows } from './journal.ts'
import { inspect } from './schema.ts'

/** The entries of a store's file, oldest first; the file is not touched, and another process may be writing it. Null: it is no SQLite file. */
const readStore = (path: string): StoredEntry[] | null => {
  try {
    return peek(path, (db) => {
      if (inspect(db, path, null) === 0) throw new Said(`${path} holds no entries yet`)
      return journalRows(db, path).entries({ afterSeq: 0, most: -1 })
    })
  } catch (thrown) {
    if (isNoDatabase(thrown)) return null
    throw asSaid(path, thrown)
  }
}

/** What is wrong with a line's value. Null: it is an entry. */
const faultOf = (value: unknown): string | null => {
  if (!isObject(value)) return 'is not an object'
  const { seq, event, atMs, msg, fields, snapshot } = value
  if (!Number.isSafeInteger(seq)) return 'has no whole number as seq'
  if (typeof event !== 'string') return 'has no text as event'
  if (typeof atMs !== 'number') return 'has no number as atMs'
  if (typeof msg !== 'string') return 'has no text as msg'
  if (!isObject(fields)) return 'has no object as fields'
  if (snapshot !== undefined && !(isObject(snapshot) && ['decide', 'admit', 'next'].includes(String(snapshot.of)))) return 'has a snapshot of no known kind'
  return null
}

const parseLine = (line: string): { value: unknown } | { fault: string } => {
  try {
    const value: unknown = JSON.parse(line)
    const fault = faultOf(value)
    return fault === null ? { value } : { fault }
  } catch {
    return { fault: 'is not JSON' }
  }
}

const faultsShown = 10

/** The entries of a text of JSON Lines, one an entry; Said names each line that is none. */
const parseLines = (path: string, text: string): StoredEntry[] => {
  const lines = text.split('\n').map((line, i) => ({ number: i + 1, line })).filter(({ line }) => line.trim() !== '')
  if (lines.length === 0) throw new Said(`${path} holds no entries`)
  const parsed = lines.map(({ number, line }) => ({ number, ...parseLine(line) }))
  const faults = parsed.flatMap((line) => ('fault' in line ? [`${path}:${line.number}: this line ${line.fault}`] : []))
  if (faults.length === lines.length) throw new Said(`${path} is neither a lifeboat store nor its export as JSON Lines`)
  if (faults.length > faultsShown) faults.splice(faultsShown, Infinity, `… and ${faults.length - faultsShown} more lines`)
  if (faults.length > 0) throw new Said(faults.join('\n'))
  return parsed.flatMap((line) => ('value' in line ? [line.value as StoredEntry] : []))
}

/** The entries of a store's file or of its entries as JSON Lines, in their order there; Said where it is neither. */
export const readEntries = async (file: string): Promise<StoredEntry[]> => {
  const path = placeOf(file)
  const stored = readStore(path)
  if (stored) return stored
  // Only what is none of SQLite's is opened here; files.ts says why.
  const text = await readFile(path, 'utf8').catch((thrown: unknown) => {
    throw fileAsSaid(`${path} cannot be read`, thrown)
  })
  return parseLines(path, text)
}
