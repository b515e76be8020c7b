import type { Settings } from '../../config/settings.ts'
import type { Copies } from '../../config/stacks.ts'
import { runController } from '../../controller.ts'
import { openBook } from '../../controller/book.ts'
import type { Parts } from '../../controller/parts.ts'
import type { Self } from '../../controller/self.ts'
import { copyOf, placeOf } from '../../core/stacks.ts'
import type { Ledger, State } from '../../core/types.ts'
import { exits, Said } from '../../errors.ts'
import type { Log } from '../../ports.ts'
import type { OpenStore } from '../../store/sqlite.ts'
import { version } from '../../version.ts'
import { changesOf } from '../changes.ts'
import type { Cli } from '../cli.ts'
import { logTo } from '../log.ts'
import { serve } from '../serve.ts'
import { hangUpsOf, type HangUps } from '../signals.ts'
import { readSettings } from '../ground.ts'
import { refuseMisfit } from '../misfit.ts'
import { stacksOf } from '../stacks.ts'
import { openToWrite } from '../store.ts'
import { wire } from '../wiring.ts'

/** `copies`: what the stacks say that its sites go by. */
type Run = { settings: Settings; parts: Parts; copies: Copies }
/** How soon a store that is gone is noticed, and what a stack newly says, and one that cannot be opened is tried again. */
const storeLookMs = 1_000

type Around = { cli: Cli; store: OpenStore; log: Log; hangUps: HangUps }

/** The controller, in the foreground, until SIGINT or SIGTERM. SIGHUP: a changed file is taken, where it is sound. */
export async function watch(cli: Cli): Promise<number> {
  const file = readSettings(cli)
  const around: Around = { cli, store: await openToWrite(file, cli.clock), log: logTo(cli), hangUps: hangUpsOf(cli.clock) }
  const { log } = around
  const stop = cli.stop()
  try {
    const { ledger } = await around.store.read()
    const copies = ledger?.stacks ?? {}
    const settings = readSettings(cli, { copies })
    refuseMisfit(ledger, settings)
    const parts = wireTo(around, settings)
    sayStart(log, settings, ledger)
    await runAll(around, { settings, parts, copies }, stop)
    log({ level: 'info', event: 'stop', msg: `lifeboat watch has stopped (${cli.stoppedBy() ?? 'nobody reads its output'})` })
    return exits.done
  } finally {
    await around.store.close()
  }
}

const wireTo = ({ cli, store, log }: Around, settings: Settings, sinceMs?: number): Parts =>
  wire(settings, { store, journal: store, stacks: stacksOf(cli, settings), clock: cli.clock, log, command: 'watch', ...(sinceMs === undefined ? {} : { sinceMs }) })

/** What comes after a run, made once it has ended. Null: nothing does. */
type Then = (() => Promise<Run | null>) | null

/** One controller after another, each with the file and the store as they then were; what the one had seen is kept for the next. */
async function runAll(around: Around, first: Run, stop: AbortSignal): Promise<void> {
  let run: Run | null = first
  let state: State | undefined
  while (run) {
    const over = new AbortController()
    const signal = AbortSignal.any([stop, over.signal])
    let self: Self | null = null
    const ended: Promise<State> = runController(run.parts, { ownMoves: true, isLast: () => stop.aborted, onTurn: (now) => void (self = now), ...(state ? { state } : {}) }, signal)
    ended.catch(() => {}) // Told where it is awaited, below.
    const endServing = await serve({ ...around, settings: run.settings, self: () => self })
    const then: Then = await Promise.race([changed(around, run, signal), restacked(around, run, () => self, signal), lost(around, run, signal, stop), ended.then(() => null)]).finally(endServing)
    over.abort(new Error('the file or the store has changed'))
    state = await ended
    run = stop.aborted || !then ? null : await then()
  }
}

function sayStart(log: Log, { file, core, store, warnings }: Settings, ledger: Ledger | null): void {
  const automatic = core.policy.automatic ? 'automatic moves are on' : 'automatic moves are off (policy.automatic)'
  const adopted = ledger?.record ? `adopted, ${ledger.active} is active in epoch ${ledger.epoch}` : 'not adopted yet'
  log({ level: 'info', event: 'start', msg: `lifeboat ${version} watches ${core.app} by ${file}; store ${store.path}; ${automatic}; ${adopted}`, config: file, store: store.path, automatic: core.policy.automatic, adopted: Boolean(ledger?.record) })
  for (const msg of warnings) log({ level: 'warn', event: 'config', msg })
}

/** Waits for a SIGHUP that brings a sound file with a difference. Null: the signal aborted. */
async function changed(around: Around, old: Run, signal: AbortSignal): Promise<Then> {
  while (await around.hangUps.next(signal)) {
    const run = await reread(around, old)
    if (run) return async () => run
  }
  return null
}

