import { hostname } from 'node:os'
import { exits } from '../../errors.ts'
import { tryChannels, type Tried } from '../channel-trial.ts'
import type { Cli } from '../cli.ts'
import { columns } from '../columns.ts'
import { groundOf, type Ground } from '../ground.ts'
import { took } from '../times.ts'

/** Longer than a try of any channel takes. */
const tryMsMost = 20_000

/** Sends a test through every channel, and says which took it. */
export async function notify(cli: Cli): Promise<number> {
  const tried = await tryThere(cli, await groundOf(cli))
  if (cli.flags.json) cli.json(tried)
  else for (const line of columns(tried.map(({ channel, events, outcome, detail, ms }) => [channel, events.join(', '), outcome === 'done' ? `took it in ${took(ms)}` : `did not take it: ${detail}`]))) cli.out(line)
  return tried.every(({ outcome }) => outcome === 'done') ? exits.done : exits.notAsItShouldBe
}

/** A controller elsewhere tells by its own channels, so it tries them itself. */
const tryThere = (cli: Cli, ground: Ground): Promise<Tried[]> =>
  'controller' in ground
    ? ground.controller.call<Tried[]>('/notify', { post: { by: hostname() }, mostMs: tryMsMost, signal: cli.stop() })
    : tryChannels(ground, { machine: hostname(), clock: cli.clock, signal: cli.stop() })
