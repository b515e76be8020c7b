import type { Tell } from './words.ts'

// What of telling people stands in the ledger; telling.ts makes it.

/** One message to people; it is sent as JSON as it is. */
export type Message = {
  /** The app and a number that rises; the same in every try, so that a receiver can drop a repeated one. */
  id: string
  app: string
  /** Null: of a test, which belongs to none. */
  epoch: number | null
  events: Tell[]
  /** True: what an earlier alarm said is over. */
  over: boolean
  /** When it happened, wall clock. */
  atMs: number
  /** Why, in the words of a decision. Null: no decision is behind it. */
  reason: string | null
  /** The sentence of the decision, the move or the DNS host: the same as in the log and in `status`. */
  sentence: string
  /** What to type next, as `status` shows it. */
  next: string
}

/** Something that lasts, by where it was seen; what was said of it is not said again until it is over. `overSinceMs` null: it is not. */
export type Episode = { source: string; said: string[]; overSinceMs: number | null }

/** `to`: the channels that have not taken it yet. */
export type Waiting = { message: Message; to: string[] }

/** The ledger's part of it. */
export type Telling = {
  /** The journal is told up to this entry. */
  seq: number
  /** How many messages were made. */
  made: number
  episodes: Episode[]
  /** Oldest first. */
  outbox: Waiting[]
  /** Per channel how many messages were given up since it last took one. */
  lost: Record<string, number>
}
