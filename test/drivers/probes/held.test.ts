import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { holdOpen } from '../../../src/drivers/probes/held.ts'
import type { Question } from '../../../src/ports.ts'
import { listenTcp, openSockets, refusingPort } from '../../lab/sockets.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** A server that counts, and what holds a connection to it, on a clock that is set forward by hand. */
const lab = async (onConnection: (socket: Socket) => void = () => {}) => {
  let aheadMs = 0
  let drops = 0
  const sockets: Socket[] = []
  const port = await listenTcp((socket) => {
    sockets.push(socket)
    onConnection(socket)
  })
  const clock = { ...machineClock, now: () => ({ monoMs: machineClock.now().monoMs + aheadMs, wallMs: 0 }) }
  const held = holdOpen({ clock })
  const question = (more: object = {}): Question => ({ kind: 'tcp', site: 'aws', address: '127.0.0.1', port, timeoutMs: 1_000, ...more }) as Question
  return {
    sockets, question, port,
    drops: () => drops,
    pass: (ms: number) => void (aheadMs += ms),
    hold: (...questions: Question[]) => held.hold(questions, () => void drops++),
    opened: (count: number) => expect.poll(() => sockets).toHaveLength(count),
  }
}
/** Whatever would come next has come: a connection of our own to the same server goes through. */
const settled = async (port: number): Promise<void> => {
  const { connect } = await import('node:net')
  await new Promise<void>((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.destroy())
    socket.once('close', () => done())
  })
}

test('one connection to an address, however often it is asked for; nothing is sent, and its end is told once', async () => {
  const sent: Buffer[] = []
  const { hold, question, opened, sockets, drops, pass } = await lab((socket) => socket.on('data', (part) => sent.push(part)))
  hold(question(), question({ kind: 'http', url: 'https://shop.example/', status: [200] }))
  hold(question())
  await opened(1)
  hold(question())
  pass(minuteMs)
  sockets[0]!.destroy()
  await expect.poll(drops).toBe(1)
  hold(question())
  await opened(2)
  expect({ drops: drops(), sent }).toEqual({ drops: 1, sent: [] })
  hold()
  await expect.poll(() => openSockets().length).toBe(0)
  expect(drops()).toBe(1)
})

test('a server that ends it in order is told as well, and what it says first is nothing', async () => {
  const { hold, question, drops } = await lab((socket) => void socket.end('220 mail.example\r\n'))
  hold(question())
  await expect.poll(drops).toBe(1)
  hold()
})

test('a server that wants none is left alone for a minute, then two', async () => {
  const { hold, question, opened, drops, pass, sockets, port } = await lab((socket) => void setTimeout(() => socket.destroy(), 1))
  let own = 0
  for (const [waits, tries] of [[0, 1], [minuteMs - 2_000, 1], [2_000, 2], [minuteMs, 2], [minuteMs, 3]] as const) {
    pass(waits)
    hold(question())
    await opened(tries + own)
    await expect.poll(drops).toBe(tries)
    await settled(port)
    await opened(tries + ++own)
    expect(drops()).toBe(tries)
  }
  expect(sockets.length).toBe(3 + own)
  hold()
})

test('where the site cannot be reached while one stands it is let go of, not told, and that address is left alone for an hour, then two, up to a day', async () => {
  const { hold, question, opened, drops, pass, port } = await lab()
  let own = 0
  for (const [n, hours] of [0, 1, 2, 4, 8, 16, 24, 24].entries()) {
    if (hours > 0) {
      pass(hours * hourMs - minuteMs)
      hold(question())
      await settled(port)
      await opened(n + ++own)
      pass(minuteMs)
    }
    hold(question())
    await opened(n + 1 + own)
    hold()
    await expect.poll(() => openSockets().length).toBe(0)
  }
  expect(drops()).toBe(0)
})

test('one to a site that is no longer the active one is let go of, not told, and tried again as soon as it is', async () => {
  const { hold, question, opened, sockets, drops } = await lab()
  const elsewhere = question({ address: '127.0.0.9', port: await refusingPort() })
  hold(question())
  await opened(1)
  const over = new Promise((ended) => sockets[0]!.once('close', ended))
  hold(elsewhere)
  await over
  hold(question())
  await opened(2)
  expect(drops()).toBe(0)
  hold()
})

test('where nobody listens, nothing is told', async () => {
  const { hold, question, drops, sockets } = await lab()
  hold(question({ port: await refusingPort() }), question({ address: 'shop.example' }), question({ kind: 'dns', address: '127.0.0.9' }))
  await expect.poll(() => openSockets().length).toBe(0)
  expect({ drops: drops(), sockets }).toEqual({ drops: 0, sockets: [] })
  hold()
})
