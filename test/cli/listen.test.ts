import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { freePort } from '../lab/ports.ts'
import { rig } from './rig.ts'

async function watched(listen: (port: number) => string) {
  const { write, start, run, ...rest } = await rig()
  const port = await freePort(['127.0.0.1'])
  await write((yaml) => `${yaml}${listen(port)}\n`)
  expect((await run('adopt', '--yes')).code).toBe(0)
  const watching = start('watch')
  await watching.line(({ event, reason }) => event === 'decision' && reason === 'well')
  await vi.waitUntil(async () => JSON.parse((await run('status', '--json')).out).decision?.reason === 'well', { timeout: 10_000 })
  return { ...rest, run, watching, port, url: `http://127.0.0.1:${port}` }
}

test('watch serves status, metrics and health at listen, and says nothing without the token', async () => {
  const { url, run, printed } = await watched((port) => `listen: { address: "127.0.0.1:${port}", token: "a-token-of-\${CANARY_WORD}" }`)
  const headers = { authorization: 'Bearer a-token-of-correct-horse-battery-staple' }
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect((await fetch(`${url}/status`)).status).toBe(401)
  const [status, told] = await Promise.all([fetch(`${url}/status`, { headers }).then((answer) => answer.json()), run('status', '--json')])
  const timeless = (text: string): unknown => JSON.parse(text, (key, value: unknown) => (/Ms$/.test(key) || key === 'id' ? undefined : value))
  expect(timeless(JSON.stringify(status))).toEqual(timeless(told.out))
  const metrics = await fetch(`${url}/metrics`, { headers }).then((answer) => answer.text())
  for (const line of ['lifeboat_leading 1', 'lifeboat_site_up{site="aws"} 1', 'lifeboat_site_active{site="aws"} 1', 'lifeboat_epoch 1']) expect(metrics).toContain(`${line}\n`)
  expect(printed()).not.toContain('correct-horse')
})

test('an address that is taken is said, and watching goes on', async () => {
  const { watching } = await watched((port) => `listen: 127.0.0.1:${port}`)
  const second = await watched(() => `listen: 127.0.0.1:${Number(/:(\d+)$/.exec(String(watching.lines.find(({ msg }) => /are served at/.test(msg))?.address))?.[1])}`)
  expect(second.watching.lines.some(({ level, msg }) => level === 'error' && msg.includes('nothing can be served at') && msg.endsWith('watching goes on without it'))).toBe(true)
})

test('ten thousand idle connections and a slow sender leave the rounds on time', async () => {
  const { watching, port, url } = await watched((free) => `listen: 127.0.0.1:${free}`)
  const sockets: Socket[] = []
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()))
  const open = () =>
    new Promise<void>((done) => {
      const socket = connect(port, '127.0.0.1', done)
      socket.on('error', () => done()) // One that is turned away is what the limit is for.
      sockets.push(socket)
    })
  const before = watching.lines.length
  for (let n = 0; n < 10_000; n += 500) await Promise.all(Array.from({ length: 500 }, open))
  const slow = connect(port, '127.0.0.1')
  sockets.push(slow.on('error', () => {}))
  slow.write('POST /requests HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 60000\r\n\r\n{')
  await sleep(4_000)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect(watching.lines.slice(before).map(({ msg }) => msg)).toEqual([])
})
