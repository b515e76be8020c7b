import { createSocket } from 'node:dgram'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { askMost } from '../../../src/core/limits.ts'
import { hereVantage } from '../../../src/drivers/vantages/here.ts'
import type { Dig, Question } from '../../../src/ports.ts'
import { version } from '../../../src/version.ts'
import { makeAuthority } from '../../lab/certificates.ts'
import { listenHttp, listenHttps, listenTcp, openSockets, refusingPort } from '../../lab/sockets.ts'

const authority = makeAuthority()
const before = getCACertificates('default')
beforeAll(() => setDefaultCACertificates([authority.ca]))
afterAll(() => setDefaultCACertificates(before))

const view = { txt: [], txtTtlS: null, sets: [], serial: 7 }
const here = hereVantage({ vantage: 'here', clock: machineClock, version, digHost: async ({ server }) => (server === 'dead' ? null : view) })
const never = new AbortController().signal
const tcp = (port: number, site = 'aws', timeoutMs = 2000): Question => ({ kind: 'tcp', site, address: '127.0.0.1', port, timeoutMs })

test('the answers stand in the order of the questions', async () => {
  const web = await listenHttp((request, response) => response.end(request.headers['user-agent']))
  const questions: Question[] = [
    tcp(await refusingPort()),
    { ...tcp(0), kind: 'http', url: `http://shop.example:${web}/`, status: [200], body: `lifeboat/${version}`, tls: 'public', names: [] },
    tcp(web),
    { ...tcp(0), kind: 'dns', name: 'shop.example', type: 'A', port: await refusingPort() },
  ]
  const { answers, canaries } = await here.probe({ questions, canaries: [], timeoutMs: 2000 }, never) ?? {}
  expect(answers?.map(({ kind }) => kind)).toEqual(['refused', 'ok', 'ok', 'refused'])
  expect(canaries).toEqual({ well: 0, asked: 0 })
})

test('many questions that are silent end in one time-out', async () => {
  const hung = await listenTcp(() => {})
  const question: Question = { ...tcp(0, 'aws', 2_000), kind: 'http', url: `http://shop.example:${hung}/`, status: [200], body: null, tls: 'public', names: [] }
  const questions = Array.from({ length: askMost.questions }, () => question)
  const startedMs = performance.now()
  const sight = await here.probe({ questions, canaries: [], timeoutMs: 2_000 }, never)
  expect(sight?.answers.map(({ kind }) => kind)).toEqual(questions.map(() => 'silent'))
  // One after the other they would take four minutes.
  expect(performance.now() - startedMs).toBeLessThan(60_000)
})

test('a canary is well when its own server answers, whatever below 500 it says', async () => {
  const says = (status: number) => listenHttp((_request, response) => response.writeHead(status, { location: 'https://stranger.example' }).end())
  const at = (port: number) => `http://127.0.0.1:${port}/`
  const secure = (name: string) => listenHttps(authority.issue({ names: [name] }), (_request, response) => response.end())
  const well = [at(await says(200)), at(await says(302)), at(await says(404)), `https://localhost:${await secure('localhost')}/`]
  const unwell = [
    at(await says(503)),
    at(await refusingPort()),
    at(await listenTcp((socket) => socket.end('SSH-2.0-x\r\n'))),
    at(await listenTcp(() => {})),
    `https://localhost:${await secure('stranger.example')}/`,
  ]
  const sight = await here.probe({ questions: [], canaries: [...well, ...unwell], timeoutMs: 2_000 }, never)
  expect(sight?.canaries).toEqual({ well: well.length, asked: well.length + unwell.length })
})

test('an abort rejects with its reason and leaves no socket', async () => {
  const hung = await listenTcp(() => {})
  const url = `http://127.0.0.1:${hung}/`
  const questions: Question[] = [{ ...tcp(0), kind: 'http', timeoutMs: 60_000, url, status: [200], body: null, tls: 'public', names: [] }]
  for (const ask of [{ questions, canaries: [] }, { questions: [], canaries: [url] }]) {
    const controller = new AbortController()
    const sight = here.probe({ ...ask, timeoutMs: 60_000 }, controller.signal)
    setTimeout(() => controller.abort('over'), 50)
    await expect(sight).rejects.toBe('over')
  }
  await expect.poll(openSockets).toEqual([])
})

test('every probe and canary is sent from the source that is given', async () => {
  const from = new Set<string | undefined>()
  const note = ({ socket }: IncomingMessage, response: ServerResponse) => {
    from.add(socket.remoteAddress)
    response.end()
  }
  const web = await listenHttp(note)
  const secure = await listenHttps(authority.issue({ names: ['shop.example'] }), note)
  const connected = await listenTcp((socket) => from.add(socket.remoteAddress))
  const names = createSocket('udp4', (_query, { address }) => from.add(address))
  await new Promise<void>((resolve) => names.bind(0, '127.0.0.1', resolve))
  onTestFinished(() => void names.close())
  const http = { ...tcp(0), kind: 'http' as const, status: [200], body: null, tls: 'public' as const, names: [] }
  const questions: Question[] = [
    { ...http, url: `http://shop.example:${web}/` },
    { ...http, url: `https://shop.example:${secure}/` },
    tcp(connected),
    { ...tcp(0, 'aws', 200), kind: 'dns', name: 'shop.example', type: 'A', port: names.address().port },
  ]
  const paris = hereVantage({ vantage: 'paris', clock: machineClock, version, source: '127.0.0.61', digHost: async () => null })
  const sight = await paris.probe({ questions, canaries: [`http://127.0.0.1:${web}/`], timeoutMs: 2000 }, never)
  expect(sight?.answers.map(({ kind }) => kind)).toEqual(['ok', 'ok', 'ok', 'silent'])
  expect([...from]).toEqual(['127.0.0.61'])
})

test('a dig is handed on', async () => {
  const dig: Dig = { server: '127.0.0.1:5353', zone: 'shop.example', marker: '_lifeboat-shop.shop.example', names: [], timeoutMs: 1000 }
  expect(await here.dig(dig, never)).toEqual(view)
  expect(await here.dig({ ...dig, server: 'dead' }, never)).toBeNull()
})
