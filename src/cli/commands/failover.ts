import { ask, askMove, liftedBy } from '../ask.ts'
import type { Cli } from '../cli.ts'
import { groundOf } from '../ground.ts'
import { hasStore } from '../store.ts'

type Options = { to: string | null; force: boolean; unready: boolean; unfenced: boolean; acceptLoss: string | null }

/** Unplanned: the active site is given up. `to` null: the site that lifeboat would choose. */
export async function failover(cli: Cli, { to, ...flags }: Options): Promise<number> {
  const wish = { kind: 'failover', to, lifted: liftedBy(flags) } as const
  const ground = await groundOf(cli)
  if ('controller' in ground || hasStore(ground)) return askMove(cli, ground, wish)
  const [{ beginFromZone }, { readFromStates }] = await Promise.all([import('../without-store.ts'), import('../stacks.ts')])
  const { settings, copies } = await readFromStates(cli, ground)
  const agreed = await beginFromZone(cli, { settings, copies }, wish)
  return ask(cli, settings, { command: 'failover', warm: true, wish: async () => agreed })
}
