import { caughtUpMostMs, claimMostMs, fenceWaitMs, hostLostAfterMs, readyMostMs } from './limits.ts'
import { claimAt, debtsOf, pointAt, servedBy, settled, standsAt, taken } from './move-hosts.ts'
import type { Next, World } from './moving.ts'
import { isPlanned, leavesData } from './plan.ts'
import { spell } from './spell.ts'
import type { Config, Ledger, Move } from './types.ts'
import type { Step } from './words.ts'

type Reached = { kind: 'reached' }
type At = Reached | Extract<Next, { kind: 'step' | 'wait' }>
type Row = (move: Move, world: World, config: Config) => At

const reached: Reached = { kind: 'reached' }

/**
 * Looks at the world, not at what was done: the first step whose goal is not seen. Resuming after a crash is the same code.
 * A host or site that could not be read is null in the world: it is never taken for one that has reached a goal.
 */
export function next(move: Move, world: World, config: Config): Next {
  const turned = turn(move, world, config)
  if (turned) return turned
  for (const step of move.steps) {
    const at = table[step](move, world, config)
    if (at.kind !== 'reached') return at
  }
  return { kind: 'done', debts: debtsOf(move, world, config) }
}

const table: Record<Step, Row> = {
  ready: (move, world) => {
    const { to, kind, lifted } = move
    const tailMs = (world.ledger.longTailUntilMs ?? 0) - world.at.wallMs
    if (isPlanned(move) && tailMs > 0 && !promoted(move, world.ledger) && !sourceIsDown(move, world))
      return wait('ready', `answers with the TTL from before the adoption end in ${spell(tailMs)}`)
    const fixed = kind === 'adopt' || kind === 'repoint' || promoted(move, world.ledger) || lifted.unready
    return fixed || world.sites[to]?.ready === true ? reached : wait('ready', `${to} is not known to be well`)
  },
  claim: (move, world, config) => {
    const effects = config.dns.hosts.flatMap((host) => claimAt(host, move, world, config))
    if (effects.length > 0) return { kind: 'step', step: 'claim', effects }
    // A dead DNS host stands in no way out of a lost site; a site that serves is not given up for one that no name could point to.
    const { by, not } = taken(move, world, config, 'claimed')
    const goesOn = by.length > 0 || !isPlanned(move) || promoted(move, world.ledger) || sourceIsDown(move, world)
    return goesOn ? reached : wait('claim', `no DNS host takes the epoch: ${not.join(', ')}`)
  },
  drain: () => reached,
  fence: (move, world, config) => {
    if (!config.data.carried || promoted(move, world.ledger)) return reached
    if (move.kind === 'adopt' && world.ledger.fenced) return outwait(world)
    return world.ledger.active === move.to ? reached : fence(move, world)
  },
  'caught-up': (move, world, config) => {
    if (!config.data.carried || !isPlanned(move) || promoted(move, world.ledger)) return reached
    if (sourceIsDown(move, world)) return reached
    const lagBytes = world.data[move.to]?.lagBytes ?? null
    if (lagBytes === null) return wait('caught-up', `how far ${move.to} has caught up could not be found out`)
    return lagBytes === 0 ? reached : wait('caught-up', `${move.to} is ${lagBytes} bytes behind`)
  },
  promote: (move, world, config) => {
    const { to, epoch } = move
    if (!promoted(move, world.ledger)) {
      const open: Ledger = { ...world.ledger, active: to, activeEpoch: epoch, fenced: false, move: { ...move, promoteTried: true } }
      return { kind: 'step', step: 'promote', effects: [{ do: 'commit', ledger: open }] }
    }
    if (!config.data.carried) return reached
    const data = world.data[to]
    if (data?.open && data.epoch === epoch) return reached
    return { kind: 'step', step: 'promote', effects: [{ do: 'promote', site: to, epoch }] }
  },
  shift: () => reached,
  point: (move, world, config) => {
    const effects = config.dns.hosts.flatMap((host) => pointAt(host, move, world, config))
    if (effects.length > 0) return { kind: 'step', step: 'point', effects }
    const { by, not } = taken(move, world, config, 'pointed')
    return by.length > 0 ? reached : wait('point', `no DNS host takes the change: ${not.join(', ')}`)
  },
  confirm: (move, world, config) => {
    const { showing, servers, sentence } = servedBy(move, world, config)
    const missing = config.dns.hosts.filter((host) => settled(host, move, world, config) === null)
    if (missing.length > 0) return wait('confirm', sentence)
    if (showing > 0 && showing * 2 >= servers) return reached
    // Where most name servers are dead, or nobody is left to ask them, a move that waited for ever would bar the next one.
    const isTaken = taken(move, world, config, 'pointed').by.length > 0
    return isTaken && (world.stepForMs.confirm ?? 0) >= 2 * hostLostAfterMs ? reached : wait('confirm', `${sentence}; half of them must`)
  },
}

const wait = (step: Step, why: string): At => ({ kind: 'wait', step, why })

/** A planned move whose source is down goes on as a failover: nothing waits for what the source can no longer give. One that answers again may give it yet. */
export const sourceIsDown = ({ from }: Move, { sites }: World) => from !== null && sites[from]?.health === 'down' && !sites[from].returning

/** From the first attempt to promote, its outcome unknown included. */
const promoted = (move: Move, ledger: Ledger) => ledger.active === move.to && ledger.activeEpoch === move.epoch

