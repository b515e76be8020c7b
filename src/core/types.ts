import type { Telling } from './messages.ts'
import type { AnswerKind, AskedKind, Claim, Health, MoveKind, MoveState, Reason, Step, Verdict } from './words.ts'

/** A moment: durations are counted on `monoMs`, deadlines that survive a restart on `wallMs`. */
export type Time = { monoMs: number; wallMs: number }

// ── What the config says, as far as deciding needs it ────────────────────────

/** One site of the file. */
export type SiteConfig = {
  site: string
  cloud: string
  /** IPv4 and IPv6 addresses, or one hostname. Empty: not known yet (a cold site, a stack not read). */
  addresses: string[]
  standby: 'hot' | 'cold'
  /** The Pulumi stack that its addresses come from. Left out: they stand in the file. */
  stack?: string
}

/** What a stack tells of its site. Null: it does not say. */
export type StackOutputs = { address: string; addressV6: string | null; machineId: string | null; region: string | null }

/** A stack's outputs as they were last read well, by the store's wall clock. `stack`: whose they are; a site that names another by now has none. */
export type StackCopy = StackOutputs & { stack: string; readMs: number }

/** One DNS host of the file, with the names that it serves. */
export type HostConfig = {
  /** Names the host in logs, the journal and `status`, e.g. `rfc2136/192.0.2.53:53/shop.example`. */
  host: string
  driver: string
  /** Lower case, no trailing dot. */
  zone: string
  /** The listed names that live in this zone. */
  names: string[]
  /** The listed names of other zones: a name of this one that is a CNAME to one of them follows it. */
  elsewhere: string[]
  ttlS: number
}

/** The file, as far as deciding needs it. */
export type Config = {
  app: string
  /** 32 hex digits. Null: not written yet; nothing may be adopted. */
  owner: string | null
  /** In order of preference. */
  sites: SiteConfig[]
  check: { intervalMs: number; timeoutMs: number; fall: number; rise: number }
  /** `cloud` is any word; `none` is nobody's. */
  vantages: { vantage: string; cloud: string }[]
  /** Null: the majority of each site's voters. */
  quorum: number | null
  /** `holds` null: nothing is held. `carried`: a data driver moves it. */
  data: { holds: string | null; carried: boolean }
  dns: { names: string[]; drift: 'hold' | 'reassert'; hosts: HostConfig[] }
  policy: {
    automatic: boolean
    confirmCutMs: number
    outageMs: number
    /** Null: never. */
    appFaultMs: number | null
    cooldownMs: number
    maxMovesPerHour: number
    failback: 'manual' | 'automatic'
  }
}

// ── What the outside said ────────────────────────────────────────────────────

/** What one probe of one address came to. */
export type Answer = {
  kind: AnswerKind
  address: string
  /** For people, e.g. `HTTP 503`, `no answer in 1 s`. Carries no secret. */
  detail: string
  ms: number
  /** Null: no TLS was seen. */
  certificateUntilMs: number | null
}

/** What one vantage saw of one site in one round; `atMs` is the monotonic moment of arrival. */
export type Probe = { vantage: string; site: string; answers: Answer[]; atMs: number }

/** One claim about an account or a machine, typed by its driver. `source` says which call or credential. */
export type Reading = {
  site: string
  source: string
  scope: 'key' | 'account' | 'resource' | 'network' | 'unknown'
  claim: Claim
  /** For people, e.g. `account status is locked`. Carries no secret. */
  detail: string
  /** The vendor's own code and HTTP status, for the journal. Null: there was none. */
  code: string | null
  http: number | null
  /** Monotonic moment of arrival. */
  atMs: number
}

/** All that one round found out, and nothing else. */
export type Facts = {
  /** When the round ended and began. */
  at: Time
  startedAt: Time
  probes: Probe[]
  canaries: { vantage: string; well: number; asked: number }[]
  readings: Reading[]
  ledger: Ledger
}

