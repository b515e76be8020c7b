import { expect } from 'vitest'
import { machineClock, type Clock } from '../../src/clock.ts'
import type { Parts } from '../../src/controller/parts.ts'
import type { Config } from '../../src/core/types.ts'
import { json } from '../../src/drivers/channels/forms.ts'
import { httpHeartbeat } from '../../src/drivers/channels/heartbeat.ts'
import { httpChannel } from '../../src/drivers/channels/http.ts'
import { exits, Said } from '../../src/errors.ts'
import type { Heartbeat } from '../../src/ports.ts'
import { memoryClient, memoryState } from '../../src/store/memory.ts'
import { startReceiver, type Answer } from '../drivers/channels/receiver.ts'
import { moveTest, type Case } from '../drivers/dns/moves-case.ts'
import { addition, deletion } from '../lab/hand.ts'
import { one, type Client, type Controller, type Rig } from '../lab/rig.ts'
import { embeddedLab } from '../lab/servers.ts'

// The controller tells people, over real receivers.

const lab = embeddedLab('tell')

const asks = (config: Config): Config => ({ ...config, policy: { ...config.policy, outageMs: 20_000 } })
const moves = (config: Config): Config => ({ ...asks(config), policy: { ...asks(config).policy, automatic: true } })

const channelAt = (url: string, channel = 'notify[0] (json)') =>
  httpChannel({ channel, events: ['move', 'alarm'], url: `${url}/secret-path`, form: json, clock: machineClock, version: '0' })

type Receiver = Awaited<ReturnType<typeof startReceiver>>
const telling = (rig: Rig, ...receivers: Receiver[]): Pick<Parts, 'configHash' | 'written' | 'tells'> => ({
  configHash: 'lab', written: {}, tells: { journal: rig.client, channels: receivers.map(({ url }, n) => channelAt(url, `notify[${n}] (json)`)) },
})

/** Starts a controller that tells, and adopts; the adoption's own messages are waited for. */
const adopted = async ({ rig }: Case, ...receivers: Receiver[]): Promise<Controller> => adoptedBy(rig, rig.start('first', telling(rig, ...receivers)), receivers)

const adoptedBy = async (rig: Rig, controller: Controller, receivers: Receiver[]): Promise<Controller> => {
  await rig.until('it has begun to tell', async () => (await rig.client.read()).ledger?.telling !== undefined)
  await rig.askAdopt('one', [one])
  await rig.ended(1)
  await rig.seen()
  await toldOf(rig, receivers[0]!, 'the adoption is told', /^adoption: .* is confirmed/)
  return controller
}

const sentences = ({ messages }: Receiver) => messages().map(({ sentence }) => sentence)
const toldOf = (rig: Rig, receiver: Receiver, what: string, fits: RegExp) => rig.until(what, () => sentences(receiver).some((each) => fits.test(each)))
const nothingWaits = (rig: Rig) => rig.until('nothing waits', async () => (await rig.client.read()).ledger?.telling?.outbox.length === 0)

moveTest('a failover by itself: its start with the sentence of the decision, and its end, each once and with what to type next', lab, { change: moves }, async (c) => {
  const { rig } = c
  const receiver = await startReceiver()
  const controller = await adopted(c, receiver)
  rig.up.one = false
  await rig.ended(2)
  await toldOf(rig, receiver, 'its end is told', /^failover one → two is confirmed/)
  await nothingWaits(rig)
  const told = receiver.messages().slice(-2)
  expect(told.map(({ events, reason, epoch }) => ({ events, reason, epoch }))).toEqual([
    { events: ['move', 'alarm'], reason: 'outage', epoch: 2 },
    { events: ['move'], reason: 'outage', epoch: 2 },
  ])
  expect(told[0]?.sentence).toBe(controller.lines.find(({ event, reason }) => event === 'decision' && reason === 'outage')?.msg)
  expect(told.map(({ next }) => next.replace(/^(when one is back: )?/, ''))).toEqual([expect.stringMatching(/^(follow it: |to move now: )?lifeboat (status --watch|failback|failover two)$/), 'lifeboat failback'])
  const ids = receiver.messages().map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(JSON.stringify(controller.lines)).not.toContain('secret-path')
})

