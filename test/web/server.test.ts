import { connect } from 'node:net'
import { request, type ServerResponse } from 'node:http'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { machineClock as clock, type Clock } from '../../src/clock.ts'
import { freshLedger } from '../../src/core/ledger.ts'
import { emptyWatch } from '../../src/core/observe.ts'
import type { Request, State } from '../../src/core/types.ts'
import { memoryClient, memoryState } from '../../src/store/memory.ts'
import { controllerAt } from '../../src/store/remote.ts'
import { pagesOf } from '../../src/web/pages.ts'
import { hidden } from '../../src/cli/secrets.ts'
import { liveReport, viewForOthers } from '../../src/cli/live-report.ts'
import { serveWeb, type Web } from '../../src/web/server.ts'
import { configOf, day, pastOf } from '../core/house.ts'
import { listenHttp, refusingPort } from '../lab/sockets.ts'

type Served = Web & { url: string; say: { onTime: boolean; state: State; leading: boolean }; lines: string[]; store: ReturnType<typeof memoryClient> }

async function served(token: string | null = null): Promise<Served> {
  const core = configOf()
  const store = memoryClient(memoryState(), { clock })
  const say = { onTime: true, leading: true, sinceMs: day, state: { ledger: freshLedger(core), watch: emptyWatch() } as State }
  const lines: string[] = []
  const pages = pagesOf({
    core, store, clock,
    config: { version: '1.2.3', file: '/etc/lifeboat.yaml', hash: 'h', core, sharedFates: [], hide: [] },
    view: () => store.read(),
    status: async () => ({ app: core.app }),
    seen: () => say,
    look: async () => ({ hosts: {}, servers: null }),
    accept: async (by) => `accepted by ${by}`,
    tryChannels: async () => [],
    mask: (value) => hidden(value, ['mellon']),
  })
  const web = await serveWeb({ address: '127.0.0.1:0', token, pages, isOnTime: () => say.onTime, log: ({ msg }) => lines.push(msg) })
  onTestFinished(web.stop)
  return { ...web, url: `http://127.0.0.1:${web.port}`, say, lines, store }
}

const codeOf = async (url: string, headers: Record<string, string> = {}): Promise<number> =>
  new Promise((answered, failed) => request(url, { headers, agent: false }, (response) => answered(response.resume().statusCode!)).once('error', failed).end())

const pause = (id = 'r1'): Request => ({ id, by: 'mara', expiresMs: Date.now() + 30_000, what: 'pause', untilMs: null, why: 'a test' })

test('/healthz tells by its status alone whether rounds are on time, and asks for no token', async () => {
  const { url, say } = await served('a-token-of-somebody')
  expect(await codeOf(`${url}/healthz`)).toBe(200)
  say.onTime = false
  const answer = await fetch(`${url}/healthz`)
  expect([answer.status, await answer.text()]).toEqual([503, ''])
})

test('with a token nothing else is said without it', async () => {
  const { url } = await served('a-token-of-somebody')
  for (const page of ['/status', '/metrics', '/config', '/store', '/journal', '/requests', '/nowhere']) expect(await codeOf(url + page), page).toBe(401)
  expect(await codeOf(`${url}/status`, { authorization: 'Bearer another' })).toBe(401)
  expect(await codeOf(`${url}/status`, { authorization: 'Bearer a-token-of-somebody' })).toBe(200)
})

test('without a token a web page in a browser on this machine learns nothing and asks for nothing', async () => {
  const { url } = await served()
  expect(await codeOf(`${url}/status`)).toBe(200)
  expect(await codeOf(`${url}/status`, { origin: 'https://stranger.example' })).toBe(403)
  expect(await codeOf(`${url}/status`, { host: 'rebound.stranger.example' })).toBe(403)
  expect(await codeOf(`${url}/status`, { host: 'localhost:1' })).toBe(200)
})

