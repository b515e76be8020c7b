import { nothingLifted } from '../../core/decide.ts'
import { askMove, liftedBy } from '../ask.ts'
import type { Cli } from '../cli.ts'
import { groundOf } from '../ground.ts'

/** A switchover to the most preferred healthy site. */
export async function failback(cli: Cli, { acceptLoss }: { acceptLoss: string | null }): Promise<number> {
  const lifted = liftedBy({ ...nothingLifted, acceptLoss })
  return askMove(cli, await groundOf(cli), { kind: 'failback', to: null, lifted })
}
