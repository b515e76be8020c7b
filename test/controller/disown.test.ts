import { expect } from 'vitest'
import { moveTest } from '../drivers/dns/moves-case.ts'
import { one } from '../lab/rig.ts'
import { embeddedLab } from '../lab/servers.ts'

// Letting go of the names at hosts that are away, and across the end of the controller that began it.

const lab = embeddedLab('letgo', ['living', 'other'])

moveTest('a host that is away loses the TXT when it returns; the records stay at both', lab, {}, async ({ rig, adopted, values, markers }) => {
  const controller = await adopted()
  const other = rig.hosts[1]!
  other.fault('dead')
  await rig.ask({ what: 'disown', epoch: 1 })
  await rig.until('the living one has none', async () => (await markers())[0] === null)
  await rig.until('the other is still to lose it', async () => (await rig.ledger()).leaving?.join() === other.host)
  expect((await markers())[1]).toMatchObject({ epoch: 1 })
  other.fault(null)
  await rig.skip(61_000)
  await rig.until('it has none either', async () => (await markers())[1] === null)
  await rig.until('nothing is left to do', async () => !('leaving' in (await rig.ledger())))
  expect(await values()).toEqual([[one], [one]])
  expect(controller.said(`${other.host}: our TXT is removed, and the records stay`)).toBe(true)
  // It is not written again, and the next adoption counts on.
  await rig.skip(61_000)
  expect(await markers()).toEqual([null, null])
  await rig.askAdopt('two', [one])
  expect((await rig.ended(2)).past[0]).toMatchObject({ kind: 'adopt', epoch: 2, state: 'done' })
  expect((await markers()).map((marker) => marker?.epoch)).toEqual([2, 2])
})

moveTest('what one controller began before it was killed, the next one ends', lab, {}, async ({ rig, adopted, values, markers }) => {
  const controller = await adopted()
  rig.onWrite = (when) => {
    if (when === 'before') controller.crash()
  }
  await rig.ask({ what: 'disown', epoch: 1 })
  await rig.until('it is decided, and the controller is gone', async () => (await rig.ledger()).record === null)
  await controller.ended
  rig.onWrite = null
  rig.start()
  await rig.skip(10_000)
  await rig.until('the TXT is gone at both', async () => (await markers()).every((marker) => marker === null))
  expect(await values()).toEqual([[one], [one]])
})

moveTest('a host that refuses is said once, and tried again', lab, {}, async ({ rig, adopted, markers }) => {
  const controller = await adopted()
  const other = rig.hosts[1]!
  other.fault('lying') // It says that it did, and did nothing.
  await rig.ask({ what: 'disown', epoch: 1 })
  await rig.until('it says so', () => controller.said(`${other.host}: our TXT may still stand there: done: and nothing of it is seen`))
  for (let minutes = 0; minutes < 3; minutes++) await rig.skip(61_000)
  expect(controller.lines.filter(({ msg }) => msg.includes('may still stand there'))).toHaveLength(1)
  other.fault(null)
  await rig.skip(61_000)
  await rig.until('it is gone', async () => (await markers())[1] === null)
})
