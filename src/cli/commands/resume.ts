import { exits } from '../../errors.ts'
import { ask } from '../ask.ts'
import type { Cli } from '../cli.ts'
import { pauseIsOver } from '../pause-while.ts'
import { openToRead, readSettings } from '../store.ts'

/** Automatic moves are on again. Where nothing is paused, that is so already. */
export async function resume(cli: Cli): Promise<number> {
  const settings = readSettings(cli)
  const store = await openToRead(settings, cli.clock)
  const { ledger } = await store.read()
  if (!ledger?.pause) {
    cli.out('Nothing is paused')
    return exits.done
  }
  await ask(cli, settings, { command: 'resume', warm: false, wish: async () => ({ what: 'resume' }) })
  cli.out(pauseIsOver(settings))
  return exits.done
}
