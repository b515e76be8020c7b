// What stands at the store's path before it is opened, and what becomes of it.

import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { machineClock } from '../../src/clock.ts'
import { readEntries } from '../../src/store/entries.ts'
import { openSqlite, type SqliteOptions } from '../../src/store/sqlite.ts'
import { entryOf, exits, folder, leaderOf, linesOf, requestOf, saidBy } from './fixtures.ts'
import { ledgerOf } from './ledger.ts'

const open = async (path: string, more: Partial<SqliteOptions> = {}) => {
  const store = await openSqlite({ path, app: 'shop', clock: machineClock, ...more })
  onTestFinished(() => store.close())
  return store
}

/** A closed store with a ledger and 300 entries. */
const written = async (): Promise<string> => {
  const path = join(folder(), 'shop.db')
  const store = await open(path)
  const entries = Array.from({ length: 300 }, (_, n) => entryOf('health', { n, why: 'so'.repeat(100) }))
  await store.commit({ revision: 0, ledger: ledgerOf(7, { ours: ['127.0.0.7'] }), entries })
  await store.close()
  return path
}

/** Every file of the folder, with its content and time. */
const traceOf = (path: string) =>
  readdirSync(dirname(path)).map((name) => {
    const file = join(dirname(path), name)
    return [name, statSync(file).mtimeMs, createHash('sha256').update(readFileSync(file)).digest('hex')]
  })

const run = (path: string, sql: string): void => {
  const db = new DatabaseSync(path)
  db.exec(sql)
  db.close()
}

const flip = (path: string, at: number, count: number, mask = 0xff): void => {
  const bytes = readFileSync(path)
  for (let i = at; i < at + count; i++) bytes[i] = (bytes[i] ?? 0) ^ mask
  writeFileSync(path, bytes)
}

/** Opening it is refused with a sentence that names it, and leaves every byte. */
const refused = async (path: string, says: RegExp, more: Partial<SqliteOptions> = {}) => {
  const before = traceOf(path)
  const said = await saidBy(open(path, more))
  expect(said.text).toMatch(says)
  expect(said.text).toContain(path)
  expect(said.exit).toBe(exits.user)
  expect(traceOf(path)).toEqual(before)
}

test('the folder and the files are for this user alone', async () => {
  const path = join(folder(), '.lifeboat', 'shop.db')
  const store = await open(path)
  await store.lead(leaderOf('x'))
  const modes = readdirSync(dirname(path)).map((name) => [name, (statSync(join(dirname(path), name)).mode & 0o777).toString(8)])
  expect((statSync(dirname(path)).mode & 0o777).toString(8)).toBe('700')
  expect(modes).toEqual(['shop.db', 'shop.db-shm', 'shop.db-wal', 'shop.db.lock'].map((name) => [name, '600']))
})

test('what was written is there after the store was closed', async () => {
  const store = await open(await written())
  expect(await store.read()).toMatchObject({ revision: 1, ledger: ledgerOf(7, { ours: ['127.0.0.7'] }) })
})

test.each([
  ['', /must name a file/],
  [':memory:', /must name a file/],
  ['/dev/null/shop.db', /is a file, not a folder/],
  ['/sys/lifeboat-test.db', /permission denied|read-only/],
  ['/no-such-folder/below/shop.db', /the folder \/no-such-folder\/below cannot be created: there is no such folder/],
])('the path %j is refused', async (path, says) => {
  const said = await saidBy(open(path))
  expect(said.text).toMatch(says)
  expect(said.exit).toBe(exits.user)
  expect(existsSync(':memory:')).toBe(false)
})

test('a folder at the path is refused', async () => {
  const path = join(folder(), 'shop.db')
  mkdirSync(path)
  expect((await saidBy(open(path))).text).toContain(`${path} is a folder`)
})

test('another app’s store is refused', async () => refused(await written(), /belongs to the app "shop", not to "till"/, { app: 'till' }))

test('another program’s database is refused', async () => {
  const path = join(folder(), 'shop.db')
  run(path, 'CREATE TABLE songs (name TEXT)')
  await refused(path, /of another program/)
})

test('a newer schema is refused', async () => {
  const path = await written()
  run(path, 'PRAGMA user_version = 2')
  await refused(path, /by a newer lifeboat \(schema 2; this one knows 1\)/)
  await refused(path, /by a newer lifeboat/, { readOnly: true })
})

