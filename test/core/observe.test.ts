import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { observe, roundEveryMs, siteInDoubt } from '../../src/core/observe.ts'
import type { Facts, State } from '../../src/core/types.ts'
import { freshEvidence, unconfirmedCut } from '../../src/core/verdict.ts'
import { answers, claims, type AnswerKind, type Claim } from '../../src/core/words.ts'
import { answerOf, configOf, day, factsOf, freeze, ledgerOf, pastOf, readingOf, storyOf, type Round } from './house.ts'

const reads = (claim: Claim, source = 'account'): Round => ({ readings: [{ site: 'aws', claim, source }] })
const evidenceOf = (story: ReturnType<typeof storyOf>) =>
  freshEvidence(story.state.watch, 'aws', story.at.monoMs).map((e) => `${e.source} ${e.claim} ${(e.lastMs - e.firstMs) / 1000}`)

/** Rounds two seconds apart, each with what a source says then. */
const after = (...rounds: Round[]) => {
  const story = storyOf()
  for (const round of rounds) story.round(round)
  return story
}

describe('gathering evidence', () => {
  test.each<[string, Round[], string[]]>([
    ['a second reading keeps the first moment', [reads('account-locked'), {}, reads('account-locked')], ['account account-locked 4']],
    ['another claim of the same source ends it', [reads('account-locked'), reads('account-well')], ['account account-well 0']],
    ['and then it begins anew', [reads('account-locked'), reads('account-well'), reads('account-locked')], ['account account-locked 0']],
    ['another source\'s claim does not end it', [reads('account-locked'), reads('machine-running', 'droplet')], ['account account-locked 0', 'droplet machine-running 0']],
    ['`unknown` neither ends nor confirms it', [reads('account-locked'), reads('unknown'), reads('unknown')], ['account account-locked 0', 'account unknown 2']],
    ['a failing API neither', [reads('account-locked'), reads('api-failing')], ['account account-locked 0', 'account api-failing 0']],
    ['what was found out ends what was not', [reads('unknown'), reads('api-failing'), reads('account-well')], ['account account-well 0']],
  ])('%s', (_, rounds, expected) => {
    expect(evidenceOf(after(...rounds))).toEqual(expected)
  })

  test('what was not read again for 100 s says nothing, and a reading after that is a first one', () => {
    const story = after(reads('account-locked'))
    story.pass(100_000)
    expect(evidenceOf(story)).toEqual(['account account-locked 0'])
    story.round()
    expect(evidenceOf(story)).toEqual([])
    story.round(reads('account-locked'))
    expect(evidenceOf(story)).toEqual(['account account-locked 0'])
    expect(story.state.watch.sites['aws']!.verdict).toBe('well')
  })

  test('a cut waits for its second reading until policy.confirmCut has passed', () => {
    const pendingIn = (story: ReturnType<typeof storyOf>) =>
      unconfirmedCut({ evidence: freshEvidence(story.state.watch, 'aws', story.at.monoMs), health: 'up', failingMs: 0, config: story.config })?.claim
    const story = after(reads('account-locked'))
    expect(pendingIn(story)).toBe('account-locked')
    story.pass(28_000, reads('account-locked'))
    expect(pendingIn(story)).toBe('account-locked')
    story.round(reads('account-locked'))
    expect(pendingIn(story)).toBe(undefined)
  })
})

describe('budgets', () => {
  const since = (story: ReturnType<typeof storyOf>) => {
    const seen = story.state.watch.sites['aws']!
    return { verdict: seen.verdict, stoodS: (story.at.monoMs - seen.verdictSinceMs) / 1000, failingS: seen.failingSinceMs === null ? null : (story.at.monoMs - seen.failingSinceMs) / 1000 }
  }
  const down: Round = { sees: { aws: 'silent' } }

  test.each<[string, [number, Round][], ReturnType<typeof since>]>([
    ['down, then a stranger: one outage', [[66_000, down], [60_000, { sees: { aws: 'foreign' } }]], { verdict: 'foreign', stoodS: 120, failingS: 120 }],
    ['a cut whose evidence goes stale: one outage', [[36_000, { ...down, ...reads('machine-gone') }], [120_000, down]], { verdict: 'down', stoodS: 150, failingS: 150 }],
    ['app-fault, then down: its own budget, and one failure in all', [[66_000, { sees: { aws: 'app' } }], [60_000, down]], { verdict: 'down', stoodS: 58, failingS: 120 }],
    ['an operator\'s stop is not counted, neither its time nor its beginning', [[66_000, { ...down, ...reads('machine-stopped-by-operator') }], [160_000, down]], { verdict: 'down', stoodS: 58, failingS: 58 }],
    ['a cut site that served until now', [[66_000, reads('account-locked')], [160_000, down]], { verdict: 'down', stoodS: 154, failingS: 154 }],
    ['well', [[66_000, {}]], { verdict: 'well', stoodS: 66, failingS: null }],
  ])('%s', (_, rounds, expected) => {
    const story = storyOf()
    for (const [ms, round] of rounds) story.pass(ms, round)
    expect(since(story)).toEqual(expected)
  })
})

