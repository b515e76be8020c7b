import { hostname } from 'node:os'
import type { Clock } from '../clock.ts'
import { reportFreshMs } from '../controller/times.ts'
import { freshLedger } from '../core/ledger.ts'
import { emptyWatch } from '../core/observe.ts'
import type { State } from '../core/types.ts'
import type { Report, StoreView } from '../ports.ts'
import type { SeenElsewhere } from '../store/remote.ts'
import type { Cli } from './cli.ts'
import type { Ground } from './ground.ts'

/** The report of a controller that lives. Null: none does, as far as this machine can tell. */
export function liveReport(view: StoreView | SeenElsewhere, clock: Clock): Report | null {
  const { report } = view
  if (!report || report.ended) return null
  const { leader, atWallMs } = report
  if (Math.abs(clock.now().wallMs - atWallMs) > reportFreshMs) return null
  return !('elsewhere' in view) && leader.machine === hostname() && !runs(leader.pid) ? null : report
}

/** What is read here, for others elsewhere: a report whose leader does not live counts as ended. */
export function viewForOthers(view: StoreView, clock: Clock): StoreView {
  const { report } = view
  return report === null || liveReport(view, clock) !== null ? view : { ...view, report: { ...report, ended: true } }
}

/** Signal 0 asks only whether the process is there; EPERM means that it is, and somebody else's. */
function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** A controller decides by its own file: what the one that stands here says may not be what it does. */
export function sayOtherFile(cli: Cli, live: Report, { hash, file }: Ground): void {
  if (live.configHash !== hash) cli.err(`config: ${live.leader.id} leads by another ${file} than stands there now, and acts by its own. To let it read this one: SIGHUP`)
}

/** What the store, and its leader where one lives, know. */
export const stateOf = (view: StoreView, live: Report | null, { core }: Ground): State => ({
  ledger: view.ledger ?? freshLedger(core),
  watch: live?.watch ?? emptyWatch(),
})
