import { describe, expect, test } from 'vitest'
import { roleOf, type RoleSeen, type Saying } from '../../src/core/role.ts'
import { claimed, marker, moveOf, now, old, others, owner, roleCases, type Word } from '../lab/role-cases.ts'

const asked = (site: string, ...says: Word[]): RoleSeen => {
  const sayings: Saying[] = says.map((say, n) => ({ server: `ns${n + 1}`, txt: typeof say === 'string' ? [say] : say }))
  return roleOf(site, sayings.map((saying) => [saying]), { app: 'shop', owner })
}

describe('is a site active, by what its name servers say', () => {
  test.each(roleCases)('%s', (_, says, aws, hetzner) => {
    expect([asked('aws', ...says).is, asked('hetzner', ...says).is]).toEqual([aws, hetzner])
  })

  test('whatever the name servers say, never are two sites told that they are active', () => {
    const words = [old, now, claimed('hetzner', 8), claimed('aws', 9), marker('aws', 9), null, [], 'v=spf1 -all', marker('aws', 9, { by: others })]
    for (const a of words) for (const b of words) for (const c of words) expect(['aws', 'hetzner'].filter((site) => asked(site, a, b, c).is === 'active').length).toBeLessThan(2)
  })

  test('a site that hears fewer name servers than another is never told yes where that one is told of a newer move', () => {
    // A move is done when half of the name servers show it; whichever fewer than half a given-up site hears nothing of, it hears of the move.
    for (const done of [[now, now, old, old], [now, now, old], [now, old], [now]])
      for (let deaf = 0; deaf < 2 ** done.length; deaf++) expect(asked('aws', ...done.map((say, n) => (deaf & (2 ** n) ? null : say))).is).not.toBe('active')
  })
})

test('a name server is one behind its addresses, for who has no IPv6', () => {
  const both = (n: number, v4: string | null, v6: string | null = null): Saying[] => [v4, v6].map((text, i) => ({ server: `ns${n}-v${i ? 6 : 4}`, txt: text === null ? null : [text] }))
  const is = (...machines: Saying[][]) => ['aws', 'hetzner'].map((site) => roleOf(site, machines, { app: 'shop', owner }).is)
  expect(is(both(1, now), both(2, now))).toEqual(['not', 'active'])
  expect(is(both(1, old), both(2, now))).toEqual(['not', 'active'])
  expect(is(both(1, now), both(2, null))).toEqual(['unknown', 'unknown'])
  // Two that answer at one name differ: the newer one counts.
  expect(is(both(1, old, now), both(2, old))).toEqual(['not', 'unknown'])
})

test('one sentence each, with what there is to do', () => {
  expect(asked('hetzner', now, old, now).sentence).toBe('hetzner is active (epoch 8 at 2 of 3 name servers)')
  expect(asked('aws', now, old, old).sentence).toBe('aws is not active: hetzner is (epoch 8 at 1 of 3 name servers)')
  expect(asked('aws', claimed('hetzner', 8)).sentence).toBe('Whether aws is active could not be found out: a move to hetzner is under way (epoch 8 at 1 of 1 name servers). When it has ended, ask again')
  expect(asked('hetzner', now, old, old).sentence).toBe('Whether hetzner is active could not be found out: the move to it is not done (epoch 8 at 1 of 3 name servers, and half of them must). Ask again')
  expect(asked('aws', null, [], marker('aws', 9, { by: others }), marker('aws', 9, { app: 'shed' })).sentence).toBe(
    `Whether aws is active could not be found out: of 4 name servers more than half must show shop's marker by owner ${owner}, and ns1 does not answer, ns2 shows none, ns3 shows another owner's (${others}), ns4 shows another app's (shed)`,
  )
  expect(asked('aws', [], []).sentence).toMatch(/ns2 shows none\. Where the names are not adopted: lifeboat adopt$/)
  expect(asked('aws', now, marker('aws', 8, { move: moveOf(9) })).sentence).toMatch(/ns1 and ns2 show two moves of one epoch \(8\), so two stores act$/)
})
