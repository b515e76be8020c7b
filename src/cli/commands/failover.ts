import { askMove, liftedBy } from '../ask.ts'
import type { Cli } from '../cli.ts'
import { readSettings } from '../store.ts'

type Options = { to: string | null; force: boolean; unready: boolean; unfenced: boolean; acceptLoss: string | null }

/** Unplanned: the active site is given up. `to` null: the site that lifeboat would choose. */
export async function failover(cli: Cli, { to, ...flags }: Options): Promise<number> {
  const lifted = liftedBy(flags)
  return askMove(cli, readSettings(cli), { kind: 'failover', to, lifted })
}
