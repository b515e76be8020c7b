// The tables, by version, and what a file must be before it is touched.

import type { DatabaseSync } from 'node:sqlite'
import { Said } from '../errors.ts'
import { damaged } from './faults.ts'
import { transact } from './transaction.ts'

/** SQLite's application_id of a lifeboat store: "life". */
const applicationId = 0x6c696665

/** Step n brings a file of version n to n + 1. Never edit one that was released; append, and say then what reading alone does with an older file. */
const migrations = [
  `CREATE TABLE state (
     one INTEGER PRIMARY KEY CHECK (one = 1),
     app TEXT NOT NULL,
     revision INTEGER NOT NULL,
     ledger TEXT, -- NULL: nobody has written it yet
     sum INTEGER -- CRC-32 of revision and ledger: SQLite itself does not notice a flipped bit inside a value
   ) STRICT;
   CREATE TABLE entries (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     event TEXT NOT NULL,
     epoch INTEGER,
     body TEXT NOT NULL
   ) STRICT;
   CREATE INDEX entries_by_event ON entries (event);
   CREATE INDEX entries_by_epoch ON entries (epoch) WHERE epoch IS NOT NULL;
   CREATE TABLE snapshots (
     seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
     body TEXT NOT NULL
   ) STRICT;
   CREATE TABLE requests (
     id TEXT PRIMARY KEY,
     expires_ms REAL NOT NULL,
     taken INTEGER NOT NULL, -- a taken one stays until it expires, so that asking again does not run it twice
     body TEXT NOT NULL
   ) STRICT;
   CREATE TABLE report (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL) STRICT;
   CREATE TABLE leader (
     one INTEGER PRIMARY KEY CHECK (one = 1),
     open INTEGER NOT NULL, -- 1: it has not let go in order
     body TEXT NOT NULL
   ) STRICT;`,
]

const pragma = (db: DatabaseSync, name: string): unknown => db.prepare(`PRAGMA ${name}`).get()?.[name.replace(/\(.*/, '')]

/** Its version, 0 for an empty file; Said where it is damaged, newer than this lifeboat, or not ours. `app` null: any. */
export const inspect = (db: DatabaseSync, path: string, app: string | null): number => {
  const version = Number(pragma(db, 'user_version'))
  const tables = Number(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n)
  if (version === 0 && tables === 0) return 0
  if (pragma(db, 'application_id') !== applicationId) {
    throw new Said(`store: ${path} is a SQLite file of another program; nothing in it was changed. Name another file in store.path`)
  }
  if (version > migrations.length) {
    throw new Said(
      `store: ${path} was written by a newer lifeboat (schema ${version}; this one knows ${migrations.length}); nothing in it was changed. Run that version or a later one`,
    )
  }
  refuseOtherApp(db, path, app)
  return version
}

const refuseOtherApp = (db: DatabaseSync, path: string, app: string | null): void => {
  const owner = db.prepare('SELECT app FROM state').get()?.app
  if (typeof owner !== 'string') throw damaged(path, 'it names no app')
  if (app !== null && owner !== app) {
    throw new Said(`store: ${path} belongs to the app "${owner}", not to "${app}"; nothing in it was changed. Give each app its own store.path`)
  }
}

/** Reads every page; Said where one is damaged. */
export const checkPages = (db: DatabaseSync, path: string): void => {
  const verdict = pragma(db, 'quick_check(1)')
  if (verdict !== 'ok') throw damaged(path, String(verdict).split('\n').at(-1) ?? '')
}

/** Brings the file to this lifeboat's version, in one transaction. */
export const migrate = (db: DatabaseSync, path: string, app: string): void =>
  transact(db, () => {
    const version = inspect(db, path, app)
    if (version === migrations.length) return
    for (const step of migrations.slice(version)) db.exec(step)
    if (version === 0) db.prepare('INSERT INTO state (one, app, revision) VALUES (1, ?, 0)').run(app)
    db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}`)
  })
