import { afterAll, beforeAll, describe, expect } from 'vitest'
import { markerName } from '../../../src/core/marker.ts'
import type { Config } from '../../../src/core/types.ts'
import { rcodes } from '../../../src/drivers/dns/wire.ts'
import { addition, deletion } from '../../lab/hand.ts'
import { one, two } from '../../lab/rig.ts'
import type { Started } from '../../lab/servers.ts'
import { beside, moveTest, mx, suiteOf } from './moves-case.ts'
import type { Case, CaseOptions } from './moves-case.ts'
import { hostMoves } from './moves-hosts.ts'
import { recordMoves } from './moves-records.ts'

// The move suite of DNS.md: the real controller moves names at the DNS hosts of a lab, one or several that serve the same zone.
// Where there is but one host and it is away, the move stays open and ends when it is back; beside another it is a debt.

const zones = Array.from({ length: 40 }, (_, n) => `z${n}.example`)
const stranger = '127.0.0.99'

export const moveSuite = (name: string, start: (zones: string[]) => Promise<Started[]>): void => {
  describe.concurrent(`move suite: ${name}`, () => {
    let servers: Started[] = []
    let count = 0
    beforeAll(async () => {
      servers = await start(zones)
    })
    afterAll(async () => {
      await Promise.all(servers.map((server) => server.stop()))
    })
    const move = (title: string, options: CaseOptions, run: (c: Case) => Promise<void>): void =>
      moveTest(title, () => ({ servers, zone: zones[count++]! }), options, run)
    const suite = suiteOf(move, () => servers.length)
    const { all, first, failoverWithoutFirst } = suite

    describe('crashes and late writes', () => {
      move('never-empty: crashes before and after each write of a move', { names: (z) => [`www.${z}`, z], records: (w, z) => [...[w, z].map((n) => addition(n, 60, 'A', one)), ...beside(w)] }, async ({ rig, adopted, failover, poll, values, zone }) => {
        await adopted()
        const polled = poll()
        let [epoch, crashes] = [1, 0]
        for (const when of ['before', 'after'] as const) {
          for (let at = 1, again = true; again; at++) {
            const to = (await rig.ledger()).active === 'one' ? 'two' : 'one'
            let writes = 0
            let crashed = false
            rig.onWrite = (now) => {
              if (now !== when || ++writes !== at) return
              crashed = true
              rig.controllers.at(-1)!.crash()
            }
            await failover(to)
            await rig.until('it crashed, or the move ended', async () => crashed || ((await rig.ledger()).past[0]?.epoch ?? 0) > epoch)
            if (crashed) rig.start()
            const { past } = await rig.ended(++epoch)
            expect(past.filter((p) => p.epoch === epoch)).toEqual([expect.objectContaining({ state: 'done', to })])
            for (const n of [undefined, zone]) expect(await values(n)).toEqual(all([to === 'one' ? one : two]))
            const ends = (await rig.client.entries({ event: 'move', epoch, most: 50 })).filter((e) => e.fields.state !== 'open')
            expect(ends).toHaveLength(1)
            again = crashed
            crashes += crashed ? 1 : 0
          }
        }
        expect(crashes).toBeGreaterThanOrEqual(4 * servers.length)
        const { empty, values: seen } = await polled(two)
        expect(empty).toEqual([])
        expect([...seen].sort()).toEqual([one, two])
      })

      move('stale-leader-write-lands-late', {}, async ({ rig, adopted, failover, poll, values, markers }) => {
        const first = await adopted()
        const polled = poll()
        const way = rig.hosts[0]!.way
        const claimed = Promise.withResolvers<ReturnType<typeof way.hold>>()
        rig.onWrite = (when, host) => {
          if (when === 'after' && host === rig.hosts[0]!.host) claimed.resolve(way.hold())
        }
        await failover('two')
        const held = await claimed.promise
        rig.onWrite = null
        await held.arrived
        first.crash()
        rig.start()
        expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done', to: 'two' })
        await failover('one')
        expect((await rig.ended(3)).past[0]).toMatchObject({ state: 'done', to: 'one' })
        expect(await held.release()).toBe(rcodes.NXRRSET)
        expect(await values()).toEqual(all([one]))
        expect((await markers()).map((m) => [m?.epoch, m?.state])).toEqual(all([3, 'pointed']))
        expect((await polled()).empty).toEqual([])
      })

      move('stale-leader-write-lands-late: what lands before the next leader acts is its own', {}, async ({ rig, adopted, failover, poll, values, serials }) => {
        const first = await adopted()
        const polled = poll()
        const before = await serials()
        const { way, host } = rig.hosts[0]!
        const claimed = Promise.withResolvers<ReturnType<typeof way.hold>>()
        rig.onWrite = (when, at) => {
          if (when === 'after' && at === host) claimed.resolve(way.hold())
        }
        await failover('two')
        const held = await claimed.promise
        rig.onWrite = null
        await held.arrived
        first.crash()
        expect(await held.release()).toBe(rcodes.NOERROR)
        rig.start()
        expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done', to: 'two' })
        expect([await values(), await serials(), (await polled()).empty]).toEqual([all([two]), before.map((n) => n + 2), []])
      })

      move('an answer that is lost: what landed is seen, and not written again', {}, async ({ rig, adopted, failover, values, serials }) => {
        await adopted()
        const before = await serials()
        rig.hosts[0]!.fault('mute')
        await failover('two')
        expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done', to: 'two' })
        expect(await values()).toEqual(all([two]))
        expect(await serials()).toEqual(before.map((n) => n + 2)) // The claim, and one change with all the rest.
      })
    })

    describe('what stands at the names', () => {
      const toHostname = { sites: { one: [one], two: ['two.elsewhere.example'] } }
      move('cname-vs-a-refused: a stranger\'s address bars its name, the rest move', { ...toHostname, names: (z) => [`www.${z}`, `api.${z}`], records: (w, z) => [addition(w, 60, 'A', one), addition(w, 60, 'A', stranger), addition(`api.${z}`, 60, 'A', one)] }, async ({ rig, adopted, failover, values, zone }) => {
        const controller = await adopted()
        await failover('two')
        await rig.ended(2)
        expect(await values()).toEqual(all([one, stranger].sort()))
        expect([await values(`api.${zone}`, 'A'), await values(`api.${zone}`, 'CNAME')]).toEqual([all([]), all(['two.elsewhere.example'])])
        await rig.until('it says so', () => controller.said(new RegExp(`A ${stranger}\\..* is not moved: www\\.`)))
      })
      move('cname-vs-a-refused: beside other types nothing is written, and the way back is open', toHostname, async (c) => {
        const { rig, adopted, failover, values } = c
        await adopted()
        await failover('two')
        await rig.until('it says why', () => rig.controllers[0]!.said('a CNAME cannot stand beside them'))
        expect(await values()).toEqual(all([one]))
        await failover('one')
        expect((await rig.ended(3)).past.map((p) => p.state)).toEqual(['done', 'abandoned', 'done'])
        expect(await values()).toEqual(all([one]))
      })
      move('apex-cname-refused', { ...toHostname, names: (z) => [z], records: (w) => [addition(w, 60, 'A', one)] }, async ({ rig, adopted, failover, values, zone }) => {
        await adopted()
        await failover('two')
        await rig.until('it says why', () => rig.controllers[0]!.said(`${zone} is an apex and cannot be a CNAME`))
        expect(await values()).toEqual(all([one]))
      })
      move('cname-to-listed-follows', { names: (z) => [`www.${z}`, `alias.${z}`], records: (w, z) => [addition(w, 60, 'A', one), addition(`alias.${z}`, 60, 'CNAME', w)] }, async ({ rig, adopted, failover, values, zone, www, poll }) => {
        const controller = await adopted()
        const polled = poll()
        await failover('two')
        expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done' })
        const { empty } = await polled()
        expect([await values(`alias.${zone}`, 'CNAME'), await values(`alias.${zone}`, 'A'), await values()]).toEqual([all([www]), all([]), all([two])])
        expect(empty).toEqual([])
        await rig.skip(61_000)
        await rig.until('DNS is read', () => controller.self()!.dnsReadMs! > rig.clock.now().monoMs - 30_000)
        expect(controller.said('did not write')).toBe(false)
      })
      const shop = 'shop.other.example'
      const elsewhere = { change: (config: Config): Config => ({ ...config, dns: { ...config.dns, hosts: config.dns.hosts.map((h) => ({ ...h, elsewhere: [shop] })) } }) }
      move('cname-to-listed-follows: one of another zone', { ...elsewhere, names: (z) => [`www.${z}`, `alias.${z}`], records: (w, z) => [addition(w, 60, 'A', one), addition(`alias.${z}`, 60, 'CNAME', shop)] }, async ({ rig, adopted, failover, values, zone }) => {
        const controller = await adopted()
        await failover('two')
        expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done' })
        expect([await values(`alias.${zone}`, 'CNAME'), await values(`alias.${zone}`, 'A'), await values()]).toEqual([all([shop]), all([]), all([two])])
        await rig.skip(61_000)
        await rig.until('DNS is read', () => controller.self()!.dnsReadMs! > rig.clock.now().monoMs - 30_000)
        expect(controller.said('did not write')).toBe(false)
      })
      move('cname-to-listed-follows: a zone of which every name does shows the marker', { ...elsewhere, records: (w) => [addition(w, 60, 'CNAME', shop)] }, async ({ rig, adopted, failover, values, markers, hand, zone }) => {
        await adopted()
        await failover('two')
        expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done' })
        expect([await values(undefined, 'CNAME'), await values(), (await markers()).map((m) => [m?.epoch, m?.site, m?.state])]).toEqual([all([shop]), all([]), all([2, 'two', 'pointed'])])
        await hand([deletion(markerName('shop', zone), 'TXT')])
        await rig.skip(61_000)
        await rig.until('the marker is back', async () => (await markers()).every((m) => m?.epoch === 2))
      })
      move('wildcard-not-shadowed', { names: (z) => [`*.${z}`], records: (w, z) => [addition(w, 60, 'A', one), ...beside(z)] }, async ({ rig, adopted, failover, values, zone, poll }) => {
        await adopted()
        const polled = poll([`any.${zone}`])
        await failover('two')
        expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done' })
        const { empty } = await polled(two)
        expect([await values(), await values(`any.${zone}`)]).toEqual([all([two]), all([])])
        expect(empty).toEqual([])
      })
      move('wildcard-not-shadowed: a listed name below a listed wildcard follows it, and is never created', { names: (z) => [`www.${z}`, `*.${z}`], records: (_, z) => [addition(`*.${z}`, 60, 'A', one)] }, async ({ rig, adopted, failover, poll, values, zone, www }) => {
        await adopted()
        const polled = poll([www])
        await failover('two')
        expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done' })
        const { empty } = await polled(two)
        expect([await values(), await values(`*.${zone}`), empty]).toEqual([all([]), all([two]), []])
      })
      move('wildcard-not-shadowed: a listed name that only another wildcard gives is left, the rest move', { names: (z) => [z, `www.${z}`], records: (w, z) => [addition(w, 60, 'A', one), addition(`*.${z}`, 60, 'A', one), addition(`*.${z}`, 60, 'MX', mx)] }, async ({ rig, adopted, failover, values, zone }) => {
        const controller = await adopted()
        await rig.skip(61_000)
        await rig.until('it says why', () => controller.said(`www.${zone} is there only through *.${zone}, which is the name to list`))
        await failover('two')
        expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done' })
        expect([await values(), await values(`www.${zone}`), await values(`*.${zone}`)]).toEqual([all([two]), all([]), all([one])])
      })
      move('wildcard-not-shadowed: where it is the only name, its host takes nothing, and any other goes on', { records: (w) => [addition(w, 60, 'A', one)] }, async (c) => {
        const { rig, adopted, values, hand, www, zone } = c
        await adopted()
        await hand([deletion(www, 'A'), addition(`*.${zone}`, 60, 'A', one)], 0)
        await failoverWithoutFirst(c)
        await rig.until('it says why', () => rig.controllers[0]!.said(`${www} is there only through *.${zone}`))
        expect([await values(), await values(`*.${zone}`)]).toEqual([first([], [two]), first([one], [])])
        await hand([addition(www, 60, 'A', one)], 0)
        await rig.ended(2)
        await rig.skip(61_000)
        await rig.until('it is brought up', async () => (await values()).every((v) => v.join() === two))
        await hand([deletion(`*.${zone}`, 'A')], 0)
      })
      move('wildcard-not-shadowed: a name of its own with the same address as the wildcard beside it moves alone', { records: (w, z) => [addition(w, 60, 'A', one), addition(`*.${z}`, 60, 'A', one)] }, async ({ rig, adopted, failover, values, zone }) => {
        await adopted()
        await failover('two')
        expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done' })
        expect([await values(), await values(`*.${zone}`)]).toEqual([all([two]), all([one])])
      })
      move("a wildcard's TXT is no marker of anybody's", { records: (w, z) => [addition(w, 60, 'A', one), addition(`*.${z}`, 60, 'TXT', 'v=spf1 -all')] }, async ({ rig, adopted, failover, values, markers, serials }) => {
        const before = await serials()
        await adopted()
        await failover('two')
        expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done' })
        expect([await values(), (await markers()).map((m) => [m?.epoch, m?.state])]).toEqual([all([two]), all([2, 'pointed'])])
        expect(await serials()).toEqual(before.map((n) => n + 4))
      })
      move("a wildcard's TXT does not hide a stranger's that stands at the marker's name with the same text", { records: (w, z) => [addition(w, 60, 'A', one), addition(`*.${z}`, 60, 'TXT', 'v=spf1 -all')] }, async ({ rig, values, hand, zone }) => {
        await hand([addition(markerName('shop', zone), 60, 'TXT', 'v=spf1 -all')])
        const controller = rig.start()
        await rig.askAdopt('one', [one])
        await rig.until('it says why', () => controller.said('that is not ours'))
        expect([await values(), rig.hosts.every((h) => h.way.updates === 0)]).toEqual([all([one]), true])
        await hand([deletion(markerName('shop', zone), 'TXT')])
      })
      const many = (z: string) => Array.from({ length: 64 }, (_, n) => `a-rather-long-name-of-a-host-${n}.${z}`)
      move('64-names: one change at each host', { speed: 4, names: many, sites: { one: [one], two: [two, '2001:db8::12'] }, records: (_, z) => many(z).map((n) => addition(n, 60, 'A', one)) }, async ({ rig, adopted, failover, values, zone, poll, serials }) => {
        await adopted()
        const before = await serials()
        const polled = poll()
        await failover('two')
        expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done' })
        expect((await polled()).empty).toEqual([])
        expect(await serials()).toEqual(before.map((n) => n + 2)) // The claim, and one change with all the rest.
        for (const n of many(zone)) expect([await values(n), await values(n, 'AAAA')]).toEqual([all([two]), all(['2001:db8::12'])])
      })
    })

    recordMoves(suite)
    hostMoves(suite)
  })
}
