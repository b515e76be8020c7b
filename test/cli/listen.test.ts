import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../lab/ports.ts'
import { until } from '../lab/wait.ts'
import { rig } from './rig.ts'

async function watched(listen: (port: number) => string, change = (yaml: string) => yaml) {
  const { write, start, run, ...rest } = await rig()
  const port = await freePort(['127.0.0.1'])
  await write((yaml) => `${change(yaml)}${listen(port)}\n`)
  expect((await run('adopt', '--yes')).code).toBe(0)
  const watching = start('watch')
  await watching.line(({ event, reason }) => event === 'decision' && reason === 'well')
  await until('status knows it', async () => JSON.parse((await run('status', '--json')).out).decision?.reason === 'well')
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
  const metrics = () => fetch(`${url}/metrics`, { headers }).then((answer) => answer.text())
  const shown = await metrics()
  for (const line of ['lifeboat_protected 1', 'lifeboat_leading 1', 'lifeboat_paused 0', 'lifeboat_site_up{site="aws"} 1', 'lifeboat_site_active{site="aws"} 1', 'lifeboat_epoch 1']) expect(shown).toContain(`${line}\n`)
  expect((await run('pause')).code).toBe(0)
  await expect.poll(metrics).toMatch(/^lifeboat_protected 0\n[^]*^lifeboat_paused 1$/m)
  expect(printed()).not.toContain('correct-horse')
})

test('an address that is taken is said, and watching goes on', async () => {
  const { watching } = await watched((port) => `listen: 127.0.0.1:${port}`)
  const { address } = await watching.line(({ msg }) => /are served at/.test(msg))
  const second = await watched(() => `listen: ${address}`)
  await second.watching.line(({ level, msg }) => level === 'error' && msg.includes('nothing can be served at') && msg.endsWith('watching goes on without it'))
})

test('ten thousand idle connections and a slow sender leave the rounds on time', async () => {
  // At this pace a round counts as held up after 7.8 s, which a busy machine alone does not do.
  const { watching, port, url } = await watched((free) => `listen: 127.0.0.1:${free}`, (yaml) => yaml.replace('interval: 1s', 'interval: 2s').replace('timeout: 900ms', 'timeout: 1900ms'))
  const sockets = new Set<Socket>()
  let most = 0
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()))
  const open = () =>
    new Promise<void>((done) => {
      const socket = connect(port, '127.0.0.1', done)
      sockets.add(socket)
      // One that is turned away is what the limit is for.
      socket.on('error', () => {}).on('close', () => (sockets.delete(socket), done()))
    })
  const before = watching.lines.length
  for (let n = 0; n < 10_000; n += 500) {
    await Promise.all(Array.from({ length: 500 }, open))
    most = Math.max(most, sockets.size)
  }
  const slow = connect(port, '127.0.0.1')
  sockets.add(slow.on('error', () => {}))
  slow.write('POST /requests HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 60000\r\n\r\n{')
  const openedS = Date.now() / 1_000
  expect(most).toBeGreaterThan(200)
  // With the limit reached it turns away whoever asks this; idle connections end after 5 s.
  const ask = (page: string) => fetch(`${url}${page}`).catch(() => null)
  const lastRoundS = async () => Number(/^lifeboat_last_round_timestamp_seconds (.*)$/m.exec((await (await ask('/metrics'))?.text()) ?? '')?.[1] ?? 0)
  await expect.poll(lastRoundS).toBeGreaterThan(openedS + 2) // At least two of them have ended since.
  await expect.poll(async () => (await ask('/healthz'))?.status).toBe(200)
  // How its sites look meanwhile says little: they answer from this very process, which was busy.
  expect(watching.lines.slice(before).filter(({ msg }) => msg.includes('held up'))).toEqual([])
})