moveTest('an alarm that lasts is told once, by the first leader and the next alike, and that it is over', lab, { change: asks }, async (c) => {
  const { rig } = c
  const receiver = await startReceiver()
  const first = await adopted(c, receiver)
  rig.up.one = false
  await toldOf(rig, receiver, 'the alarm is told', /^refuse: .*policy.automatic is false/)
  const alarms = () => receiver.messages().filter(({ reason }) => reason === 'automatic-off')
  expect(alarms()[0]).toMatchObject({ events: ['alarm'], sentence: expect.stringContaining('To do it: lifeboat failover two'), next: 'to move now: lifeboat failover two' })
  await nothingWaits(rig) // What was taken and not yet noted comes once more, from the next leader.
  await first.stop()
  const second = rig.start('second', telling(rig, receiver))
  await rig.until('the second decides the same', () => second.lines.some(({ event, reason }) => event === 'decision' && reason === 'automatic-off'))
  await rig.skip(10_000)
  rig.up.one = true
  await rig.until('all is well', () => second.lines.some(({ event, reason }) => event === 'decision' && reason === 'well'))
  await rig.until('the ledger knows', async () => (await rig.ledger()).telling?.episodes.every(({ overSinceMs }) => overSinceMs !== null) ?? false)
  expect(sentences(receiver).filter((each) => each.startsWith('over'))).toEqual([])
  await rig.skip(310_000)
  await toldOf(rig, receiver, 'it is told to be over', /^over: one is well/)
  expect(alarms()).toHaveLength(1)
})

moveTest('drift is told as status and the log say it', lab, {}, async (c) => {
  const { rig, www, hand } = c
  const receiver = await startReceiver()
  await adopted(c, receiver)
  await hand([deletion(www, 'A'), addition(www, 60, 'A', '127.0.0.99')])
  rig.clock.skip(61_000)
  await toldOf(rig, receiver, 'it is told', /serves 127\.0\.0\.99 instead of 127\.0\.0\.11, changed by somebody else/)
  expect(receiver.messages().at(-1)).toMatchObject({ events: ['alarm'], reason: null })
})

moveTest('a channel that fails is tried again, and told in the report; one that hangs delays neither moves nor rounds nor other channels', lab, {}, async (c) => {
  const { rig } = c
  let answer: Answer = { status: 200 }
  const [well, failing] = [await startReceiver(), await startReceiver(() => answer)]
  const controller = await adopted(c, well, failing)
  await nothingWaits(rig)
  answer = { status: 503 }
  const rounds = controller.self()!.rounds
  await rig.askMove('failover', 'two', { force: true })
  await rig.ended(2)
  await toldOf(rig, well, 'the other channel is told', /^failover one → two is confirmed/)
  await rig.until('the report says so', async () => ((await rig.client.read()).report?.untold ?? [])[0]?.why === 'HTTP 503')
  expect(controller.lines.filter(({ event, level }) => event === 'notify' && level === 'warn').map(({ msg }) => msg)).toEqual(['notify[1] (json) could not be told: HTTP 503. It is tried again'])
  answer = null
  await rig.until('rounds go on', () => controller.self()!.rounds > rounds + 10)
  await rig.askMove('failover', 'one', { force: true, unready: true })
  await rig.ended(3)
  // It hangs until its real deadline; a new leader tries at once what the old one left.
  controller.crash()
  answer = { status: 200 }
  rig.start('second', telling(rig, well, failing))
  await toldOf(rig, failing, 'it is told at last', /^failover two → one is confirmed/)
  await nothingWaits(rig)
  const order = failing.messages().map(({ id }) => Number(id.split('-').at(-1)))
  expect(order).toEqual(order.toSorted((a, b) => a - b))
  const told = new Set(sentences(well))
  expect(new Set(sentences(failing))).toEqual(told)
  // What it took in the very moment of the crash comes twice, under the same id.
  expect(new Set(well.messages().map(({ id }) => id)).size).toBe(told.size)
})

