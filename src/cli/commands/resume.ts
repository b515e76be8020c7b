import { exits } from '../../errors.ts'
import { ask } from '../ask.ts'
import type { Cli } from '../cli.ts'
import { groundOf } from '../ground.ts'
import { pauseIsOver } from '../pauses.ts'
import { reading } from '../store.ts'

/** Automatic moves are on again. Where nothing is paused, that is so already. */
export async function resume(cli: Cli): Promise<number> {
  const ground = await groundOf(cli)
  const { ledger } = await reading(cli, ground, (store) => store.read())
  if (!ledger?.pause) {
    cli.out('Nothing is paused')
    return exits.done
  }
  await ask(cli, ground, { command: 'resume', warm: false, wish: async () => ({ what: 'resume' }) })
  cli.out(pauseIsOver(ground))
  return exits.done
}
