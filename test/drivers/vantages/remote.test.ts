import { request as ask } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { askMost } from '../../../src/core/limits.ts'
import { hereVantage } from '../../../src/drivers/vantages/here.ts'
import { remoteVantage } from '../../../src/drivers/vantages/remote.ts'
import { serveVantage } from '../../../src/drivers/vantages/server.ts'
import { nonceHeader, signatureHeader, signingWith } from '../../../src/drivers/vantages/signing.ts'
import { Said } from '../../../src/errors.ts'
import type { Ask, Dig, LogLine, Vantage } from '../../../src/ports.ts'
import { hasV6, listenHttp, listenTcp, openSockets, refusingPort } from '../../lab/sockets.ts'

const token = 'a-token-for-tests-only'
const never = new AbortController().signal
const view = { txt: ['v=lifeboat1'], txtTtlS: 60, sets: [{ name: 'shop.example', type: 'A', ttlS: 60, values: ['127.0.0.1'] }], serial: null }
const dig: Dig = { server: '127.0.0.1:5353', zone: 'shop.example', marker: '_lifeboat-shop.shop.example', names: ['shop.example'], timeoutMs: 1000 }
const about = { site: 'aws', address: '127.0.0.1', timeoutMs: 1000 }
const empty: Ask = { questions: [], canaries: [], timeoutMs: 1000 }

let lines: LogLine[] = []
const log = (line: LogLine) => void lines.push(line)
afterEach(() => {
  expect(JSON.stringify(lines)).not.toContain(token)
  lines = []
})

const here = hereVantage({ vantage: 'paris', clock: machineClock, version: '0', digHost: async ({ server }) => (server === 'dead' ? null : view) })
const serve = async (vantage: Vantage = here, listen = '127.0.0.1:0') => {
  const serving = await serveVantage({ listen, token, vantage, log, clock: machineClock })
  onTestFinished(() => serving.stop())
  return serving
}
const at = (port: number, withToken = token) => remoteVantage({ vantage: 'paris', url: `http://127.0.0.1:${port}`, token: withToken, clock: machineClock, log })

/** Sends one request by hand. */
const send = (port: number, body: string, { path = '/probe', method = 'POST', nonce = machineClock.id(), signature = '' } = {}) =>
  new Promise<{ status: number | undefined; text: string; headers: IncomingMessage['headers'] }>((resolve, reject) => {
    const headers = { [nonceHeader]: nonce, [signatureHeader]: signature }
    const request = ask({ host: '127.0.0.1', port, path, method, headers, agent: false }, async (response) => {
      let text = ''
      for await (const chunk of response) text += chunk
      resolve({ status: response.statusCode, text, headers: response.headers })
    })
    request.on('error', reject).end(body)
  })
const signed = (body: string, nonce = machineClock.id()) => ({ nonce, signature: signingWith(token).sign({ what: 'ask', action: 'probe', nonce, body }) })

/** A vantage that answers as told; it is handed what an honest one would send. */
const fake = (answer: (response: ServerResponse, honest: { nonce: string; sign(text: string): string }) => void) =>
  listenHttp(async (request, response) => {
    request.resume()
    const nonce = String(request.headers[nonceHeader])
    answer(response, { nonce, sign: (body) => signingWith(token).sign({ what: 'answer', action: 'probe', nonce, body }) })
  })
const good = JSON.stringify({ answers: [], canaries: { well: 0, asked: 0 } })

test('an honest round trip: probes, canaries and digs', async () => {
  const web = await listenHttp((_request, response) => response.end('all is ok'))
  const paris = at((await serve()).port)
  const questions: Ask['questions'] = [
    { ...about, kind: 'http', url: `http://shop.example:${web}/`, status: [200, '3xx'], body: 'ok', tls: { ca: 'no PEM needed for http' }, names: ['shop.example'] },
    { ...about, kind: 'tcp', port: await refusingPort() },
    { ...about, kind: 'dns', name: 'shop.example', type: 'A', port: await refusingPort() },
  ]
  const sight = await paris.probe({ questions, canaries: [`http://127.0.0.1:${web}/`], timeoutMs: 1000 }, never)
  expect(sight?.answers.map(({ kind }) => kind)).toEqual(['ok', 'refused', 'refused'])
  expect(sight?.canaries).toEqual({ well: 1, asked: 1 })
  expect(await paris.dig(dig, never)).toEqual(view)
  expect(await paris.dig({ ...dig, server: 'dead' }, never)).toBeNull()
  expect(lines.filter(({ level }) => level !== 'info')).toEqual([])
})