moveTest('a controller that ends in order tells what just happened; one that does not lead tells nothing', lab, {}, async (c) => {
  const { rig } = c
  const receiver = await startReceiver()
  const controller = await adopted(c, receiver)
  const idle = await startReceiver()
  rig.start('second', { ...telling(rig, idle) })
  await rig.askMove('failover', 'two', { force: true })
  await rig.ended(2)
  await controller.stop()
  expect(sentences(receiver).at(-1)).toMatch(/^failover one → two is confirmed/)
  expect(idle.received).toEqual([])
})

moveTest('one that another run follows at once leaves what waits to that: nothing holds up its end', lab, {}, async ({ rig }) => {
  let answer: Answer = { status: 200 }
  const receiver = await startReceiver(() => answer)
  const controller = await adoptedBy(rig, rig.start('first', telling(rig, receiver), { ownMoves: true, isLast: () => false }), [receiver])
  await nothingWaits(rig)
  answer = null
  const before = receiver.received.length
  await rig.askMove('failover', 'two', { force: true })
  await rig.until('a message hangs', () => receiver.received.length > before)
  await rig.ended(2)
  const tries = receiver.received.length
  await controller.stop()
  expect(receiver.received.length).toBe(tries)
  answer = { status: 200 }
  rig.start('second', telling(rig, receiver))
  await toldOf(rig, receiver, 'the next run tells it', /^failover one → two is confirmed/)
})

let held: Promise<void> | null = null

/** A store in memory whose reads are not answered while `held`: that holds up the rounds, and not the process. */
const holdable = (clock: Clock): (() => Client) => {
  const state = memoryState()
  return () => {
    const client = memoryClient(state, { clock })
    return { ...client, read: async () => (await held, client.read()) }
  }
}

moveTest('the heartbeat is sent while rounds are on time, and not while the process lives and they are held up', lab, { store: holdable }, async ({ rig }) => {
  const receiver = await startReceiver()
  const sent = httpHeartbeat({ url: `${receiver.url}/secret-path`, everyMs: 10_000, clock: machineClock, version: '0' })
  let underWay = 0
  const heartbeat: Heartbeat = { ...sent, beat: (signal) => (underWay++, sent.beat(signal).finally(() => underWay--)) }
  const controller = rig.start('first', { configHash: 'lab', written: {}, heartbeat })
  await rig.until('it beats', () => receiver.received.length >= 3)
  const self = controller.self()!
  const { promise, resolve: release } = Promise.withResolvers<void>()
  held = promise
  await rig.until('rounds are late', () => self.parts.clock.now().monoMs - self.state.watch.at!.monoMs > 30_000)
  await rig.until('no beat is under way', () => underWay === 0)
  const beats = receiver.received.length
  rig.clock.skip(60_000)
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  expect(receiver.received.length).toBe(beats)
  release()
  await rig.until('it beats again', () => receiver.received.length > beats)
  expect(JSON.stringify(controller.lines)).not.toContain('secret-path')
})

let busy = false

/** A store in memory that another process locks while `busy`. */
const lockable = (clock: Clock): (() => Client) => {
  const state = memoryState()
  return () => {
    const client = memoryClient(state, { clock })
    return { ...client, read: async () => (busy ? Promise.reject(new Said('the store is busy', exits.unfinished)) : client.read()) }
  }
}

moveTest('the heartbeat falls silent where the store cannot be read, though rounds go on: nothing is decided then', lab, { store: lockable }, async ({ rig }) => {
  let beats = 0
  const heartbeat: Heartbeat = { everyMs: 5_000, beat: async () => (beats++, null) }
  const controller = rig.start('first', { configHash: 'lab', written: {}, heartbeat })
  await rig.until('it beats', () => beats >= 3)
  const self = controller.self()!
  busy = true
  const sinceMs = self.parts.clock.now().monoMs
  await rig.until('its rounds go on', () => self.state.watch.at!.monoMs - sinceMs > 60_000)
  const before = beats
  await rig.until('they go on', () => self.state.watch.at!.monoMs - sinceMs > 120_000)
  expect(beats).toBe(before)
  busy = false
  await rig.until('it beats again', () => beats > before)
})
