import { nothingLifted } from '../../core/decide.ts'
import { askMove, liftedBy } from '../ask.ts'
import type { Cli } from '../cli.ts'
import { groundOf } from '../ground.ts'

/** Planned: both sites well, nothing lost. */
export async function switchover(cli: Cli, { to, acceptLoss }: { to: string; acceptLoss: string | null }): Promise<number> {
  const lifted = liftedBy({ ...nothingLifted, acceptLoss })
  return askMove(cli, await groundOf(cli), { kind: 'switchover', to, lifted })
}
