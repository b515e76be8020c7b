import { freshLedger } from '../../core/ledger.ts'
import { exits } from '../../errors.ts'
import type { OpenStore } from '../../store/sqlite.ts'
import type { Cli } from '../cli.ts'
import { groundOf, type Ground } from '../ground.ts'
import { decisionOf } from '../moves.ts'
import { patient } from '../patience.ts'
import { allWell, screen } from '../screen.ts'
import { statusOf } from '../status.ts'
import { liveReport } from '../live-report.ts'
import { reading } from '../store.ts'

const watchEveryMs = 2_000

/** What is active, each site's health and why, and what to type next. */
export async function status(cli: Cli, { watch, exitCode }: { watch: boolean; exitCode: boolean }): Promise<number> {
  const ground = await groundOf(cli)
  return reading(cli, ground, (store) => (watch ? showOnAndOn(cli, ground, patient(store, cli), exitCode) : show(cli, ground, store, exitCode)))
}

/** Until it is told to stop. */
async function showOnAndOn(cli: Cli, ground: Ground, store: OpenStore, exitCode: boolean): Promise<number> {
  const stop = cli.stop()
  for (;;) {
    const code = await show(cli, ground, store, exitCode, !cli.flags.json)
    await cli.clock.sleep(watchEveryMs, stop).catch(() => {}) // Told to stop: that is the end of watching, and no fault.
    if (stop.aborted) return code
  }
}

async function show(cli: Cli, ground: Ground, store: OpenStore, exitCode: boolean, anew = false): Promise<number> {
  const view = await store.read()
  const live = liveReport(view, cli.clock)
  const status = await statusOf({ ground, view, live, journal: store, nowMs: cli.clock.now().wallMs })
  if (cli.flags.json) cli.json(status)
  else {
    const last = view.ledger?.past[0]
    const movedBy = last ? await decisionOf(last.epoch, store) : null
    if (anew) cli.clear()
    cli.out(screen(cli, status, { ground, view, live, movedBy }).join('\n'))
  }
  return exitCode && !allWell(status, view.ledger ?? freshLedger(ground.core)) ? exits.notAsItShouldBe : exits.done
}
