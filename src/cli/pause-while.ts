// `lifeboat pause -- COMMAND`: paused while a command runs, by a pause of its own beside all others. It is taken away when the command ends,
// and no other with it. Whatever happens to this process, it ends by its own bound.

import { spawn, type ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { basename } from 'node:path'
import { pausesOf } from '../core/ledger.ts'
import { exits, Said, textOf } from '../errors.ts'
import { ask } from './ask.ts'
import type { Cli } from './cli.ts'
import type { Ground } from './ground.ts'
import { pauseBeside, pauseIsOver, pauseLength, pauseText } from './pauses.ts'
import { onSignal } from './signals.ts'
import { ledgerNow } from './store.ts'

type Around = { cli: Cli; ground: Ground; program: string; untilMs: number | null; holder: string }

/** How soon a resume that nobody could take is asked again, and for how long. */
const againMs = 1_000
const againMostMs = 60_000
/** A timer takes no more than 24 days. */
const sleepMostMs = 86_400_000

/** Runs a command with this one's terminal while automatic moves are paused, and gives its exit code: 128 and the signal's number where one ended it. `forMs` null: for ever. */
export async function pauseWhile(cli: Cli, ground: Ground, { argv, forMs, why }: { argv: string[]; forMs: number | null; why: string | null }): Promise<number> {
  const signals = hearSignals(cli)
  const program = basename(argv[0] ?? '')
  const untilMs = forMs === null ? null : Math.round(cli.clock.now().wallMs + forMs)
  // A signal is the command's affair: what is asked of the store is asked to its end, which is seconds.
  const around: Around = { cli: { ...cli, stop: () => new AbortController().signal }, ground, program, untilMs, holder: cli.clock.id() }
  await take(around, why ?? `while ${program} runs`)
  const ended = new AbortController()
  const told = tellWhenOver(around, ended.signal)
  try {
    return signals.first() === null ? await run(argv, signals, cli) : 128 + constants.signals[signals.first()!]
  } finally {
    ended.abort()
    await told
    await letGo(around)
  }
}

// ── The pause ────────────────────────────────────────────────────────────────

/** Who else pauses, for people. Null: nobody. */
async function besideOurs({ cli, ground, holder }: Around): Promise<string | null> {
  const { wallMs } = cli.clock.now()
  const other = pauseBeside(await ledgerNow(cli, ground), holder, wallMs)
  return other && pauseText(other, wallMs)
}

async function take(around: Around, why: string): Promise<void> {
  const { cli, ground, untilMs, holder, program } = around
  const other = await besideOurs(around)
  await ask(cli, ground, { command: 'pause', warm: false, wish: async () => ({ what: 'pause', untilMs, why, holder }) })
  cli.err(`Automatic moves are paused while ${program} runs, ${untilMs === null ? 'however long that is' : `at most ${pauseLength(around, cli.clock.now().wallMs)}`}${other ? `. Another pause stands beside it, ${other}` : ''}`)
}

/** Says it where the pause is over and the command still runs. */
async function tellWhenOver(around: Around, ended: AbortSignal): Promise<void> {
  const { cli, untilMs, program } = around
  if (untilMs === null) return
  try {
    await sleepUntil(untilMs, cli, ended)
    const other = await besideOurs(around)
    if (ended.aborted) return
    cli.err(`The pause is over, and ${program} still runs. ${other ? `Automatic moves are still paused, ${other}. ` : ''}To pause on: lifeboat pause`)
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
async function letGo(around: Around): Promise<void> {
  const { cli, ground, untilMs, program } = around
  let stood: boolean | null = null
  try {
    stood = await endOurs(around)
    const isOver = untilMs !== null && untilMs <= cli.clock.now().wallMs
    if (!stood && !isOver) cli.err(`Automatic moves were resumed before ${program} had ended`)
    const other = await besideOurs(around)
    if (other) cli.err(`Automatic moves stay paused, ${other}`)
    else if (stood) cli.err(pauseIsOver(ground))
  } catch (thrown) {
    if (!(thrown instanceof Said)) throw thrown
    const length = pauseLength(around, cli.clock.now().wallMs)
    cli.err(stood === null ? `Automatic moves could not be resumed: ${thrown.message}. They stay paused ${length}. To resume them: lifeboat resume` : `The pause is over; whether another stands is not known: ${thrown.message}`)
  }
}

/** False: it stood no more, by its bound or because somebody has resumed. A controller that is just being started again is waited for. */
async function endOurs(around: Around): Promise<boolean> {
  const { clock } = around.cli
  const sinceMs = clock.now().monoMs
  for (let triedBefore = false; ; triedBefore = true) {
    try {
      return (await tryToEnd(around)) || triedBefore
    } catch (thrown) {
      if (!(thrown instanceof Said) || thrown.exit !== exits.unfinished || clock.now().monoMs - sinceMs > againMostMs) throw thrown
    }
    await clock.sleep(againMs)
  }
}

async function tryToEnd({ cli, ground, holder }: Around): Promise<boolean> {
  if (!pausesOf(await ledgerNow(cli, ground)).some((pause) => pause.holder === holder)) return false
  try {
    await ask(cli, ground, { command: 'resume', warm: false, wish: async () => ({ what: 'resume', holder }) })
    return true
  } catch (thrown) {
    if (thrown instanceof Said && thrown.exit === exits.refused) return false
    throw thrown
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
