import { formatDuration, parseDuration } from '../../config/durations.ts'
import { pausesAt } from '../../core/ledger.ts'
import { oneLine } from '../../core/one-line.ts'
import type { Pause, State } from '../../core/types.ts'
import { exits, Said } from '../../errors.ts'
import { ask, type Wish } from '../ask.ts'
import type { Cli } from '../cli.ts'
import { groundOf } from '../ground.ts'
import { pauseWhile } from '../pause-while.ts'
import { pauseBeside, pauseLength, pauseText } from '../pauses.ts'
import { ledgerNow, refuseNoStore } from '../store.ts'

/** Stops automatic moves and reasserts for a while, an hour where nothing else is said; with a command while it runs, and no longer than that. `command` null: none. */
export async function pause(cli: Cli, options: { for: string | null; why: string | null; command: string[] | null }): Promise<number> {
  const forMs = lengthOf(options.for ?? '1h')
  if (options.command?.length === 0) throw new Said('Behind -- stands no command. Write it there, such as lifeboat pause -- ./deploy.sh, or leave the -- out')
  const why = oneLine(options.why ?? '')
  const ground = await groundOf(cli)
  if (options.command) {
    refuseNoStore(ground)
    return pauseWhile(cli, ground, { argv: options.command, forMs, why: why || null })
  }
  const untilMs = forMs === null ? null : cli.clock.now().wallMs + forMs
  let before: Pause | undefined
  const wish = async ({ ledger }: State): Promise<Wish> => {
    before = pausesAt(ledger, cli.clock.now().wallMs).find(({ holder }) => holder === undefined)
    return { what: 'pause', untilMs, why }
  }
  await ask(cli, ground, { command: 'pause', warm: false, wish })
  const { wallMs } = cli.clock.now()
  const length = forMs === null ? '' : `for ${formatDuration(forMs)}, `
  cli.out(`Automatic moves are paused ${length}${pauseLength({ untilMs }, wallMs)}. To end it: lifeboat resume`)
  if (before) cli.out(`It takes the place of the one before: ${pauseText(before, wallMs)}`)
  const other = pauseBeside(await ledgerNow(cli, ground), undefined, wallMs)
  if (other) cli.out(`Another pause stands beside it, ${pauseText(other, wallMs)}: lifeboat resume ends both`)
  return exits.done
}

/** Null: for ever. */
function lengthOf(text: string): number | null {
  if (text === 'forever') return null
  const length = parseDuration(text)
  if (typeof length !== 'number') throw new Said(`--for ${text} ${length.wrong}. Write a number with s, m, h or d, such as 1h, or forever`)
  if (length === 0) throw new Said('--for 0s pauses nothing. Write a number with s, m, h or d, such as 1h, or forever')
  return length
}
