// The store's other rows: the ledger, what was asked, the report, who leads.

import { crc32 } from 'node:zlib'
import type { DatabaseSync } from 'node:sqlite'
import type { Ledger, Request } from '../core/types.ts'
import type { Commit, Leader, Report, StoreView } from '../ports.ts'
import { damaged } from './faults.ts'
import { journalRows, parse } from './journal.ts'
import { expiryOf, refuseUntimely, type Retention } from './rules.ts'
import { statements, transact } from './transaction.ts'

const sumOf = (revision: number, ledger: string): number => crc32(`${revision} ${ledger}`)

type Sql = ReturnType<typeof statements>

/** The one row of the ledger, guarded by its checksum. Run inside the caller's transaction, like the others. */
const ledgerRow = (sql: Sql, path: string) => ({
  read: (): { revision: number; ledger: Ledger | null } => {
    const row = sql('SELECT revision, ledger, sum FROM state').get()
    if (!row) throw damaged(path, 'it holds no ledger')
    const revision = Number(row.revision)
    if (row.ledger === null && revision === 0) return { revision, ledger: null }
    if (typeof row.ledger !== 'string' || row.sum !== sumOf(revision, row.ledger)) throw damaged(path, 'the ledger does not match its checksum')
    return { revision, ledger: parse(path, 'the ledger', row.ledger) }
  },
  write: (revision: number, ledger: Ledger): void => {
    const text = JSON.stringify(ledger)
    sql('UPDATE state SET revision = ?, ledger = ?, sum = ?').run(revision, text, sumOf(revision, text))
  },
})

const requestRows = (sql: Sql, path: string) => {
  const requestOf = (row: Record<string, unknown>): Request => parse(path, 'a request', row.body)
  return {
    waiting: (nowMs: number): Request[] =>
      sql('SELECT body FROM requests WHERE taken = 0 AND expires_ms > ? ORDER BY rowid').all(nowMs).map(requestOf),
    put: (request: Request): void => {
      const row = [request.id, request.expiresMs, JSON.stringify(request)] as const
      sql('INSERT INTO requests (id, expires_ms, taken, body) VALUES (?, ?, 0, ?) ON CONFLICT DO NOTHING').run(...row)
    },
    take: (id: string, nowMs: number): boolean =>
      sql('UPDATE requests SET taken = 1 WHERE id = ? AND taken = 0 AND expires_ms > ?').run(id, nowMs).changes === 1,
    /** Removes those that have expired, and gives those of them that nobody took. */
    sweep: (nowMs: number): Request[] =>
      sql('DELETE FROM requests WHERE expires_ms <= ? RETURNING taken, body').all(nowMs).filter((row) => row.taken === 0).map(requestOf),
  }
}

const reportRow = (sql: Sql, path: string) => ({
  /** Null: nobody has written one yet. */
  read: (): Report | null => {
    const row = sql('SELECT body FROM report').get()
    return row ? parse(path, 'the report', row.body) : null
  },
  write: (report: Report): void => void sql('INSERT OR REPLACE INTO report (one, body) VALUES (1, ?)').run(JSON.stringify(report)),
})

const leaderRow = (sql: Sql, path: string) => ({
  /** Names the new leader; true where the last one did not let go in order. */
  enter: (leader: Leader): boolean => {
    const unclean = sql('SELECT open FROM leader').get()?.open === 1
    sql('INSERT OR REPLACE INTO leader (one, open, body) VALUES (1, 1, ?)').run(JSON.stringify(leader))
    return unclean
  },
  leave: (): void => void sql('UPDATE leader SET open = 0').run(),
  /** Null: nobody has entered, or the last one left in order. */
  entered: (): Leader | null => {
    const row = sql('SELECT body FROM leader WHERE open = 1').get()
    return row ? parse(path, "the leader's name", row.body) : null
  },
})

/** Each function is one transaction, and synchronous. */
export const storeRows = (db: DatabaseSync, path: string, keeps: Retention) => {
  const sql = statements(db)
  const journal = journalRows(db, path)
  const state = ledgerRow(sql, path)
  const requests = requestRows(sql, path)
  const report = reportRow(sql, path)
  const leader = leaderRow(sql, path)
  const sweep = (nowMs: number): void => journal.append(requests.sweep(nowMs).map((request) => expiryOf(request, nowMs)))

  const read = (nowMs: number): StoreView => ({ ...state.read(), requests: requests.waiting(nowMs), report: report.read() })

  const commit = ({ revision, ledger, entries, takes }: Commit, nowMs: number): number | 'lost' => {
    if (state.read().revision !== revision || (takes !== undefined && !requests.take(takes, nowMs))) return 'lost'
    state.write(revision + 1, ledger)
    sweep(nowMs)
    journal.append(entries)
    if ((revision + 1) % keeps.everyCommits === 0) journal.prune(keeps, ledger.move?.epoch ?? -1)
    return revision + 1
  }

  return {
    read: (nowMs: number) => transact(db, () => read(nowMs), 'DEFERRED'),
    commit: (what: Commit, nowMs: number) => transact(db, () => commit(what, nowMs)),
    ask: (request: Request, nowMs: number) => {
      refuseUntimely(request, nowMs)
      transact(db, () => {
        sweep(nowMs)
        requests.put(request)
      })
    },
    putReport: (next: Report, nowMs: number) =>
      transact(db, () => {
        sweep(nowMs)
        report.write(next)
      }),
    enter: (next: Leader) => transact(db, () => leader.enter(next)),
    leave: leader.leave,
    entered: leader.entered,
    entries: journal.entries,
  }
}

export type StoreRows = ReturnType<typeof storeRows>
