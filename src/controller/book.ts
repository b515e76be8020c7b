import type { Clock } from '../clock.ts'
import { freshLedger } from '../core/ledger.ts'
import type { Entry, Snapshot } from '../core/moving.ts'
import type { Config, Ledger } from '../core/types.ts'
import type { Event } from '../core/words.ts'
import type { Store, StoreView } from '../ports.ts'

/** A ledger and what the journal says of how it came about. */
export type Change = { ledger: Ledger; entries: Entry[] }

/** The ledger as this process last read it, and the one way to change it. */
export type Book = {
  ledger(): Ledger
  /** Null: the store was not read yet. */
  view(): StoreView | null
  refresh(): Promise<StoreView>
  /** When the store was last read, monotonic; -Infinity: not yet. */
  readMs(): number
  /**
   * Reads the store, makes the change from what is there, and commits by compare-and-swap; where somebody wrote first it reads
   * and makes it again. `make` answers null for "no longer". With `takes`, only while that request still stands.
   */
  change(make: (ledger: Ledger) => Change | null, takes?: string): Promise<Ledger | null>
  /** Journal entries that leave the ledger as it is. False: others wrote again and again, and nothing was journaled. */
  note(entries: Entry[]): Promise<boolean>
  entry(event: Event, msg: string, fields?: Entry['fields'], snapshot?: Snapshot): Entry
}

const triesMost = 8

/** Opens the book over a store; nothing is read yet. */
export function openBook(store: Store, config: Config, clock: Clock): Book {
  let view: StoreView | null = null
  let readMs = -Infinity
  const ledgerOf = (of: StoreView | null) => of?.ledger ?? freshLedger(config)
  const book: Book = {
    ledger: () => ledgerOf(view),
    view: () => view,
    refresh: async () => {
      view = await store.read()
      readMs = clock.now().monoMs
      return view
    },
    readMs: () => readMs,
    change: async (make, takes) => {
      for (let tries = 0; tries < triesMost; tries++) {
        const read = await book.refresh()
        if (takes !== undefined && !read.requests.some((r) => r.id === takes)) return null
        const made = make(ledgerOf(read))
        if (!made) return null
        const commit = { revision: read.revision, ledger: made.ledger, entries: made.entries }
        const revision = await store.commit(takes === undefined ? commit : { ...commit, takes })
        if (revision === 'lost') continue
        view = { ...read, revision, ledger: made.ledger, requests: read.requests.filter((r) => r.id !== takes) }
        return made.ledger
      }
      return null
    },
    note: async (entries) => entries.length === 0 || (await book.change((ledger) => ({ ledger, entries }))) !== null,
    entry: (event, msg, fields = {}, snapshot) => {
      const entry: Entry = { event, atMs: clock.now().wallMs, msg, fields }
      return snapshot ? { ...entry, snapshot } : entry
    },
  }
  return book
}
