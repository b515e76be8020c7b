import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { machineClock, type Clock } from '../../../src/clock.ts'
import { execChannel } from '../../../src/drivers/channels/exec.ts'
import { discord, json, type Form } from '../../../src/drivers/channels/forms.ts'
import { httpHeartbeat } from '../../../src/drivers/channels/heartbeat.ts'
import { httpChannel, whyNone } from '../../../src/drivers/channels/http.ts'
import { openSockets, refusingPort } from '../../lab/sockets.ts'
import { until } from '../../lab/wait.ts'
import { message, startReceiver } from './receiver.ts'

const never = new AbortController().signal
/** Deadlines end as soon as `ms` real milliseconds have passed. */
const hasty = (ms: number): Clock => ({ ...machineClock, deadline: (_, parent) => machineClock.deadline(ms, parent) })
const common = { channel: 'notify[0] (json)', events: ['move' as const] }
const at = (url: string, { form = json, clock = machineClock }: { form?: Form; clock?: Clock } = {}) => httpChannel({ ...common, url, form, clock, version: '0' })

test('a message is posted as JSON', async () => {
  const { received, messages, url } = await startReceiver()
  expect(await at(`${url}/hook?key=k`).send(message, never)).toEqual({ outcome: 'done', detail: '', againMs: null })
  expect(received[0]).toMatchObject({ method: 'POST', path: '/hook?key=k', headers: { 'content-type': 'application/json', 'user-agent': 'lifeboat/0' } })
  expect(messages()).toEqual([message])
})

test('a receiver that wants another form gets that', async () => {
  const { received, url } = await startReceiver(() => ({ status: 204 }))
  expect((await at(`${url}/api/webhooks/1/x`, { form: discord }).send(message, never)).outcome).toBe('done')
  expect(received[0]?.path).toBe('/api/v10/webhooks/1/x')
})

test.each<[number, Record<string, string>, string, number | null]>([
  [404, {}, 'HTTP 404: there is nothing at this address', null],
  [429, { 'retry-after': '7' }, 'HTTP 429: too many at once', 7_000],
  [429, { 'retry-after': '0.25' }, 'HTTP 429: too many at once', 250],
  [503, { 'retry-after': 'soon' }, 'HTTP 503', null],
  [301, { location: 'http://127.0.0.1:1/stolen' }, 'HTTP 301: a redirect, and it is followed nowhere', null],
])('HTTP %s is no success, and says when to come again', async (status, headers, detail, againMs) => {
  const { url, received } = await startReceiver(() => ({ status, headers }))
  expect(await at(`${url}/secret-path`).send(message, never)).toEqual({ outcome: 'refused', detail, againMs })
  expect(received).toHaveLength(1)
})

test('a date says when to come again too', async () => {
  const { url } = await startReceiver(() => ({ status: 503, headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() } }))
  const { againMs } = await at(url).send(message, never)
  expect(againMs).toBeGreaterThan(50_000)
  expect(againMs).toBeLessThanOrEqual(60_000)
})

test('one that never answers ends at its deadline, one that refuses at once; neither says where', async () => {
  const hung = await startReceiver(() => null)
  expect(await at(`${hung.url}/secret-path`, { clock: hasty(100) }).send(message, never)).toEqual({ outcome: 'unknown', detail: 'no answer in 10 s', againMs: null })
  const refused = await at(`http://127.0.0.1:${await refusingPort()}/secret-path`).send(message, never)
  expect(refused).toMatchObject({ outcome: 'unknown', detail: expect.stringContaining('ECONNREFUSED') })
  expect(JSON.stringify(refused)).not.toMatch(/secret/)
  const unresolved = { kind: 'none', scope: 'network', why: 'getaddrinfo ENOTFOUND secret.example', at: machineClock.now() } as const
  expect(whyNone(unresolved, 'secret.example')).toBe('getaddrinfo ENOTFOUND its host')
})

test('whoever stops it is heard', async () => {
  const { url } = await startReceiver(() => null)
  const stop = new AbortController()
  const sent = at(url).send(message, stop.signal)
  stop.abort(new Error('stopped'))
  await expect(sent).rejects.toThrow('stopped')
  await expect.poll(openSockets).toEqual([])
})

// ── Programs ─────────────────────────────────────────────────────────────────

const folderFor = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-exec-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}
const program = (folder: string, argv: string[], clock: Clock = machineClock) => execChannel({ channel: 'notify[0] (exec)', events: ['alarm'], argv, folder, clock })

test('a program reads the message on its standard input, in the folder of the file', async () => {
  const folder = await folderFor()
  await writeFile(join(folder, 'page-me'), '#!/bin/sh\ncat > "$1"\n', { mode: 0o700 })
  expect(await program(folder, ['./page-me', 'told.json']).send(message, never)).toEqual({ outcome: 'done', detail: '', againMs: null })
  const text = await readFile(join(folder, 'told.json'), 'utf8')
  expect([JSON.parse(text), text.split('\n').length]).toEqual([message, 2])
})

test('a program that does not read, fails, is ended or is not there says so', async () => {
  const folder = await folderFor()
  const sh = (script: string) => program(folder, ['/bin/sh', '-c', script]).send(message, never)
  expect(await sh('exec <&-; exit 0')).toMatchObject({ outcome: 'done' })
  expect(await sh('echo password >&2; exit 3')).toEqual({ outcome: 'refused', detail: 'it ended with 3', againMs: null })
  expect(await sh('kill -9 $$')).toMatchObject({ outcome: 'refused', detail: 'it was ended by SIGKILL' })
  expect(await program(folder, ['./not-there']).send(message, never)).toMatchObject({ outcome: 'refused', detail: expect.stringContaining('ENOENT') })
})

test('a program that hangs is killed with what it started', async () => {
  const folder = await folderFor()
  const over = new AbortController()
  const clock: Clock = { ...machineClock, deadline: (_, parent) => AbortSignal.any(parent ? [over.signal, parent] : [over.signal]) }
  const sent = program(folder, ['/bin/sh', '-c', 'sleep 60 & echo $! > child; wait'], clock).send(message, never)
  const child = Number(await until('it has started another', () => readFile(join(folder, 'child'), 'utf8').catch(() => '')))
  over.abort(new DOMException('over', 'TimeoutError'))
  expect(await sent).toEqual({ outcome: 'unknown', detail: 'it did not end within 10 s, and was killed', againMs: null })
  // A killed child that nobody has reaped yet is still listed, as a zombie.
  const runs = async () => (await readFile(`/proc/${child}/stat`, 'utf8').catch(() => 'gone Z')).includes(') S')
  await expect.poll(runs).toBe(false)
})

// ── Heartbeat ────────────────────────────────────────────────────────────────

test('a heartbeat is a plain GET; anything but 2xx is not taken', async () => {
  let status = 200
  const { received, url } = await startReceiver(() => ({ status }))
  const heartbeat = httpHeartbeat({ url: `${url}/ping/4f1c`, everyMs: 60_000, clock: machineClock, version: '0' })
  expect(await heartbeat.beat(never)).toBeNull()
  expect(received[0]).toMatchObject({ method: 'GET', path: '/ping/4f1c', text: '' })
  status = 404
  expect(await heartbeat.beat(never)).toBe('HTTP 404: there is nothing at this address')
  const gone = httpHeartbeat({ url: `http://127.0.0.1:${await refusingPort()}/ping/4f1c`, everyMs: 60_000, clock: machineClock, version: '0' })
  expect(await gone.beat(never)).toMatch(/ECONNREFUSED/)
})
