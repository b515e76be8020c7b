import type { Config, Decision, Ledger, Move, Request, SiteWatch, State, Time } from './types.ts'
import type { MoveKind, Outcome, Step } from './words.ts'

// ── What a move sees and does ────────────────────────────────────────────────

/** From when until when a signature that verifies covers a set, wall clock. */
export type Signed = { sinceMs: number; untilMs: number }

/** The keys that a zone's records are signed with, and those that it publishes; both empty: it is not signed. */
export type Signers = { signs: string[]; publishes: string[] }

/**
 * `type` is A, AAAA, CNAME, or another type's name for what is not ours. Values are in canonical form. `signed` null: no signature
 * that verifies covers it; left out: nobody asked, or it could not be found out. `through`: the wildcard that gives it, e.g.
 * `*.shop.example`; left out: it stands at the name itself, as far as could be found out.
 */
export type RecordSet = { name: string; type: string; ttlS: number; values: string[]; signed?: Signed | null; through?: string }

/** What a DNS host or a name server shows of the listed names and of our marker, as read. */
export type HostView = {
  /** Each TXT at the marker's name, its strings joined; one that a wildcard gives is none. */
  txt: string[]
  txtTtlS: number | null
  sets: RecordSet[]
  /** The zone's SOA serial. Null: this host has none to show. */
  serial: number | null
  /** Left out: nobody asked. */
  signers?: Signers
}

/**
 * What one of the parent's name servers answers. `host` null: it belongs to none of our hosts alone. `ds`: the parent has a DS for the
 * zone, so that answers without a good signature are thrown away; null: could not find out.
 */
export type ServerView = { server: string; zone: string; host: string | null; ds: boolean | null; view: HostView | null }

/** Null everywhere: could not find out. */
export type World = {
  at: Time
  ledger: Ledger
  sites: Record<string, SiteWatch>
  data: Record<string, { epoch: number; open: boolean; lagBytes: number | null } | null>
  hosts: Record<string, HostView | null>
  /** Per host how often a write of this move was refused or not answered, by this process. */
  failed: Record<string, number>
  /** Per host why its last write of this move came to nothing, for people. */
  refusals: Record<string, string>
  servers: ServerView[] | null
  /** Per host the zone's serial with which it was first seen to show this move; a host that is not listed has not been, or has none to show. */
  serials: Record<string, number>
  /** Since when this process itself has read the fence in the store. Null: it has not. */
  fencedForMs: number | null
  /** Moves that lifeboat started by itself within the last hour. */
  startsThisHour: number
  /** How long this process has been at each step of this move. */
  stepForMs: Partial<Record<Step, number>>
}

/** One thing that a step does to the outside or to the ledger; each may be repeated. */
export type Effect =
  | { do: 'commit'; ledger: Ledger }
  | { do: 'write'; host: string; view: HostView; marker: Marker; addresses: string[] | null }
  | { do: 'demote' | 'promote'; site: string; epoch: number }

/** What `next` finds: effects to carry out, something to wait for, or the end. */
export type Next =
  | { kind: 'step'; step: Step; effects: Effect[] }
  | { kind: 'wait'; step: Step; why: string }
  | { kind: 'done'; debts: string[] }
  /** `to` null: stand aside. Otherwise open epoch + 1 to it. */
  | { kind: 'abort'; as: 'abandoned' | 'superseded'; to: string | null; move: MoveKind; why: string }

/** The TXT at `_lifeboat-<app>.<zone>`. */
export type Marker = {
  app: string
  owner: string
  epoch: number
  site: string
  move: string
  state: 'claimed' | 'pointed'
}

/** What one write at a DNS host changes: each set whole, as read and as it shall be. */
export type Change = {
  zone: string
  txt: { name: string; ttlS: number; old: string[]; oldTtlS: number | null; new: string[] }
  sets: { name: string; type: 'A' | 'AAAA' | 'CNAME'; ttlS: number; old: string[]; oldTtlS: number | null; new: string[] }[]
}

// ── What is recorded ─────────────────────────────────────────────────────────

/** What a decision or a step can be explained from and run again. */
export type Snapshot =
  | { of: 'decide'; state: State; config: Config; decision: Decision }
  | { of: 'admit'; state: State; config: Config; request: Request; decision: Decision }
  | { of: 'next'; move: Move; world: World; config: Config; next: Next }

/** One line of the journal. */
export type Entry = {
  event: string
  atMs: number
  msg: string
  /** The fields of its kind: site, verdict, reason, from, to, epoch, ms, step, outcome, request … */
  fields: Record<string, string | number | boolean | null>
  snapshot?: Snapshot
}

/** One step as `history` shows it. */
export type StepRun = {
  step: Step
  target: string
  startedMs: number
  /** Null: still open. */
  endedMs: number | null
  outcome: Outcome
  detail: string
}
