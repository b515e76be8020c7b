import { runController } from '../controller.ts'
import type { Parts } from '../controller/parts.ts'
import { isWarm } from '../controller/requests.ts'
import type { Self } from '../controller/self.ts'
import type { Settings } from '../config/settings.ts'
import { freshLedger } from '../core/ledger.ts'
import type { State } from '../core/types.ts'
import { exits, Said } from '../errors.ts'
import type { Log, StoreView } from '../ports.ts'
import type { OpenStore } from '../store/sqlite.ts'
import type { Cli } from './cli.ts'
import { noLeader, type Ground } from './ground.ts'
import { mindStore, outageSentence } from './store-outage.ts'
import { liveReport, sayOtherFile, stateOf } from './live-report.ts'
import { wire } from './wiring.ts'

const pauseMs = 100
/** The lease is free or held; a store that says neither for this long is out of order. */
const leadMsMost = 10_000

/** Who carries out what a command asks for. */
export type Actor = {
  /** True: this process does now; false: another one. */
  own(): boolean
  /** What it sees now. */
  state(): Promise<State>
  /** Rejects when this process's own controller has ended by a fault, or its store cannot be used any more. */
  fault: Promise<never>
  end(): Promise<void>
}

type Needs = {
  cli: Cli
  ground: Ground
  store: OpenStore
  command: string
  /** True: it must know who is well before anything is decided. */
  warm: boolean
}

/** The `watch` that runs; where none does, the same code in this process, which starts nothing by itself. Throws Said where that would be from elsewhere. */
export async function findActor(needs: Needs): Promise<Actor> {
  const { store, cli, ground } = needs
  const live = liveReport(await store.read(), cli.clock)
  if (live) sayOtherFile(cli, live, ground)
  if ('controller' in ground) {
    if (!live) throw noLeader(ground.controller)
    return runningActor(needs)
  }
  return live?.leader.command === 'watch' ? runningActor(needs) : ownActor(needs, ground)
}

/** A controller that has just begun does not know yet who is well, nor does one that has taken over since it was last looked at. */
async function runningActor({ cli, ground, store, warm }: Needs): Promise<Actor> {
  const { check } = ground.core
  const warmMs = (Math.max(check.rise, check.fall) + 2) * (check.intervalMs + check.timeoutMs)
  const state = async () => {
    for (let sinceMs: number | null | undefined, untilMs = 0; ; await cli.clock.sleep(pauseMs, cli.stop())) {
      const view = await store.read()
      const live = liveReport(view, cli.clock)
      const { monoMs, wallMs } = cli.clock.now()
      // Each new leader is waited for once, by this machine's own count: the wall clock there may be set meanwhile.
      if (sinceMs !== (live?.leader.sinceMs ?? null)) untilMs = monoMs + warmMs
      sinceMs = live?.leader.sinceMs ?? null
      const knows = sinceMs !== null && wallMs - sinceMs >= warmMs
      if (warm && live === null && monoMs >= untilMs) throw gone(ground)
      if (!warm || knows || monoMs >= untilMs) return stateOf(view, live, ground)
    }
  }
  return { own: () => false, state, fault: new Promise(() => {}), end: async () => {} }
}

const gone = (ground: Ground): Said =>
  'controller' in ground ? noLeader(ground.controller) : new Said('The controller that led has ended: nothing was done. Type it again, and this command acts by itself', exits.unfinished)

/**
 * Leads, or stands by behind another command that acts by itself, which may take what is asked for, or end a moment later and take
 * nothing more: this one then leads in its place.
 */
