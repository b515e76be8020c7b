import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Clock } from '../clock.ts'
import { loadSettings } from '../config/loading.ts'
import type { Settings } from '../config/settings.ts'
import { reportFreshMs } from '../controller/parts.ts'
import { freshLedger } from '../core/ledger.ts'
import { emptyWatch } from '../core/observe.ts'
import type { Ledger, State } from '../core/types.ts'
import { Said } from '../errors.ts'
import type { Report, StoreView } from '../ports.ts'
import { openSqlite, type OpenStore } from '../store/sqlite.ts'
import type { Cli } from './cli.ts'

/** The file, read and checked; from then on none of its secrets is printed. `lenient`: for a command that needs none of them, a variable that is not set is no mistake. */
export function readSettings(cli: Cli, { lenient = false } = {}): Settings {
  const { env, cwd, flags } = cli
  const settings = loadSettings({ env, cwd, lenient, ...(flags.config === undefined ? {} : { file: flags.config }) })
  cli.keepSecret(settings.secrets)
  return settings
}

/** True: the store's file is there. */
export const hasStore = ({ store }: Settings): boolean => existsSync(store.path)

/** What to say where it is not. */
export const noStore = ({ store, file }: Settings): Said => new Said(`There is no store at ${store.path}. Begin one with lifeboat adopt or lifeboat watch, or name another (store.path in ${file})`)

/** Throws Said where there is no store: only `watch` and `adopt` begin one. */
export function refuseNoStore(settings: Settings): void {
  if (!hasStore(settings)) throw noStore(settings)
}

/** The store as it is; a read-only command creates none. Throws Said where there is none. */
export async function openToRead(settings: Settings, clock: Clock): Promise<OpenStore> {
  refuseNoStore(settings)
  return openSqlite({ path: settings.store.path, app: settings.core.app, clock, readOnly: true })
}

/** The store for a process that may lead; created where it is not there. */
export const openToWrite = ({ store, core }: Settings, clock: Clock): Promise<OpenStore> => openSqlite({ path: store.path, app: core.app, clock })

/** The report of a controller that lives. Null: none does, as far as this machine can tell. */
export function liveReport({ report }: StoreView, clock: Clock): Report | null {
  if (!report || report.ended) return null
  const { leader, atWallMs } = report
  if (Math.abs(clock.now().wallMs - atWallMs) > reportFreshMs) return null
  return leader.machine === hostname() && !runs(leader.pid) ? null : report
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
export function sayOtherFile(cli: Cli, live: Report, { hash, file }: Settings): void {
  if (live.configHash !== hash) cli.err(`config: ${live.leader.id} leads by another ${file} than stands there now, and acts by its own. To let it read this one: SIGHUP`)
}

/** What the store, and its leader where one lives, know. */
export const stateOf = (view: StoreView, live: Report | null, { core }: Settings): State => ({
  ledger: view.ledger ?? freshLedger(core),
  watch: live?.watch ?? emptyWatch(),
})

/** Throws Said where the file no longer fits what the ledger knows (DESIGN.md rule 15). */
export function refuseMisfit(ledger: Ledger | null, { file, core }: Settings): void {
  if (!ledger) return
  const sites = core.sites.map(({ site }) => site)
  const missing = (site: string | null): boolean => site !== null && !sites.includes(site)
  if (ledger.app !== core.app) throw new Said(`The store belongs to the app ${ledger.app}, and ${file} says ${core.app}. Put app: ${ledger.app} back, or name another store.path`)
  if (ledger.record && ledger.owner !== core.owner) throw new Said(`The names were adopted by owner ${ledger.owner}, and ${file} says ${core.owner ?? 'none'}. Put owner: "${ledger.owner}" back`)
  if (missing(ledger.active)) throw new Said(`${ledger.active} is the active site, and ${file} does not list it. Put it back; to leave it out, move first: lifeboat switchover`)
  const { move } = ledger
  const gone = move && [move.from, move.to].find(missing)
  if (move && gone) throw new Said(`${gone} belongs to the ${move.kind} that is under way (epoch ${move.epoch}), and ${file} does not list it. Put it back until the move has ended: lifeboat status`)
}
