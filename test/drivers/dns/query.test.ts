import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { startEmbedded } from '../../../src/drivers/dns/embedded.ts'
import { formatServer, frame, parseServer, takeMessages } from '../../../src/drivers/dns/exchange.ts'
import { digHost } from '../../../src/drivers/dns/query.ts'
import type { Transport } from '../../../src/drivers/dns/query.ts'
import { decodeMessage, encodeMessage, encodeValue } from '../../../src/drivers/dns/wire.ts'
import type { Message, Rr } from '../../../src/drivers/dns/wire.ts'
import { startProxy } from '../../lab/proxy.ts'

const zone = 'shop.example'
const www = `www.${zone}`
const marker = `_lifeboat-shop.${zone}`
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

const dig = (server: string, transport?: Transport, names = [www], timeoutMs = 3_000) =>
  digHost({ server, zone, marker, names, timeoutMs }, machineClock, AbortSignal.timeout(10_000), transport)

const served = async () => {
  const server = await startEmbedded({
    zones: {
      [zone]: [
        { name: marker, type: 'TXT', ttlS: 60, value: 'hello' },
        { name: www, type: 'A', ttlS: 60, value: '127.0.0.12' },
        { name: www, type: 'AAAA', ttlS: 60, value: '2001:0db8::0:12' },
        { name: `alias.${zone}`, type: 'CNAME', ttlS: 30, value: 'WWW.Shop.example' },
        { name: `deep.under.${zone}`, type: 'A', ttlS: 60, value: '127.0.0.13' },
        { name: `*.wild.${zone}`, type: 'A', ttlS: 60, value: '127.0.0.14' },
        ...Array.from({ length: 200 }, (_, n) => ({ name: `many.${zone}`, type: 'A' as const, ttlS: 60, value: `127.0.1.${n}` })),
      ],
    },
  })
  stops.push(server.stop)
  return server
}