test('the metrics have the names that dashboards rest on, and what is unknown has no line', async () => {
  const { url, say } = await served()
  const text = async () => (await fetch(`${url}/metrics`)).text()
  const before = await text()
  for (const line of ['lifeboat_protected 0', 'lifeboat_leading 1', 'lifeboat_paused 0', 'lifeboat_epoch 0']) expect(before).toContain(`${line}\n`)
  expect(before).not.toMatch(/^lifeboat_site_up\{/m)
  expect(before, 'a series that begins at its first move would show no increase').toContain('lifeboat_moves_total{kind="failover",outcome="done"} 0\n')
  const site = { health: 'up' as const, sinceMs: 0, verdict: 'well' as const, row: 12, verdictSinceMs: 0, failingSinceMs: null, returning: false, why: '', ready: true, certificateUntilMs: Date.now() + 86_400_000 }
  const answer = { kind: 'ok' as const, address: '192.0.2.1', detail: '', ms: 250, certificateUntilMs: null }
  const { ledger } = say.state
  const past = pastOf(4, 'aws', 'hetzner')
  say.state = {
    ledger: { ...ledger, epoch: 4, active: 'aws', past: [past, pastOf(3, 'hetzner', 'aws', { endedMs: day - 1 })] },
    watch: { ...emptyWatch(), at: { monoMs: 1, wallMs: 1_800_000_000_500 }, sites: { aws: site, hetzner: { ...site, health: 'down' } }, votes: { aws: { here: { says: 'up', run: 3, answers: [answer], failure: null, atMs: 1 } } } },
  }
  const after = await text()
  for (const line of [
    'lifeboat_site_up{site="aws"} 1', 'lifeboat_site_up{site="hetzner"} 0', 'lifeboat_site_active{site="aws"} 1', 'lifeboat_standby_ready{site="hetzner"} 1', 'lifeboat_epoch 4',
    'lifeboat_last_round_timestamp_seconds 1800000000.5', 'lifeboat_probe_duration_seconds{site="aws",vantage="here"} 0.25', 'lifeboat_moves_total{kind="failover",outcome="done"} 1',
  ]) expect(after).toContain(`${line}\n`)
  expect(Number(/^lifeboat_certificate_expiry_seconds\{site="aws"\} (.*)$/m.exec(after)?.[1])).toBeGreaterThan(86_000)
  expect(await text(), 'a move is counted once').toContain('lifeboat_moves_total{kind="failover",outcome="done"} 1\n')
  const record = { epoch: 4, move: 'm', site: 'aws', addresses: ['192.0.2.1'] }
  for (const trusted of [true, false]) {
    say.state = { ...say.state, ledger: { ...say.state.ledger, record, trusted } }
    expect(await text(), 'an old copy of a store protects nothing').toContain(`lifeboat_protected ${Number(trusted)}\n`)
  }
})

test('a command elsewhere reads and asks through it what it would in the store', async () => {
  const { url, store } = await served('a-token-of-somebody')
  const controller = controllerAt({ url: new URL(url), token: 'a-token-of-somebody', clock, version: '1.2.3' })
  const there = controller.store
  expect(await controller.config()).toMatchObject({ file: '/etc/lifeboat.yaml', core: configOf() })
  expect(await controller.call('/accept', { post: { by: 'mara' } })).toEqual({ said: 'accepted by mara' })
  await there.ask({ request: pause() })
  expect((await there.read()).requests).toEqual((await store.read()).requests)
  expect((await store.read()).requests).toMatchObject([{ id: 'r1', what: 'pause', why: 'a test' }])
  await store.commit({ revision: 0, ledger: freshLedger(configOf()), entries: [{ event: 'request', atMs: 1, msg: 'taken', fields: { epoch: 3 } }], takes: 'r1' })
  await there.ask({ request: { ...pause('r2'), why: 'speak mellon' } as Request })
  expect((await there.read()).requests, 'no secret leaves it').toMatchObject([{ id: 'r2', why: 'speak (hidden)' }])
  expect(await there.entries({ event: 'request', epoch: 3, most: 5 })).toEqual(await store.entries({ event: 'request', epoch: 3, most: 5 }))
  await expect(there.commit({ revision: 1, ledger: freshLedger(configOf()), entries: [] })).rejects.toThrow('itself writes its ledger')
})

test('what cannot be asked is a sentence: no controller, another token, another page, no request, an old request', async () => {
  const { url, lines } = await served('a-token-of-somebody')
  const store = (token: string | null, at = url) => controllerAt({ url: new URL(at), token, clock, version: '1.2.3' }).store
  await expect(store('x', `http://127.0.0.1:${await refusingPort()}`).read()).rejects.toMatchObject({ exit: 4, message: expect.stringContaining('cannot be reached') })
  await expect(store('x').read()).rejects.toMatchObject({ exit: 2, message: expect.stringContaining('does not take our token') })
  await expect(store('a-token-of-somebody').ask({ request: { ...pause(), what: 'dance' } as never })).rejects.toMatchObject({ exit: 2, message: expect.stringContaining('no request that this version') })
  const { id, by, expiresMs } = pause()
  const move = (kind: string) => ({ id, by, expiresMs, what: 'move', kind, to: 'hetzner', lifted: { force: true, unready: true, unfenced: false, acceptLoss: false }, planHash: 'x' }) as Request
  // A kind that no person asks for would go past what is asked of a move by hand.
  await expect(store('a-token-of-somebody').ask({ request: move('repoint') })).rejects.toMatchObject({ exit: 2, message: expect.stringContaining('no request that this version') })
  await store('a-token-of-somebody').ask({ request: move('failover') })
  await expect(store('a-token-of-somebody').ask({ request: { ...pause(), expiresMs: 5 } })).rejects.toThrow('has expired already')
  await expect(store('a-token-of-somebody').entries({ most: 1e9 })).rejects.toThrow('/journal takes')
  expect(lines).toEqual([])
})

const page = (status: number, type: string, text: string, headers = {}) => (response: ServerResponse) => void response.writeHead(status, { 'content-type': type, ...headers }).end(text)
const notOurs = 'What answers at URL is not a controller of lifeboat. Name the address of its listen'

test.each<[string, (response: ServerResponse) => void, number, string]>([
  ['a web page', page(200, 'text/html', '<h1>ok</h1>'), 2, notOurs],
  ['other JSON', page(200, 'application/json', '{"ok":true}'), 2, notOurs],
  ['JSON of nothing', page(200, 'application/json', 'null'), 2, notOurs],
  ['no such page', page(404, 'text/html', '<h1>404</h1>'), 2, notOurs],
  ['a proxy before one that is gone', page(502, 'text/html', '<h1>502</h1>'), 4, 'The controller at URL cannot be reached: what stands before it answers 502'],
  ['a redirect, which would carry the token along', page(302, 'text/html', '', { location: 'http://127.0.0.1:9/' }), 4, 'The controller at URL cannot be reached: unexpected redirect. Look whether it runs there, with this address under listen'],
  ['another version', page(200, 'application/json', '{"version":"1.2.2","nowMs":1}'), 2, 'The controller at URL is lifeboat 1.2.2, and this is 1.2.3. Install that version here, or type the command on its machine'],
  ['a bug there', page(500, 'text/plain', ''), 1, 'The controller at URL has a bug (500): what it is stands in its log'],
  ['a refusal of a host name', page(403, 'text/plain', 'Without a token nothing is said\n'), 2, 'The controller at URL refuses (403): Without a token nothing is said'],
])('who is no controller of this version is one sentence: %s', async (_, answer, exit, message) => {
  const url = new URL(`http://127.0.0.1:${await listenHttp((_, response) => answer(response))}`)
  await expect(controllerAt({ url, token: 'x', clock, version: '1.2.3' }).config()).rejects.toMatchObject({ exit, message: message.replace('URL', url.href) })
})

test('a call ends with its deadline, and at once when it is aborted', async () => {
  const url = new URL(`http://127.0.0.1:${await listenHttp(() => {})}`)
  const { call } = controllerAt({ url, token: null, clock, version: '1.2.3' })
  await expect(call('/zones', { mostMs: 50 })).rejects.toMatchObject({ exit: 4, message: expect.stringContaining('no answer in 0.05 s') })
  await expect(call('/zones', { signal: AbortSignal.abort(new Error('told to stop')) })).rejects.toThrow('told to stop')
})

test.each([-600_000, 600_000])('a machine whose clock is %i ms off asks and shows by the clock of the controller', async (offMs) => {
  const { url, store } = await served()
  const off: Clock = { ...clock, now: () => ({ ...clock.now(), wallMs: clock.now().wallMs + offMs }) }
  const controller = controllerAt({ url: new URL(url), token: null, clock: off, version: '1.2.3' })
  await controller.config()
  expect(Math.abs(controller.clock.now().wallMs - clock.now().wallMs)).toBeLessThan(60_000)
  await controller.store.ask({ request: { ...pause(), expiresMs: controller.clock.now().wallMs + 30_000 } })
  expect((await store.read()).requests).toMatchObject([{ id: 'r1' }])
  const { monoMs, wallMs } = clock.now()
  // As of a controller on a machine that happens to have our name: whether its process lives is that machine's to say.
  const leader = { id: 'ctl-1', pid: 2 ** 30, machine: hostname(), sinceMs: wallMs, command: 'watch' }
  await store.ask({ report: { leader, atMonoMs: monoMs, atWallMs: wallMs, watch: emptyWatch(), decision: null, waits: null, dns: [], configHash: 'h' } })
  expect(liveReport(await controller.store.read(), controller.clock)?.leader).toEqual(leader)
  expect(liveReport(viewForOthers(await store.read(), clock), clock), 'its machine has no such process').toBeNull()
})

test('a path that is none gets no more than any other without a token, and nothing is logged', async () => {
  const { port, lines } = await served('a-token-of-somebody')
  for (const [path, status] of [['//[', 401], ['//status', 401], ['/healthz?x', 200], ['*', 401]] as const) {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8')
    socket.end(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    expect((await socket.toArray()).join(''), path).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  }
  expect(lines).toEqual([])
})

test('a slow sender and too long a body are cut off', async () => {
  const { port, url } = await served()
  expect((await fetch(`${url}/requests`, { method: 'POST', body: 'x'.repeat(70_000) })).status).toBe(400)
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  const closed = new Promise((done) => socket.once('close', done))
  socket.write('GET /status HTTP/1.1\r\n')
  const drip = setInterval(() => socket.write('x-slow: 1\r\n'), 300)
  onTestFinished(() => clearInterval(drip))
  expect(await Promise.race([closed.then(() => 'cut off'), sleep(10_000, 'still open')])).toBe('cut off')
})

test('an address that is taken is said', async () => {
  const { port } = await served()
  await expect(serveWeb({ address: `127.0.0.1:${port}`, token: null, pages: {}, isOnTime: () => true, log: () => {} })).rejects.toThrow(`listen: nothing can be served at 127.0.0.1:${port}`)
})
