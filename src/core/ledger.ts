import { isPlanned, leavesData } from './plan.ts'
import type { Config, Ledger, Lifted, Move, Past, Pause, Plan, Time } from './types.ts'
import type { MoveState, Reason } from './words.ts'

const pastMost = 50

/** The ledger of a store that nobody has written yet. */
export const freshLedger = (config: Config): Ledger => ({
  app: config.app,
  owner: config.owner,
  epoch: 0,
  active: null,
  activeEpoch: 0,
  fenced: false,
  trusted: true,
  record: null,
  move: null,
  past: [],
  pause: null,
  given: [],
  ours: [],
  hosts: {},
  reassertsMs: [],
  servedTtlS: null,
  staleUntilMs: null,
  longTailUntilMs: null,
})

/** All pauses, the one that ends last first. */
export const pausesOf = ({ pause, otherPauses = [] }: Ledger): Pause[] => (pause ? [pause, ...otherPauses] : [])

/** Those of them that stand at a moment of the wall clock. */
export const pausesAt = (ledger: Ledger, wallMs: number): Pause[] => pausesOf(ledger).filter((pause) => endOf(pause) > wallMs)

const endOf = ({ untilMs }: Pause): number => untilMs ?? Infinity

/** Puts a pause beside those that stand, and in the place of its holder's own. */
export const pauseToo = (ledger: Ledger, pause: Pause): Ledger => withPauses(ledger, [pause, ...pausesOf(ledger).filter(({ holder }) => holder !== pause.holder)])

/** Ends pauses. Where others stand, that is one write: no moment lies between in which nothing is paused. */
export const endPauses = (ledger: Ledger, isOver: (pause: Pause) => boolean): Ledger => withPauses(ledger, pausesOf(ledger).filter((pause) => !isOver(pause)))

function withPauses({ otherPauses: _, ...ledger }: Ledger, pauses: Pause[]): Ledger {
  const [pause = null, ...others] = pauses.toSorted((a, b) => (endOf(a) === endOf(b) ? 0 : endOf(b) - endOf(a)))
  return { ...ledger, pause, ...(others.length > 0 ? { otherPauses: others } : {}) }
}

/** All that opening a move needs besides the ledger. */
export type Opening = {
  plan: Plan
  id: string
  decision: string
  by: string
  cause: Reason
  lifted: Lifted
  automatic: boolean
  /** What an adoption found in DNS. */
  found?: { seenEpoch: number; oldValues: string[]; oldTtlS: number | null }
}

/**
 * Opens epoch + 1. A move that is open is closed as abandoned in the same write; where it had promoted its target already, the
 * site that it left was given up all the same.
 */
export function openMove(ledger: Ledger, opening: Opening, at: Time): Ledger {
  const { plan, found, ...rest } = opening
  const epoch = Math.max(ledger.epoch, found?.seenEpoch ?? 0) + 1
  const move: Move = {
    ...plan,
    epoch,
    id: rest.id,
    by: rest.by,
    cause: rest.cause,
    decision: rest.decision,
    startedMs: at.wallMs,
    lifted: rest.lifted,
    promoteTried: false,
    automatic: rest.automatic,
  }
  const { leaving: _, ...closed } = ledger.move ? withPast(ledger, ledger.move, 'abandoned', [], at) : ledger
  return {
    ...closed,
    given: givenOnTheWay(ledger, plan, at),
    epoch,
    move,
    active: ledger.active ?? plan.to,
    ours: union(ledger.ours, found?.oldValues ?? [], plan.addresses),
    servedTtlS: found ? found.oldTtlS : ledger.servedTtlS,
    // What another store allowed lives on until its lease ends: nobody may write before the fence is waited out.
    fenced: ledger.fenced || (found !== undefined && found.seenEpoch > 0 && (ledger.active === null || !ledger.trusted)),
    trusted: plan.kind === 'adopt' ? true : ledger.trusted,
  }
}

