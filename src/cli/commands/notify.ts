import { hostname } from 'node:os'
import type { Message } from '../../core/telling.ts'
import { exits, Said } from '../../errors.ts'
import type { Channel } from '../../ports.ts'
import type { Cli } from '../cli.ts'
import { columns } from '../columns.ts'
import { readSettings } from '../store.ts'
import { took } from '../times.ts'
import { channelsOf } from '../wiring.ts'

/** Sends a test through every channel at once, a single try each, and says which took it. */
export async function notify(cli: Cli): Promise<number> {
  const settings = readSettings(cli)
  const { file, core } = settings
  if (settings.notify.length === 0) throw new Said(`Nobody is told: ${file} has no notify. Write for instance notify: [{ url: "\${NTFY_URL}", events: [move, alarm] }]`)
  const message: Message = {
    id: `${core.app}-test-${cli.clock.id()}`,
    app: core.app,
    epoch: null,
    events: ['test'],
    over: false,
    atMs: Math.round(cli.clock.now().wallMs),
    reason: null,
    sentence: `lifeboat notify, typed at ${hostname()}, tries its channels: nothing has happened`,
    next: 'to look: lifeboat status',
  }
  const tried = await Promise.all(channelsOf(settings, cli.clock).map((channel) => tryOne(channel, message, cli)))
  if (cli.flags.json) cli.json(tried)
  else for (const line of columns(tried.map(({ channel, events, outcome, detail, ms }) => [channel, events.join(', '), outcome === 'done' ? `took it in ${took(ms)}` : `did not take it: ${detail}`]))) cli.out(line)
  return tried.every(({ outcome }) => outcome === 'done') ? exits.done : exits.notAsItShouldBe
}

async function tryOne(channel: Channel, message: Message, cli: Cli) {
  const startedMs = cli.clock.now().monoMs
  const { outcome, detail } = await channel.send(message, cli.stop())
  return { channel: channel.channel, events: channel.events, outcome, detail, ms: Math.round(cli.clock.now().monoMs - startedMs) }
}