// ── What is remembered ───────────────────────────────────────────────────────

/** What every DNS host must show: the marker's fields and the addresses at every name. */
export type Placement = { epoch: number; move: string; site: string; addresses: string[] }

/** A move before it is opened; frozen in it from then on. */
export type Plan = {
  kind: MoveKind
  /** Null only where an adoption finds no active site. */
  from: string | null
  to: string
  addresses: string[]
  steps: Step[]
}

/** What a person lifted, each flag no more than its own. */
export type Lifted = { force: boolean; unready: boolean; unfenced: boolean; acceptLoss: boolean }

/** A move that was opened. */
export type Move = Plan & {
  epoch: number
  /** A UUID; stands in the marker, and tells a repeated success from a lost race. */
  id: string
  by: string
  cause: Reason
  decision: string
  startedMs: number
  lifted: Lifted
  /** From the first attempt to promote, its outcome unknown included, the target is the active site. */
  promoteTried: boolean
  /** True: started by lifeboat itself, so that it counts against maxMovesPerHour. */
  automatic: boolean
}

/** A move that ended. */
export type Past = {
  epoch: number
  id: string
  kind: MoveKind
  from: string | null
  to: string
  by: string
  cause: Reason
  startedMs: number
  endedMs: number
  state: MoveState
  automatic: boolean
  debts: string[]
}

/** `untilMs` null: for ever. `holder`: a command that runs meanwhile, and ends it; left out: a person's. */
export type Pause = { untilMs: number | null; by: string; why: string; holder?: string }

/** The store's one document. Wall clock only. */
export type Ledger = {
  app: string
  owner: string | null
  /** The highest ever allocated. */
  epoch: number
  /** The last site that was allowed to write, and under which epoch. Null before adoption. */
  active: string | null
  activeEpoch: number
  /** True: nobody is allowed to write; a move is between fence and promote. */
  fenced: boolean
  /** False: this store may be an old copy, and never acts by itself. */
  trusted: boolean
  /** What every DNS host must show when no move is open. Null: not adopted. */
  record: Placement | null
  move: Move | null
  /** Newest first, at most 50. */
  past: Past[]
  /** Of all pauses the one that ends last: while it stands, automatic moves are paused. */
  pause: Pause | null
  /** The others, and none of them ends later. Left out: there is none. */
  otherPauses?: Pause[]
  /** Sites that were given up and have not rejoined. */
  given: { site: string; epoch: number; atMs: number }[]
  /** Addresses at our names that count as ours: written by us, or adopted. */
  ours: string[]
  /** Per DNS host the highest epoch of ours that was seen there; a host that is not listed never showed one. */
  hosts: Record<string, number>
  /** When drift was last written back, newest first. */
  reassertsMs: number[]
  /** The TTL that our names were last served with. Null: never read. */
  servedTtlS: number | null
  /** Until when recursors may serve what our last change replaced. */
  staleUntilMs: number | null
  /** Until when recursors may keep answers with a TTL above the configured one, from before an adoption: a planned move waits for it. */
  longTailUntilMs: number | null
  /** The file of the last `watch` that led, or the one that a person accepted since. Left out: no `watch` has led yet. */
  file?: FileInForce
  /** Per site the release that it was last seen to take. Left out: none was told; a site that is not listed: not known. */
  releases?: Record<string, { release: string; pushedMs: number; by: string }>
  /** DNS hosts where our marker may still stand although the names were let go of: it is removed there. Left out: none. */
  leaving?: string[]
  /** What people were told, and what still waits to be. Left out: nobody was ever to be told. */
  telling?: Telling
  /** The outputs of the sites' stacks, by site: moves use these, whatever becomes of the stack's state. Left out: none was ever read. */
  stacks?: Record<string, StackCopy>
}

/** What the file says, by its own keys; a value that may be printed nowhere is `(hidden)`. */
export type Written = Record<string, string>

