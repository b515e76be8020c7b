// A failover where the store is lost and no controller runs: what is active, and in which epoch, is taken from DNS.

import type { Settings } from '../config/settings.ts'
import type { Copies } from '../config/stacks.ts'
import { freshLedger } from '../core/ledger.ts'
import type { Config, Ledger } from '../core/types.ts'
import { Said } from '../errors.ts'
import { memoryClient, memoryState } from '../store/memory.ts'
import { observeOnce } from './actor.ts'
import { agreeToMove, type MoveWish, type Wish } from './ask.ts'
import type { Cli } from './cli.ts'
import { refuseMisfit } from './misfit.ts'
import { noStore, openToWrite } from './store.ts'
import { longestTtlS, lookAtZones, markersOf, servedOf, type ZoneLook } from './zone-look.ts'

/** Shows and asks as ever, over what DNS and the stacks say; only then is a store begun, with that in it. Throws Said where DNS says nothing of ours. */
export async function beginFromZone(cli: Cli, { settings, copies }: { settings: Settings; copies: Copies }, wish: MoveWish): Promise<Wish> {
  const { core } = settings
  const look = await lookAtZones(cli, settings)
  const told = ledgerFrom(look, core)
  if (!told) throw noStore(settings)
  const ledger = Object.keys(copies).length > 0 ? { ...told, stacks: copies } : told
  refuseMisfit(ledger, settings)
  cli.out(`There is no store at ${settings.store.path}. DNS says: epoch ${ledger.epoch}, ${ledger.active} is active. Where another controller or another store of ${core.app} lives elsewhere, say no, and ask there`)
  const scratch = memoryClient(memoryState(), { clock: cli.clock })
  await scratch.commit({ revision: 0, ledger, entries: [] })
  const agreed = await agreeToMove(cli, settings, wish, await observeOnce(cli, settings, scratch))
  const store = await openToWrite(settings, cli.clock)
  try {
    const { revision, ledger: there } = await store.read()
    const msg = `the store was begun from DNS: epoch ${ledger.epoch}, ${ledger.active} is active`
    const entry = { event: 'start', atMs: cli.clock.now().wallMs, msg, fields: { epoch: ledger.epoch, site: ledger.active } }
    if (there || (await store.commit({ revision, ledger, entries: [entry] })) === 'lost') throw new Said('A store was begun meanwhile: nothing was done. Try again')
    return agreed
  } finally {
    await store.close()
  }
}

/** The ledger as DNS tells it. Null: no marker of ours is pointed anywhere. */
function ledgerFrom(look: ZoneLook, core: Config): Ledger | null {
  const markers = markersOf(look, core)
  const pointed = markers.find(({ state }) => state === 'pointed')
  if (!pointed) return null
  const { epoch, move, site } = pointed
  const addresses = [...(core.sites.find((each) => each.site === site)?.addresses ?? [])].sort()
  return {
    ...freshLedger(core),
    epoch: Math.max(...markers.map((marker) => marker.epoch)),
    active: site,
    activeEpoch: epoch,
    record: { epoch, move, site, addresses },
    ours: servedOf(look, core),
    servedTtlS: longestTtlS(look, core),
  }
}
