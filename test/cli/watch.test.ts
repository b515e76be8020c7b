import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { machineClock } from '../../src/clock.ts'
import type { StoreView } from '../../src/ports.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { until } from '../lab/wait.ts'
import { rig, secret, type Rig } from './rig.ts'

/** The store as it is, read beside whoever writes it. */
const storeOf = async (lab: Rig): Promise<StoreView> => {
  const store = await openSqlite({ path: join(lab.folder, '.lifeboat/shop.db'), app: 'shop', clock: machineClock, readOnly: true })
  return store.read().finally(() => store.close())
}

test('SIGHUP: a sound file is taken with what was seen kept, a bad one is not, and both are said', async () => {
  const lab = await rig()
  const watch = lab.start('watch')
  const said = (text: string) => watch.line(({ event, msg }) => event === 'config' && msg.includes(text))
  await watch.line(({ event, reason }) => event === 'decision' && reason === 'not-adopted')
  const leader = async () => JSON.parse((await lab.run('status', '--json')).out).leader
  const { sinceMs } = await leader()
  await lab.write((yaml) => yaml.replace('outage: 1s', 'outage: 7s').replace('timeout: 900ms', 'timeout: 2s'))
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
  await Promise.all([expect.poll(leader).toMatchObject({ sinceMs }), pauseBetweenSignals()])
  expect(watch.lines.slice(watch.lines.indexOf(taken)).filter(({ event, health }) => event === 'health' && health === 'unknown')).toEqual([])
  await lab.write((yaml) => `# a comment\n${yaml.replace('outage: 1s', 'outage: 7s').replace('?word=', '?new=')}`)
  expect((await lab.run('status')).out).toContain('runs on another')
  watch.child.kill('SIGHUP')
  await said('only in its layout or its comments')
  await expect.poll(async () => (await lab.run('status')).out).not.toContain('runs on another')
  watch.child.kill('SIGTERM')
  expect((await watch.ended).code).toBe(0)
  expect(lab.printed()).not.toContain(secret)
})

test('a file that changed between two starts is taken: what differs is logged and journaled, and no secret gets into the store', async () => {
  const lab = await rig()
  const led = async () => {
    const watch = lab.start('watch')
    await watch.line(({ event, msg }) => event === 'leader' && msg.startsWith('this controller leads'))
    await watch.line(({ event }) => event === 'decision')
    watch.child.kill('SIGTERM')
    await watch.ended
    return watch.lines.filter(({ event }) => event === 'config').map(({ level, msg }) => `${level} ${msg}`).filter((line) => line.startsWith('info'))
  }
  expect(await led()).toEqual([])
  await lab.write((yaml) => yaml.replace('outage: 1s', 'outage: 7s').replace('?word=', '?new='))
  expect(await led()).toEqual([expect.stringMatching(/^info the file has changed since .*-\d+ led: policy\.outage 1s → 7s$/)])
  expect(await led()).toEqual([])
  const files = await readdir(join(lab.folder, '.lifeboat'))
  const stored = (await Promise.all(files.map((file) => readFile(join(lab.folder, '.lifeboat', file), 'utf8')))).join()
  expect([stored.includes('led: policy.outage 1s → 7s'), stored.includes(secret)]).toEqual([true, false])
})

test('check --accept: who runs on another file than the leader may lead after it, and the leader and the commands say so', async () => {
  const lab = await rig()
  expect(await lab.run('check', '--accept')).toMatchObject({ code: 2, err: expect.stringContaining('There is no store at') })
  expect((await lab.run('adopt', '--yes')).code).toBe(0)
  const first = lab.start('watch')
  await first.line(({ event, reason }) => event === 'decision' && reason === 'well')
  expect(await lab.run('check', '--accept')).toMatchObject({ code: 0, out: expect.stringMatching(/lifeboat\.yaml is the file in force already\n$/) })
  await lab.write((yaml) => yaml.replace('outage: 1s', 'outage: 7s'))
  const second = lab.start('watch')
  await second.line(({ event, level, msg }) => event === 'config' && level === 'warn' && msg.includes('policy.outage 1s → 7s') && msg.endsWith('lifeboat check --accept'))
  expect(await lab.run('plan', 'failover', '--force')).toMatchObject({ code: 0, err: expect.stringMatching(/^config: .*-\d+ leads by another .*SIGHUP\n$/) })
  expect(await lab.run('check', '--accept')).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^.*lifeboat\.yaml is accepted: policy\.outage 1s → 7s\. A controller with this file may lead; .*-\d+ goes on leading .*\(SIGHUP\)\n$/) })
  await first.line(({ event, msg }) => event === 'config' && msg.startsWith('another file than this one was accepted'))
  await second.line(({ event, msg }) => event === 'config' && msg.includes('is in force'))
  first.child.kill('SIGKILL')
  await second.line(({ event, msg }) => event === 'leader' && msg.startsWith('this controller leads'))
  await lab.write((yaml) => yaml.replace('timeout: 900ms', 'timeout: 2s'))
  expect(await lab.run('check', '--accept')).toMatchObject({ code: 2, err: expect.stringContaining('check.timeout') })
})

