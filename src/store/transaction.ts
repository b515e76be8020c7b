import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Runs `run` whole or not at all. The write lock is taken first, so that nothing read inside is stale when it is written. */
export const transact = <T>(db: DatabaseSync, run: () => T, kind: 'IMMEDIATE' | 'DEFERRED' = 'IMMEDIATE'): T => {
  db.exec(`BEGIN ${kind}`)
  try {
    const result = run()
    db.exec('COMMIT')
    return result
  } catch (thrown) {
    // A full disk has rolled back already.
    if (db.isTransaction) db.exec('ROLLBACK')
    throw thrown
  }
}

/** Prepares each statement once. */
export const statements = (db: DatabaseSync): ((sql: string) => StatementSync) => {
  const prepared = new Map<string, StatementSync>()
  return (sql) => {
    const statement = prepared.get(sql) ?? db.prepare(sql)
    prepared.set(sql, statement)
    return statement
  }
}
