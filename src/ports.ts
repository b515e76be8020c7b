// The few small interfaces that the controller sees. Each driver implements one; `cli/` wires the concrete ones.
// "Could not find out" is a value (null, or an outcome `unknown`), never an exception that looks like an answer.

import type { Message } from './core/messages.ts'
import type { HostState, Tell } from './core/words.ts'
import type { Change, Entry, HostView } from './core/moving.ts'
import type { Answer, Ledger, Reading, Request, StackCopy, Watch } from './core/types.ts'

// ── Store ────────────────────────────────────────────────────────────────────

/** Who leads, as the lease's holder wrote it. `sinceMs` is wall clock. */
export type Leader = { id: string; pid: number; machine: string; sinceMs: number; command: string }

/** What the leader last saw, so that others can show it. Overwritten, never appended. */
export type Report = {
  leader: Leader
  /** It led for one command and no longer does, although its process may live on. Left out: it may lead still. */
  ended?: true
  /** The leader's two clocks when it wrote this: `watch` counts on the monotonic one. */
  atMonoMs: number
  atWallMs: number
  watch: Watch
  decision: { id: string; kind: string; reason: string; sentence: string } | null
  /** What the open move has been waiting for, a sentence. Null: nothing for long. */
  waits: string | null
  /** `detail`: what is wrong with the host, a sentence; empty where nothing is. */
  dns: { host: string; state: HostState | null; epoch: number | null; addresses: string[] | null; staleUntilMs: number | null; detail: string }[]
  configHash: string
  /** Stacks whose outputs could not be read when they were last asked for, and why. Left out: all could, or none was asked for. */
  unread?: { site: string; sinceMs: number; why: string }[]
  /** Channels that do not take their messages now, and why. Left out: all do, or there is none. */
  untold?: { channel: string; sinceMs: number; why: string }[]
}

/** `seq` rises with each entry and is never reused. */
export type StoredEntry = Entry & { seq: number }

/** All that one read of the store shows. */
export type StoreView = {
  /** Names this state for compare-and-swap. */
  revision: number
  /** Null: a store that nobody has written yet. */
  ledger: Ledger | null
  /** Asked, and neither carried out nor refused nor expired. */
  requests: Request[]
  report: Report | null
}

/** One transaction: it lands whole, or not at all. */
export type Commit = {
  revision: number
  ledger: Ledger
  entries: Entry[]
  /** The request that this commit answers; it is gone with it. */
  takes?: string
}

/** The right to act, while it is held. */
export interface Lease {
  /** Monotonic; Infinity where the operating system frees it with the process. */
  heldUntilMonoMs(): number
  /** True: its last holder did not let go in order, so the new leader waits before its first outside write. */
  unclean: boolean
  release(): Promise<void>
}

/** Errors that a person must read are Said (exit 4: the next try may succeed); anything else is our bug. */
export interface Store {
  read(): Promise<StoreView>
  /** `lost`: somebody committed since that revision; nothing was written. A new revision otherwise. */
  commit(commit: Commit): Promise<number | 'lost'>
  /** Puts a request there, or the leader's report. */
  ask(what: { request: Request } | { report: Report }): Promise<void>
  /** The lease, or who holds it (null: somebody whose name cannot be read). */
  lead(leader: Leader): Promise<{ lease: Lease } | { heldBy: Leader | null }>
}

/** Reads of the journal, for people's commands. Newest first unless `afterSeq` is given, then oldest first. */
export interface Journal {
  entries(query: { event?: string; epoch?: number; afterSeq?: number; most: number }): Promise<StoredEntry[]>
}

// ── Observing ────────────────────────────────────────────────────────────────

/** One question about one address of a site. Plain data: it is sent to remote vantages as it is. */
export type Question = { site: string; address: string; timeoutMs: number } & (
  | {
      kind: 'http'
      url: string
      /** 200, or `2xx`. */
      status: (number | string)[]
      body: string | null
      /** `ca`: PEM text. */
      tls: 'public' | 'any' | { ca: string }
      /** The app's names: a redirect off them is a stranger's. */
      names: string[]
    }
  | { kind: 'tcp'; port: number }
  /** `port` left out: 53. */
  | { kind: 'dns'; name: string; type: string; port?: number }
)

/** All that a vantage is asked in one round; plain data. */
export type Ask = { questions: Question[]; canaries: string[]; timeoutMs: number }
/** `answers` stand in the order of the questions. `version`: of the lifeboat that looked; left out: it does not say. */
export type Sight = { answers: Answer[]; canaries: { well: number; asked: number }; version?: string }