test.each<[string, (path: string) => void]>([
  ['no database', (path) => writeFileSync(path, 'garbage, and more of it\n'.repeat(400))],
  ['a header of garbage', (path) => flip(path, 0, 100)],
  ['a file cut short', (path) => truncateSync(path, Math.floor(statSync(path).size / 2))],
  ['a file cut within its first page', (path) => truncateSync(path, 1500)],
  ['pages flipped in the middle', (path) => flip(path, 8192, 40_000)],
  ['a digit flipped in the ledger', (path) => flip(path, readFileSync(path).indexOf('"epoch":7') + 8, 1, 1)],
  ['an index page flipped', (path) => flip(path, 4096 * 4, 64)],
  ['a table that is gone', (path) => run(path, 'DROP TABLE state')],
  ['a ledger that is gone', (path) => run(path, 'UPDATE state SET ledger = NULL')],
])('a damaged store is refused and left as it is: %s', async (_, damage) => {
  const path = await written()
  damage(path)
  const before = traceOf(path)
  const said = await saidBy(open(path).then((store) => store.read().finally(store.close)))
  expect(said.text).toMatch(/is damaged, or is not a lifeboat store .* nothing in it was changed. Move it away.*adopt/)
  expect(said.text).toContain(path)
  expect(said.exit).toBe(exits.user)
  const main = ([name]: (string | number)[]) => name === 'shop.db'
  expect(traceOf(path).filter(main)).toEqual(before.filter(main))
})

test('a full store refuses in a sentence, keeps what it has, and takes what fits', async () => {
  const store = await open(join(folder(), 'shop.db'), { pagesMax: 40 })
  await store.ask({ request: requestOf('r', machineClock.now().wallMs + 50_000) })
  const large = Array.from({ length: 100 }, () => entryOf('step', { why: 'x'.repeat(5000) }))
  const said = await saidBy(store.commit({ revision: 0, ledger: ledgerOf(1), entries: large, takes: 'r' }))
  expect(said).toMatchObject({ text: expect.stringMatching(/no room to write .*nothing was changed/), exit: exits.unfinished })
  expect(await store.read()).toMatchObject({ revision: 0, ledger: null, requests: [{ id: 'r' }] })
  expect(await store.entries({ most: 9 })).toEqual([])
  expect(await store.commit({ revision: 0, ledger: ledgerOf(1), entries: [entryOf('step')], takes: 'r' })).toBe(1)
  expect(await store.entries({ most: 9 })).toHaveLength(1)
})

