import { freshLedger } from '../../core/ledger.ts'
import { spell } from '../../core/explain.ts'
import { exits } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import { columns } from '../columns.ts'
import { movesOf, type MoveRun } from '../moves.ts'
import { openToRead, readSettings } from '../store.ts'
import { clockTime, dateTime } from '../times.ts'

/** Moves, newest first, with each step's time and outcome. */
export async function history(cli: Cli): Promise<number> {
  const settings = readSettings(cli)
  const store = await openToRead(settings, cli.clock)
  const { ledger } = await store.read()
  const moves = await movesOf(ledger ?? freshLedger(settings.core), store)
  if (cli.flags.json) cli.json(moves)
  else if (moves.length === 0) cli.out('No moves yet')
  else for (const move of moves) for (const line of linesOf(move)) cli.out(line)
  return exits.done
}

function linesOf(move: MoveRun): string[] {
  const { epoch, kind, from, to, by, reason, startedMs, endedMs, state } = move
  const whence = from === null || from === to ? to : `${from} → ${to}`
  const took = endedMs === null ? 'under way' : `in ${spell(endedMs - startedMs)}`
  const who = by === 'lifeboat' ? 'by itself' : `by ${by}`
  const rows = move.steps.map(({ step, startedMs: began, endedMs: ended, outcome, detail }) => [
    `  ${step}`,
    clockTime(began),
    ended === null ? '-' : spell(ended - began),
    detail ? `${outcome} (${detail})` : outcome,
  ])
  return [`epoch ${epoch}  ${kind} ${whence}  ${dateTime(startedMs)} UTC, ${took}, ${state}, ${who} (${reason})`, ...columns(rows), '']
}
