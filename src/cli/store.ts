import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Clock } from '../clock.ts'
import { loadSettings } from '../config/loading.ts'
import type { Settings } from '../config/settings.ts'
import { reportFreshMs } from '../controller/times.ts'
import { freshLedger } from '../core/ledger.ts'
import { emptyWatch } from '../core/observe.ts'
import type { Ledger, State } from '../core/types.ts'
import { Said } from '../errors.ts'
import type { Report, StoreView } from '../ports.ts'
import type { SeenElsewhere } from '../store/remote.ts'
import { openSqlite, type OpenStore } from '../store/sqlite.ts'
import type { Cli } from './cli.ts'
import type { Ground } from './ground.ts'
import { patient } from './patience.ts'

/** The file, read and checked; from then on none of its secrets is printed. `lenient`: for a command that needs none of them, a variable that is not set is no mistake. */
export function readSettings(cli: Cli, { lenient = false } = {}): Settings {
  const { env, cwd, flags } = cli
  const settings = loadSettings({ env, cwd, lenient, ...(flags.config === undefined ? {} : { file: flags.config }) })
  cli.keepSecret(settings.secrets)
  return settings
}

/** True: the store's file is there, or a controller has it. */
export const hasStore = (ground: Ground): boolean => 'controller' in ground || existsSync(ground.store.path)

/** What to say where it is not. */
export const noStore = ({ store, file }: Settings): Said => new Said(`There is no store at ${store.path}. Where it was moved, put it back or say where it is (store.path in ${file}); else begin one: lifeboat adopt or lifeboat watch`)

/** Throws Said where there is no store: only `watch` and `adopt` begin one. */
export function refuseNoStore(ground: Ground): void {
  if (!('controller' in ground || hasStore(ground))) throw noStore(ground)
}

/** The store as it is; a read-only command creates none. Throws Said where there is none. */
export async function openToRead(ground: Ground, clock: Clock): Promise<OpenStore> {
  if ('controller' in ground) return ground.controller.store
  refuseNoStore(ground)
  return openSqlite({ path: ground.store.path, app: ground.core.app, clock, readOnly: true })
}

/** The ledger as it is now; a store that is out of reach for a moment is asked again. */
export async function ledgerNow(cli: Cli, ground: Ground): Promise<Ledger> {
  const store = patient(await openToRead(ground, cli.clock), cli)
  try {
    return (await store.read()).ledger ?? freshLedger(ground.core)
  } finally {
    await store.close()
  }
}

/** The store for a process that may lead; created where it is not there. */
export const openToWrite = ({ store, core }: Settings, clock: Clock): Promise<OpenStore> => openSqlite({ path: store.path, app: core.app, clock })

/** The store for a command that asks, and waits for what becomes of it. `creates`: it may be the first. */
export async function openToAsk(cli: Cli, ground: Ground, creates: boolean): Promise<OpenStore> {
  if ('controller' in ground) return patient(ground.controller.store, cli)
  if (!creates) refuseNoStore(ground)
  return openToWrite(ground, cli.clock)
}

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

/** Throws Said where the file no longer fits what the ledger knows (DESIGN.md rule 15). */
export function refuseMisfit(ledger: Ledger | null, { file, core }: Ground): void {
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
