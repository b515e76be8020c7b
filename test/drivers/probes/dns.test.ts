import { createSocket } from 'node:dgram'
import packet from 'dns-packet'
import type { DecodedPacket, Packet } from 'dns-packet'
import { expect, onTestFinished, test } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { probeDns } from '../../../src/drivers/probes/dns.ts'
import type { DnsQuestion } from '../../../src/drivers/probes/dns.ts'
import { answerOf } from '../../../src/drivers/probes/answer.ts'
import { hasV6, openSockets } from '../../lab/sockets.ts'

type Reply = Packet & { rcode?: string }

/** A name server that answers each query with these packets, one after the other. */
const serve = async (answer: (query: DecodedPacket) => (Reply | Buffer)[], host = '127.0.0.1'): Promise<number> => {
  const socket = createSocket(host === '::1' ? 'udp6' : 'udp4')
  socket.on('message', (bytes, { address, port }) => {
    for (const reply of answer(packet.decode(bytes))) socket.send(Buffer.isBuffer(reply) ? reply : packet.encode(reply), port, address)
  })
  await new Promise<void>((resolve) => socket.bind(0, host, resolve))
  onTestFinished(() => void socket.close())
  return socket.address().port
}

const reply = (query: DecodedPacket, rcode = 0, data: string[] = []): Reply => ({
  type: 'response',
  id: query.id ?? 0,
  flags: rcode,
  questions: query.questions ?? [],
  answers: data.map((each) => ({ type: 'A', name: 'shop.example', data: each })),
})

const ask = (port: number, changes: Partial<DnsQuestion> = {}, signal = new AbortController().signal) => {
  const question: DnsQuestion = { kind: 'dns', site: 'aws', address: '127.0.0.1', timeoutMs: 2000, name: 'Shop.example.', type: 'A', port, ...changes }
  return answerOf(question, machineClock, signal, (limit) => probeDns(question, { clock: machineClock, version: '0' }, limit))
}

const six = hasV6 ? ['::1'] : []

test.each(['127.0.0.1', '127.0.0.5', ...six])('a record at %s is ok', async (address) => {
  const seen: DecodedPacket[] = []
  const port = await serve((query) => {
    seen.push(query)
    return [reply(query, 0, ['127.0.0.1'])]
  }, address)
  expect(await ask(port, { address })).toMatchObject({ kind: 'ok', detail: 'answers Shop.example. A', certificateUntilMs: null })
  expect(seen[0]?.questions).toMatchObject([{ name: 'Shop.example', type: 'A', class: 'IN' }])
  expect(seen[0]?.flag_rd).toBe(false)
})

test.each([
  ['NXDOMAIN', 3, 'NXDOMAIN for Shop.example. A'],
  ['SERVFAIL', 2, 'SERVFAIL for Shop.example. A'],
  ['REFUSED', 5, 'REFUSED for Shop.example. A'],
  ['no record', 0, 'no A record at Shop.example.'],
])("%s is the app's fault", async (_name, rcode, detail) => {
  expect(await ask(await serve((query) => [reply(query, rcode)]))).toMatchObject({ kind: 'app', detail })
})

test('an answer that is cut short means more records than fit', async () => {
  const port = await serve((query) => [{ ...reply(query), flags: packet.TRUNCATED_RESPONSE }])
  expect(await ask(port)).toMatchObject({ kind: 'ok' })
})

test('garbage and answers to something else are passed over', async () => {
  const port = await serve((query) => [
    Buffer.from('garbage'),
    { ...reply(query, 3), id: ((query.id ?? 0) + 1) % 0x10000 },
    { ...reply(query, 3), questions: [{ type: 'A', name: 'stranger.example', class: 'IN' }] },
    { ...reply(query, 3), questions: [{ type: 'AAAA', name: 'shop.example', class: 'IN' }] },
    { ...reply(query, 3), type: 'query' },
    reply(query, 0, ['127.0.0.1']),
  ])
  expect(await ask(port)).toMatchObject({ kind: 'ok' })
})

test('answers to something else alone are silence', async () => {
  const port = await serve((query) => [{ ...reply(query), id: ((query.id ?? 0) + 1) % 0x10000 }, Buffer.alloc(0)])
  expect(await ask(port, { timeoutMs: 1_000 })).toMatchObject({ kind: 'silent', detail: 'no answer in 1 s' })
})

test.each(['127.0.0.1', ...six])('a port that refuses at %s', async (address) => {
  const socket = createSocket(address === '::1' ? 'udp6' : 'udp4')
  await new Promise<void>((resolve) => socket.bind(0, address, resolve))
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  expect(await ask(port, { address })).toMatchObject({ kind: 'refused' })
})

test('an abort rejects with its reason and leaves no socket', async () => {
  const controller = new AbortController()
  const port = await serve(() => {
    setTimeout(() => controller.abort('over'), 20)
    return []
  })
  await expect(ask(port, {}, controller.signal)).rejects.toBe('over')
  // The one that is left is the server's.
  await expect.poll(openSockets).toHaveLength(1)
})
