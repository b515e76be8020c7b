import { describe, expect, test } from 'vitest'
import { observe } from '../../src/core/observe.ts'
import { healthOf, quorumOf, readyOf, votersOf } from '../../src/core/votes.ts'
import { configOf, storyOf, type Round } from './house.ts'

const config = configOf()
const siteOf = (name: string) => config.sites.find((s) => s.site === name)!

describe('voters and quorum', () => {
  test('a vantage at the site\'s own cloud has no vote; `none` is nobody\'s cloud, itself included', () => {
    const vantages = [
      { vantage: 'a', cloud: 'aws' },
      { vantage: 'b', cloud: 'hetzner' },
      { vantage: 'c', cloud: 'none' },
    ]
    expect(votersOf({ ...config, vantages }, siteOf('aws'))).toEqual(['b', 'c'])
    expect(votersOf({ ...config, vantages }, { ...siteOf('aws'), cloud: 'none' })).toEqual(['a', 'b', 'c'])
  })

  test.each([[1, 1], [2, 2], [3, 2], [4, 3], [5, 3]])('of %i voters the majority is %i', (voters, quorum) => {
    const vantages = Array.from({ length: voters }, (_, i) => ({ vantage: `v${i}`, cloud: 'ovh' }))
    expect(quorumOf({ ...config, vantages }, siteOf('aws'))).toBe(quorum)
  })

  test('a configured quorum stands', () => expect(quorumOf({ ...config, quorum: 3 }, siteOf('aws'))).toBe(3))

  test.each([
    [2, 0, 'up'], [0, 2, 'down'], [1, 1, 'unknown'], [0, 0, 'unknown'], [1, 0, 'unknown'], [2, 2, 'unknown'], [2, 1, 'up'],
  ] as const)('%i up and %i down at a quorum of 2 is %s', (up, down, health) => {
    expect(healthOf({ voters: [], quorum: 2, up: Array(up).fill('v'), down: Array(down).fill('v'), unknown: [] })).toBe(health)
  })

  test.each([[1, 0, true], [1, 1, false], [0, 1, false], [0, 0, null], [3, 0, true]] as const)('a target with %i up and %i down is ready: %s', (up, down, ready) => {
    expect(readyOf({ voters: [], quorum: 2, up: Array(up).fill('v'), down: Array(down).fill('v'), unknown: [] })).toBe(ready)
  })
})

/** `says` and `run` of one vantage on aws after each of these rounds, from nothing. */
const streak = (rounds: Round[], vantage = 'here') => {
  const story = storyOf(config, undefined, false)
  return rounds.map((round) => {
    const { says, run } = story.round(round).watch.votes['aws']![vantage]!
    return `${says} ${run}`
  })
}
const good: Round = {}
const bad: Round = { sees: { aws: 'silent' } }

