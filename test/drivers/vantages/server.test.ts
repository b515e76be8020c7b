import { request as ask } from 'node:http'
import { connect } from 'node:net'
import { expect, test, vi } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { askMost } from '../../../src/core/limits.ts'
import { serveVantage } from '../../../src/drivers/vantages/server.ts'
import { Said } from '../../../src/errors.ts'
import type { Ask } from '../../../src/ports.ts'
import { listenTcp, openSockets } from '../../lab/sockets.ts'
import { about, at, empty, here, lines, log, never, send, serve, signed } from './lab.ts'

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
