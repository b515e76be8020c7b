// The journal's rows: appended by a commit, read by people's commands, bounded.

import type { DatabaseSync } from 'node:sqlite'
import type { Entry } from '../core/moving.ts'
import type { Journal, StoredEntry } from '../ports.ts'
import { damaged } from './faults.ts'
import { epochOf, type Retention } from './rules.ts'
import { statements } from './transaction.ts'

/** What a row holds, as JSON; Said where it is none. */
export const parse = <T>(path: string, what: string, text: unknown): T => {
  try {
    return JSON.parse(String(text)) as T
  } catch {
    throw damaged(path, `${what} cannot be read`)
  }
}

type Query = Parameters<Journal['entries']>[0]

const select = ({ event, epoch, afterSeq }: Query): string => {
  const conditions = [
    event === undefined ? '' : 'event = :event',
    epoch === undefined ? '' : 'epoch = :epoch',
    afterSeq === undefined ? '' : 'seq > :afterSeq',
  ].filter(Boolean)
  return `SELECT seq, entries.body AS body, snapshots.body AS snapshot FROM entries LEFT JOIN snapshots USING (seq)
    ${conditions.length ? 'WHERE' : ''} ${conditions.join(' AND ')}
    ORDER BY seq ${afterSeq === undefined ? 'DESC' : 'ASC'} LIMIT :most`
}

/** The statements over the journal's tables. All are synchronous, and run inside the caller's transaction. */
export const journalRows = (db: DatabaseSync, path: string) => {
  const sql = statements(db)

  const append = (entries: Entry[]): void => {
    for (const entry of entries) {
      const { snapshot, ...body } = entry
      const { lastInsertRowid } = sql('INSERT INTO entries (event, epoch, body) VALUES (?, ?, ?)').run(entry.event, epochOf(entry), JSON.stringify(body))
      if (snapshot) sql('INSERT INTO snapshots (seq, body) VALUES (?, ?)').run(lastInsertRowid, JSON.stringify(snapshot))
    }
  }

  const entries = (query: Query): StoredEntry[] => {
    const named = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined))
    return sql(select(query)).all(named).map((row) => {
      const entry = { seq: Number(row.seq), ...parse<Entry>(path, `entry ${row.seq}`, row.body) }
      return row.snapshot === null ? entry : { ...entry, snapshot: parse(path, `the snapshot of entry ${row.seq}`, row.snapshot) }
    })
  }

  // By count, never by age: a wall clock that jumps ahead would take the whole journal.
  const prune = ({ entriesMax, snapshotsMax }: Retention, openEpoch: number): void => {
    sql('DELETE FROM entries WHERE seq <= (SELECT max(seq) FROM entries) - :entriesMax AND (epoch IS NULL OR epoch <> :openEpoch)')
      .run({ entriesMax, openEpoch })
    sql(`DELETE FROM snapshots WHERE seq <= (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT 1 OFFSET :snapshotsMax)
      AND seq NOT IN (SELECT seq FROM entries WHERE epoch = :openEpoch)`).run({ snapshotsMax, openEpoch })
  }

  return { append, entries, prune }
}
