import { existsSync } from 'node:fs'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config/settings.ts'
import { freshLedger } from '../core/ledger.ts'
import type { Config, Ledger } from '../core/types.ts'
import { Said } from '../errors.ts'
import type { Controller } from '../store/remote.ts'
import { openSqlite, type OpenStore } from '../store/sqlite.ts'
import type { Cli } from './cli.ts'
import { patient } from './patience.ts'

/** Where a store is: as the file of this machine says, or behind a controller elsewhere. */
type Place = Settings | { core: Config; controller: Controller }

/** True: the store's file is there, or a controller has it. */
export const hasStore = (place: Place): boolean => 'controller' in place || existsSync(place.store.path)

/** What to say where it is not. */
export const noStore = ({ store, file }: Settings): Said => new Said(`There is no store at ${store.path}. Where it was moved, put it back or say where it is (store.path in ${file}); else begin one: lifeboat adopt or lifeboat watch`)

/** Throws Said where there is no store: only `watch` and `adopt` begin one. */
export function refuseNoStore(place: Place): void {
  if (!('controller' in place || hasStore(place))) throw noStore(place)
}

async function openToRead(place: Place, clock: Clock): Promise<OpenStore> {
  if ('controller' in place) return place.controller.store
  refuseNoStore(place)
  return openSqlite({ path: place.store.path, app: place.core.app, clock, readOnly: true })
}

/** Opens the store to read it, and closes it once `work` is done; a read-only command creates none. Throws Said where there is none. */
export async function reading<T>(cli: Cli, place: Place, work: (store: OpenStore) => Promise<T>): Promise<T> {
  const store = await openToRead(place, cli.clock)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** The ledger as it is now; a store that is out of reach for a moment is asked again. */
export const ledgerNow = (cli: Cli, place: Place): Promise<Ledger> =>
  reading(cli, place, async (store) => (await patient(store, cli).read()).ledger ?? freshLedger(place.core))

/** The store for a process that may lead; created where it is not there. */
export const openToWrite = ({ store, core }: Settings, clock: Clock): Promise<OpenStore> => openSqlite({ path: store.path, app: core.app, clock })

/** The store for a command that asks, and waits for what becomes of it. `creates`: it may be the first. */
export async function openToAsk(cli: Cli, place: Place, creates: boolean): Promise<OpenStore> {
  if ('controller' in place) return patient(place.controller.store, cli)
  if (!creates) refuseNoStore(place)
  return openToWrite(place, cli.clock)
}