test('two on one store: the second says who leads and stands by, and takes over when the first is killed', async () => {
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

test('policy.automatic false: it says what it would do, and does nothing', async () => {
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

test('a site that rejoins while it is down: its sentence says so', async () => {
  const lab = await rig()
  expect((await lab.run('adopt', '--yes')).code).toBe(0)
  const watch = lab.start('watch')
  await watch.line(({ event, reason }) => event === 'decision' && reason === 'well')
  await lab.stopSite('aws')
  await watch.line(({ event, state }) => event === 'move' && state === 'done')
  expect(await lab.run('rejoin', 'aws', '--yes')).toMatchObject({ code: 0, out: expect.stringMatching(/^aws is a standby again; it is down now: 1 of 1 vantages says down/m) })
})

test('a frozen controller: leaving says that the request runs within a minute or never', async () => {
  const lab = await rig()
  expect((await lab.run('adopt', '--yes')).code).toBe(0)
  const watch = lab.start('watch')
  await watch.line(({ event, reason }) => event === 'decision' && reason === 'well')
  // Just after it has reported it writes nothing for a while, so that it is not frozen within a write.
  const { atWallMs } = (await storeOf(lab)).report!
  await until('a fresh report', async () => (await storeOf(lab)).report!.atWallMs > atWallMs)
  watch.child.kill('SIGSTOP')
  const command = lab.start('pause')
  await until('the request is there', async () => (await storeOf(lab)).requests.length === 1)
  command.child.kill('SIGINT')
  expect(await command.ended).toMatchObject({ code: 4, err: expect.stringMatching(/runs within a minute or never.*lifeboat history\n$/) })
  watch.child.kill('SIGCONT')
})

test('failover with neither controller nor store: what is active is taken from DNS, and nothing is begun before a yes', async () => {
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

test.each([
  ['its folder', '.lifeboat'],
  ['its file alone', '.lifeboat/shop.db'],
])('a store deleted while watch runs (%s): it says what DNS says, adopt takes the names up, and watch goes on with that', async (_, gone) => {
  const lab = await rig()
  expect((await lab.run('adopt', '--yes')).code).toBe(0)
  expect((await lab.run('switchover', 'hetzner', '--yes')).code).toBe(0)
  const watch = lab.start('watch')
  await watch.line(({ event, reason }) => event === 'decision' && reason === 'well')
  const earlier = watch.lines.length
  const since = (fits: (line: Record<string, any>) => boolean) => watch.line((line) => watch.lines.indexOf(line) >= earlier && fits(line))
  await rm(join(lab.folder, gone), { recursive: true })
  await since(({ event, level, msg }) => event === 'start' && level === 'error' && msg.endsWith('what stands there now is taken up'))
  await since(({ event, msg }) => event === 'start' && msg.includes('not adopted yet'))
  await since(({ msg }) => msg.includes('epoch 2') && msg.includes('hetzner'))
  await expect.poll(async () => (await lab.run('status')).out).toMatch(/epoch 2.*hetzner/)
  expect(await lab.run('adopt', '--yes')).toMatchObject({ code: 0, out: expect.stringContaining('epoch 3') })
  await since(({ event, reason, msg }) => event === 'decision' && reason === 'well' && msg.includes('hetzner is well'))
  await lab.stopSite('hetzner')
  await since(({ event, msg }) => event === 'move' && /^failover hetzner → aws is confirmed/.test(msg))
  expect((await lab.run('status')).out).toMatch(/epoch 4[^]*^aws +active/m)
})
