import { ask, askMove, liftedBy } from '../ask.ts'
import type { Cli } from '../cli.ts'
import { hasStore, readSettings } from '../store.ts'

type Options = { to: string | null; force: boolean; unready: boolean; unfenced: boolean; acceptLoss: string | null }

/** Unplanned: the active site is given up. `to` null: the site that lifeboat would choose. */
export async function failover(cli: Cli, { to, ...flags }: Options): Promise<number> {
  const wish = { kind: 'failover', to, lifted: liftedBy(flags) } as const
  const settings = readSettings(cli)
  if (hasStore(settings)) return askMove(cli, settings, wish)
  const { beginFromZone } = await import('../without-store.ts')
  const agreed = await beginFromZone(cli, settings, wish)
  return ask(cli, settings, { command: 'failover', warm: true, wish: async () => agreed })
}