describe('deadlines of the ledger', () => {
  const config = configOf()

  test('the wall clock is read once: a jump later does not move them', () => {
    const past = [pastOf(7, 'hetzner', 'aws', { startedMs: day - 100_000, endedMs: day - 60_000 })]
    const story = storyOf(config, ledgerOf(config, { past }), false)
    story.round()
    const { deadlines } = story.state.watch
    expect(deadlines).toEqual({ 'cooldown:7': story.at.monoMs + 538_000, 'hour:7': story.at.monoMs + 3_498_000 })
    story.round({ wallMs: 9_000_000 })
    expect(story.state.watch.deadlines).toEqual(deadlines)
  })

  test('a file that was read anew shortens them, and lengthens none that began', () => {
    const past = [pastOf(7, 'hetzner', 'aws', { startedMs: day - 100_000, endedMs: day - 60_000 })]
    const story = storyOf(config, ledgerOf(config, { past }), false)
    story.round()
    const anew = (cooldownMs: number) => {
      const at = { monoMs: story.at.monoMs + 2_000, wallMs: story.at.wallMs + 2_000 }
      const facts = { at, startedAt: at, probes: [], canaries: [], readings: [], ledger: story.state.ledger }
      return observe(story.state, facts, { ...config, policy: { ...config.policy, cooldownMs } }).watch.deadlines['cooldown:7']
    }
    expect(anew(0)).toBe(story.at.monoMs + 2_000)
    expect(anew(3_600_000)).toBe(story.at.monoMs + 538_000)
  })

  test('a wall clock that was set back never makes them longer than they can be', () => {
    const past = [pastOf(7, 'hetzner', 'aws', { startedMs: day + 86_400_000, endedMs: day + 86_400_000 })]
    const story = storyOf(config, ledgerOf(config, { past }), false)
    story.round()
    expect(story.state.watch.deadlines).toEqual({ 'cooldown:7': story.at.monoMs + 600_000, 'hour:7': story.at.monoMs + 3_600_000 })
  })
})

describe('doubt asks sooner', () => {
  test.each<[string, Round[], { everyMs: number; site: boolean }]>([
    ['all well', [], { everyMs: 2_000, site: false }],
    ['one voter begins to fail', [{ sees: { aws: { here: 'silent' } } }], { everyMs: 100, site: true }],
    ['down for good: nothing turns', Array(4).fill({ sees: { aws: 'silent' } }), { everyMs: 2_000, site: true }],
    ['it comes back', [...Array(4).fill({ sees: { aws: 'silent' } }), {}], { everyMs: 500, site: false }],
    ['one comes back as another falls', [...Array(4).fill({ sees: { aws: 'silent' } }), { sees: { hetzner: 'silent' } }], { everyMs: 100, site: false }],
  ])('%s', (_, rounds, expected) => {
    const { watch } = after(...rounds).state
    expect({ everyMs: roundEveryMs(watch, 2_000), site: siteInDoubt(watch, 'aws') }).toEqual(expected)
  })

  test.each([[100, 25], [400, 100], [1_000, 100], [2_000, 100], [60_000, 3_000]])('at an interval of %d ms a falling streak is asked again after %d ms', (intervalMs, everyMs) => {
    expect(roundEveryMs(after({ sees: { aws: 'silent' } }).state.watch, intervalMs)).toBe(everyMs)
  })
})

describe('whatever the facts', () => {
  const config = freeze(configOf())
  const kinds = Object.keys(answers) as AnswerKind[]
  const claimed = Object.keys(claims) as Claim[]
  const sites = ['aws', 'hetzner', 'spare', 'stranger']
  const vantages = ['here', 'paris', 'tokyo', 'stranger']
  const round = fc.record({
    monoMs: fc.integer({ min: -5_000, max: 20_000 }),
    wallMs: fc.integer({ min: -100_000, max: 100_000 }),
    probes: fc.array(fc.record({ vantage: fc.constantFrom(...vantages), site: fc.constantFrom(...sites), ageMs: fc.integer({ min: -100, max: 20_000 }), kinds: fc.array(fc.constantFrom(...kinds), { maxLength: 3 }) }), { maxLength: 12 }),
    canaries: fc.array(fc.record({ vantage: fc.constantFrom(...vantages), well: fc.integer({ min: 0, max: 3 }), asked: fc.integer({ min: 0, max: 3 }) }), { maxLength: 4 }),
    readings: fc.array(fc.record({ site: fc.constantFrom(...sites), claim: fc.constantFrom(...claimed), source: fc.constantFrom('account', 'droplet') }), { maxLength: 4 }),
  })

  test('it never throws, changes nothing it was given, and comes to plain JSON', () => {
    fc.assert(
      fc.property(fc.array(round, { minLength: 1, maxLength: 12 }), (rounds) => {
        const story = storyOf(config, undefined, false)
        let { at, state } = story
        for (const r of rounds) {
          const startedAt = at
          at = { monoMs: at.monoMs + r.monoMs, wallMs: at.wallMs + r.wallMs }
          const facts: Facts = {
            at, startedAt, ledger: state.ledger, canaries: r.canaries,
            probes: r.probes.map((p) => ({ vantage: p.vantage, site: p.site, atMs: at.monoMs - p.ageMs, answers: p.kinds.map((k) => answerOf(k)) })),
            readings: r.readings.map(({ site, claim, source }) => readingOf(site, claim, at.monoMs, source)),
          }
          state = observe(freeze(state), freeze(facts), config)
        }
        expect(JSON.parse(JSON.stringify(state))).toEqual(state)
      }),
      { numRuns: 200, seed: 4 },
    )
  })
})

test('the end of a certificate stays while nobody sees the site, and goes when a check that sees it meets none', () => {
  const { config, state, at } = storyOf()
  const seen = (kind: AnswerKind | undefined, certificateUntilMs: number | null, before: State): State => {
    const facts = factsOf(config, before.ledger, at, kind ? { sees: { aws: kind } } : {})
    const probes = facts.probes.map((probe) => ({ ...probe, answers: probe.answers.map((answer) => ({ ...answer, certificateUntilMs })) }))
    return observe(before, { ...facts, probes }, config)
  }
  const shown = seen(undefined, day, state)
  const lost = seen('silent', null, shown)
  expect([shown, lost, seen(undefined, null, lost)].map(({ watch }) => watch.sites.aws?.certificateUntilMs)).toEqual([day, day, null])
})
