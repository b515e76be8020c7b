import { request as ask } from 'node:http'
import { expect, test } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { hereVantage } from '../../../src/drivers/vantages/here.ts'
import { remoteVantage } from '../../../src/drivers/vantages/remote.ts'
import { signatureHeader, signingWith } from '../../../src/drivers/vantages/signing.ts'
import type { Ask } from '../../../src/ports.ts'
import { hasV6, listenHttp, listenTcp, refusingPort } from '../../lab/sockets.ts'
import { about, at, dig, empty, fake, good, here, lines, log, never, serve, token, view } from './lab.ts'

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
