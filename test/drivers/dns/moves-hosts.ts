import { describe, expect } from 'vitest'
import { formatMarker, markerName } from '../../../src/core/marker.ts'
import type { Fault } from '../../lab/faulty.ts'
import { addition, deletion } from '../../lab/hand.ts'
import { one, two } from '../../lab/rig.ts'
import type { Suite } from './moves-case.ts'

/** DNS hosts that are away, take nothing, or say what is not so. Alone such a host keeps a move open; beside another it becomes a debt. */
export const hostMoves = ({ move, all, first, alone, failoverWithoutFirst }: Suite): void => {
  describe('hosts that fail', () => {
    const back = (title: string, fault: Fault | 'dead'): void =>
      move(title, {}, async (c) => {
        const { rig, adopted, failover, values, markers } = c
        await adopted()
        rig.hosts[0]!.fault(fault)
        await failoverWithoutFirst(c)
        expect(await values()).toEqual(first([one], [two]))
        // Neither the debt nor the open move bars the next one.
        await failoverWithoutFirst(c, 'one', 3)
        rig.hosts[0]!.fault(null)
        await rig.ended(3)
        await failover('two')
        await rig.ended(4)
        await rig.until('all is brought up', async () => (await markers()).every((m) => m?.epoch === 4 && m.state === 'pointed'))
        expect(await values()).toEqual(all([two]))
        expect((await rig.ledger()).past.map((p) => p.state)).toEqual(alone() ? ['done', 'done', 'abandoned', 'done'] : ['done', 'done-with-debts', 'done-with-debts', 'done'])
      })
    back('host-lies', 'lying')
    back('host-frozen-is-a-debt', 'frozen')

    move('a host that lies is never said to show what it does not', { change: (config) => ({ ...config, dns: { ...config.dns, drift: 'reassert' } }) }, async ({ rig, adopted, hand, www, values }) => {
      const controller = await adopted()
      rig.hosts[0]!.fault('lying')
      await hand([deletion(www, 'A'), addition(www, 60, 'A', two)], 0)
      await rig.skip(61_000)
      await rig.until('it is found out', () => controller.said('nothing of it is seen'))
      expect(controller.said(`${rig.hosts[0]!.host}: shows epoch`)).toBe(false)
      expect(await values()).toEqual(first([two], [one]))
    })

    move('host-back-with-old-epoch', {}, async (c) => {
      const { rig, adopted, values, markers } = c
      await adopted()
      rig.hosts[0]!.fault('dead')
      await failoverWithoutFirst(c)
      rig.hosts[0]!.fault(null)
      await rig.ended(2)
      await rig.skip(61_000)
      await rig.until('it is brought up', async () => (await markers()).every((m) => m?.epoch === 2 && m.state === 'pointed'))
      expect(await values()).toEqual(all([two]))
    })
    move('host-back-with-old-epoch: a zone from an old copy', {}, async ({ rig, adopted, failover, values, markers, hand, www, zone }) => {
      await adopted()
      const [older] = await markers()
      await failover('two')
      await rig.ended(2)
      const txt = markerName('shop', zone)
      await hand([deletion(txt, 'TXT'), addition(txt, 60, 'TXT', formatMarker(older!)), deletion(www, 'A'), addition(www, 60, 'A', one)], 0)
      expect(await values()).toEqual(first([one], [two]))
      await rig.skip(61_000)
      await rig.until('it is brought up', async () => (await markers()).every((m) => m?.epoch === 2))
      expect(await values()).toEqual(all([two]))
      expect((await rig.ledger()).trusted).toBe(true)
    })

    move('no-atomic-host-answers', {}, async ({ rig, adopted, failover, values, markers }) => {
      const controller = await adopted()
      for (const host of rig.hosts) host.fault('dead')
      await failover('two')
      await rig.until('it is promoted, and says what it waits for', async () => (await rig.ledger()).active === 'two')
      await rig.skip(95_000)
      expect((await rig.ledger()).move).toMatchObject({ epoch: 2, to: 'two' })
      controller.crash()
      rig.start()
      await rig.skip(10_000)
      expect(await values()).toEqual(all([one]))
      for (const host of rig.hosts) host.fault(null)
      const { past } = await rig.ended(2)
      expect(past.map((p) => [p.epoch, p.state])).toEqual([[2, 'done'], [1, 'done']])
      expect([await values(), (await markers()).map((m) => [m?.epoch, m?.state])]).toEqual([all([two]), all([2, 'pointed'])])
    })

    move('host-nxdomain: our addresses are gone, and our TXT stands', {}, async ({ rig, adopted, failover, values, hand, www }) => {
      const controller = await adopted()
      await hand([deletion(www, 'A')], 0)
      await rig.skip(61_000)
      await rig.until('it says so', () => controller.said(`serves no address instead of ${one}`))
      expect(await values()).toEqual(first([], [one]))
      await failover('two')
      await rig.ended(2)
      expect(await values()).toEqual(all([two]))
    })
    move('host-nxdomain: all of ours is gone', {}, async (c) => {
      const { rig, adopted, values, markers, hand, www, zone } = c
      const controller = await adopted()
      await hand([deletion(www, 'A'), deletion(markerName('shop', zone), 'TXT')], 0)
      await rig.skip(61_000)
      await rig.until('it says so', () => controller.said('lost our TXT and serves no address'))
      await failoverWithoutFirst(c)
      expect([await values(), (await markers()).map((m) => m?.epoch)]).toEqual([first([], [two]), first(undefined, 2)])
      await rig.askAdopt('two', [])
      expect((await rig.ended(3)).past[0]).toMatchObject({ kind: 'adopt', state: 'done' })
      expect(await values()).toEqual(all([two]))
    })
  })
}
