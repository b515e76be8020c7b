import { existsSync } from 'node:fs'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config/settings.ts'
import { freshLedger } from '../core/ledger.ts'
import type { Ledger } from '../core/types.ts'
import { Said } from '../errors.ts'
import { openSqlite, type OpenStore } from '../store/sqlite.ts'
import type { Cli } from './cli.ts'
import type { Ground } from './ground.ts'
import { patient } from './patience.ts'

/** True: the store's file is there, or a controller has it. */
export const hasStore = (ground: Ground): boolean => 'controller' in ground || existsSync(ground.store.path)

/** What to say where it is not. */
export const noStore = ({ store, file }: Settings): Said => new Said(`There is no store at ${store.path}. Where it was moved, put it back or say where it is (store.path in ${file}); else begin one: lifeboat adopt or lifeboat watch`)

/** Throws Said where there is no store: only `watch` and `adopt` begin one. */
export function refuseNoStore(ground: Ground): void {
  if (!('controller' in ground || hasStore(ground))) throw noStore(ground)
}

async function openToRead(ground: Ground, clock: Clock): Promise<OpenStore> {
  if ('controller' in ground) return ground.controller.store
  refuseNoStore(ground)
  return openSqlite({ path: ground.store.path, app: ground.core.app, clock, readOnly: true })
}

/** Opens the store to read it, and closes it once `work` is done; a read-only command creates none. Throws Said where there is none. */
export async function reading<T>(cli: Cli, ground: Ground, work: (store: OpenStore) => Promise<T>): Promise<T> {
  const store = await openToRead(ground, cli.clock)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** The ledger as it is now; a store that is out of reach for a moment is asked again. */
export const ledgerNow = (cli: Cli, ground: Ground): Promise<Ledger> =>
  reading(cli, ground, async (store) => (await patient(store, cli).read()).ledger ?? freshLedger(ground.core))

/** The store for a process that may lead; created where it is not there. */
export const openToWrite = ({ store, core }: Settings, clock: Clock): Promise<OpenStore> => openSqlite({ path: store.path, app: core.app, clock })

/** The store for a command that asks, and waits for what becomes of it. `creates`: it may be the first. */
export async function openToAsk(cli: Cli, ground: Ground, creates: boolean): Promise<OpenStore> {
  if ('controller' in ground) return patient(ground.controller.store, cli)
  if (!creates) refuseNoStore(ground)
  return openToWrite(ground, cli.clock)
}