test('a hostname is resolved by the vantage that probes, and its answer bears the name', async () => {
  const port = await listenTcp(() => {}, '127.0.0.2')
  const resolve = async (_name: string, family: 4 | 6) => (family === 4 ? ['127.0.0.2', '127.0.0.3'] : [])
  const elsewhere = hereVantage({ vantage: 'paris', clock: machineClock, version: '0', resolve, digHost: async () => null })
  const paris = at((await serve(elsewhere)).port)
  const sight = await paris.probe({ ...empty, questions: [{ ...about, address: 'lb.cloud.example', kind: 'tcp', port }] }, never)
  expect(sight?.answers).toMatchObject([{ kind: 'refused', address: 'lb.cloud.example', detail: 'the port refuses the connection (127.0.0.3)' }])
})

test('a connection is kept between rounds', async () => {
  const ports = new Set<number | undefined>()
  const port = await fake((response, { sign }) => {
    ports.add(response.req.socket.remotePort)
    response.writeHead(200, { [signatureHeader]: sign(good) }).end(good)
  })
  const paris = at(port)
  for (let round = 0; round < 3; round += 1) {
    expect(await paris.probe(empty, never)).toEqual(JSON.parse(good))
    await machineClock.sleep(20)
  }
  expect(ports.size).toBe(1)
})

test.skipIf(!hasV6)('over IPv6', async () => {
  const { port } = await serve(here, '[::1]:0')
  const six = remoteVantage({ vantage: 'six', url: `http://[::1]:${port}/`, token, clock: machineClock, log })
  expect(await six.probe(empty, never)).toEqual({ ...JSON.parse(good), version: '0' })
})

test('under a path that a proxy takes off', async () => {
  const { port } = await serve()
  const proxy = await listenHttp((request, response) => {
    const { method, headers } = request
    const onward = ask({ host: '127.0.0.1', port, path: request.url?.replace('/paris/', '/'), method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(response)
    })
    request.pipe(onward)
  })
  const paris = remoteVantage({ vantage: 'paris', url: `http://127.0.0.1:${proxy}/paris`, token, clock: machineClock, log })
  expect(await paris.probe(empty, never)).toEqual({ ...JSON.parse(good), version: '0' })
})

test('another token: 401, nothing is probed, and the log says so once', async () => {
  const probe = vi.fn(here.probe)
  const { port } = await serve({ ...here, probe })
  const paris = at(port, 'another-token-for-tests')
  expect(await paris.probe(empty, never)).toBeNull()
  expect(await paris.probe(empty, never)).toBeNull()
  expect(probe).not.toHaveBeenCalled()
  const messages = lines.filter(({ level }) => level === 'warn').map(({ msg }) => msg)
  expect(messages).toEqual([
    'refused a request with HTTP 401: it is not signed with our token',
    'vantage paris does not answer as it should: HTTP 401: its token is another',
  ])
})

test('what is unsigned, altered, sent again or of another shape is refused with no body', async () => {
  const probe = vi.fn(here.probe)
  const { port } = await serve({ ...here, probe })
  const body = JSON.stringify(empty)
  const nothing = { text: '' }
  expect(await send(port, body)).toMatchObject({ status: 401, ...nothing })
  expect(await send(port, body, { ...signed(body), signature: 'f'.repeat(64) })).toMatchObject({ status: 401, ...nothing })
  expect(await send(port, `${body} `, signed(body))).toMatchObject({ status: 401, ...nothing })
  expect(await send(port, body, { ...signed(body), path: '/dig' })).toMatchObject({ status: 401, ...nothing })
  expect(await send(port, body, { ...signed(body), nonce: machineClock.id() })).toMatchObject({ status: 401, ...nothing })
  expect(await send(port, body, signed(body, 'short'))).toMatchObject({ status: 401, ...nothing })
  expect(probe).not.toHaveBeenCalled()
  const once = signed(body)
  expect(await send(port, body, once)).toMatchObject({ status: 200 })
  expect(await send(port, body, once)).toMatchObject({ status: 401, ...nothing })
  expect(probe).toHaveBeenCalledTimes(1)
})

