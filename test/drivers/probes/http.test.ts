import type { IncomingMessage, RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import type { Answer } from '../../../src/core/types.ts'
import { answerOf } from '../../../src/drivers/probes/answer.ts'
import { probeHttp } from '../../../src/drivers/probes/http.ts'
import type { HttpQuestion } from '../../../src/drivers/probes/http.ts'
import { makeAuthority, makeSelfSigned } from '../../lab/certificates.ts'
import type { Identity } from '../../lab/certificates.ts'
import { hasV6, listenHttp, listenHttps, listenTcp, openSockets, refusingPort } from '../../lab/sockets.ts'

const dayMs = 86_400_000
const publicCa = makeAuthority('public test authority')
const ownCa = makeAuthority('own test authority')
const shop = publicCa.issue({ names: ['shop.example'] })
const stranger = publicCa.issue({ names: ['stranger.example', 'www.stranger.example', 'mail.stranger.example'] })

// What `tls: public` trusts is the default roots; here they are ours alone.
const before = getCACertificates('default')
beforeAll(() => setDefaultCACertificates([publicCa.ca]))
afterAll(() => setDefaultCACertificates(before))

const means = { clock: machineClock, version: '9.9.9' }
const never = new AbortController().signal

const ask = (port: number, changes: Partial<HttpQuestion> = {}, signal = never): Promise<Answer> => {
  const question: HttpQuestion = {
    kind: 'http',
    site: 'aws',
    address: '127.0.0.1',
    timeoutMs: 5000,
    url: `http://shop.example:${port}/healthz`,
    status: [200],
    body: null,
    tls: 'public',
    names: ['shop.example', 'www.shop.example'],
    ...changes,
  }
  return answerOf(question, machineClock, signal, (limit) => probeHttp(question, means, limit))
}
const askTls = (port: number, changes: Partial<HttpQuestion> = {}) => ask(port, { url: `https://shop.example:${port}/healthz`, ...changes })

const says =
  (status: number, headers: Record<string, string> = {}, body = 'all is ok'): RequestListener =>
  (_request, response) => {
    response.writeHead(status, headers).end(body)
  }
const well = says(200)

test('an answer as the check asks is ok, and carries name, path and version', async () => {
  const seen: IncomingMessage[] = []
  const port = await listenHttp((request, response) => {
    seen.push(request)
    response.end()
  })
  const answer = await ask(port, { url: `http://shop.example:${port}/healthz?deep=1` })
  expect(answer).toEqual({ kind: 'ok', address: '127.0.0.1', detail: 'HTTP 200', ms: expect.any(Number), certificateUntilMs: null })
  expect(seen).toHaveLength(1)
  expect(seen[0]).toMatchObject({ method: 'GET', url: '/healthz?deep=1' })
  expect(seen[0]?.headers).toMatchObject({ host: `shop.example:${port}`, connection: 'close', 'user-agent': 'lifeboat/9.9.9' })
})

test('over TLS the name stands in SNI and Host, and the certificate tells its end', async () => {
  const seen: unknown[] = []
  const untilMs = Math.floor(Date.now() / 1000) * 1000 + 30 * dayMs
  const port = await listenHttps(publicCa.issue({ names: ['shop.example'], untilMs }), (request, response) => {
    seen.push((request.socket as typeof request.socket & { servername: string }).servername, request.headers.host)
    response.end()
  })
  expect(await askTls(port)).toMatchObject({ kind: 'ok', certificateUntilMs: untilMs })
  expect(seen).toEqual(['shop.example', `shop.example:${port}`])
})

test('each probe opens a connection of its own', async () => {
  const ports = new Set<number | undefined>()
  const port = await listenHttps(shop, (request, response) => {
    ports.add(request.socket.remotePort)
    response.end()
  })
  await askTls(port)
  await askTls(port)
  expect(ports.size).toBe(2)
})

test.skipIf(!hasV6)('IPv6 is asked, and a URL may name such an address', async () => {
  const six = await listenHttps(shop, well, '::1')
  expect(await askTls(six, { address: '::1' })).toMatchObject({ kind: 'ok', address: '::1' })
  expect(await askTls(await refusingPort('::1'), { address: '::1' })).toMatchObject({ kind: 'refused' })
  const port = await listenHttps(publicCa.issue({ names: ['::1', '127.0.0.1'] }), well, '::1')
  expect(await ask(port, { address: '::1', url: `https://[::1]:${port}/` })).toMatchObject({ kind: 'ok' })
})

test('other loopback addresses and a hostname are asked where they are', async () => {
  const other = await listenHttps(shop, well, '127.0.0.7')
  expect(await askTls(other, { address: '127.0.0.7' })).toMatchObject({ kind: 'ok' })
  expect(await askTls(other, { address: '127.0.0.8' })).toMatchObject({ kind: 'refused' })
  const here = await listenHttp(well)
  expect(await ask(here, { address: 'localhost' })).toMatchObject({ kind: 'ok', address: 'localhost' })
})

test('a certificate for an address counts where the URL names the address', async () => {
  const right = await listenHttps(publicCa.issue({ names: ['127.0.0.2', '127.0.0.1'] }), well)
  expect(await ask(right, { url: `https://127.0.0.1:${right}/` })).toMatchObject({ kind: 'ok' })
  const wrong = await listenHttps(publicCa.issue({ names: ['127.0.0.2'] }), well)
  expect(await ask(wrong, { url: `https://127.0.0.1:${wrong}/` })).toMatchObject({ kind: 'foreign', detail: 'the certificate is for 127.0.0.2' })
})

test.each([
  [[200], 200, 'ok'],
  [['2xx'], 204, 'ok'],
  [['2XX', 404], 404, 'ok'],
  [[200], 204, 'app'],
  [[200], 401, 'app'],
  [[200], 403, 'app'],
  [[200], 404, 'app'],
  [[200], 500, 'app'],
  [['2xx'], 503, 'app'],
] as const)('status %j, answered %i: %s', async (status, answered, kind) => {
  const port = await listenHttp(says(answered, {}, ''))
  expect(await ask(port, { status: [...status] })).toMatchObject({ kind, detail: `HTTP ${answered}` })
})

test.each([
  ['https://stranger.example/buy?token=hush', [200], 'foreign', 'redirect to https://stranger.example'],
  ['//stranger.example:8080/', [200], 'foreign', /^redirect to http:\/\/stranger.example:8080$/],
  ['https://stranger.example/', ['3xx'], 'foreign', 'redirect to https://stranger.example'],
  ['https://shop.example.stranger.example/', [200], 'foreign', /./],
  ['https://www.shop.example/login?next=/', [200], 'app', 'HTTP 302, redirect to www.shop.example/login'],
  ['https://WWW.shop.example./', [200], 'app', /./],
  ['/login', [200], 'app', /^HTTP 302, redirect to shop.example:\d+\/login$/],
  ['/login', [200, 302], 'ok', 'HTTP 302'],
  ['https://[', [200], 'app', 'HTTP 302'],
])('a redirect to %s where %j is asked: %s', async (location, status, kind, detail) => {
  let asked = 0
  const port = await listenHttp((_request, response) => {
    asked += 1
    response.writeHead(302, { location }).end()
  })
  const answer = await ask(port, { status })
  expect(answer).toMatchObject({ kind, detail: typeof detail === 'string' ? detail : expect.stringMatching(detail) })
  expect(asked).toBe(1)
})

test('a redirect to a name that a listed wildcard covers is our own', async () => {
  const port = await listenHttp((_request, response) => void response.writeHead(302, { location: 'https://login.shop.example/' }).end())
  expect(await ask(port, { status: [302], names: ['*.shop.example'] })).toMatchObject({ kind: 'ok' })
  expect(await ask(port, { status: [302], names: ['*.other.example'] })).toMatchObject({ kind: 'foreign' })
})

const certificates: [string, Identity, Partial<Answer>][] = [
  ['valid for others only', stranger, { kind: 'foreign', detail: 'the certificate is for stranger.example, www.stranger.example and 1 more' }],
  ['expired', publicCa.issue({ names: ['shop.example'], fromMs: Date.now() - 40 * dayMs, untilMs: Date.now() - 3.4 * dayMs }), { kind: 'app', detail: 'certificate expired 3 d ago' }],
  ['expired and for others', publicCa.issue({ names: ['stranger.example'], fromMs: Date.now() - 40 * dayMs, untilMs: Date.now() - 9.4 * dayMs }), { kind: 'app', detail: 'certificate expired 9 d ago' }],
  ['not valid yet', publicCa.issue({ names: ['shop.example'], fromMs: Date.now() + dayMs }), { kind: 'app', detail: 'the certificate is not trusted (CERT_NOT_YET_VALID)' }],
  ['self-signed', makeSelfSigned(['shop.example']), { kind: 'app', detail: 'the certificate is self-signed' }],
  ['self-signed, for others', makeSelfSigned(['stranger.example']), { kind: 'app', detail: 'the certificate is self-signed' }],
  ['by an unknown issuer', makeAuthority('nobody').issue({ names: ['shop.example'] }), { kind: 'app', detail: 'the certificate is by an unknown issuer' }],
]
test.each(certificates)('a certificate %s', async (_name, identity, expected) => {
  let asked = 0
  const port = await listenHttps(identity, (_request, response) => {
    asked += 1
    response.end()
  })
  const answer = await askTls(port)
  expect(answer).toMatchObject(expected)
  expect(answer.certificateUntilMs).toBeTypeOf('number')
  expect(asked).toBe(0)
  await expect.poll(openSockets).toHaveLength(0)
  expect(await askTls(port, { tls: 'any' })).toMatchObject({ kind: 'ok', certificateUntilMs: answer.certificateUntilMs })
})

test('with an authority of its own: its certificates are good, public ones are not, and a stranger is still known', async () => {
  const tls = { ca: ownCa.ca }
  const own = await listenHttps(ownCa.issue({ names: ['shop.example'] }), well)
  expect(await askTls(own, { tls })).toMatchObject({ kind: 'ok' })
  expect(await askTls(own)).toMatchObject({ kind: 'app' })
  const ownForOthers = await listenHttps(ownCa.issue({ names: ['other.example'] }), well)
  expect(await askTls(ownForOthers, { tls })).toMatchObject({ kind: 'foreign', detail: 'the certificate is for other.example' })
  expect(await askTls(await listenHttps(shop, well), { tls })).toMatchObject({ kind: 'app', detail: 'the certificate is by an unknown issuer' })
  expect(await askTls(await listenHttps(stranger, well), { tls })).toMatchObject({ kind: 'foreign' })
})

test('plain HTTP at a TLS port, and TLS at a plain one, are no answer', async () => {
  const plain = await listenHttp(well)
  expect(await askTls(plain)).toMatchObject({ kind: 'silent', detail: expect.stringContaining('TLS handshake failed') })
  const secure = await listenHttps(shop, well)
  expect(await ask(secure)).toMatchObject({ kind: 'silent' })
})

test('a body with the expected text is ok, across chunks and before its end', async () => {
  const port = await listenHttp((_request, response) => {
    response.write('x'.repeat(70_000) + 'gräss')
    setImmediate(() => response.write('lich, and it never ends'))
  })
  expect(await ask(port, { body: 'grässlich' })).toMatchObject({ kind: 'ok' })
})

test("a stranger's page, or one without the text, is the app's fault", async () => {
  const port = await listenHttp(says(200, {}, '<h1>Welcome to nginx!</h1>'))
  expect(await ask(port, { body: 'all is ok' })).toMatchObject({ kind: 'app', detail: 'HTTP 200 without the expected text' })
})

test('of a body, one MiB is read', async () => {
  let written = 0
  const port = await listenHttp((_request, response) => {
    const chunk = Buffer.alloc(64 * 1024, 'x')
    const more = (): void => {
      while (!response.destroyed && written < 64 * 1024 * 1024 && response.write(chunk)) written += chunk.length
    }
    response.on('drain', more)
    more()
  })
  expect(await ask(port, { body: 'all is ok' })).toMatchObject({ kind: 'app', detail: 'HTTP 200 without the expected text in its first MiB' })
  expect(await ask(port)).toMatchObject({ kind: 'ok' })
  expect(written).toBeLessThan(32 * 1024 * 1024)
})

test('a slow body within the time is ok, one that does not end is silent', async () => {
  const slow = await listenHttp((_request, response) => {
    response.write('all is ')
    setTimeout(() => response.end('ok'), 100)
  })
  expect(await ask(slow, { body: 'all is ok' })).toMatchObject({ kind: 'ok' })
  const endless = await listenHttps(shop, (_request, response) => {
    const timer = setInterval(() => response.write('.'), 20)
    response.on('close', () => clearInterval(timer))
  })
  for (const answer of await Promise.all(['all is ok', null].map((body) => askTls(endless, { body, timeoutMs: 2_000 })))) {
    expect(answer).toMatchObject({ kind: 'silent', detail: 'no answer in 2 s' })
    expect(answer.certificateUntilMs).toBeTypeOf('number')
    expect(answer.ms).toBeGreaterThanOrEqual(1_990)
  }
})

test('an unexpected status is told at once, whatever its body does', async () => {
  const port = await listenHttp((_request, response) => {
    response.writeHead(503).write('.')
  })
  expect(await ask(port, { timeoutMs: 60_000 })).toMatchObject({ kind: 'app', detail: 'HTTP 503' })
})

test.each<[string, (socket: Socket) => void, string]>([
  ['accepts and never answers', () => {}, 'no answer in 1 s'],
  ['trickles header after header', (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const timer = setInterval(() => socket.write('x-more: 1\r\n'), 20)
    socket.on('close', () => clearInterval(timer))
  }, 'no answer in 1 s'],
  ['closes at once', (socket) => socket.end(), 'closed without a whole answer'],
  ['closes once asked', (socket) => socket.once('data', () => socket.end()), 'closed without a whole answer'],
  ['resets once asked', (socket) => socket.once('data', () => socket.resetAndDestroy()), 'the connection was reset'],
  ['is not HTTP', (socket) => socket.write('220 mail.stranger.example ESMTP\r\n'), 'what it answers is not HTTP'],
  ['breaks off in the body', (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nall')), 'closed without a whole answer'],
])('a server that %s is silent', async (_name, handler, detail) => {
  const port = await listenTcp(handler)
  expect(await ask(port, { timeoutMs: detail.includes('1 s') ? 1_000 : 5000 })).toMatchObject({ kind: 'silent', detail })
})

test('a half-open TLS handshake, and one that is cut, are silent', async () => {
  expect(await askTls(await listenTcp(() => {}), { timeoutMs: 1_000 })).toMatchObject({ kind: 'silent', detail: 'no answer in 1 s' })
  expect(await askTls(await listenTcp((socket) => socket.end()))).toMatchObject({ kind: 'silent', detail: 'the connection was reset' })
})

test('a port that refuses', async () => {
  expect(await ask(await refusingPort())).toMatchObject({ kind: 'refused', detail: 'the port refuses the connection' })
})

test('the header of another site wins over status and redirect, our own changes nothing', async () => {
  const other = await listenHttp(says(302, { 'lifeboat-site': 'hetzner', location: 'https://stranger.example' }))
  expect(await ask(other)).toMatchObject({ kind: 'other-site', detail: 'site hetzner answers here' })
  expect(await ask(await listenHttp(says(200, { 'lifeboat-site': 'aws' })))).toMatchObject({ kind: 'ok' })
  expect(await ask(await listenHttp(says(503, { 'lifeboat-site': 'aws' })))).toMatchObject({ kind: 'app' })
})

test("a stranger's words reach the log as one short printable line", async () => {
  const port = await listenHttps(publicCa.issue({ names: [`${'long'.repeat(80)}.example`] }), well)
  const { detail } = await askTls(port)
  expect(detail).toMatch(/^[\x20-\x7e]{1,160}$/)
})

test('an abort rejects with its reason and leaves no socket, at every stage', async () => {
  const halfOpen = await listenTcp(() => {})
  const endless = await listenHttp((_request, response) => response.write('.'))
  for (const url of [`http://shop.example:${halfOpen}/`, `https://shop.example:${halfOpen}/`, `http://shop.example:${endless}/`]) {
    const controller = new AbortController()
    const reason = new Error('stop')
    setTimeout(() => controller.abort(reason), 50)
    await expect(ask(0, { url, timeoutMs: 60_000 }, controller.signal)).rejects.toBe(reason)
  }
  await expect(ask(halfOpen, {}, AbortSignal.abort('over'))).rejects.toBe('over')
  await expect.poll(openSockets).toEqual([])
})
