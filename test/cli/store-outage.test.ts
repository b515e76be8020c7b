import { rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { mindStore, outageSentence } from '../../src/cli/store-outage.ts'
import { machineClock } from '../../src/clock.ts'
import { startEmbedded } from '../../src/drivers/dns/embedded.ts'
import { Said } from '../../src/errors.ts'
import type { Commit, StoreView } from '../../src/ports.ts'
import type { OpenStore } from '../../src/store/sqlite.ts'
import { rig } from './rig.ts'

test('a store that cannot be written any more ends a command that acts by itself, and it says how far it got', async () => {
  const lab = await rig()
  // A name server that never shows the change keeps the adoption open for long enough.
  const old = await startEmbedded({ zones: { 'shop.example': [{ name: 'shop.example', type: 'A', ttlS: 2, value: '127.0.0.41' }] } })
  onTestFinished(() => old.stop())
  await lab.write((yaml) => yaml.replace(/nameservers: .*/, `nameservers: ["${old.server}"]`))
  const adopt = lab.start('adopt', '--yes')
  await expect.poll(() => lab.dns.dump('shop.example').join('\n')).toContain('state=pointed')
  const other = new DatabaseSync(join(lab.folder, '.lifeboat/shop.db'), { timeout: 5_000 })
  onTestFinished(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  const { code, err } = await adopt.ended
  expect({ code, err }).toEqual({
    code: 4,
    err: expect.stringMatching(/^The store could not be used for 10 s, .*shop\.db is busy: .*Done: epoch 1 is open in it \(adoption: .*\); in DNS the names point at aws \(.*\)\. Not done: .*goes on with it: lifeboat watch$/m),
  })
})

test.each([
  ['while it looks, so that it would plan from what is gone', 5],
  ['long before it has seen enough', 500],
])('a store that vanishes under plan ends it: %s', async (_, rise) => {
  const lab = await rig()
  expect((await lab.run('adopt', '--yes')).code).toBe(0)
  await lab.write((yaml) => yaml.replace('rise: 2', `rise: ${rise}`))
  const asked = lab.asked('aws')
  const plan = lab.start('plan', 'failover', '--force')
  await asked
  await rm(join(lab.folder, '.lifeboat'), { recursive: true })
  expect(await plan.ended).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/^The store cannot be read any more, .*there is no file .*shop\.db\n$/) })
})

const full = () => new Said('store: no room; nothing was changed in it', 4)

const broken = () => {
  let wallMs = 0
  const clock = { ...machineClock, now: () => ({ monoMs: wallMs, wallMs }) }
  const answers: (number | Said)[] = []
  const commit = async () => {
    const answer = answers.shift() ?? full()
    if (answer instanceof Said) throw answer
    return answer
  }
  const minded = mindStore({ commit } as unknown as OpenStore, clock)
  let ended = false
  minded.out.catch(() => (ended = true))
  const tryAt = async (atMs: number, answer: number | Said) => {
    wallMs = atMs
    answers.push(answer)
    await minded.store.commit({} as Commit).catch(() => {})
    return ended
  }
  return tryAt
}

test('only failures without a success between them, over 10 s, count', async () => {
  const tryAt = broken()
  expect(await tryAt(0, full())).toBe(false)
  expect(await tryAt(9_000, full())).toBe(false)
  expect(await tryAt(9_500, 1)).toBe(false)
  expect(await tryAt(20_000, full())).toBe(false)
  expect(await tryAt(30_000, full())).toBe(true)
})

test('what is done and what not, by what the store still tells', () => {
  const told = (view: Partial<StoreView> | null) => outageSentence(full(), view as StoreView | null, {})
  expect(told(null)).toMatchObject({ exit: 4, message: expect.stringMatching(/could not be read, so what was done is not known.*lifeboat status$/) })
  expect(told({ ledger: null, requests: [{}] as StoreView['requests'] }).message).toMatch(/Done: nothing; .*the same command once more$/)
  expect(told({ ledger: null, requests: [] }).message).toMatch(/No move is open in it\..*lifeboat status$/)
})