test.each([
  ['no JSON', 'hello'],
  ['too many questions', JSON.stringify({ ...empty, questions: Array(129).fill({ ...about, kind: 'tcp', port: 1 }) })],
  ['a time-out above a minute', JSON.stringify({ ...empty, questions: [{ ...about, timeoutMs: 60_001, kind: 'tcp', port: 1 }] })],
  ['another kind', JSON.stringify({ ...empty, questions: [{ ...about, kind: 'icmp' }] })],
  ['a file URL', JSON.stringify({ ...empty, canaries: ['file:///etc/passwd'] })],
])('%s: 400', async (_name, body) => {
  const { port } = await serve()
  expect(await send(port, body, signed(body))).toMatchObject({ status: 400, text: '' })
})

test('a body that is too long is refused, whether it says so or not', async () => {
  const { port } = await serve()
  const long = 'x'.repeat(askMost.requestBytes + 1)
  expect(await send(port, long, signed(long))).toMatchObject({ status: 413, text: '' })
  const chunked = await new Promise<number | undefined>((resolve, reject) => {
    const request = ask({ host: '127.0.0.1', port, path: '/probe', method: 'POST', agent: false }, (response) => resolve(response.resume().statusCode))
    request.on('error', reject)
    const chunk = 'x'.repeat(64 * 1024)
    for (let sent = 0; sent < 18; sent += 1) request.write(chunk)
  })
  expect(chunked).toBe(413)
})

test('health needs no token, anything else is not there', async () => {
  const { port } = await serve()
  expect(await send(port, '', { path: '/healthz', method: 'GET' })).toMatchObject({ status: 200, text: '' })
  expect(await send(port, '', { path: '/probe', method: 'GET' })).toMatchObject({ status: 404 })
  expect(await send(port, '', { path: '/' })).toMatchObject({ status: 404 })
})

test('a sender that dawdles is cut off, and others are served meanwhile', async () => {
  const { port } = await serve()
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  socket.write('POST /probe HTTP/1.1\r\n')
  socket.resume()
  expect(await at(port).probe(empty, never)).not.toBeNull()
  await new Promise((resolve) => socket.once('close', resolve))
})

const refused: [string, Parameters<typeof fake>[0], string][] = [
  ['unsigned', (response) => response.end(good), 'its answer is not signed with our token'],
  ['altered', (response, { sign }) => response.setHeader(signatureHeader, sign(good)).end(good.replace('0', '1')), 'its answer is not signed with our token'],
  ['of an older request', (response) => {
    const signature = signingWith(token).sign({ what: 'answer', action: 'probe', nonce: machineClock.id(), body: good })
    response.setHeader(signatureHeader, signature).end(good)
  }, 'its answer is not signed with our token'],
  ['its own question sent back', (response) => {
    const signature = String(response.req.headers[signatureHeader])
    response.setHeader(signatureHeader, signature).end(JSON.stringify(empty))
  }, 'its answer is not signed with our token'],
  ['no JSON', (response, { sign }) => response.setHeader(signatureHeader, sign('hello')).end('hello'), expect.stringContaining('JSON')],
  ['of another shape', (response, { sign }) => response.setHeader(signatureHeader, sign('{}')).end('{}'), 'its answer has another shape; does it run another version of lifeboat?'],
  ['more canaries than were asked', (response, { sign }) => {
    const more = good.replace('"well":0,"asked":0', '"well":1,"asked":1')
    response.setHeader(signatureHeader, sign(more)).end(more)
  }, 'its answer has another shape; does it run another version of lifeboat?'],
  ['longer than is read', (response) => response.end('x'.repeat(5 * 1024 * 1024)), expect.stringContaining('max size')],
  ['an error', (response) => response.writeHead(500).end('<html>'), 'HTTP 500'],
]
test.each(refused)('an answer that is %s is none', async (_name, answer, why) => {
  expect(await at(await fake(answer)).probe(empty, never)).toBeNull()
  expect(lines).toHaveLength(1)
  const [line] = lines
  expect(line?.msg.replace('vantage paris does not answer as it should: ', '')).toEqual(why)
})

