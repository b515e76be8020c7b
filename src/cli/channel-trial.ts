import type { Settings } from '../config/settings.ts'
import type { Clock } from '../clock.ts'
import type { Message } from '../core/messages.ts'
import { Said } from '../errors.ts'
import type { Channel, Delivery } from '../ports.ts'
import { channelsOf } from './wiring.ts'

/** What came of a test message at one channel. */
export type Tried = Pick<Channel, 'channel' | 'events'> & Pick<Delivery, 'outcome' | 'detail'> & { ms: number }

/** Sends a test through every channel of the file at once, a single try each. `machine`: where it was typed. Throws Said where the file names none. */
export async function tryChannels(settings: Settings, { machine, clock, signal }: { machine: string; clock: Clock; signal: AbortSignal }): Promise<Tried[]> {
  const { file, core } = settings
  if (settings.notify.length === 0) throw new Said(`Nobody is told: ${file} has no notify. Write for instance notify: [{ url: "\${NTFY_URL}", events: [move, alarm] }]`)
  const message: Message = {
    id: `${core.app}-test-${clock.id()}`,
    app: core.app,
    epoch: null,
    events: ['test'],
    over: false,
    atMs: Math.round(clock.now().wallMs),
    reason: null,
    sentence: `lifeboat notify, typed at ${machine}, tries its channels: nothing has happened`,
    next: 'to look: lifeboat status',
  }
  const tryOne = async (channel: Channel): Promise<Tried> => {
    const startedMs = clock.now().monoMs
    const { outcome, detail } = await channel.send(message, signal)
    return { channel: channel.channel, events: channel.events, outcome, detail, ms: Math.round(clock.now().monoMs - startedMs) }
  }
  return Promise.all(channelsOf(settings, clock).map(tryOne))
}
