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

/** Each function is one transaction, and synchronous. */
export const storeRows = (db: DatabaseSync, path: string, keeps: Retention) => {
  const sql = statements(db)
  const journal = journalRows(db, path)

  const ledgerOf = (revision: number, row: Record<string, unknown>): Ledger | null => {
    if (row.ledger === null && revision === 0) return null
    if (typeof row.ledger !== 'string' || row.sum !== sumOf(revision, row.ledger)) throw damaged(path, 'the ledger does not match its checksum')
    return parse(path, 'the ledger', row.ledger)
  }

  const stateRow = () => {
    const row = sql('SELECT revision, ledger, sum FROM state').get()
    if (!row) throw damaged(path, 'it holds no ledger')
    return { ...row, revision: Number(row.revision) }
  }

  const read = (nowMs: number): StoreView =>
    transact(db, () => {
      const state = stateRow()
      const report = sql('SELECT body FROM report').get()
      return {
        revision: state.revision,
        ledger: ledgerOf(state.revision, state),
        requests: sql('SELECT body FROM requests WHERE taken = 0 AND expires_ms > ? ORDER BY rowid').all(nowMs).map((row) => parse<Request>(path, 'a request', row.body)),
        report: report ? parse<Report>(path, 'the report', report.body) : null,
      }
    }, 'DEFERRED')

  const sweep = (nowMs: number): void => {
    const expired = sql('DELETE FROM requests WHERE expires_ms <= ? RETURNING taken, body').all(nowMs).filter((row) => row.taken === 0)
    journal.append(expired.map((row) => expiryOf(parse(path, 'a request', row.body), nowMs)))
  }

  const take = (id: string, nowMs: number): boolean =>
    sql('UPDATE requests SET taken = 1 WHERE id = ? AND taken = 0 AND expires_ms > ?').run(id, nowMs).changes === 1

  const commit = ({ revision, ledger, entries, takes }: Commit, nowMs: number): number | 'lost' =>
    transact(db, () => {
      if (stateRow().revision !== revision || (takes !== undefined && !take(takes, nowMs))) return 'lost'
      const text = JSON.stringify(ledger)
      sql('UPDATE state SET revision = ?, ledger = ?, sum = ?').run(revision + 1, text, sumOf(revision + 1, text))
      sweep(nowMs)
      journal.append(entries)
      if ((revision + 1) % keeps.everyCommits === 0) journal.prune(keeps, ledger.move?.epoch ?? -1)
      return revision + 1
    })

  const ask = (request: Request, nowMs: number): void =>
    transact(db, () => {
      refuseUntimely(request, nowMs)
      sweep(nowMs)
      sql('INSERT INTO requests (id, expires_ms, taken, body) VALUES (?, ?, 0, ?) ON CONFLICT DO NOTHING').run(request.id, request.expiresMs, JSON.stringify(request))
    })

  const putReport = (report: Report, nowMs: number): void =>
    transact(db, () => {
      sweep(nowMs)
      sql('INSERT OR REPLACE INTO report (one, body) VALUES (1, ?)').run(JSON.stringify(report))
    })

  /** Names the new leader; true where the last one did not let go in order. */
  const enter = (leader: Leader): boolean =>
    transact(db, () => {
      const unclean = sql('SELECT open FROM leader').get()?.open === 1
      sql('INSERT OR REPLACE INTO leader (one, open, body) VALUES (1, 1, ?)').run(JSON.stringify(leader))
      return unclean
    })

  const leave = (): void => {
    sql('UPDATE leader SET open = 0').run()
  }

  /** Null: nobody has entered, or the last one left in order. */
  const entered = (): Leader | null => {
    const row = sql('SELECT body FROM leader WHERE open = 1').get()
    return row ? parse(path, "the leader's name", row.body) : null
  }

  return { read, commit, ask, putReport, enter, leave, entered, entries: journal.entries }
}

export type StoreRows = ReturnType<typeof storeRows>
