import { describe, expect } from 'vitest'
import { formatMarker, markerName } from '../../../src/core/marker.ts'
import type { Marker } from '../../../src/core/moving.ts'
import type { Config } from '../../../src/core/types.ts'
import { addition, deletion } from '../../lab/hand.ts'
import { one, owner, two } from '../../lab/rig.ts'
import { beside } from './moves-case.ts'
import type { Suite } from './moves-case.ts'

const old = '127.0.0.50'
const stranger = '127.0.0.99'
const textOf = (of: Partial<Marker>): string =>
  formatMarker({ app: 'shop', owner, epoch: 1, site: 'one', move: '00000000-0000-4000-8000-000000000001', state: 'pointed', ...of })
const reassert = (config: Config): Config => ({ ...config, dns: { ...config.dns, drift: 'reassert' } })

/** Whose record it is: what others wrote at the names or at the marker's, before and after. */
export const recordMoves = ({ move, all, first, alone, failoverWithoutFirst }: Suite): void => {
  describe('whose record it is', () => {
    move('adopt-records-old', { records: (w) => [addition(w, 3600, 'A', old), addition(w, 3600, 'A', stranger), ...beside(w)] }, async ({ rig, values, markers }) => {
      rig.start()
      const request = await rig.askAdopt('one', [old], { oldTtlS: 3600, seenEpoch: 6 })
      const { ours, staleUntilMs, past } = await rig.ended(7)
      expect(await values()).toEqual(all([one, stranger]))
      expect((await markers()).map((m) => [m?.epoch, m?.owner, m?.site, m?.state])).toEqual(all([7, owner, 'one', 'pointed']))
      expect(ours).toContain(old)
      expect((staleUntilMs! - past[0]!.startedMs) / 1000).toBeGreaterThanOrEqual(3600)
      const taken = await rig.client.entries({ event: 'request', most: 10 })
      expect(taken.find((e) => e.fields.request === request)?.snapshot).toMatchObject({ request: { oldValues: [old] } })
    })

    move('foreign-txt-stops', {}, async ({ rig, values, hand, zone, www }) => {
      const theirs = [addition(markerName('shop', zone), 60, 'TXT', textOf({ owner: 'f'.repeat(32), epoch: 9 }))]
      await hand(theirs, 0)
      await hand([deletion(www, 'A'), addition(www, 60, 'A', old)])
      const controller = rig.start()
      await rig.askAdopt('one', [old])
      const passed = alone() ? 'shift' : 'point'
      await rig.until(`${passed} is over`, () => controller.lines.some((l) => l.step === passed))
      await rig.skip(95_000)
      expect(await values()).toEqual(first([old], [one]))
      if (alone()) expect((await rig.ledger()).move).toMatchObject({ kind: 'adopt' })
      else expect((await rig.ended(1)).past[0]).toMatchObject({ state: 'done-with-debts', debts: [rig.hosts[0]!.host] })
      await rig.until('it says why', () => controller.said('that is not ours'))
      expect(rig.hosts[0]!.way.updates).toBe(0)
      await hand([deletion(markerName('shop', zone), 'TXT')], 0)
      await rig.skip(61_000)
      await rig.until('it is taken up', async () => (await values()).every((v) => v.join() === one))
    })

    move('two-txt-stops', {}, async (c) => {
      const { rig, adopted, values, hand, zone } = c
      await adopted()
      const second = addition(markerName('shop', zone), 60, 'TXT', textOf({ epoch: 1, move: '00000000-0000-4000-8000-000000000002' }))
      await hand([second], 0)
      const before = rig.hosts[0]!.way.updates
      await failoverWithoutFirst(c)
      expect([await values(), rig.hosts[0]!.way.updates]).toEqual([first([one], [two]), before])
      await hand([{ ...second, class: 254, ttlS: 0 }], 0)
      await rig.ended(2)
      await rig.skip(61_000)
      await rig.until('it is brought up', async () => (await values()).every((v) => v.join() === two))
    })

    move('same-app-other-owner', {}, async (c) => {
      const { rig, adopted, values, markers, hand, zone } = c
      const controller = await adopted()
      const txt = markerName('shop', zone)
      await hand([deletion(txt, 'TXT'), addition(txt, 60, 'TXT', textOf({ owner: 'f'.repeat(32), epoch: 40 }))], 0)
      await rig.skip(61_000)
      await rig.until('it says so', () => controller.said('not ours'))
      const before = rig.hosts[0]!.way.updates
      await failoverWithoutFirst(c)
      expect([await values(), rig.hosts[0]!.way.updates]).toEqual([first([one], [two]), before])
      expect((await markers())[0]).toMatchObject({ owner: 'f'.repeat(32), epoch: 40 })
      expect((await rig.ledger()).trusted).toBe(true)
    })

    move('a higher epoch of ours: somebody else acts, and nothing more is written', {}, async ({ rig, adopted, values, hand, zone }) => {
      const controller = await adopted()
      const txt = markerName('shop', zone)
      await hand([deletion(txt, 'TXT'), addition(txt, 60, 'TXT', textOf({ epoch: 5 }))], 0)
      const before = rig.hosts.map((h) => h.way.updates)
      await rig.askMove('failover', 'two', { force: true, unready: true })
      await rig.until('it stands aside', async () => !(await rig.ledger()).trusted)
      expect((await rig.ledger()).past[0]).toMatchObject({ epoch: 2, state: 'superseded' })
      await rig.skip(61_000)
      expect([await values(), rig.hosts[0]!.way.updates, controller.said('epoch')]).toEqual([all([one]), before[0], true])
      await rig.askAdopt('one', [], { seenEpoch: 5 })
      expect((await rig.ended(6)).past[0]).toMatchObject({ kind: 'adopt', state: 'done' })
    })

    move('txt-deleted: it is written again where the addresses are ours', {}, async ({ rig, adopted, markers, hand, zone }) => {
      await adopted()
      await hand([deletion(markerName('shop', zone), 'TXT')])
      await rig.skip(61_000)
      await rig.until('it is back', async () => (await markers()).every((m) => m?.epoch === 1 && m.state === 'pointed'))
    })
    move('txt-deleted: a failover claims it again', {}, async ({ rig, adopted, failover, markers, values, hand, zone }) => {
      await adopted()
      await hand([deletion(markerName('shop', zone), 'TXT')])
      await failover('two')
      expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done' })
      expect([await values(), (await markers()).map((m) => m?.epoch)]).toEqual([all([two]), all(2)])
    })
    move('txt-deleted: in the middle of a move', {}, async ({ rig, adopted, failover, markers, values, hand, zone }) => {
      await adopted()
      let writes = 0
      rig.onWrite = async (when, host) => {
        // After the claim, and after what it is written again for: the point.
        if (when === 'after' && host === rig.hosts[0]!.host && [1, 3].includes(++writes)) await hand([deletion(markerName('shop', zone), 'TXT')], 0)
      }
      await failover('two')
      expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done' })
      expect([await values(), (await markers()).map((m) => [m?.epoch, m?.state])]).toEqual([all([two]), all([2, 'pointed'])])
    })
    move('txt-deleted: with other addresses it is unknown, until a person adopts', {}, async (c) => {
      const { rig, adopted, markers, values, hand, zone, www } = c
      const controller = await adopted()
      await hand([deletion(markerName('shop', zone), 'TXT'), deletion(www, 'A'), addition(www, 60, 'A', old)], 0)
      await rig.skip(61_000)
      await rig.until('it says so', () => controller.said(`lost our TXT and serves ${old}`))
      await failoverWithoutFirst(c)
      expect([await values(), (await markers()).map((m) => m?.epoch)]).toEqual([first([old], [two]), first(undefined, 2)])
      await rig.askAdopt('two', [old])
      expect((await rig.ended(3)).past[0]).toMatchObject({ kind: 'adopt', state: 'done' })
      expect(await values()).toEqual(all([two]))
    })
  })

  describe('drift', () => {
    const theirs = (www: string) => [deletion(www, 'A'), addition(www, 60, 'A', stranger)]
    move('drift-held', {}, async ({ rig, adopted, values, hand, www, failover }) => {
      const controller = await adopted()
      await hand(theirs(www), 0)
      await rig.skip(61_000)
      await rig.until('it says so', () => controller.said(`serves ${stranger} instead of ${one}`))
      await rig.skip(61_000)
      expect(await values()).toEqual(first([stranger], [one]))
      expect(controller.said('external-dns')).toBe(true)
      // A move writes our values again, and what others wrote stays beside them.
      await failover('two')
      await rig.ended(2)
      expect(await values()).toEqual(first([two, stranger], [two]))
    })

    move('drift-reasserted: at most 3 times an hour', { change: reassert }, async ({ rig, adopted, values, hand, www }) => {
      const controller = await adopted()
      const host = rig.hosts[0]!
      const drift = [deletion(www, 'A'), addition(www, 60, 'A', two)]
      // A stranger's address instead of ours, and one beside ours, are taken out again as well.
      for (const changes of [drift, [deletion(www, 'A'), addition(www, 60, 'A', old)], [addition(www, 60, 'A', '127.9.9.9')]]) {
        await hand(changes, 0)
        await rig.skip(61_000)
        await rig.until('it is written back', async () => (await values()).every((v) => v.join() === one))
      }
      await hand(drift, 0)
      const before = host.way.updates
      await rig.skip(61_000)
      await rig.until('it says so', () => controller.said('written back 3 times within an hour'))
      await rig.skip(61_000)
      expect([await values(), host.way.updates]).toEqual([first([two], [one]), before])
      await rig.skip(3_600_000)
      await rig.until('an hour later it is written back', async () => (await values()).every((v) => v.join() === one))
    })
    move('drift-reasserted: not while paused', { change: reassert }, async ({ rig, adopted, values, hand, www }) => {
      const controller = await adopted()
      await rig.ask({ what: 'pause', untilMs: null, why: 'a test' })
      await rig.until('it is paused', async () => (await rig.ledger()).pause !== null)
      await hand([deletion(www, 'A'), addition(www, 60, 'A', two)], 0)
      await rig.skip(61_000)
      await rig.until('it says so', () => controller.said('stays while paused'))
      expect(await values()).toEqual(first([two], [one]))
      await rig.ask({ what: 'resume' })
      await rig.until('it is not paused', async () => (await rig.ledger()).pause === null)
      await rig.skip(61_000)
      await rig.until('it is written back', async () => (await values()).every((v) => v.join() === one))
    })
  })
}