test('a store that stays locked is busy, for a bounded time', async () => {
  const path = await written()
  const store = await open(path)
  const other = new DatabaseSync(path)
  onTestFinished(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  const commit = { revision: 1, ledger: ledgerOf(8), entries: [] }
  expect(await saidBy(store.commit(commit))).toMatchObject({ text: expect.stringContaining('is busy'), exit: exits.unfinished })
  expect((await store.read()).revision).toBe(1)
  other.exec('ROLLBACK')
  expect(await store.commit(commit)).toBe(2)
})

test('a store that was deleted or replaced under a running process takes nothing more, and ends the lease', async () => {
  const path = await written()
  const store = await open(path)
  const led = await store.lead(leaderOf('x'))
  expect(store.isMoved()).toBe(false)
  for (const name of readdirSync(dirname(path))) rmSync(join(dirname(path), name))
  expect('lease' in led && led.lease.heldUntilMonoMs()).toBe(-Infinity)
  expect((await saidBy(store.commit({ revision: 1, ledger: ledgerOf(8), entries: [] }))).text).toMatch(/was moved or deleted/)
  const fresh = await open(path)
  expect((await fresh.read()).ledger).toBe(null)
  expect((await saidBy(store.read())).text).toMatch(/was moved or deleted/)
  expect([store.isMoved(), fresh.isMoved()]).toEqual([true, false])
  expect(await fresh.lead(leaderOf('y'))).toMatchObject({ lease: { unclean: false } })
})

test('a leader whose store alone was deleted lets go of the lock, which the next store of that name needs', async () => {
  const path = await written()
  const store = await open(path)
  const led = await store.lead(leaderOf('x'))
  rmSync(path)
  if ('lease' in led) await led.lease.release()
  await store.close()
  expect(await (await open(path)).lead(leaderOf('y'))).toMatchObject({ lease: { unclean: false } })
})

test('a leader whose lock was deleted does not let go in the name of the next', async () => {
  const path = await written()
  const [one, two] = [await open(path), await open(path)]
  const lost = await one.lead(leaderOf('x'))
  rmSync(`${path}.lock`)
  expect(await two.lead(leaderOf('y'))).toMatchObject({ lease: { unclean: true } })
  if ('lease' in lost) await lost.lease.release()
  expect(await one.lead(leaderOf('z'))).toEqual({ heldBy: leaderOf('y') })
})

test('a lock file of something else is refused', async () => {
  const path = await written()
  writeFileSync(`${path}.lock`, 'garbage, and more of it\n'.repeat(400))
  expect((await saidBy((await open(path)).lead(leaderOf('x')))).text).toMatch(/shop.db.lock is not lifeboat's lock/)
})

test('opened for reading only, it leaves no trace, sees what others write, and writes nothing', async () => {
  const path = await written()
  const before = traceOf(path)
  const reader = await open(path, { readOnly: true })
  expect(await reader.read()).toMatchObject({ revision: 1, ledger: { epoch: 7 } })
  expect(await reader.entries({ most: 1 })).toMatchObject([{ seq: 300 }])
  expect((await saidBy(reader.commit({ revision: 1, ledger: ledgerOf(8), entries: [] }))).text).toMatch(/for reading only/)
  expect((await saidBy(reader.lead(leaderOf('x')))).text).toMatch(/for reading only/)
  expect(traceOf(path)).toEqual(before)
  const writer = await open(path)
  await writer.commit({ revision: 1, ledger: ledgerOf(8), entries: [] })
  expect(await reader.read()).toMatchObject({ revision: 2, ledger: { epoch: 8 } })
  await writer.close()
  expect(await reader.read()).toMatchObject({ revision: 2, ledger: { epoch: 8 } })
})

test('opened for reading only, a store that is not there is said, and not created', async () => {
  const path = join(folder(), 'none', 'shop.db')
  expect((await saidBy(open(path, { readOnly: true }))).text).toContain(`there is no file ${path}`)
  expect(existsSync(dirname(path))).toBe(false)
})

test('the journal reads the same from the store, from what a crash left of it, and from its export', async () => {
  const path = await written()
  const there = folder()
  const store = await open(path)
  await store.commit({ revision: 1, ledger: ledgerOf(8), entries: [entryOf('stop')] })
  for (const end of ['', '-wal', '-shm']) copyFileSync(path + end, join(there, `shop.db${end}`))
  const fromStore = await readEntries(path)
  expect(fromStore).toHaveLength(301)
  const crashed = join(there, 'shop.db')
  const before = traceOf(crashed)
  expect(await readEntries(crashed)).toEqual(fromStore)
  expect(traceOf(crashed)).toEqual(before)
  await store.close()
  expect(await readEntries(path)).toEqual(fromStore)
  const exported = join(there, 'shop.jsonl')
  writeFileSync(exported, (await linesOf(await open(path, { readOnly: true }))).join('\r\n') + '\n\n')
  expect(await readEntries(exported)).toEqual(fromStore)
})

test('each malformed line of an export is named by its number', async () => {
  const path = join(folder(), 'shop.jsonl')
  const good = { seq: 1, ...entryOf('start') }
  const lines = [good, '{"seq":', [1], { ...good, seq: 1.5 }, { ...good, event: 7 }, { ...good, atMs: null }, { ...good, msg: undefined }, { ...good, fields: [] }, { ...good, snapshot: { of: 'guess' } }]
  writeFileSync(path, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'))
  expect((await saidBy(readEntries(path))).text.split('\n')).toEqual([
    `${path}:2: this line is not JSON`,
    `${path}:3: this line is not an object`,
    `${path}:4: this line has no whole number as seq`,
    `${path}:5: this line has no text as event`,
    `${path}:6: this line has no number as atMs`,
    `${path}:7: this line has no text as msg`,
    `${path}:8: this line has no object as fields`,
    `${path}:9: this line has a snapshot of no known kind`,
  ])
})

test.each<[string, (path: string) => void, RegExp]>([
  ['nothing', () => {}, /there is no file/],
  ['an empty file', (path) => writeFileSync(path, ''), /holds no entries/],
  ['a blank file', (path) => writeFileSync(path, '\n \n'), /holds no entries/],
  ['a picture', (path) => writeFileSync(path, Buffer.from([0x89, 0x50, 0x4e, 0x47, 10, 26, 10])), /neither a lifeboat store nor its export/],
  ['a folder', (path) => mkdirSync(path), /is a folder/],
  ['another database', (path) => run(path, 'CREATE TABLE songs (name TEXT)'), /of another program/],
])('%s is no journal', async (_, lay, says) => {
  const path = join(folder(), 'file')
  lay(path)
  expect((await saidBy(readEntries(path))).text).toMatch(says)
})