/** `hash`: SHA-256 over its text. `leader`: who led by it; null: a person accepted it, and nobody has led by it since. */
export type FileInForce = { hash: string; written: Written; leader: string | null }

/**
 * Consecutive good rounds as a positive run, failed ones as a negative one; `says` keeps its word until rise or fall is reached.
 * `failure`: the last answer that failed, kept until it says up. Null: none.
 */
export type Vote = { says: Health; run: number; answers: Answer[]; failure: Answer | null; atMs: number }

/** A claim that stands, with the moments of its first and its latest reading, monotonic. */
export type Evidence = {
  site: string
  source: string
  claim: Claim
  detail: string
  firstMs: number
  lastMs: number
}

/** What this process makes of one site. */
export type SiteWatch = {
  health: Health
  /** Since when `health` stands, monotonic. */
  sinceMs: number
  verdict: Verdict
  /** The row of DESIGN.md's table. */
  row: number
  /** Since when the verdict stands, monotonic; verdicts of one outage (down, foreign, stopped, cut and down) count as one. */
  verdictSinceMs: number
  /** Since when it is down without an operator having stopped it, monotonic. Null: it is not. */
  failingSinceMs: number | null
  /** True: it is down by the votes, and in their last rounds fewer than a quorum failed: it may be coming back. */
  returning: boolean
  /** The sentence that says why. */
  why: string
  /** For a target: at least one voter says up and none says down. Null: could not find out. */
  ready: boolean | null
  /** Null: no TLS seen. */
  certificateUntilMs: number | null
}

/** This process's own view; monotonic clock, starts empty, and every field of it is plain data. */
export type Watch = {
  at: Time | null
  /** Why this observer does not trust itself. Null: it does. */
  abstains: string | null
  /** Vantages that abstain now, and why. */
  blind: Record<string, string>
  votes: Record<string, Record<string, Vote>>
  evidence: Evidence[]
  /** Wall deadlines of the ledger, made monotonic when first read. */
  deadlines: Record<string, number>
  sites: Record<string, SiteWatch>
}

/** All that deciding rests on. */
export type State = { ledger: Ledger; watch: Watch }

// ── What is decided ──────────────────────────────────────────────────────────

/** A person's request. It is consumed in the transaction that carries it out, and never after `expiresMs`. */
export type Request = {
  id: string
  by: string
  /** Wall clock, at most 60 s after it was asked. */
  expiresMs: number
} & (
  | { what: 'move'; kind: AskedKind; to: string | null; lifted: Lifted; planHash: string }
  /** What the command read in DNS: the highest epoch of ours, the values that become ours, the longest TTL. */
  | { what: 'adopt'; to: string; seenEpoch: number; oldValues: string[]; oldTtlS: number | null; planHash: string }
  /** It stands beside all others, and in the place of its holder's own; a person has one. */
  | { what: 'pause'; untilMs: number | null; why: string; holder?: string }
  /** `holder`: the pause of this one alone; left out: all that stand. */
  | { what: 'resume'; holder?: string }
  | { what: 'rejoin'; site: string }
  /** `release`: the id of what was brought to the site and runs there since `pushedMs`. */
  | { what: 'release'; site: string; release: string; pushedMs: number }
  /** `epoch`: the ledger's, as the person saw it. */
  | { what: 'disown'; epoch: number }
)

/** `site`: whom it is about. `would`: the move that was not started. */
export type Decision =
  | { kind: 'hold'; reason: Reason; site: string | null; would?: undefined }
  | { kind: 'refuse'; reason: Reason; site: string | null; would: Plan | null }
  | { kind: 'move'; reason: Reason; site: string; plan: Plan; by: string; lifted: Lifted; automatic: boolean }
  /** A request that changes the ledger and moves nothing. */
  | { kind: 'set'; reason: Reason; site: string | null; ledger: Ledger }
