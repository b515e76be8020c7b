import { freshLedger } from '../../core/ledger.ts'
import { exits } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import { columns } from '../columns.ts'
import { movesOf, type MoveRun } from '../moves.ts'
import { openToRead, readSettings } from '../store.ts'
import { clockTime, dateTime, took } from '../times.ts'

/** Moves, newest first, with each step's time and outcome. */
export async function history(cli: Cli): Promise<number> {
  const settings = readSettings(cli)
  const store = await openToRead(settings, cli.clock)
  const { ledger } = await store.read()
  const moves = await movesOf(ledger ?? freshLedger(settings.core), store)
  if (cli.flags.json) cli.json(moves)
  else if (moves.length === 0) cli.out('No moves yet')
  else cli.out(moves.map((move) => linesOf(move).join('\n')).join('\n\n'))
  return exits.done
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
