import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rig, secret } from './rig.ts'

test('SIGHUP: a sound file is taken with what was seen kept, a bad one is not, and both are said', { timeout: 40_000 }, async () => {
  const lab = await rig()
  const watch = lab.start('watch')
  const said = (text: string) => watch.line(({ event, msg }) => event === 'config' && msg.includes(text))
  await watch.line(({ event, reason }) => event === 'decision' && reason === 'not-adopted')
  const leader = async () => JSON.parse((await lab.run('status', '--json')).out).leader
  const { sinceMs } = await leader()
  await lab.write((yaml) => yaml.replace('outage: 1s', 'outage: 7s').replace('timeout: 350ms', 'timeout: 900ms'))
  watch.child.kill('SIGHUP')
  expect(await said('was not taken')).toMatchObject({ level: 'error', msg: expect.stringContaining('lifeboat.yaml:') })
  await pauseBetweenSignals()
  await lab.write((yaml) => yaml.replace('outage: 1s', 'outage: 7s').replace('?word=', '?new='))
  watch.child.kill('SIGHUP')
  const taken = await said('was read anew')
  expect(taken.msg).toContain('policy.outage 1s → 7s')
  expect(taken.msg).toContain('check.url changed (hidden)')
  // It goes on with what it had seen: no health is found anew.
  await watch.line(({ event }) => event === 'leader' && watch.lines.filter((line) => line.event === 'leader').length === 2)
  await pauseBetweenSignals()
  expect(await leader()).toMatchObject({ sinceMs })
  expect(watch.lines.slice(watch.lines.indexOf(taken)).filter(({ event, health }) => event === 'health' && health === 'unknown')).toEqual([])
  watch.child.kill('SIGTERM')
  expect((await watch.ended).code).toBe(0)
  expect(lab.printed()).not.toContain(secret)
})

test('two on one store: the second says who leads and stands by, and takes over when the first is killed', { timeout: 40_000 }, async () => {
  const lab = await rig()
  expect((await lab.run('adopt', '--yes')).code).toBe(0)
  const first = lab.start('watch')
  await first.line(({ event }) => event === 'leader')
  const second = lab.start('watch')
  const standsBy = await second.line(({ event }) => event === 'leader')
  expect(standsBy.msg).toContain(`process ${first.child.pid}`)
  first.child.kill('SIGKILL')
  await second.line(({ event, msg }) => event === 'leader' && msg.startsWith('this controller leads'))
  second.child.kill('SIGINT')
  expect((await second.ended).code).toBe(0)
})

test('policy.automatic false: it says what it would do, and does nothing', { timeout: 40_000 }, async () => {
  const lab = await rig()
  await lab.write((yaml) => yaml.replace('automatic: true', 'automatic: false'))
  expect((await lab.run('adopt', '--yes')).code).toBe(0)
  const watch = lab.start('watch')
  await watch.line(({ event, reason }) => event === 'decision' && reason === 'well')
  await lab.stopSite('aws')
  const would = await watch.line(({ event, reason }) => event === 'decision' && reason === 'automatic-off')
  expect(would.msg).toMatch(/failover aws → hetzner.*policy\.automatic is false/)
  expect((await lab.run('status')).out).toContain(would.msg.slice(0, 40))
  expect(lab.dns.dump('shop.example').join('\n')).toContain('epoch=1 site=aws')
})

test('a site that rejoins while it is down: its sentence says so', { timeout: 40_000 }, async () => {
  const lab = await rig()
  expect((await lab.run('adopt', '--yes')).code).toBe(0)
  const watch = lab.start('watch')
  await watch.line(({ event, reason }) => event === 'decision' && reason === 'well')
  await lab.stopSite('aws')
  await watch.line(({ event, state }) => event === 'move' && state === 'done')
  expect(await lab.run('rejoin', 'aws', '--yes')).toMatchObject({ code: 0, out: expect.stringMatching(/^aws is a standby again; it is down now: 1 of 1 vantages says down/m) })
})

test('a frozen controller: leaving says that the request runs within a minute or never', { timeout: 40_000 }, async () => {
  const lab = await rig()
  expect((await lab.run('adopt', '--yes')).code).toBe(0)
  const watch = lab.start('watch')
  await watch.line(({ event, reason }) => event === 'decision' && reason === 'well')
  await pauseBetweenSignals()
  watch.child.kill('SIGSTOP')
  const command = lab.start('pause')
  await pauseBetweenSignals()
  await pauseBetweenSignals()
  command.child.kill('SIGINT')
  expect(await command.ended).toMatchObject({ code: 4, err: expect.stringMatching(/runs within a minute or never.*lifeboat history\n$/) })
  watch.child.kill('SIGCONT')
})

test('failover with neither controller nor store: what is active is taken from DNS, and nothing is begun before a yes', { timeout: 40_000 }, async () => {
  const lab = await rig()
  expect((await lab.run('adopt', '--yes')).code).toBe(0)
  await rm(join(lab.folder, '.lifeboat'), { recursive: true })
  await lab.stopSite('aws')
  const shown = await lab.run('failover')
  expect(shown).toMatchObject({ code: 2, out: expect.stringMatching(/DNS says: epoch 1, aws is active[^]*failover aws → hetzner, epoch 2/) })
  expect((await lab.run('status')).code).toBe(2)
  expect(await lab.run('failover', '--yes')).toMatchObject({ code: 0, err: '' })
  expect(lab.dns.dump('shop.example').join('\n')).toMatch(/epoch=2 site=hetzner .*state=pointed/)
})

/** Longer than the time within which one signal that comes twice counts once. */
const pauseBetweenSignals = () => new Promise((go) => setTimeout(go, 700))
