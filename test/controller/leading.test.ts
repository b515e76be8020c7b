import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openSqlite } from '../../src/store/sqlite.ts'
import { moveTest } from '../drivers/dns/moves-case.ts'
import { newRig, one, two } from '../lab/rig.ts'
import type { Client, RigOptions } from '../lab/rig.ts'
import { embeddedLab } from '../lab/servers.ts'
import { folder } from '../store/fixtures.ts'

// Who leads, what a crash leaves behind, and what becomes of a store that is gone.

const lab = embeddedLab('lead')

/** A store on disk, opened by each controller for itself. */
const onDisk = (): NonNullable<RigOptions['store']> => {
  const path = join(folder(), 'shop.db')
  return (clock) => (): Client => {
    const opening = openSqlite({ path, app: 'shop', clock })
    return {
      read: async () => (await opening).read(),
      commit: async (what) => (await opening).commit(what),
      ask: async (what) => (await opening).ask(what),
      lead: async (leader) => (await opening).lead(leader),
      entries: async (query) => (await opening).entries(query),
      close: async () => (await opening).close(),
    }
  }
}

describe('two controllers on one store', () => {
  for (const [kind, store] of [['sqlite', onDisk], ['memory', undefined]] as const) {
    moveTest(`${kind}: the second stands by, takes over, and the open move ends once`, lab, store ? () => ({ store: store() }) : {}, async ({ rig, adopted, failover, values }) => {
      const first = await adopted()
      const second = rig.start('second')
      await rig.until('it stands by', () => second.said(`${first.id}, process ${process.pid} on lab leads: this controller stands by`))
      await rig.seen()
      const writes: string[] = []
      rig.onWrite = (when) => {
        writes.push(when)
        if (writes.length === 1) first.crash()
      }
      await failover('two')
      const { past } = await rig.ended(2)
      expect(past.map((p) => [p.epoch, p.state])).toEqual([[2, 'done'], [1, 'done']])
      expect(second.said(/this controller leads \(second\); the one before it did not end in order/)).toBe(true)
      expect(second.lines.filter((l) => l.event === 'move').map((l) => l.epoch)).toEqual([2])
      expect(writes).toEqual(['before', 'before', 'after', 'before', 'after'])
      expect((await rig.client.entries({ event: 'move', epoch: 2, most: 50 })).map((e) => e.fields.state)).toEqual(['done', 'open'])
      expect(await values()).toEqual([[two]])
    })
  }

  moveTest('an end in order hands over at once, and a standby says nothing of a move that another leads', lab, {}, async ({ rig, adopted, failover }) => {
    const first = await adopted()
    const second = rig.start('second')
    await rig.until('it stands by', () => second.said('stands by'))
    await failover('two')
    await rig.ended(2)
    await rig.skip(61_000)
    await rig.skip(61_000)
    expect(second.lines.filter((l) => l.event === 'dns')).toEqual([])
    await first.stop()
    await rig.until('it leads', () => second.said('this controller leads (second)'))
    expect(second.said('did not end in order')).toBe(false)
  })
})

describe('requests', () => {
  moveTest('one that no controller took in time expires and never runs', lab, {}, async ({ rig, adopted, failover, values }) => {
    ;(await adopted()).crash()
    await failover('two')
    rig.clock.skip(61_000)
    rig.start()
    await rig.seen()
    await rig.until('it is journaled as expired', async () => (await rig.client.entries({ event: 'request', most: 1 }))[0]?.fields.reason === 'expired')
    expect((await rig.ledger()).epoch).toBe(1)
    expect(await values()).toEqual([[one]])
  })
  moveTest('one whose plan has changed is refused, and one is taken once', lab, {}, async ({ rig, adopted, failover }) => {
    await adopted()
    await Promise.all([failover('two'), failover('two')])
    const { past, epoch } = await rig.ended(2)
    await rig.until('both are answered', async () => (await rig.client.read()).requests.length === 0)
    expect([past[0]!.epoch, epoch]).toEqual([2, 2])
  })
})

test('a store that is gone: it watches, says what the zone says, and adopt takes it up', async () => {
  const { servers, zone } = lab()
  const options = { servers, zone, names: [`www.${zone}`] }
  await servers[0]!.byHand(zone, [])
  const before = await newRig(options)
  before.start()
  await before.askAdopt('one', [])
  await before.ended(1)
  await before.seen()
  await before.askMove('failover', 'two', { force: true })
  await before.ended(2)
  await before.stop()

  const rig = await newRig(options)
  const dump = await servers[0]!.dump(zone)
  const controller = rig.start()
  await rig.until('it says what the zone says', () => controller.said('says epoch 2, two is active (pointed), and this store knows nothing of it'))
  await rig.seen()
  await rig.askMove('failover', 'one', { force: true })
  await rig.until('it refuses', () => controller.lines.some((l) => l.event === 'decision' && l.kind === 'refuse' && l.reason === 'store-untrusted'))
  expect([await servers[0]!.dump(zone), (await rig.ledger()).trusted]).toEqual([dump, false])
  await rig.askAdopt('two', [two], { seenEpoch: 2 })
  const { past, trusted, active } = await rig.ended(3)
  expect([past.length, trusted, active]).toEqual([1, true, 'two'])
  expect((await servers[0]!.dump(zone)).filter((l) => l.includes('epoch=3') && l.includes('state=pointed'))).toHaveLength(1)
  await rig.stop()
})
