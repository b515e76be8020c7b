import { describe, expect } from 'vitest'
import { moveTest } from '../drivers/dns/moves-case.ts'
import { one, two } from '../lab/rig.ts'
import { embeddedLab } from '../lab/servers.ts'

// A DNS host that is away stands in nobody's way: order of events, not seconds.

const lab = embeddedLab('hosts', ['living', 'other'])

describe.each(['dead', 'frozen'] as const)('a %s host beside a living one', (fault) => {
  moveTest('the living one is pointed at once; the other is a debt, and brought up when it returns', lab, {}, async ({ rig, adopted, failover, values, markers }) => {
    const controller = await adopted()
    const [living, other] = rig.hosts
    other!.fault(fault)
    const before = { reads: other!.reads, writes: 0 }
    let landed = 0
    let tried = 0
    let at: { reads: number; tried: number } | null = null
    rig.onWrite = (when, host) => {
      if (when === 'before' && host === other!.host) tried++
      if (when === 'after' && host === living!.host && ++landed === 2) at = { reads: other!.reads - before.reads, tried }
    }
    await failover('two')
    await rig.until('the living host is pointed', () => at !== null)
    // A dead host costs one read that is waited for (and a second that is not), a frozen one its claim.
    if (fault === 'dead') expect(at!.reads).toBeLessThanOrEqual(2)
    else expect(at!.tried).toBeLessThanOrEqual(2)
    expect(await values()).toEqual([[two], [one]])
    await rig.until('it is at confirm', () => controller.lines.some((l) => l.step === 'point' && l.epoch === 2))
    await rig.skip(95_000)
    expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done-with-debts', debts: [other!.host] })
    other!.fault(null)
    await rig.skip(61_000)
    await rig.until('it is brought up', async () => (await markers()).every((m) => m?.epoch === 2 && m.state === 'pointed'))
    expect(await values()).toEqual([[two], [two]])
    await rig.until('it says so', () => controller.said(`${other!.host}: shows epoch 2`))
    expect((await rig.ledger()).hosts).toEqual({ [living!.host]: 2, [other!.host]: 2 })
  })
})
