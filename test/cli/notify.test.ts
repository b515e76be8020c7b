import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startReceiver, type Answer } from '../drivers/channels/receiver.ts'
import { rig, type Rig } from './rig.ts'
import { lineShape, statusShape } from './shapes.ts'

const withEnd = (more: string) => (yaml: string) => `${yaml}${more}\n`
/** Every line that a program got, as JSON. */
const told = async (lab: Rig) => (await readFile(join(lab.folder, 'told.jsonl'), 'utf8')).trimEnd().split('\n').map((line) => JSON.parse(line))
const program = (lab: Rig) => writeFile(join(lab.folder, 'page-me'), '#!/bin/sh\ncat >> told.jsonl\n', { mode: 0o700 })

test('lifeboat notify tries every channel, and says which took it', async () => {
  const lab = await rig()
  await program(lab)
  let answer: Answer = { status: 200 }
  const receiver = await startReceiver(() => answer)
  expect(await lab.run('notify')).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/^Nobody is told: .*lifeboat\.yaml has no notify\. Write for instance notify: /) })
  await lab.write(withEnd(`notify:\n  - { url: "${receiver.url}/secret-path" }\n  - { exec: [./page-me], events: [alarm] }`))
  const well = await lab.run('notify')
  expect(well).toMatchObject({ code: 0, err: '' })
  expect(well.out.replaceAll(/[\d.]+ m?s\b/g, 'N')).toBe('notify[0] (json)  move, alarm  took it in N\nnotify[1] (exec)  alarm        took it in N\n')
  const sent = receiver.messages()
  expect(sent).toEqual([{ id: expect.stringMatching(/^shop-test-/), app: 'shop', epoch: null, events: ['test'], over: false, atMs: expect.any(Number), reason: null, sentence: expect.stringContaining('nothing has happened'), next: 'to look: lifeboat status' }])
  expect(await told(lab)).toEqual(sent)
  answer = { status: 404 }
  expect(await lab.run('notify')).toMatchObject({ code: 5, out: expect.stringMatching(/^notify\[0\] \(json\) +move, alarm +did not take it: HTTP 404: there is nothing at this address$/m) })
  const asJson = await lab.run('notify', '--json')
  expect([asJson.code, JSON.parse(asJson.out)]).toEqual([5, [
    { channel: 'notify[0] (json)', events: ['move', 'alarm'], outcome: 'refused', detail: 'HTTP 404: there is nothing at this address', ms: expect.any(Number) },
    { channel: 'notify[1] (exec)', events: ['alarm'], outcome: 'done', detail: '', ms: expect.any(Number) },
  ]])
  expect(lab.printed()).not.toContain('secret-path')
})

test("the README's example is sound", async () => {
  const lab = await rig()
  const [, example] = /```yaml\n(notify:[^]*?)```/.exec(await readFile(join(import.meta.dirname, '../../README.md'), 'utf8')) ?? []
  await lab.write(withEnd(example!))
  await writeFile(join(lab.folder, 'lifeboat.env'), 'NTFY_URL=https://ntfy.example/secret-path\nHEARTBEAT_URL=https://hc.example/secret-path\n', { mode: 0o600 })
  const { code, out } = await lab.run('check')
  expect(code).toBe(0)
  expect(out).toMatch(/^ {2}notify\[0\] \(ntfy\) {2}move, alarm\n {2}notify\[1\] \(exec\) {2}alarm\nEvery 1m a heartbeat is sent/m)
  expect(out).not.toContain('secret-path')
})

test('watch tells of a failover, status shows whom it could not, and a command that acts alone tells too', async () => {
  const lab = await rig()
  await program(lab)
  const [heart, broken] = [await startReceiver(), await startReceiver(() => ({ status: 500 }))]
  await lab.write(withEnd(`notify:\n  - { exec: [./page-me], events: [move] }\n  - { url: "${broken.url}/secret-path", events: [alarm] }\nheartbeat: { url: "${heart.url}/secret-beat", every: 1s }`))
  expect(await lab.run('adopt', '--yes')).toMatchObject({ code: 0 })
  const watch = lab.start('watch')
  await watch.line(({ event, reason }) => event === 'decision' && reason === 'well')
  await expect.poll(async () => (await lab.run('status', '--exit-code')).code).toBe(0) // Once DNS was read, too.
  await lab.stopSite('aws')
  const line = await watch.line(({ event, channel, msg }) => event === 'notify' && channel === 'notify[0] (exec)' && /is confirmed at/.test(msg) && /failover/.test(msg))
  expect(lineShape.safeParse(line).error).toBeUndefined()
  const [start, end] = (await told(lab)).slice(-2)
  expect([start, end]).toMatchObject([
    { events: ['move', 'alarm'], sentence: expect.stringMatching(/^move: aws .*Failover aws → hetzner starts$/) },
    { events: ['move'], sentence: expect.stringMatching(/^failover aws → hetzner is confirmed/), next: 'when aws is back: lifeboat failback' },
  ])
  await watch.line(({ event, level }) => event === 'notify' && level === 'warn')
  const seen = async () => JSON.parse((await lab.run('status', '--json')).out)
  await expect.poll(async () => (await seen()).untold).not.toEqual([])
  const status = await seen()
  expect(statusShape.safeParse(status).error).toBeUndefined()
  expect(status.untold).toEqual([{ channel: 'notify[1] (json)', waiting: expect.any(Number), lost: 0, sinceMs: expect.any(Number), why: 'HTTP 500' }])
  const screen = await lab.run('status', '--exit-code')
  expect(screen).toMatchObject({ code: 5, out: expect.stringMatching(/^untold +notify\[1\] \(json\): \d+ not told yet; for .* HTTP 500\. To try it: lifeboat notify$/m) })
  expect(screen.out).toMatch(new RegExp(`^next +${end.next}$`, 'm'))
  await expect.poll(() => heart.received.length).toBeGreaterThan(1)
  expect(heart.received[0]).toMatchObject({ method: 'GET', path: '/secret-beat' })
  watch.child.kill('SIGTERM')
  await watch.ended
  expect((await lab.run('status')).out).toMatch(/^untold +notify\[1\] \(json\): \d+ not told yet, and nobody leads\. To try it/m)
  const again = lab.start('watch')
  await expect.poll(async () => (await seen()).untold[0]?.sinceMs ?? null).toBe(status.untold[0].sinceMs) // Not since this one began.
  again.child.kill('SIGTERM')
  await again.ended
  await lab.startSite('aws')
  await lab.run('switchover', 'aws', '--yes')
  expect((await told(lab)).at(-1)).toMatchObject({ sentence: expect.stringMatching(/^switchover hetzner → aws is confirmed/) })
  const beats = heart.received.length
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  expect(heart.received.length).toBe(beats)
  expect(lab.printed()).not.toMatch(/secret-(path|beat)/)
})