/** Whether to leave the plan: somebody else acts, the target died, or the source of an outage is up again. */
function turn(move: Move, world: World, config: Config): Next | null {
  const newer = config.dns.hosts.find((host) => ['newer', 'other-move'].includes(standsAt(host, move, world, config, 'claimed') ?? ''))
  if (newer) return { kind: 'abort', as: 'superseded', to: null, move: move.kind, why: `${newer.host} shows an epoch that is not this store's` }
  const later = Object.entries(world.data).find(([, data]) => data !== null && data.epoch > world.ledger.epoch)
  if (later) return { kind: 'abort', as: 'superseded', to: null, move: move.kind, why: `${later[0]} knows a later epoch than this store` }
  const redirect = (to: string, why: string): Next => ({
    kind: 'abort',
    as: 'abandoned',
    to,
    move: to === world.ledger.active ? 'repoint' : 'failover',
    why,
  })
  const stays = move.kind === 'adopt' || move.kind === 'repoint'
  // Nothing but data waits for a site that stays: without any the move ends, and what comes next is decided anew.
  if (stays && !config.data.carried) return null
  if (promoted(move, world.ledger)) {
    const to = redirectAfterPromote(move, world, config)
    return to === null ? null : redirect(to, ailing(move.to, world))
  }
  if (stays) return null
  const target = world.sites[move.to]
  const source = move.from === null ? undefined : world.sites[move.from]
  const sourceWell = source?.health === 'up' && source.verdict !== 'cut'
  if ((target?.health === 'down' && !move.lifted.unready) || target?.verdict === 'cut') {
    const to = sourceWell ? move.from! : elsewhere(move, world, config)
    return to === null ? null : redirect(to, ailing(move.to, world))
  }
  const readyMs = Math.min(world.stepForMs.ready ?? 0, world.at.monoMs - (target?.sinceMs ?? 0))
  if (readyMs > readyMostMs && target?.ready !== true && !move.lifted.unready) {
    const to = sourceWell ? move.from! : elsewhere(move, world, config)
    if (to !== null) return redirect(to, `${move.to} was not known to be well for ${spell(readyMs)}`)
  }
  if (!sourceWell) return null
  if (isOutage(move)) return redirect(move.from!, `${move.from} is up again`)
  if (!isPlanned(move)) return null
  const claimMs = taken(move, world, config, 'claimed').by.length > 0 ? 0 : (world.stepForMs.claim ?? 0)
  if (claimMs > claimMostMs) return redirect(move.from!, `no DNS host took the epoch in ${spell(claimMs)}`)
  const stuckMs = world.data[move.to]?.lagBytes !== 0 ? (world.stepForMs['caught-up'] ?? 0) : 0
  return stuckMs > caughtUpMostMs ? redirect(move.from!, `${move.to} has not caught up in ${spell(stuckMs)}`) : null
}

/** A failover that lifeboat started because nothing answered; one that was turned to another site has the same source. */
const isOutage = ({ cause, kind }: Move) => cause === 'outage' || cause === 'app-fault' || (cause === 'redirect' && kind === 'failover')

const ailing = (site: string, { sites }: World) => `${site} is ${sites[site]?.verdict === 'cut' ? 'cut off' : 'down'}: ${sites[site]?.why}`

const elsewhere = (move: Move, world: World, config: Config): string | null =>
  config.sites
    .filter((s) => s.site !== move.to && s.addresses.length > 0 && !world.ledger.given.some((g) => g.site === s.site))
    .find((s) => world.sites[s.site]?.ready === true && world.sites[s.site]?.verdict !== 'cut')?.site ?? null

/** After promote the target is the active site: it is left only as an active site would be by itself, and that counts as a start. */
function redirectAfterPromote(move: Move, world: World, config: Config): string | null {
  const seen = world.sites[move.to]
  if (seen?.health !== 'down' || seen.returning || !config.policy.automatic || world.ledger.pause) return null
  const isCut = seen.verdict === 'cut'
  if (!isCut && (leavesData(config) || world.at.monoMs - seen.verdictSinceMs < config.policy.outageMs)) return null
  if (world.startsThisHour >= config.policy.maxMovesPerHour) return null
  return elsewhere(move, world, config)
}

/** A store that was lost or is an old copy does not know who may hold a lease, so nobody is asked: every lease runs out. */
const outwait = ({ fencedForMs }: World): At => {
  const leftMs = fenceWaitMs - (fencedForMs ?? 0)
  return leftMs <= 0 ? reached : wait('fence', `whoever was active may still write for ${spell(leftMs)}`)
}

/** Only the last active site can hold a lease, so one site is asked; silence is waited out on this process's own clock. */
function fence(move: Move, world: World): At {
  const { ledger, fencedForMs } = world
  if (!ledger.fenced) return { kind: 'step', step: 'fence', effects: [{ do: 'commit', ledger: { ...ledger, fenced: true } }] }
  const source = ledger.active
  const seen = source === null ? null : world.data[source]
  if (source === null || move.lifted.unfenced) return reached
  if (seen && !seen.open && seen.epoch >= move.epoch) return reached
  if (fencedForMs !== null && fencedForMs >= fenceWaitMs) return reached
  return { kind: 'step', step: 'fence', effects: [{ do: 'demote', site: source, epoch: move.epoch }] }
}

/** The parent's name servers are asked only where a step's goal is seen there. */
export const looksAtServers = (step: Step | null): boolean => step === 'confirm'
