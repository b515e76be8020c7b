import { createSocket } from 'node:dgram'
import packet from 'dns-packet'
import { expect, onTestFinished, test } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { addressesMax, joining, systemResolve } from '../../../src/drivers/probes/hostname.ts'
import type { Resolve } from '../../../src/drivers/probes/hostname.ts'
import { hereVantage } from '../../../src/drivers/vantages/here.ts'
import type { Question } from '../../../src/ports.ts'
import { hasV6, listenHttp, listenTcp, refusingPort } from '../../lab/sockets.ts'

const hostname = 'lb.cloud.example'
const never = new AbortController().signal

/** What a resolver knows of every name. An error's code instead of a list: it fails with it; null: it never answers. */
type Known = { 4?: string[] | string | null; 6?: string[] | string | null }

const knowing =
  (known: Known): Resolve =>
  async (_name, family) => {
    const answer = known[family] ?? (known[family] === null ? null : [])
    if (answer === null) return new Promise(() => {})
    if (typeof answer === 'string') throw Object.assign(new Error(`queryAaaa ${answer}`), { code: answer })
    return answer
  }

const vantage = (resolve: Resolve, source?: string) =>
  hereVantage({ vantage: 'here', clock: machineClock, version: '0', resolve, digHost: async () => null, ...(source ? { source } : {}) })

const ask = async (resolve: Resolve, question: Partial<Question> & { kind: Question['kind'] }, source?: string) => {
  const asked = { site: 'aws', address: hostname, timeoutMs: 1000, ...question } as Question
  const sight = await vantage(resolve, source).probe({ questions: [asked], canaries: [], timeoutMs: 1000 }, never)
  return sight?.answers[0]
}
const tcp = (port: number) => ({ kind: 'tcp' as const, port })
const http = (port: number) => ({
  kind: 'http' as const, url: `http://shop.example:${port}/`, status: [200], body: null, tls: 'public' as const, names: ['shop.example'],
})

test('each address of a hostname is asked, and all that are well make one answer under its name', async () => {
  const port = await listenTcp(() => {}, '0.0.0.0')
  expect(await ask(knowing({ 4: ['127.0.0.3', '127.0.0.2', '127.0.0.3'] }), tcp(port))).toEqual({
    kind: 'ok', address: hostname, detail: `port ${port} accepts (127.0.0.2, 127.0.0.3)`, ms: expect.any(Number), certificateUntilMs: null,
  })
})

test('one address that fails is not hidden by another that answers first', async () => {
  const port = await listenTcp(() => {}, '127.0.0.2')
  const resolve = knowing({ 4: ['127.0.0.2', '127.0.0.3', '127.0.0.4'] })
  expect(await ask(resolve, tcp(port))).toMatchObject({ kind: 'refused', detail: 'the port refuses the connection (127.0.0.3, 127.0.0.4)' })
})

test.runIf(hasV6)('a family that fails is not hidden by the other', async () => {
  const port = await listenTcp(() => {}, '127.0.0.1')
  expect(await ask(knowing({ 4: ['127.0.0.1'], 6: ['::1'] }), tcp(port))).toMatchObject({ kind: 'refused', detail: 'the port refuses the connection (::1)' })
})

test.runIf(hasV6)('both families are well', async () => {
  const port = await listenHttp((_request, response) => response.end(), '::')
  expect(await ask(knowing({ 4: ['127.0.0.1'], 6: ['::1'] }), http(port))).toMatchObject({ kind: 'ok', detail: 'HTTP 200 (127.0.0.1, ::1)' })
})

// Asked from an IPv4 address, a socket cannot go to an IPv6 one: as on a machine that has no other.
test('a family that this machine cannot ask over abstains, and the other decides', async () => {
  const resolve = knowing({ 4: ['127.0.0.1'], 6: ['::1'] })
  const port = await listenTcp(() => {})
  expect(await ask(resolve, tcp(port), '127.0.0.61')).toMatchObject({ kind: 'ok', detail: `port ${port} accepts (127.0.0.1)` })
  expect(await ask(resolve, tcp(await refusingPort()), '127.0.0.61')).toMatchObject({ kind: 'refused' })
  expect(await ask(knowing({ 6: ['::1'] }), tcp(port), '127.0.0.61')).toMatchObject({ kind: 'unable', detail: expect.stringMatching(/^could not ask from here .*(::1)/) })
})

test.each([
  ['fails', 'EAI_AGAIN', 'could not resolve its hostname: queryAaaa EAI_AGAIN (IPv6)'],
  ['hangs', null, 'could not resolve its hostname: no answer in time (IPv6)'],
])('a look-up that %s says nothing of the site', async (_how, known, detail) => {
  const port = await listenTcp(() => {})
  expect(await ask(knowing({ 4: ['127.0.0.1'], 6: known }), tcp(port))).toMatchObject({ kind: 'ok', detail: `port ${port} accepts (127.0.0.1)` })
  expect(await ask(knowing({ 4: ['127.0.0.1'], 6: known }), tcp(await refusingPort()))).toMatchObject({ kind: 'refused' })
  expect(await ask(knowing({ 6: known }), tcp(port))).toMatchObject({ kind: 'unable', detail })
  expect(await ask(knowing({ 4: known, 6: known }), tcp(port))).toMatchObject({ kind: 'unable' })
})