/** Waits until the store says other addresses of a stack than the run goes by: this controller read them, or another process. Null: the signal aborted. */
async function restacked(around: Around, run: Run, self: () => Self | null, signal: AbortSignal): Promise<Then> {
  let known = run.copies
  while (!signal.aborted) {
    // Before the store was read nothing is known, and a copy that a new store has lost stays true.
    const copies = { ...known, ...self()?.book.view()?.ledger?.stacks }
    const moved = run.settings.core.sites.filter((site) => {
      const [old, now] = [copyOf(site, known), copyOf(site, copies)]
      return now !== null && (old === null || placeOf(old) !== placeOf(now))
    })
    known = copies
    const next = moved.length > 0 ? settle(around, run, copies) : null
    if (next) return async () => next
    await around.cli.clock.sleep(storeLookMs, signal).catch(() => {}) // It aborted: looked at above.
  }
  return null
}

/** The same file with what its stacks now say. Null: it stays as it was, and that is said. */
function settle(around: Around, { settings: old, parts: { leader } }: Run, copies: Copies): Run | null {
  const { cli, log } = around
  try {
    const settings = readSettings(cli, { copies })
    if (settings.hash !== old.hash) throw new Said(`${old.file} has changed since it was read: it is taken with the next SIGHUP, and the stacks with it`)
    log({ level: 'info', event: 'config', msg: `the stacks say: ${changesOf(old, settings).join('; ') || 'nothing that concerns this controller'}` })
    return { settings, parts: wireTo(around, settings, leader.sinceMs), copies }
  } catch (thrown) {
    if (!(thrown instanceof Said)) throw thrown
    log({ level: 'error', event: 'config', msg: `what the stacks now say was not taken: ${thrown.message.replaceAll('\n', ' · ')}` })
    return null
  }
}

/** Waits until the store's file is another or none. Null: the signal aborted. */
async function lost(around: Around, run: Run, signal: AbortSignal, stop: AbortSignal): Promise<Then> {
  const { clock } = around.cli
  while (!signal.aborted) {
    if (isMoved(around.store)) return () => openAnew(around, run, stop)
    await clock.sleep(storeLookMs, signal).catch(() => {}) // It aborted: looked at above.
  }
  return null
}

/** Where it cannot be looked at, each read of it says so. */
function isMoved(store: OpenStore): boolean {
  try {
    return store.isMoved()
  } catch (thrown) {
    if (thrown instanceof Said) return false
    throw thrown
  }
}

/** The store as it stands there now, an empty one where none does; tried until it can be had. Null: the signal aborted. */
async function openAnew(around: Around, { settings, parts: { leader }, copies }: Run, stop: AbortSignal): Promise<Run | null> {
  const { cli, log } = around
  // Not before: two connections of one process to two files of one name would share the names beside it.
  await around.store.close()
  log({ level: 'error', event: 'start', msg: `the store ${settings.store.path} was moved, deleted or replaced: what stands there now is taken up` })
  let failing = ''
  while (!stop.aborted) {
    try {
      around.store = await openToWrite(settings, cli.clock)
      const { ledger } = await around.store.read()
      refuseMisfit(ledger, settings)
      sayStart(log, settings, ledger)
      return { settings, parts: wireTo(around, settings, leader.sinceMs), copies }
    } catch (thrown) {
      if (!(thrown instanceof Said)) throw thrown
      if (failing !== thrown.message) log({ level: 'error', event: 'start', msg: `nothing is watched until the store can be used: ${thrown.message}` })
      failing = thrown.message
      await around.store.close()
    }
    await cli.clock.sleep(storeLookMs, stop).catch(() => {}) // It aborted: looked at above.
  }
  return null
}

/** The file as it is now. Null: it stays as it was, or is not sound; either is said. */
async function reread(around: Around, { settings: old, parts: { leader } }: Run): Promise<Run | null> {
  const { cli, store, log } = around
  try {
    const { ledger } = await store.read()
    const copies = ledger?.stacks ?? {}
    const settings = readSettings(cli, { copies })
    if (settings.store.path !== old.store.path) throw new Said('store.path cannot change while it runs. Start lifeboat watch anew')
    refuseMisfit(ledger, settings)
    const parts = wireTo(around, settings, leader.sinceMs)
    const changes = changesOf(old, settings)
    const isSame = changes.length === 0 && settings.hash === old.hash
    const msg = `${settings.file} was read anew: ${isSame ? 'nothing has changed' : changes.join('; ') || 'only in its layout or its comments'}`
    log({ level: 'info', event: 'config', msg })
    if (isSame) return null
    for (const warning of settings.warnings) log({ level: 'warn', event: 'config', msg: warning })
    await putInForce({ cli, store }, { settings, parts, copies }, msg)
    return { settings, parts, copies }
  } catch (thrown) {
    if (!(thrown instanceof Said)) throw thrown
    log({ level: 'error', event: 'config', msg: `the file was not taken, and the earlier one stays: ${thrown.message.replaceAll('\n', ' · ')}` })
    return null
  }
}

/** Where this process leads, the file that it has read anew is the one in force. One that stands by says so when it comes to lead. */
async function putInForce({ cli, store }: Pick<Around, 'cli' | 'store'>, { settings, parts }: Run, msg: string): Promise<void> {
  const book = openBook(store, settings.core, cli.clock)
  const { configHash: hash, written, leader } = parts
  await book.change((ledger) =>
    ledger.file?.leader === leader.id ? { ledger: { ...ledger, file: { hash, written, leader: leader.id } }, entries: [book.entry('config', msg, { hash })] } : null,
  )
}
