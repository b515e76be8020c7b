import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { machineClock } from '../../src/clock.ts'
import { readEntries } from '../../src/store/entries.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { exits, folder, leaderOf } from './fixtures.ts'
import { waitMs } from '../lab/wait.ts'

const script = join(import.meta.dirname, 'process.ts')

const start = (job: string, path: string, n = 0) => {
  const child = execa(process.execPath, [script, job, path, String(n)], { reject: false, stderr: 'inherit', timeout: waitMs, killSignal: 'SIGKILL' })
  const lines = child.iterable()
  const next = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await child
  })
  return { child, next }
}

const openHere = async (path: string) => {
  const store = await openSqlite({ path, app: 'shop', clock: machineClock })
  onTestFinished(() => store.close())
  return store
}

test('two processes of 200 commits each lose none and repeat none', async () => {
  const path = join(folder(), 'shop.db')
  const racers = [start('race', path, 200), start('race', path, 200)]
  const won = (await Promise.all(racers.map(({ child }) => child))).map(({ stdout }) => stdout.trim().split('\n').map(Number))
  expect(won.map((epochs) => epochs.length)).toEqual([200, 200])
  expect(won.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, i) => i + 1))
  const store = await openHere(path)
  expect(await store.read()).toMatchObject({ revision: 400, ledger: { epoch: 400 } })
  const entries = await store.entries({ most: 1000, afterSeq: 0 })
  expect(entries.map(({ fields }) => fields.epoch)).toEqual(Array.from({ length: 800 }, (_, i) => Math.floor(i / 2) + 1))
})

test('a leader that is stopped still leads; one that is killed does not, and the next is told', async () => {
  const path = join(folder(), 'shop.db')
  const leader = start('lead', path)
  expect(await leader.next()).toEqual({ unclean: false })
  const store = await openHere(path)
  const heldBy = { id: 'child', pid: leader.child.pid }
  expect(await store.lead(leaderOf('here'))).toMatchObject({ heldBy })
  leader.child.kill('SIGSTOP')
  expect(await store.lead(leaderOf('here'))).toMatchObject({ heldBy })
  expect(await start('lead', path).next()).toMatchObject({ heldBy })
  leader.child.kill('SIGKILL')
  await leader.child
  expect(await store.lead(leaderOf('here'))).toMatchObject({ lease: { unclean: true } })
})

test('a process killed among its commits leaves no half of one, and none that it was told of is missing', async () => {
  const path = join(folder(), 'shop.db')
  for (let kill = 1; kill <= 20; kill++) {
    const writer = start('write', path)
    let told = 0
    for (let i = 0; i < kill % 4 + 1; i++) told = Number(await writer.next())
    await machineClock.sleep(kill % 7)
    writer.child.kill('SIGKILL')
    await writer.child
    const store = await openSqlite({ path, app: 'shop', clock: machineClock })
    const { revision, ledger } = await store.read()
    expect(ledger?.epoch).toBe(revision)
    expect(revision).toBeGreaterThanOrEqual(told)
    expect(await store.entries({ most: 1e6 })).toHaveLength(2 * revision)
    expect((await store.entries({ most: 2 })).map(({ fields }) => fields.epoch)).toEqual([revision, revision])
    await store.close()
  }
})

test('the journal is read while another process writes it', async () => {
  const path = join(folder(), 'shop.db')
  const writer = start('write', path)
  for (let i = 0; i < 20; i++) {
    const told = Number(await writer.next())
    const entries = await readEntries(path)
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, i) => i + 1))
    expect(entries.length % 2).toBe(0)
    expect(entries.length).toBeGreaterThanOrEqual(2 * told)
  }
})

test('a write that the disk refuses is a sentence, leaves nothing, and the next one that fits lands', async () => {
  const path = join(folder(), 'shop.db')
  const limited = `ulimit -f 400; exec "$0" "$@"`
  const { stdout } = await execa('bash', ['-c', limited, process.execPath, script, 'large', path, '2000000'], { stderr: 'inherit', timeout: waitMs })
  const [said, next] = stdout.split('\n').map((line) => JSON.parse(line) as unknown)
  expect(said).toMatchObject({ said: expect.stringContaining(`writing ${path} failed`), exit: exits.unfinished })
  expect(next).toBe(1)
  expect(await (await openHere(path)).entries({ most: 9 })).toHaveLength(2)
})