/** How a move ended. `pointedMs`: the wall moment of its last DNS write. `sourceDown`: the site left was down, so a planned move went on as a failover. */
export type Ending = { debts: string[]; pointedMs: number; sourceDown: boolean }

/** Closes the open move as confirmed. */
export function closeMove(ledger: Ledger, move: Move, { debts, pointedMs, sourceDown }: Ending, config: Config, at: Time): Ledger {
  const closed = withPast(ledger, move, debts.length > 0 ? 'done-with-debts' : 'done', debts, at)
  const shown = config.dns.hosts.filter((h) => !debts.includes(h.host)).map((h) => [h.host, move.epoch] as const)
  const ttlS = Math.max(...config.dns.hosts.map((h) => h.ttlS))
  const servedTtlS = ledger.servedTtlS ?? ttlS
  const tailEndsMs = pointedMs + servedTtlS * 1000
  return {
    ...closed,
    record: { epoch: move.epoch, move: move.id, site: move.to, addresses: move.addresses },
    given: givenAfter(ledger, move, isPlanned(move) && !sourceDown && !leavesData(config), at),
    hosts: { ...ledger.hosts, ...Object.fromEntries(shown) },
    servedTtlS: ttlS,
    staleUntilMs: Math.max(ledger.staleUntilMs ?? 0, tailEndsMs),
    longTailUntilMs: servedTtlS > ttlS ? tailEndsMs : ledger.longTailUntilMs,
  }
}

/** Ends the open move because somebody else acts: this store is not to be trusted until a person adopts. */
export const standAside = (ledger: Ledger, at: Time): Ledger => ({
  ...(ledger.move ? withPast(ledger, ledger.move, 'superseded', [], at) : ledger),
  trusted: false,
})

/** The names are nobody's that we know of: what stands there is no longer ours, and our marker goes. The epoch stays, since none is ever used twice, and who was allowed to write. */
export const letGo = (ledger: Ledger, config: Config): Ledger => ({ ...ledger, record: null, ours: [], hosts: {}, leaving: config.dns.hosts.map(({ host }) => host) })

/** Our marker no longer stands at a host. */
export function leftHost(ledger: Ledger, host: string): Ledger {
  const { leaving = [], ...rest } = ledger
  const left = leaving.filter((each) => each !== host)
  return left.length > 0 ? { ...rest, leaving: left } : rest
}

function withPast(ledger: Ledger, move: Move, state: MoveState, debts: string[], at: Time): Ledger {
  const past: Past = {
    epoch: move.epoch,
    id: move.id,
    kind: move.kind,
    from: move.from,
    to: move.to,
    by: move.by,
    cause: move.cause,
    startedMs: move.startedMs,
    endedMs: at.wallMs,
    state,
    automatic: move.automatic,
    debts,
  }
  return { ...ledger, move: null, past: [past, ...ledger.past].slice(0, pastMost) }
}

function givenOnTheWay({ move, given }: Ledger, { to }: Plan, at: Time): Ledger['given'] {
  const left = move?.promoteTried && !isPlanned(move) && move.from !== move.to ? move.from : null
  if (move === null || left === null || left === to || given.some((g) => g.site === left)) return given
  return [...given, { site: left, epoch: move.epoch, atMs: at.wallMs }]
}

/** A site left in order stands ready; any other is fenced. */
function givenAfter(ledger: Ledger, move: Move, inOrder: boolean, at: Time): Ledger['given'] {
  const kept = ledger.given.filter((g) => g.site !== move.to)
  if (move.from === null || move.from === move.to) return kept
  const others = kept.filter((g) => g.site !== move.from)
  return inOrder ? others : [...others, { site: move.from, epoch: move.epoch, atMs: at.wallMs }]
}

const union = (...lists: string[][]): string[] => [...new Set(lists.flat())].sort()

/** The newest wall moment that the store knows of: a controller whose clock is behind it does not lead. */
export const newestWallMs = (ledger: Ledger | null, reportedMs: number): number =>
  Math.max(reportedMs, ledger?.move?.startedMs ?? 0, ledger?.past[0]?.endedMs ?? 0)
