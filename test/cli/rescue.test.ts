import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSqlite } from '../../src/store/sqlite.ts'
import { machineClock } from '../../src/clock.ts'
import { linesOf } from '../store/fixtures.ts'
import { rig, secret, type Rig } from './rig.ts'
import { historyShape, lineShape, planShape, statusShape } from './shapes.ts'

const parsed = (text: string) => JSON.parse(text)
const markerIn = (lab: Rig) => lab.dns.dump('shop.example').find((line) => line.includes('v=lifeboat1'))

test('adopt, watch, a site killed, failover, a look at it all, failback, replay', async () => {
  const lab = await rig()

  // Adoption, by this command alone.
  const adopted = await lab.run('adopt', '--yes')
  expect(adopted).toMatchObject({ code: 0, err: '' })
  expect(adopted.out).toContain('A 127.0.0.41 (TTL 2 s) → 127.0.0.41 (TTL 1 s)')
  expect(adopted.out).toContain('www.shop.example             is a CNAME to another of the names, and follows it')
  expect(markerIn(lab)).toContain('epoch=1 site=aws')
  expect(await lab.run('adopt')).toMatchObject({ code: 0, out: expect.stringContaining('adopted already') })

  // Nobody watches: what was seen once is not shown as if it were so now.
  const idle = statusShape.parse(parsed((await lab.run('status', '--json')).out))
  expect(idle).toMatchObject({ active: 'aws', adopted: true, leader: null, decision: null, epoch: 1 })
  expect(idle.sites.map(({ health, verdict, ready, sinceMs, why }) => ({ health, verdict, ready, sinceMs, why }))).toEqual(Array(2).fill({ health: 'unknown', verdict: null, ready: null, sinceMs: null, why: null }))
  expect((await lab.run('status')).out).toMatch(/no controller, last seen .* ago[^]*next +nobody watches: lifeboat watch/)

  // The controller, and the cut of a site.
  const watch = lab.start('watch')
  await watch.line(({ event, reason }) => event === 'decision' && reason === 'well')
  await expect.poll(async () => parsed((await lab.run('status', '--json')).out).dns[0].state).toBe('served')
  expect(await lab.run('status', '--exit-code')).toMatchObject({ code: 0 })
  expect(await lab.run('failover', '--yes')).toMatchObject({ code: 3, err: expect.stringMatching(/^refuse: aws is up.*--force\n$/) })
  await lab.stopSite('aws')
  const done = await watch.line(({ event, state }) => event === 'move' && state === 'done')
  expect(done).toMatchObject({ kind: 'failover', from: 'aws', to: 'hetzner', by: 'lifeboat', reason: 'outage', epoch: 2 })
  expect(markerIn(lab)).toContain('epoch=2 site=hetzner')
  expect(lab.dns.dump('shop.example')).toContainEqual(expect.stringMatching(/^shop\.example.*127\.0\.0\.42/))

  const after = statusShape.parse(parsed((await lab.run('status', '--json')).out))
  expect(after.sites.map(({ site, role, health }) => [site, role, health])).toEqual([['aws', 'fenced', 'down'], ['hetzner', 'active', 'up']])
  expect(after.leader).toMatchObject({ pid: watch.child.pid, command: 'watch' })
  expect(await lab.run('status', '--exit-code')).toMatchObject({ code: 5, out: expect.stringMatching(/next +when aws is back: lifeboat failback/) })

  // What is known of it.
  const history = historyShape.parse(parsed((await lab.run('history', '--json')).out))
  expect(history.map(({ epoch, kind, state }) => [epoch, kind, state])).toEqual([[2, 'failover', 'done'], [1, 'adopt', 'done']])
  expect(history[0]!.steps.map(({ step }) => step)).toEqual(['ready', 'claim', 'drain', 'fence', 'caught-up', 'promote', 'shift', 'point', 'confirm'])
  expect((await lab.run('history')).out).toMatch(/^epoch 2 {2}failover aws → hetzner .*by itself \(outage\)\nwhy {2}lifeboat explain [0-9a-f]{8}\n {2}ready [^]*\n {2}drain .* ms +nothing to do: /)
  const decision = watch.lines.find(({ event, kind }) => event === 'decision' && kind === 'move')!
  expect(history[0]!.decision).toBe(decision.id)
  expect((await lab.run('status')).out).toContain(`why: lifeboat explain ${decision.id}`)
  // A person's move is found by its request.
  expect((await lab.run('explain', history[1]!.decision!)).out).toMatch(/^move: adoption: [^]*what came of it: epoch 1, done/m)
  const explained = await lab.run('explain', String(decision.id))
  expect(explained.out).toContain(decision.msg)
  expect(explained.out).toMatch(/what came of it: epoch 2, done/)
  expect(await lab.run('explain', 'nonsense')).toMatchObject({ code: 2, err: expect.stringMatching(/^No decision nonsense is in the journal\./) })

  // The way back, by the controller that runs.
  await lab.startSite('aws')
  await watch.line(({ event, msg }) => event === 'health' && msg.includes('stands by'))
  planShape.parse(parsed((await lab.run('plan', 'failback', '--json')).out))
  const back = await lab.run('failback', '--yes')
  expect(back).toMatchObject({ code: 0, err: '' })
  expect(back.out).toMatch(/failback hetzner → aws, epoch 3\n[^]* {2}confirm: [^]*is confirmed at 1 of 1 name servers/)
  expect(markerIn(lab)).toContain('epoch=3 site=aws')

  watch.child.kill('SIGTERM')
  expect((await watch.ended).code).toBe(0)
  for (const line of watch.lines) lineShape.parse(line)
  expect(watch.lines[0]).toMatchObject({ event: 'start', automatic: true, adopted: true })
  expect(watch.lines.at(-1)).toMatchObject({ event: 'stop' })
  expect(Object.keys(watch.lines[0]!).slice(0, 4)).toEqual(['time', 'level', 'event', 'msg'])

  // Run again, from the store and from its export; and one decision that was tampered with.
  expect(await lab.run('replay', '.lifeboat/shop.db')).toMatchObject({ code: 0, out: expect.stringContaining('all came out the same') })
  const lines = await exported(lab)
  await writeFile(join(lab.folder, 'good.jsonl'), lines.join('\n'))
  expect(await lab.run('replay', 'good.jsonl')).toMatchObject({ code: 0 })
  await writeFile(join(lab.folder, 'bad.jsonl'), lines.map((line) => line.replaceAll('"verdict":"well"', '"verdict":"blip"')).join('\n'))
  const bad = await lab.run('replay', 'bad.jsonl', '--json')
  expect(bad.code).toBe(5)
  expect(parsed(bad.out).differences.length).toBeGreaterThan(0)
  expect(await lab.run('replay', 'bad.jsonl')).toMatchObject({ code: 5, out: expect.stringMatching(/decide: hold: .*\n {2}reason: was "well", is "blip"/) })

  // The secret of the file stands nowhere: not in what was printed, not in what was kept.
  expect(lab.printed()).not.toContain(secret)
  expect(lines.join('\n')).not.toContain(secret)
  expect((await readFile(join(lab.folder, '.lifeboat/shop.db'))).includes(secret)).toBe(false)
  expect(lab.dns.dump('shop.example')).toContainEqual(expect.stringContaining('v=spf1 -all'))
})

async function exported(lab: Rig): Promise<string[]> {
  const store = await openSqlite({ path: join(lab.folder, '.lifeboat/shop.db'), app: 'shop', clock: machineClock, readOnly: true })
  return linesOf(store)
}