/** What is read from one name server by DNS query: the marker and each name's A, AAAA and CNAME. */
export type Dig = {
  server: string
  zone: string
  marker: string
  names: string[]
  timeoutMs: number
  /** True: the signatures as well. Left out: not. */
  dnssec?: boolean
}

/** A place that probes run from, here or elsewhere. */
export interface Vantage {
  readonly vantage: string
  /** Null: this vantage did not answer (unreachable, or not signed as it must be). */
  probe(ask: Ask, signal: AbortSignal): Promise<Sight | null>
  /** Null: no answer, or none that is authoritative. */
  dig(dig: Dig, signal: AbortSignal): Promise<HostView | null>
}

/** Connections that stand open between the rounds, so that one that drops begins a round at once. Neither a drop nor silence is a vote. */
export interface Held {
  /** Keeps one connection to each address that is asked at, and lets go of all others; none at all: of a site that cannot be reached. Each drop is told once. One that cannot be had is no news. */
  hold(questions: Question[], dropped: () => void): void
}

/** Account and machine evidence of one cloud, for every site that stands there. */
export interface Cloud {
  readonly cloud: string
  /** How often it may be asked while nothing is in doubt; at most a tenth of the vendor's limit. */
  readonly pollMs: number
  /** How soon it may be asked again while in doubt. */
  readonly pollFloorMs: number
  /** `doubt`: its sites do not answer the probes, so the costlier controls are worth their calls. Never throws but on abort. */
  poll(doubt: boolean, signal: AbortSignal): Promise<Reading[]>
}

/** The Pulumi stack of one site. */
export interface Stack {
  readonly site: string
  /** What it says now, from its state; else why that could not be read or is not taken beside the copies of the other sites, a sentence. Never throws but on abort. */
  read(copies: Record<string, StackCopy>, signal: AbortSignal): Promise<{ copy: StackCopy } | { why: string }>
}

// ── Acting ───────────────────────────────────────────────────────────────────

/** `lost`: somebody wrote first · `refused`: the host will not · `unknown`: it may or may not have landed. */
export type WriteOutcome = { outcome: 'done' | 'lost' | 'refused' | 'unknown'; detail: string }

/** One place where a zone is written. */
export interface DnsHost {
  readonly host: string
  /** `known`: a view of a moment ago, of which the marker alone is read anew; left out: all is read. Null: could not find out. */
  read(signal: AbortSignal, known?: HostView): Promise<HostView | null>
  /** Writes only where the host still shows the `old` sets. */
  write(change: Change, signal: AbortSignal): Promise<WriteOutcome>
}

/** The name servers that the parent publishes, as `IP:port`. */
export interface NameServers {
  /** The last good list is kept; null: never found out. */
  of(zone: string, signal: AbortSignal): Promise<string[] | null>
  /** Whether the parent has a DS for the zone, as `of` last found out; never for a zone whose list is given. Null: could not find out. */
  ds(zone: string): boolean | null
}

/** Who may write, at sites that hold data. A site asks for its lease; nothing is pushed that opens it. */
export interface Data {
  read(site: string, signal: AbortSignal): Promise<{ epoch: number; open: boolean; lagBytes: number | null } | null>
  demote(site: string, epoch: number, signal: AbortSignal): Promise<WriteOutcome>
  promote(site: string, epoch: number, signal: AbortSignal): Promise<WriteOutcome>
}

// ── Telling people ───────────────────────────────────────────────────────────

/** `againMs`: not sooner than that, where the other side said so. */
export type Delivery = { outcome: 'done' | 'refused' | 'unknown'; detail: string; againMs: number | null }

/** One place where messages go. Neither its name nor a detail ever holds its address, which may be all that it takes to write there. */
export interface Channel {
  readonly channel: string
  readonly events: Tell[]
  /** One try. Never throws but on abort. */
  send(message: Message, signal: AbortSignal): Promise<Delivery>
}

/** Somebody outside who misses us when we fall silent. */
export interface Heartbeat {
  readonly everyMs: number
  /** Null: it was taken; else why not. Never throws but on abort. */
  beat(signal: AbortSignal): Promise<string | null>
}

/** One line for people and one object for machines; never a secret. */
export type LogLine = {
  level: 'info' | 'warn' | 'error'
  event: string
  msg: string
} & Record<string, unknown>
/** Where lines for people and machines go. */
export type Log = (line: LogLine) => void