test('answers to other questions than were asked are none', async () => {
  const answer = { kind: 'ok', address: '127.0.0.2', detail: 'HTTP 200', ms: 1, certificateUntilMs: null }
  const text = JSON.stringify({ answers: [answer], canaries: { well: 0, asked: 0 } })
  const port = await fake((response, { sign }) => response.setHeader(signatureHeader, sign(text)).end(text))
  const asking = (address: string): Ask => ({ ...empty, questions: [{ ...about, address, kind: 'tcp', port: 1 }] })
  expect(await at(port).probe(asking('127.0.0.1'), never)).toBeNull()
  expect(await at(port).probe(asking('127.0.0.2'), never)).toMatchObject({ answers: [answer] })
  expect(await at(port).probe(empty, never)).toBeNull()
  const silent = await fake((response, { sign }) => response.setHeader(signatureHeader, sign(good)).end(good))
  expect(await at(silent).probe(asking('127.0.0.1'), never)).toBeNull()
})

test('a redirect is not followed', async () => {
  let followed = 0
  const elsewhere = await listenHttp((_request, response) => {
    followed += 1
    response.end(good)
  })
  for (const status of [302, 307, 308]) {
    const port = await fake((response) => response.writeHead(status, { location: `http://127.0.0.1:${elsewhere}/probe` }).end())
    expect(await at(port).probe(empty, never)).toBeNull()
  }
  expect(followed).toBe(0)
})

test('the token itself is never sent', async () => {
  let seen = ''
  const port = await listenTcp((socket) => socket.on('data', (bytes) => {
    seen += bytes.toString()
    socket.end()
  }))
  expect(await at(port).probe(empty, never)).toBeNull()
  expect(seen).toContain('POST /probe')
  expect(seen).not.toContain(token)
})

test('a vantage that hangs, is gone or breaks off is none, within its time', async () => {
  const ports = [await listenTcp(() => {}), await refusingPort(), await listenTcp((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{')))]
  for (const port of ports) expect(await at(port).probe({ ...empty, timeoutMs: 50 }, never)).toBeNull()
  expect(lines.map(({ msg }) => msg)).toEqual([expect.stringContaining('no answer in time'), expect.stringContaining('ECONNREFUSED'), expect.anything()])
})

test('after an outage it sees again, and the next one is told anew', async () => {
  let well = false
  const port = await fake((response, { sign }) => (well ? response.setHeader(signatureHeader, sign(good)).end(good) : response.destroy()))
  const paris = at(port)
  for (well of [false, false, true, true, false]) expect((await paris.probe(empty, never)) !== null).toBe(well)
  expect(lines).toHaveLength(2)
})

test('when the controller hangs up, the vantage stops probing', async () => {
  const { promise, resolve } = Promise.withResolvers<AbortSignal>()
  const { port } = await serve({ ...here, probe: (_ask, signal) => new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
    resolve(signal)
  }) })
  const controller = new AbortController()
  const sight = at(port).probe({ ...empty, timeoutMs: 60_000 }, controller.signal)
  const probing = await promise
  controller.abort('over')
  await expect(sight).rejects.toBe('over')
  await expect.poll(() => probing.aborted).toBe(true)
  expect(lines.filter(({ level }) => level !== 'info')).toEqual([])
})

test('stopped in the middle of a request, nothing stays open', async () => {
  const hung = await listenTcp(() => {})
  const serving = await serve()
  const questions: Ask['questions'] = [{ ...about, timeoutMs: 60_000, kind: 'http', url: `http://127.0.0.1:${hung}/`, status: [200], body: null, tls: 'public', names: [] }]
  const sight = at(serving.port).probe({ questions, canaries: [], timeoutMs: 60_000 }, never)
  await expect.poll(() => openSockets().length).toBeGreaterThan(3)
  await serving.stop()
  expect(await sight).toBeNull()
  await expect.poll(openSockets).toEqual([])
})

test('what cannot work is said in a sentence', async () => {
  const { port } = await serve()
  await expect(serve(here, `127.0.0.1:${port}`)).rejects.toThrow(`cannot listen at 127.0.0.1:${port}: listen EADDRINUSE`)
  for (const listen of ['shop.example:80', '127.0.0.1', '8787', '127.0.0.1:99999', '::1:80']) {
    await expect(serve(here, listen)).rejects.toBeInstanceOf(Said)
  }
  await expect(serveVantage({ listen: '127.0.0.1:0', token: 'fifteen-letters', vantage: here, log, clock: machineClock })).rejects.toThrow('15 characters')
})

test('off loopback it warns that nothing is encrypted', async () => {
  await serve(here, '0.0.0.0:0')
  expect(lines).toMatchObject([{ level: 'info', event: 'start' }, { level: 'warn', msg: expect.stringContaining('not encrypted') }])
})
