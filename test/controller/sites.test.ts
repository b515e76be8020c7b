import { describe, expect } from 'vitest'
import type { Config } from '../../src/core/types.ts'
import { moveTest } from '../drivers/dns/moves-case.ts'
import { one, two } from '../lab/rig.ts'
import { embeddedLab } from '../lab/servers.ts'

// What the controller does by itself when sites go down.

const lab = embeddedLab('sites')

const automatic = (config: Config): Config => ({ ...config, policy: { ...config.policy, automatic: true, outageMs: 40_000 } })

describe('by itself', () => {
  moveTest('the active site down for policy.outage: failover', lab, { change: automatic }, async ({ rig, adopted, values, poll }) => {
    await adopted()
    const polled = poll()
    rig.up.one = false
    expect((await rig.ended(2)).past[0]).toMatchObject({ kind: 'failover', from: 'one', to: 'two', by: 'lifeboat', cause: 'outage', automatic: true })
    expect([await values(), (await polled()).empty]).toEqual([[[two]], []])
  })

  moveTest('both sites down: the answer stays, and it says so; the first that is back is moved to', lab, { change: automatic }, async ({ rig, adopted, values }) => {
    const controller = await adopted()
    rig.up.one = rig.up.two = false
    await rig.seen()
    await rig.until('it says so', () => controller.lines.some((l) => l.event === 'decision' && l.reason === 'no-target'))
    await rig.skip(20_000)
    expect([(await rig.ledger()).epoch, await values()]).toEqual([1, [[one]]])
    rig.up.two = true
    expect((await rig.ended(2)).past[0]).toMatchObject({ to: 'two', state: 'done' })
    expect(await values()).toEqual([[two]])
  })

  moveTest('policy.automatic false: it says what it would do, and does nothing', lab, { change: (c) => ({ ...automatic(c), policy: { ...automatic(c).policy, automatic: false } }) }, async ({ rig, adopted, values }) => {
    const controller = await adopted()
    rig.up.one = false
    await rig.until('it says so', () => controller.lines.some((l) => l.event === 'decision' && l.reason === 'automatic-off' && l.msg.includes('failover one → two')))
    expect([(await rig.ledger()).epoch, await values()]).toEqual([1, [[one]]])
  })

  moveTest('the target dies before it is promoted to, while no DNS host answers: the move turns, and ends once', lab, { change: automatic, sites: { one: [one], two: [two], three: ['127.0.0.13'] } }, async ({ rig, adopted, values }) => {
    await adopted()
    rig.hosts[0]!.fault('dead')
    rig.up.one = false
    await rig.until('it is promoted', async () => (await rig.ledger()).active === 'two')
    rig.up.two = false
    await rig.until('it turns to the third', async () => (await rig.ledger()).active === 'three')
    rig.hosts[0]!.fault(null)
    const { past } = await rig.ended(3)
    expect(past.map((p) => [p.epoch, p.to, p.state])).toEqual([[3, 'three', 'done'], [2, 'two', 'abandoned'], [1, 'one', 'done']])
    expect(await values()).toEqual([['127.0.0.13']])
  })
})