test('a name without any address is an answer: nobody is shown the way to the site', async () => {
  expect(await ask(knowing({}), tcp(1))).toMatchObject({ kind: 'silent', detail: 'its hostname has no address' })
})

test('an address that is silent leaves the others their time', async () => {
  const port = await listenTcp(() => {}, '127.0.0.2')
  const hung = await ask(knowing({ 4: ['127.0.0.2'] }), { ...http(port), timeoutMs: 1000 })
  expect(hung).toMatchObject({ kind: 'silent', detail: 'no answer in 1 s (127.0.0.2)' })
})

test('another site of ours at one of the addresses is told before all else', async () => {
  const port = await listenHttp((request, response) => {
    const other = request.socket.localAddress === '127.0.0.3'
    response.writeHead(other ? 200 : 503, other ? { 'lifeboat-site': 'hetzner' } : {}).end()
  }, '0.0.0.0')
  expect(await ask(knowing({ 4: ['127.0.0.2', '127.0.0.3'] }), http(port))).toMatchObject({ kind: 'other-site', detail: 'site hetzner answers here (127.0.0.3)' })
})

test("a redirect to the site's own hostname is no stranger's", async () => {
  const port = await listenHttp((_request, response) => response.writeHead(301, { location: `https://${hostname}/` }).end())
  expect(await ask(knowing({ 4: ['127.0.0.1'] }), http(port))).toMatchObject({ kind: 'app', detail: `HTTP 301, redirect to ${hostname}/ (127.0.0.1)` })
})

test('a DNS question goes to each address too', async () => {
  const socket = createSocket('udp4')
  const asked: number[] = []
  socket.on('message', (bytes, { address, port }) => {
    const query = packet.decode(bytes)
    asked.push(query.id ?? 0)
    const answers = [{ type: 'A' as const, name: 'shop.example', data: '127.0.0.1' }]
    socket.send(packet.encode({ type: 'response', id: query.id ?? 0, questions: query.questions ?? [], answers }), port, address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.2', resolve))
  onTestFinished(() => void socket.close())
  const question = { kind: 'dns' as const, name: 'shop.example', type: 'A', port: socket.address().port }
  expect(await ask(knowing({ 4: ['127.0.0.2'] }), question)).toMatchObject({ kind: 'ok', detail: 'answers shop.example A (127.0.0.2)' })
  expect(asked).toHaveLength(1)
  expect(await ask(knowing({ 4: ['127.0.0.2', '127.0.0.3'] }), question)).toMatchObject({ kind: 'refused', detail: 'the port refuses the connection (127.0.0.3)' })
})

test('a name with very many addresses is asked at some of them', async () => {
  const from = new Set<string | undefined>()
  const port = await listenHttp(({ socket }, response) => {
    from.add(socket.localAddress)
    response.end()
  }, '0.0.0.0')
  const many = Array.from({ length: 200 }, (_, at) => `127.0.1.${at + 1}`)
  expect(await ask(knowing({ 4: many }), http(port))).toMatchObject({ kind: 'ok' })
  expect(from.size).toBe(addressesMax)
})

test('an IP address is asked as it stands, and no resolver is', async () => {
  const port = await listenTcp(() => {})
  const resolve: Resolve = async () => expect.fail('asked')
  expect(await ask(resolve, { ...tcp(port), address: '127.0.0.1' })).toMatchObject({ kind: 'ok', address: '127.0.0.1', detail: `port ${port} accepts` })
})

test('a look-up that is under way is joined, and asked anew when it has ended, well or not', async () => {
  const asked: string[] = []
  const resolve = joining(async (name, family) => {
    asked.push(`${name} ${family}`)
    if (name === 'bad.example') throw new Error('no')
    return ['127.0.0.1']
  })
  const results = await Promise.allSettled([resolve('a.example', 4), resolve('a.example', 4), resolve('a.example', 6), resolve('bad.example', 4), resolve('bad.example', 4)])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'])
  expect(asked).toEqual(['a.example 4', 'a.example 6', 'bad.example 4'])
  await resolve('a.example', 4)
  await expect(resolve('bad.example', 4)).rejects.toThrow('no')
  expect(asked).toHaveLength(5)
})

test("this machine's own resolver knows localhost, and asks per family", async () => {
  expect(await systemResolve('localhost', 4)).toEqual(['127.0.0.1'])
  // Where its hosts file has no ::1, there is none, and that is no failure.
  expect([[], ['::1']]).toContainEqual(await systemResolve('localhost', 6))
  const port = await listenTcp(() => {}, '127.0.0.1')
  expect(await ask(async (name, family) => (family === 4 ? systemResolve(name, 4) : []), { ...tcp(port), address: 'localhost' })).toMatchObject({ kind: 'ok' })
})
