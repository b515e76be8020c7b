import type { Clock } from '../../clock.ts'
import type { Settings } from '../../config/settings.ts'
import type { Parts } from '../../controller/parts.ts'
import { callMs } from '../../controller/times.ts'
import { oursOf } from '../../core/move-hosts.ts'
import type { HostView } from '../../core/moving.ts'
import { addressesOf } from '../../core/zone.ts'
import type { Config, HostConfig, Ledger } from '../../core/types.ts'
import type { ParentDs } from '../../drivers/dns/nameservers.ts'
import type { NameServers } from '../../ports.ts'

/** What every part of `check --online` is handed. */
export type Looking = {
  settings: Settings
  parts: Parts & { nameServers: NameServers & ParentDs }
  clock: Clock
  /** Aborts when the whole must end. */
  limit: AbortSignal
  /** As the store has it; a fresh one where there is none to read. */
  ledger: Ledger
  /** Why a vantage did not answer as it should, by its name, as soon as it is known. */
  complaints: Map<string, string>
}

/** What is answered before `limit` aborts; null: not in time. Whatever else is thrown is a bug of ours, and stays one. */
export async function inTime<T>(limit: AbortSignal, ask: (limit: AbortSignal) => Promise<T>): Promise<T | null> {
  try {
    return await ask(limit)
  } catch (thrown) {
    if (!limit.aborted) throw thrown
    return null
  }
}

/** What each DNS host shows, by its name. Null: could not find out. */
export type HostViews = Record<string, HostView | null>

/** Every DNS host as it shows the names now. */
export async function readHosts({ parts, clock, limit }: Looking): Promise<HostViews> {
  const views = await Promise.all(parts.hosts.map(async (host) => [host.host, await host.read(clock.deadline(callMs.read, limit))] as const))
  return Object.fromEntries(views)
}

/** The file with an owner in any case, so that what a write would come to can be worked out before there is one. */
export const ownedConfig = ({ core }: Settings): Config => ({ ...core, owner: core.owner ?? '0'.repeat(32) })

/** True: lifeboat has taken over the names. */
export const isAdopted = ({ ledger }: Looking): boolean => ledger.record !== null

/** Values that a change may replace: those of ours, and before an adoption all that are served, since it takes them over. */
export const replaceable = (looking: Looking, view: HostView, { names }: HostConfig): string[] => [
  ...oursOf(looking.ledger, looking.settings.core),
  ...(isAdopted(looking) ? [] : addressesOf(view, names)),
]
