import { describe, expect } from 'vitest'
import { formatMarker, markerName } from '../../src/core/marker.ts'
import type { Rr } from '../../src/drivers/dns/wire.ts'
import { moveTest, type Case } from '../drivers/dns/moves-case.ts'
import { addition, deletion } from '../lab/hand.ts'
import { one, owner, two } from '../lab/rig.ts'
import { embeddedLab } from '../lab/servers.ts'

// A move looks at the names when it begins, and then goes by what it read while it writes: what another hand writes meanwhile stands.

const lab = embeddedLab('between', ['only'])
const stranger = '127.0.0.99'
const ipv6 = '::99'
const txt = (zone: string) => markerName('shop', zone)
const later = formatMarker({ app: 'shop', owner, epoch: 9, site: 'one', move: '00000000-0000-4000-8000-000000000009', state: 'pointed' })

type Edit = (www: string, zone: string) => Rr[]
const edits: [string, Edit, { a: string[]; aaaa: string[] }][] = [
  ['other addresses', (www) => [deletion(www, 'A'), addition(www, 60, 'A', stranger), addition(www, 60, 'AAAA', ipv6)], { a: [two, stranger], aaaa: [ipv6] }],
  ['no address', (www) => [deletion(www, 'A')], { a: [two], aaaa: [] }],
  ['no marker', (_, zone) => [deletion(txt(zone), 'TXT')], { a: [two], aaaa: [] }],
]

type Moment = { when: 'before' | 'after'; write: number }
const moments: [string, Moment][] = [['after the claim', { when: 'after', write: 1 }], ['before the change', { when: 'before', write: 2 }]]

/** Another hand at a moment of a move: before or after the claim, which is its first write, or the change of the names. */
const handAt = (moment: Moment, { rig, hand }: Pick<Case, 'rig' | 'hand'>, updates: Rr[]): void => {
  const writes = { before: 0, after: 0 }
  rig.onWrite = async (when) => {
    if (++writes[when] === moment.write && when === moment.when) await hand(updates)
  }
}

describe.each(edits.flatMap(([what, ...rest]) => moments.map(([when, moment]) => [what, when, moment, ...rest] as const)))('%s, %s', (_what, _when, moment, edit, { a, aaaa }) => {
  moveTest('stands, and the move ends', lab, {}, async ({ rig, adopted, failover, hand, values, markers, www, zone }) => {
    await adopted()
    handAt(moment, { rig, hand }, edit(www, zone))
    await failover('two')
    expect((await rig.ended(2)).past[0]).toMatchObject({ epoch: 2, state: 'done' })
    expect([await values(), await values(www, 'AAAA'), await markers()]).toEqual([[a], [aaaa], [expect.objectContaining({ epoch: 2, state: 'pointed' })]])
  })
})

describe.each(moments)('the marker of somebody who is ahead, %s', (_, moment) => {
  moveTest('makes the move stand aside', lab, {}, async ({ rig, adopted, failover, hand, values, markers, zone }) => {
    await adopted()
    handAt(moment, { rig, hand }, [deletion(txt(zone), 'TXT'), addition(txt(zone), 60, 'TXT', later)])
    await failover('two')
    expect(await rig.ended(2)).toMatchObject({ trusted: false, past: [{ epoch: 2, state: 'superseded' }, {}] })
    expect([await values(), await markers()]).toEqual([[[one]], [expect.objectContaining({ epoch: 9 })]])
  })
})

describe.each(moments)('no marker and an address in the place of ours, %s', (_, moment) => {
  moveTest('is not written over', lab, {}, async ({ rig, adopted, failover, hand, values, markers, www, zone }) => {
    const controller = await adopted()
    handAt(moment, { rig, hand }, [deletion(txt(zone), 'TXT'), deletion(www, 'A'), addition(www, 60, 'A', stranger)])
    await failover('two')
    await rig.until('it says why', () => controller.said('only lifeboat adopt may write there'))
    expect([await values(), await markers()]).toEqual([[[stranger]], [null]])
  })
})
