import { describe, expect } from 'vitest'
import type { Ledger } from '../../src/core/types.ts'
import { moveTest } from '../drivers/dns/moves-case.ts'
import type { Rig } from '../lab/rig.ts'
import { embeddedLab } from '../lab/servers.ts'

// Which file a controller may lead by, where two of them run on different ones.

const lab = embeddedLab('files')

const before = { configHash: 'one', written: { 'policy.outage': '3m', 'check.url': '(hidden)' } }
const after = { configHash: 'two', written: { 'policy.outage': '7s', 'check.url': '(hidden)' } }
const third = { configHash: 'three', written: before.written }

const changes = async (rig: Rig) => (await rig.client.entries({ event: 'config', afterSeq: 0, most: 50 })).map(({ msg, fields }) => [fields.hash, msg])

const leads = (rig: Rig, id: string) => rig.until(`${id} leads`, async () => (await rig.client.read()).ledger?.file?.leader === id)

/** What SIGHUP leaves in the store, or where `leader` is null, `lifeboat check --accept`. */
const putInForce = async (rig: Rig, { configHash: hash, written }: typeof before, leader: string | null) => {
  for (;;) {
    const { revision, ledger } = await rig.client.read()
    const file: Ledger['file'] = { hash, written, leader }
    if ((await rig.client.commit({ revision, ledger: { ...ledger!, file }, entries: [] })) !== 'lost') return
  }
}

describe('one after the other', () => {
  moveTest('a changed file is taken, and what differs is logged and journaled; the same one says nothing', lab, {}, async ({ rig }) => {
    const lives = async (id: string, file: typeof before) => {
      const controller = rig.start(id, file)
      await leads(rig, id)
      await rig.until('it says so', () => controller.said(`this controller leads (${id})`))
      await controller.stop()
      return controller.lines.filter(({ event }) => event === 'config').map(({ msg }) => msg)
    }
    expect(await lives('first', before)).toEqual([])
    expect(await lives('again', before)).toEqual([])
    expect(await lives('other', after)).toEqual(['the file has changed since again led: policy.outage 3m → 7s'])
    expect(await lives('third', third)).toEqual(['the file has changed since other led: policy.outage 7s → 3m'])
    expect(await lives('last', before)).toEqual(['the file has changed since third led: only in its layout, its comments or a hidden value'])
    expect((await changes(rig)).map(([hash]) => hash)).toEqual(['one', 'two', 'three', 'one'])
    expect((await changes(rig))[1]![1]).toBe('the file has changed since again led: policy.outage 3m → 7s')
  })
})

describe('beside one another', () => {
  const keptBack = /^first leads by another file \(from that to this: policy\.outage 3m → 7s\): this controller watches, and does not come to lead\. .*check --accept$/

  moveTest('who runs on another file does not lead after the leader, and says so, until its file is accepted', lab, {}, async ({ rig }) => {
    const first = rig.start('first', before)
    await leads(rig, 'first')
    const second = rig.start('second', after)
    await rig.until('it says that its file is another', () => second.said(keptBack))
    expect(second.lines.find(({ msg }) => keptBack.test(msg))).toMatchObject({ level: 'warn', event: 'config', hash: 'one' })
    first.crash()
    await rig.until('it says that nobody leads', () => second.lines.some(({ level, event, msg }) => level === 'error' && event === 'leader' && msg.startsWith('nobody leads')))
    await rig.skip(61_000)
    expect([second.said('this controller leads'), (await rig.ledger()).file?.hash]).toEqual([false, 'one'])
    await putInForce(rig, after, null)
    await rig.until('it leads', () => second.said(/this controller leads \(second\); the one before it did not end in order/))
    expect((await rig.ledger()).file).toEqual({ hash: 'two', written: after.written, leader: 'second' })
    expect(second.lines.filter(({ msg }) => keptBack.test(msg))).toHaveLength(1)
  })

  moveTest('the leader hears that another file was accepted, says so once, and goes on; whoever comes after it is on the accepted one', lab, {}, async ({ rig }) => {
    const first = rig.start('first', before)
    await leads(rig, 'first')
    const same = rig.start('same', before)
    await rig.until('it stands by', () => same.said('this controller stands by'))
    await putInForce(rig, after, null)
    const heard = ({ level, event, msg }: { level: string; event: string; msg: string }) => level === 'warn' && event === 'config' && msg.startsWith('another file than this one was accepted')
    await rig.until('both say so', () => [first, same].every(({ lines }) => lines.some(heard)))
    const second = rig.start('second', after)
    await rig.until('it stands by', () => second.said('first, process'))
    await rig.skip(20_000)
    expect([first.self()?.lease !== null, first.lines.filter(heard).length, first.said('its own until it ends')]).toEqual([true, 1, true])
    await first.stop()
    await rig.until('the second leads', () => second.said('this controller leads (second)'))
    expect([same.said('this controller leads'), second.lines.filter(({ event }) => event === 'config')]).toEqual([false, []])
  })

  moveTest('a leader that took another file and died before anybody met it: who stood by on the old one does not put that back in force', lab, {}, async ({ rig }) => {
    const first = rig.start('first', before)
    await leads(rig, 'first')
    const second = rig.start('second', before)
    await rig.until('it stands by', () => second.said('first, process'))
    await putInForce(rig, after, 'first')
    first.crash()
    await rig.until('it says that its file is another', () => second.said('first leads by another file (from that to this: policy.outage 7s → 3m)'))
    await rig.skip(20_000)
    expect([second.said('this controller leads'), (await rig.ledger()).file?.hash]).toEqual([false, 'two'])
    const again = rig.start('again', after)
    await rig.until('it leads', () => again.said('this controller leads (again)'))
  })

  moveTest('a command that acts for one request is kept from nothing, and keeps nobody from leading', lab, {}, async ({ rig }) => {
    const first = rig.start('first', before)
    await leads(rig, 'first')
    await first.stop()
    const command = rig.start('failover', third, { ownMoves: false })
    await rig.until('it leads', () => command.said('this controller leads (failover)'))
    const watch = rig.start('watch', after)
    await rig.until('it stands by', () => watch.said('failover, process'))
    await rig.skip(20_000)
    expect((await rig.ledger()).file?.hash).toBe('one')
    await command.stop()
    await rig.until('it leads', () => watch.said('this controller leads (watch)'))
    expect((await changes(rig)).map(([hash]) => hash)).toEqual(['one', 'two'])
  })
})