describe('streaks', () => {
  test('up after `rise` good rounds', () => expect(streak(Array(6).fill(good))).toEqual(['unknown 1', 'unknown 2', 'unknown 3', 'unknown 4', 'up 5', 'up 6']))

  test('down after `fall` failed rounds', () => expect(streak(Array(4).fill(bad))).toEqual(['unknown -1', 'unknown -2', 'down -3', 'down -4']))

  test('it keeps its word until the other streak is long enough, and one good round ends a failed streak', () => {
    const rounds = [...Array(5).fill(good), bad, bad, good, bad, bad, bad]
    expect(streak(rounds).slice(4)).toEqual(['up 5', 'up -1', 'up -2', 'up 1', 'up -1', 'up -2', 'down -3'])
  })

  test('a failed site is up again only after `rise` good rounds', () => {
    expect(streak([bad, bad, bad, ...Array(5).fill(good)]).slice(2)).toEqual(['down -3', 'down 1', 'down 2', 'down 3', 'down 4', 'up 5'])
  })

  const resets: [string, Round][] = [
    ['the wall clock jumps', { afterMs: 2_000, wallMs: 4_500 }],
    ['the wall clock is set back', { afterMs: 2_000, wallMs: -60_000 }],
    ['the machine slept (wall time only)', { afterMs: 2_000, wallMs: 3_600_000 }],
    ['the round took too long', { afterMs: 6_100 }],
    ['its canaries are dead', { canaries: { here: 0 } }],
    ['its answer is no vote: no way to ask', { sees: { aws: { here: 'unable' } } }],
    ['another site answers there', { sees: { aws: { here: 'other-site' } } }],
  ]
  test.each(resets)('streaks end where %s', (_, round) => {
    expect(streak([...Array(5).fill(good), round, good]).slice(4)).toEqual(['up 5', 'unknown 0', 'unknown 1'])
  })

  const keeps: [string, Round][] = [
    ['the clocks differ by a little', { afterMs: 2_000, wallMs: 3_900 }],
    ['the round took long, within bounds', { afterMs: 5_900 }],
    ['half of the canaries answer', { canaries: { here: 1 } }],
  ]
  test.each(keeps)('streaks go on where %s', (_, round) => {
    expect(streak([...Array(5).fill(good), round])[5]).toBe('up 6')
  })

  test('a vantage that is not heard keeps its vote for 2 × interval + timeout, then abstains', () => {
    const lost: Round = { sees: { aws: { here: null } } }
    expect(streak([...Array(5).fill(good), lost, lost, lost]).slice(4)).toEqual(['up 5', 'up 5', 'up 5', 'unknown 0'])
  })

  test('one bad address among several is a failed round; an address that cannot be asked is left out', () => {
    const two = configOf({ sites: [{ ...siteOf('aws'), addresses: ['192.0.2.1', '2001:db8::1'] }, siteOf('hetzner')] })
    const story = storyOf(two, undefined, false)
    const answers = [{ kind: 'ok', address: '192.0.2.1', detail: '', ms: 1, certificateUntilMs: null }] as const
    const cast = (kind: 'silent' | 'unable') => {
      const facts = { at: story.at, startedAt: story.at, canaries: [], readings: [], ledger: story.state.ledger }
      const probes = [{ vantage: 'here', site: 'aws', atMs: story.at.monoMs, answers: [...answers, { ...answers[0], kind, address: '2001:db8::1' }] }]
      return observe(story.state, { ...facts, probes }, two).watch.votes['aws']!['here']!.run
    }
    expect(cast('silent')).toBe(-1)
    expect(cast('unable')).toBe(1)
  })
})

describe('the quorum never shrinks', () => {
  const cases: [string, Round, string][] = [
    ['two of three say down', { sees: { aws: { here: 'silent', paris: 'silent' } } }, 'down'],
    ['one says down, one up, one abstains', { sees: { aws: { here: 'silent' } }, canaries: { tokyo: 0 } }, 'unknown'],
    ['one says down and two abstain', { sees: { aws: { here: 'silent' } }, canaries: { paris: 0, tokyo: 0 } }, 'unknown'],
    ['one says up and two abstain', { canaries: { paris: 0, tokyo: 0 } }, 'unknown'],
    ['all are blind, and fail', { sees: { aws: 'silent' }, canaries: { here: 0, paris: 0, tokyo: 0 } }, 'unknown'],
    ['one says down', { sees: { aws: { here: 'silent' } } }, 'up'],
  ]
  test.each(cases)('%s', (_, round, health) => {
    const story = storyOf()
    story.pass(8_000, round)
    expect(story.state.watch.sites['aws']!.health).toBe(health)
  })

  test('of two voters one that says up and one that says down are no majority of either', () => {
    const story = storyOf(configOf({ vantages: [{ vantage: 'here', cloud: 'ovh' }, { vantage: 'paris', cloud: 'scaleway' }] }))
    story.pass(8_000, { sees: { aws: { here: 'silent' } } })
    expect(story.state.watch.sites['aws']!.health).toBe('unknown')
  })

  test('a vantage that lost its own cloud\'s site still votes on the others', () => {
    const story = storyOf(configOf({ vantages: [{ vantage: 'in-aws', cloud: 'aws' }, { vantage: 'in-hetzner', cloud: 'hetzner' }] }))
    story.pass(8_000, { sees: { aws: 'silent', hetzner: { 'in-aws': null } } })
    const { sites } = story.state.watch
    expect(sites['aws']).toMatchObject({ health: 'down' })
    expect(sites['spare']).toMatchObject({ ready: true })
  })
})
