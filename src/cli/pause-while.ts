// `lifeboat pause -- COMMAND`: paused while a command runs. The ledger has one pause, so one that a person set is left as it is: ours is
// not put over it, and not taken away where it came meanwhile. Whatever happens to this process, ours ends by its own bound.

import { spawn, type ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { basename } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Ledger } from '../core/types.ts'
import { exits, Said, textOf } from '../errors.ts'
import { ask } from './ask.ts'
import { asker, type Cli } from './cli.ts'
import type { Ground } from './ground.ts'
import { patient } from './patience.ts'
import { onSignal } from './signals.ts'
import { openToRead } from './store.ts'
import { shortTime } from './times.ts'

type Pause = NonNullable<Ledger['pause']>
/** `own`: it is this command's; else a person's that stands already. */
type Hold = { pause: Pause; own: boolean }
type Around = { cli: Cli; ground: Ground; mine: Pause; program: string }

/** A pause that ends this soon counts as over: another is put in its place without a gap. */
const soonMs = 2_000
/** A timer takes no more than 24 days. */
const sleepMostMs = 86_400_000

/** Runs a command with this one's terminal while automatic moves are paused, and gives its exit code: 128 and the signal's number where one ended it. `forMs` null: for ever. */
export async function pauseWhile(cli: Cli, ground: Ground, { argv, forMs, why }: { argv: string[]; forMs: number | null; why: string | null }): Promise<number> {
  const signals = hearSignals(cli)
  const program = basename(argv[0] ?? '')
  const untilMs = forMs === null ? null : Math.round(cli.clock.now().wallMs + forMs)
  const mine: Pause = { untilMs, by: asker(cli), why: why ?? `while ${program} runs` }
  // A signal is the command's affair: what is asked of the store is asked to its end, which is seconds.
  const around: Around = { cli: { ...cli, stop: () => new AbortController().signal }, ground, mine, program }
  const hold = { now: await take(around) }
  const ended = new AbortController()
  const kept = keep(around, hold, ended.signal)
  try {
    return signals.first() === null ? await run(argv, signals, cli) : 128 + constants.signals[signals.first()!]
  } finally {
    ended.abort()
    await kept
    await letGo(around, hold.now)
  }
}

/** What to say where a pause has ended. */
export const pauseIsOver = ({ core }: Ground): string =>
  core.policy.automatic ? 'Automatic moves are on again' : 'The pause is over; policy.automatic is false, so nothing moves by itself'

// ── The pause ────────────────────────────────────────────────────────────────

const until = ({ untilMs }: Pause, { clock }: Cli): string => (untilMs === null ? 'for ever' : `until ${shortTime(untilMs, clock.now().wallMs)} UTC`)

async function standing({ cli, ground }: Around): Promise<Pause | null> {
  const store = patient(await openToRead(ground, cli.clock), cli)
  try {
    return (await store.read()).ledger?.pause ?? null
  } finally {
    await store.close()
  }
}

async function take(around: Around): Promise<Hold> {
  const { cli, ground, mine, program } = around
  const other = await standing(around)
  if (other && (other.untilMs === null || other.untilMs > cli.clock.now().wallMs + soonMs)) {
    cli.err(`Automatic moves are paused already, ${until(other, cli)} by ${other.by}${other.why ? ` (${other.why})` : ''}: that is left as it is`)
    return { pause: other, own: false }
  }
  await ask(cli, ground, { command: 'pause', warm: false, wish: async () => ({ what: 'pause', untilMs: mine.untilMs, why: mine.why }) })
  cli.err(`Automatic moves are paused while ${program} runs, at most ${until(mine, cli)}`)
  return { pause: mine, own: true }
}

/** While the command runs: where a person's pause ends before ours would, ours follows it; where ours ends, that is said. */
async function keep(around: Around, hold: { now: Hold }, ended: AbortSignal): Promise<void> {
  const { cli, mine, program } = around
  try {
    while (!hold.now.own) {
      const { pause } = hold.now
      if (pause.untilMs === null || (mine.untilMs !== null && pause.untilMs >= mine.untilMs)) return
      await sleepUntil(pause.untilMs - soonMs, cli, ended)
      const now = await standing(around)
      // Whoever resumed or paused anew meant it.
      if (now === null) return
      hold.now = isDeepStrictEqual(now, pause) ? await take(around) : { pause: now, own: false }
    }
    if (mine.untilMs === null) return
    await sleepUntil(mine.untilMs, cli, ended)
    cli.err(`The pause is over, and ${program} still runs. To pause on: lifeboat pause`)
  } catch (thrown) {
    if (ended.aborted) return
    if (!(thrown instanceof Said)) throw thrown
    cli.err(`${program} may be running without a pause: ${thrown.message}`)
  }
}

async function sleepUntil(wallMs: number, { clock }: Cli, signal: AbortSignal): Promise<void> {
  for (let leftMs = wallMs - clock.now().wallMs; leftMs > 0; leftMs = wallMs - clock.now().wallMs) await clock.sleep(Math.min(leftMs, sleepMostMs), signal)
}

/** Ends our own pause, and no other. A fault is said: the exit code is the command's. */
async function letGo(around: Around, { own }: Hold): Promise<void> {
  const { cli, ground, mine } = around
  if (!own) return
  try {
    const now = await standing(around)
    if (now === null) return
    if (!isDeepStrictEqual(now, mine)) return cli.err(`Automatic moves stay paused, ${until(now, cli)}: ${now.by} has paused them meanwhile`)
    await ask(cli, ground, { command: 'resume', warm: false, wish: async () => ({ what: 'resume', only: mine }) })
    cli.err(pauseIsOver(ground))
  } catch (thrown) {
    if (!(thrown instanceof Said)) throw thrown
    if (thrown.exit !== exits.refused) cli.err(`Automatic moves could not be resumed: ${thrown.message}. They stay paused ${until(mine, cli)}. To resume them: lifeboat resume`)
  }
}

// ── The command ──────────────────────────────────────────────────────────────

/** `first`: the first signal that this process got; null: none yet. */
type Signals = { first(): NodeJS.Signals | null; passTo(child: ChildProcess): void }

/** From here on no signal ends this process: it waits for the command, and passes on what that did not get by itself. */
function hearSignals({ terminal, clock }: Cli): Signals {
  let first: NodeJS.Signals | null = null
  let child: ChildProcess | null = null
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    onSignal(signal, clock, () => {
      first ??= signal
      // Ctrl-C at a terminal reaches the command as well; twice would often mean "at once".
      const isTheirs = signal === 'SIGINT' && (terminal.asks || terminal.out)
      if (!isTheirs) child?.kill(signal)
    })
  return { first: () => first, passTo: (one) => void (child = one) }
}

/** As a shell says it: 127 where there is no such program, 126 where it cannot be run. */
function run([program = '', ...args]: string[], signals: Signals, cli: Cli): Promise<number> {
  return new Promise((done) => {
    const child = spawn(program, args, { stdio: 'inherit' })
    signals.passTo(child)
    child.on('error', (thrown: NodeJS.ErrnoException) => {
      cli.err(`${program} cannot be run: ${textOf(thrown)}`)
      done(thrown.code === 'ENOENT' ? 127 : 126)
    })
    child.on('exit', (code, by) => done(by === null ? (code ?? exits.bug) : 128 + constants.signals[by]))
  })
}