async function ownActor({ cli, store, command, warm }: Needs, settings: Settings): Promise<Actor> {
  const minded = mindStore(store, cli.clock)
  const running = inProcess(wire(settings, { store: minded.store, journal: store, clock: cli.clock, log: troubleOf(cli), command }))
  const out = minded.out.catch(async (said: Said) => Promise.reject(outageSentence(said, await readOrNull(store), running.hosts())))
  out.catch(() => {}) // Whoever acts waits for it; where nobody does yet, or any more, nothing is lost.
  const isPlaced = (self: Self) => self.lease !== null || self.standsBy !== null
  const ready = (self: Self) => isPlaced(self) && (!warm || isWarm(self))
  const untilMs = cli.clock.now().monoMs + leadMsMost
  const refused = (self: Self) => !isPlaced(self) && cli.clock.now().monoMs > untilMs
  try {
    const self = await Promise.race([running.when((now) => ready(now) || refused(now), cli.stop()), out])
    if (refused(self)) throw new Said('No controller runs, and this command cannot lead by itself (the reason stands above): nothing was done', exits.unfinished)
    // Its rounds go on with what they last read of the store, which is nothing before the first of them.
    const state = async () => ({ ...running.self().state, ledger: (await store.read()).ledger ?? freshLedger(settings.core) })
    return { own: () => running.self().lease !== null, state, fault: Promise.race([running.fault, out]), end: running.end }
  } catch (thrown) {
    await running.end()
    throw thrown
  }
}

/** Null: it cannot be read. */
const readOrNull = (store: OpenStore): Promise<StoreView | null> =>
  store.read().catch((thrown: unknown) => {
    if (thrown instanceof Said) return null
    throw thrown
  })

/** What this process sees when it looks by itself, without leading and without a write: for `plan` where no controller runs. Throws Said where the store is gone meanwhile. */
export async function observeOnce(cli: Cli, settings: Settings, store: OpenStore): Promise<State> {
  const minded = mindStore({ ...store, lead: async () => ({ heldBy: null }) }, cli.clock)
  const running = inProcess(wire(settings, { store: minded.store, clock: cli.clock, log: () => {}, command: 'plan' }))
  try {
    const { state } = await Promise.race([running.when(isWarm, cli.stop()), minded.out])
    // The rounds go on with what they last read of the store, and that may be gone by now.
    const { ledger } = await store.read()
    return { ...state, ledger: ledger ?? freshLedger(settings.core) }
  } catch (thrown) {
    throw thrown instanceof Said ? new Said(`The store cannot be read any more, so there is nothing to plan from. ${thrown.message}`, thrown.exit) : thrown
  } finally {
    await running.end()
  }
}

/** Runs the controller beside the command. */
function inProcess(parts: Parts) {
  const stop = new AbortController()
  let seen: Self | null = null
  const ended = runController(parts, { ownMoves: false, onTurn: (self) => void (seen = self) }, stop.signal)
  const fault = ended.then(() => new Promise<never>(() => {}))
  fault.catch(() => {}) // It is told to whoever waits for it, and to `end`.
  return {
    fault,
    self: () => seen!,
    hosts: () => seen?.hosts ?? {},
    when: (holds: (self: Self) => boolean, signal: AbortSignal): Promise<Self> => {
      const wait = async () => {
        const either = AbortSignal.any([signal, stop.signal])
        while (!seen || !holds(seen)) await parts.clock.sleep(pauseMs, either)
        return seen
      }
      return Promise.race([wait(), fault])
    },
    end: async () => {
      stop.abort(new Error('the command has ended'))
      // A store that cannot be written cannot be told either that its leader has left: the next one then waits a moment longer.
      await ended.catch((thrown: unknown) => {
        if (!(thrown instanceof Said)) throw thrown
      })
    },
  }
}

/** The command prints steps and refusals by itself; of the rest only trouble is shown, each once. */
const troubleOf = (cli: Cli): Log => {
  const told = new Set<string>()
  return ({ level, event, msg }) => {
    const isTrouble = level === 'error' || (level === 'warn' && event === 'dns')
    if (cli.flags.logLevel !== 'debug' && (!isTrouble || told.has(msg))) return
    told.add(msg)
    cli.err(`${event}: ${msg}`)
  }
}
