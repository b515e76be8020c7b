import type { Request } from '../core/types.ts'
import { exits, Said } from '../errors.ts'
import type { StoredEntry } from '../ports.ts'
import type { OpenStore } from '../store/sqlite.ts'
import type { Cli } from './cli.ts'
import { liveReport } from './live-report.ts'

const pollMs = 100
/** After its end a request may still be in the commit that takes it. */
const lateMs = 1_000
/** A controller that died comes back sooner than this where something starts it again. */
const goneMostMs = 60_000

type Following = {
  cli: Cli
  store: OpenStore
  request: Request
  /** The newest entry before the request was put there. */
  afterSeq: number
  /** True: this process carries it out, so that leaving would leave it undone. */
  own(): boolean
}

/** What has become of the request so far. `epoch` null: it moves nothing, or was not taken yet. */
type Progress = { epoch: number | null; end: number | null }

/** Prints what becomes of a request as the journal tells it, and gives the exit code. */
export async function follow({ cli, store, request, afterSeq, own }: Following): Promise<number> {
  const stop = cli.stop()
  let seq = afterSeq
  let progress: Progress = { epoch: null, end: null }
  let told = false
  let ledMs = cli.clock.now().monoMs
  for (;;) {
    for (const entry of await mayBeDone(store.entries({ afterSeq: seq, most: 100 }), { ...progress, own: own() })) {
      seq = entry.seq
      progress = take(cli, entry, request, progress)
      if (progress.end !== null) return progress.end
    }
    if (stop.aborted && !own()) throw new Said(leaving(progress), exits.unfinished)
    if (stop.aborted && !told) {
      told = true
      cli.err(`This command carries it out itself, so it stops when that is done. Once more stops it now; the next lifeboat watch goes on with it`)
    }
    if (progress.epoch === null && cli.clock.now().wallMs > request.expiresMs + lateMs) throw new Said(untaken, exits.unfinished)
    if (!own() && progress.epoch !== null) {
      const { monoMs } = cli.clock.now()
      if (liveReport(await mayBeDone(store.read(), { ...progress, own: false }), cli.clock) !== null) ledMs = monoMs
      if (monoMs - ledMs > goneMostMs) throw new Said(`No controller has lived for ${goneMostMs / 1000} s, and epoch ${progress.epoch} is open: the next lifeboat watch goes on with it`, exits.unfinished)
    }
    await cli.clock.sleep(pollMs)
  }
}

const untaken = 'No controller took the request in time: it has expired and never runs. Who leads, and since when: lifeboat status'

/** Whoever cannot look any more does not know what has become of a request: that it was put there is said first. `epoch` null: none is known of it. */
export async function mayBeDone<T>(looking: Promise<T>, { epoch, own }: { epoch: number | null; own: boolean }): Promise<T> {
  try {
    return await looking
  } catch (thrown) {
    if (own || !(thrown instanceof Said) || thrown.exit !== exits.unfinished) throw thrown
    const what = epoch === null ? 'It was asked for, and may be done or under way' : `It was begun as epoch ${epoch}, and may be done or under way`
    throw new Said(`${what}: what became of it cannot be seen from here. To follow it: lifeboat status, lifeboat history. ${thrown.message}`, exits.unfinished)
  }
}

const leaving = ({ epoch }: Progress): string =>
  epoch === null
    ? 'Left before a controller took the request: it runs within a minute or never. To follow it: lifeboat history'
    : `Left; the controller goes on with it (epoch ${epoch}). To follow it: lifeboat status --watch`

function take(cli: Cli, entry: StoredEntry, request: Request, progress: Progress): Progress {
  const { event, fields, msg } = entry
  if (event === 'request' && fields.request === request.id) return answered(cli, entry)
  if (progress.epoch === null || fields.epoch !== progress.epoch) return redirected(cli, entry, progress)
  if (event === 'step') {
    if (fields.phase !== 'start') cli.out(`  ${msg}`)
    else if (cli.terminal.out) cli.out(cli.paint('dim', `  ${msg}`))
  }
  if (event !== 'move') return progress
  if (fields.state !== 'open') cli.out(msg)
  if (fields.state === 'superseded') throw new Said(`Another controller acts, so this one stands aside: it watches, and does nothing until: lifeboat adopt`, exits.unfinished)
  return fields.state === 'done' || fields.state === 'done-with-debts' ? { ...progress, end: exits.done } : progress
}

function answered(cli: Cli, { fields, msg }: StoredEntry): Progress {
  if (fields.kind === 'refuse') throw new Said(msg, exits.refused)
  if (fields.reason === 'expired') throw new Said(untaken, exits.unfinished)
  if (fields.kind === 'move') cli.out(msg)
  return fields.kind === 'move' ? { epoch: Number(fields.epoch), end: null } : { epoch: null, end: exits.done }
}

/** A move that was given up goes on as the next epoch. */
function redirected(cli: Cli, { event, fields, msg }: StoredEntry, progress: Progress): Progress {
  if (event !== 'move' || fields.reason !== 'redirect' || progress.epoch === null || Number(fields.epoch) <= progress.epoch) return progress
  cli.out(msg)
  return { epoch: Number(fields.epoch), end: null }
}