/** A server over UDP that answers whatever the test says. */
const fake = async (answer: (asked: Message, port: number) => Buffer[]) => {
  const socket = createSocket('udp4')
  socket.on('message', (bytes, from) => {
    for (const each of answer(decodeMessage(bytes), from.port)) socket.send(each, from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  stops.push(async () => void socket.close())
  return `127.0.0.1:${socket.address().port}`
}

const soa: Rr = { name: zone, type: 6, class: 1, ttlS: 60, rdata: Buffer.concat([Buffer.from([0, 0]), Buffer.alloc(19), Buffer.from([5])]) }
soa.rdata.writeUInt32BE(5, 2)
const record = (value: string): Rr => ({ name: www, type: 1, class: 1, ttlS: 60, rdata: encodeValue('A', value) })
const reply = (asked: Message, more: Partial<Message> = {}): Buffer => {
  const type = asked.questions[0]?.type
  const answers = type === 6 ? [soa] : type === 1 ? [record('127.0.0.12')] : []
  return encodeMessage({ ...asked, flags: 0x8400, answers, additionals: [], ...more })
}

describe('reading one server', () => {
  test.each(['udp', 'tcp', 'both'] as const)('what stands there, by %s', async (transport) => {
    const { server } = await served()
    const names = [www, `alias.${zone}`, `absent.${zone}`, `under.${zone}`, `x.wild.${zone}`]
    expect(await dig(server, transport, names)).toEqual({
      txt: ['hello'],
      txtTtlS: 60,
      serial: 1,
      sets: [
        { name: www, type: 'A', ttlS: 60, values: ['127.0.0.12'] },
        { name: www, type: 'AAAA', ttlS: 60, values: ['2001:db8::12'] },
        { name: `alias.${zone}`, type: 'CNAME', ttlS: 30, values: [www] },
        { name: `x.wild.${zone}`, type: 'A', ttlS: 60, values: ['127.0.0.14'], through: `*.wild.${zone}` },
      ],
    })
  })
  test('a truncated answer is asked for again by TCP', async () => {
    const { server } = await served()
    expect((await dig(server, 'udp', [`many.${zone}`]))?.sets[0]?.values).toHaveLength(200)
  })
  test('an IPv6 server', async () => {
    const server = await startEmbedded({ zones: { [zone]: [] }, address: '::1' })
    stops.push(server.stop)
    expect(await dig(server.server, 'both')).toEqual({ txt: [], txtTtlS: null, serial: 1, sets: [] })
  })
  test.each([
    ['SERVFAIL', { rcode: 2 }],
    ['REFUSED', { rcode: 5 }],
    ['no authority', { flags: 0x8000 }],
    ['a referral', { flags: 0x8000, answers: [], authorities: [{ ...soa, type: 2 }] }],
    ['no SOA: not this zone', { answers: [] }],
    ['an A of three bytes', { answers: [soa, { ...record('127.0.0.1'), rdata: Buffer.alloc(3) }] }],
  ] as const)('null on %s', async (_, more) => {
    expect(await dig(await fake((asked) => [reply(asked, more as Partial<Message>)]))).toBeNull()
  })
  test('null on silence, and at a closed port at once', async () => {
    expect(await dig(await fake(() => []), 'udp', [www], 100)).toBeNull()
    const { server, stop } = await startEmbedded({ zones: {} })
    await stop()
    for (const transport of ['udp', 'tcp'] as const) expect(await dig(server, transport, [www], 5000)).toBeNull()
  })
  test('null at once where there is no way to the server', async () => {
    // The broadcast address: the system refuses to send there unless asked to, so nothing leaves this machine.
    expect(await dig('255.255.255.255:53', 'udp', [www], 60_000)).toBeNull()
  })
  test('a question that is left unanswered is not pushed for ever', async () => {
    const questions: string[] = []
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      takeMessages(socket, (bytes) => {
        const asked = decodeMessage(bytes)
        questions.push(asked.questions[0]!.name)
        if (asked.questions[0]!.type !== 16) socket.write(frame(reply(asked)))
      })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    stops.push(async () => void server.close())
    expect(await dig(`127.0.0.1:${(server.address() as AddressInfo).port}`, 'tcp', [www], 300)).toBeNull()
    expect(questions.filter((name) => name === www)).toHaveLength(2)
    expect(questions.length).toBeLessThan(10)
  })
  test('null where UDP and TCP disagree', async () => {
    const { server } = await served()
    const lying = await startProxy(server, { reply: (message) => (message.includes(Buffer.from([127, 0, 0, 12])) ? Buffer.from(message.toString('hex').replace('7f00000c', '7f00000d'), 'hex') : message) })
    stops.push(lying.stop)
    expect((await dig(lying.server, 'tcp'))?.sets[0]?.values).toEqual(['127.0.0.13'])
    expect(await dig(server, 'both')).not.toBeNull()
  })
  test('all of it is asked from one port, and anew from another', async () => {
    const ports = new Set<number>()
    const server = await fake((asked, port) => (ports.add(port), [reply(asked)]))
    await dig(server, 'udp', Array.from({ length: 20 }, (_, n) => `n${n}.${zone}`))
    expect(ports.size).toBe(1)
    await dig(server)
    expect(ports.size).toBe(2)
  })
  test('answers to another question, or with another id, are passed over', async () => {
    const server = await fake((asked) => [
      reply({ ...asked, id: asked.id ^ 1 }, { answers: [record('127.0.0.66')] }),
      reply({ ...asked, questions: [{ name: 'evil.example', type: 1, class: 1 }] }, { answers: [record('127.0.0.66')] }),
      Buffer.from('not a message'),
      reply(asked),
    ])
    expect((await dig(server))?.sets).toEqual([{ name: www, type: 'A', ttlS: 60, values: ['127.0.0.12'] }])
  })
  test('a lost datagram is asked for again', async () => {
    const seen = new Set<string>()
    const server = await fake((asked) => {
      const question = JSON.stringify(asked.questions)
      if (seen.has(question)) return [reply(asked)]
      seen.add(question)
      return []
    })
    expect((await dig(server, undefined, [www], 1_000))?.serial).toBe(5)
  })
  test('an abort ends it', async () => {
    const server = await fake(() => [])
    const signal = AbortSignal.timeout(50)
    for (const transport of ['udp', 'both'] as const)
      expect(await digHost({ server, zone, marker, names: [www], timeoutMs: 60_000 }, machineClock, signal, transport)).toBeNull()
  })
  test('64 names with both families', async () => {
    const { server } = await served()
    const names = Array.from({ length: 64 }, (_, n) => `n${n}.wild.${zone}`)
    for (const transport of ['udp', 'tcp'] as const) expect((await dig(server, transport, names, 3000))?.sets).toHaveLength(64)
  })
})

test('addresses of servers', () => {
  expect(parseServer('192.0.2.53')).toEqual({ address: '192.0.2.53', port: 53 })
  expect(parseServer('192.0.2.53:5353')).toEqual({ address: '192.0.2.53', port: 5353 })
  expect(parseServer('2001:db8::53')).toEqual({ address: '2001:db8::53', port: 53 })
  expect(parseServer('[2001:db8::53]:5353')).toEqual({ address: '2001:db8::53', port: 5353 })
  for (const bad of ['', 'ns.example', 'ns.example:53', '192.0.2.53:0', '192.0.2.53:99999', '[192.0.2.53]:53', '[2001:db8::53']) expect(parseServer(bad)).toBeNull()
  expect([formatServer('192.0.2.53', 53), formatServer('2001:db8::53', 53)]).toEqual(['192.0.2.53:53', '[2001:db8::53]:53'])
})
