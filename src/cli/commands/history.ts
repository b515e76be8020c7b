import { freshLedger } from '../../core/ledger.ts'
import { exits } from '../../errors.ts'
import type { Journal } from '../../ports.ts'
import type { OpenStore } from '../../store/sqlite.ts'
import type { Cli } from '../cli.ts'
import { columns } from '../columns.ts'
import { groundOf, type Ground } from '../ground.ts'
import { movesOf, type MoveRun } from '../moves.ts'
import { maybeOld } from '../screen.ts'
import { reading } from '../store.ts'
import { clockTime, dateTime, took } from '../times.ts'

/** As far back as they are looked for. */
const requestsMost = 1_000

/** Moves, newest first, with each step's time and outcome. */
export async function history(cli: Cli): Promise<number> {
  const ground = await groundOf(cli)
  return reading(cli, ground, (store) => show(cli, ground, store))
}

async function show(cli: Cli, ground: Ground, store: OpenStore): Promise<number> {
  const { ledger } = await store.read()
  const moves = await movesOf(ledger ?? freshLedger(ground.core), store)
  if (cli.flags.json) cli.json(moves)
  else if (moves.length === 0) cli.out(ledger?.trusted === false ? `${maybeOld}, and knows of no moves. To take it up: lifeboat adopt` : 'No moves yet')
  else {
    if (ledger?.trusted === false) cli.out(`${maybeOld}: later moves may be missing below\n`)
    const told = [...moves.map((move) => ({ atMs: move.startedMs, lines: linesOf(move) })), ...(await lettingsGo(store))]
    cli.out(told.sort((a, b) => b.atMs - a.atMs).map(({ lines }) => lines.join('\n')).join('\n\n'))
  }
  return exits.done
}

/** Each time that the names were let go of: no move, and yet the reason why none followed. */
async function lettingsGo(journal: Journal): Promise<{ atMs: number; lines: string[] }[]> {
  const asked = await journal.entries({ event: 'request', most: requestsMost })
  return asked
    .filter(({ fields }) => fields.reason === 'disowned')
    .map(({ atMs, msg, fields }) => ({ atMs, lines: [`disown  ${dateTime(atMs)} UTC, by ${fields.by}: ${msg.replace(/^done: /, '')}`] }))
}

function linesOf(move: MoveRun): string[] {
  const { epoch, kind, from, to, by, reason, decision, startedMs, endedMs, state } = move
  const whence = from === null || from === to ? to : `${from} → ${to}`
  const length = endedMs === null ? 'under way' : `in ${took(endedMs - startedMs)}`
  const who = by === 'lifeboat' ? 'by itself' : `by ${by}`
  const rows = move.steps.map(({ step, startedMs: began, endedMs: ended, outcome, detail }) => [
    `  ${step}`,
    clockTime(began),
    ended === null ? '-' : took(ended - began),
    outcome === 'nothing' && detail ? detail : detail ? `${outcome} (${detail})` : outcome,
  ])
  return [`epoch ${epoch}  ${kind} ${whence}  ${dateTime(startedMs)} UTC, ${length}, ${state}, ${who} (${reason})`, ...(decision === null ? [] : [`why  lifeboat explain ${decision}`]), ...columns(rows)]
}
