import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, startsThisHour, whyNot } from '../../src/core/decide.ts'
import { openMove } from '../../src/core/ledger.ts'
import { planOf } from '../../src/core/plan.ts'
import type { Config, Decision, Ledger } from '../../src/core/types.ts'
import type { AnswerKind, Claim } from '../../src/core/words.ts'
import { configOf, day, freeze, ledgerOf, moveOf, pastOf, storyOf, type Round, type Story } from './house.ts'

const told = (d: Decision): string =>
  d.kind === 'move' ? `move ${d.reason}: ${d.plan.kind} ${d.plan.from} → ${d.plan.to}` : `${d.kind} ${d.reason}`
const decided = ({ state, config }: Story) => told(decide(state, config))

const down: Round = { sees: { aws: 'silent' } }
const reads = (claim: Claim, more: Round = {}): Round => ({ readings: [{ site: 'aws', claim }], ...more })
const cutDown = reads('account-locked', down)

type Case = [name: string, given: { config?: Config; ledger?: Partial<Ledger>; cold?: boolean }, rounds: [ms: number, round: Round][], decision: string]

const failedSoS = (s: number): [number, Round] => [s * 1000 + 6_000, down]
const held = configOf({ data: { holds: 'orders' } })
const off = configOf({ policy: { automatic: false } })
const failback = configOf({ policy: { failback: 'automatic' } })
const onHetzner: Partial<Ledger> = { active: 'hetzner', epoch: 8, activeEpoch: 8 }
const moved = (): Config => {
  const config = configOf()
  return { ...config, sites: [{ ...config.sites[0]!, addresses: ['192.0.2.9'] }, ...config.sites.slice(1)] }
}
const oldRecord = { record: { epoch: 7, move: 'm', site: 'aws', addresses: ['192.0.2.1'] } }

const cases: Case[] = [
  ['the store may be an old copy', { ledger: { trusted: false } }, [[300_000, down]], 'hold store-untrusted'],
  ['not adopted', { ledger: { record: null } }, [[300_000, down]], 'hold not-adopted'],
  ['the file has no owner', { config: configOf({ owner: null }) }, [[300_000, down]], 'hold owner-missing'],
  ['a move is open', { ledger: { move: moveOf(configOf()) } }, [[300_000, down]], 'hold move-open'],
  ['nothing seen yet', { cold: true }, [], 'hold starting'],
  ['the first rounds', { cold: true }, [[8_000, {}]], 'hold starting'],
  ['the first rounds of a dead site', { cold: true }, [[4_000, down]], 'hold starting'],
  ['enough rounds', { cold: true }, [[10_000, {}]], 'hold well'],
  ['the laptop slept: it begins anew', {}, [[4_000, { afterMs: 2_000, wallMs: 99_000 }], [2_000, {}]], 'hold starting'],
  ['the observer is unwell', {}, [[300_000, { ...down, canaries: { here: 0, paris: 0, tokyo: 0 } }]], 'hold abstain'],
  ['one voter sees it fail', {}, [[300_000, { sees: { aws: { here: 'silent' } } }]], 'hold blip'],
  ['one is blind, one sees it fail', {}, [[300_000, { sees: { aws: { here: 'silent' } }, canaries: { paris: 0 } }]], 'hold blip'],
  ['it flaps below `fall`', {}, Array(60).fill(0).flatMap(() => [[4_000, down], [2_000, {}]] as [number, Round][]), 'hold well'],
  ['well', {}, [[300_000, {}]], 'hold well'],
  ['the company warns', {}, [[300_000, reads('account-warning')]], 'hold notice'],
  ['the API fails', {}, [[300_000, reads('api-failing')]], 'hold control-plane-degraded'],

  ['down, within policy.outage', {}, [failedSoS(178)], 'hold outage-budget'],
  ['down, policy.outage over', {}, [failedSoS(180)], 'move outage: failover aws → hetzner'],
  ['a stranger answers, within', {}, [[184_000, { sees: { aws: 'foreign' } }]], 'hold outage-budget'],
  ['a stranger answers, over', {}, [[186_000, { sees: { aws: 'foreign' } }]], 'move outage: failover aws → hetzner'],
  ['down, then a stranger: one budget', {}, [[96_000, down], [90_000, { sees: { aws: 'foreign' } }]], 'move outage: failover aws → hetzner'],
  ['down again after it was up: a budget of its own', {}, [failedSoS(170), [12_000, {}], failedSoS(170)], 'hold outage-budget'],
  ['the budget is over, and the site answers again', {}, [failedSoS(178), [6_000, {}]], 'hold blip'],
  ['it answered again for a moment', {}, [failedSoS(178), [4_000, {}], [2_000, down]], 'move outage: failover aws → hetzner'],
  ['the app fails, within policy.appFault', {}, [[604_000, { sees: { aws: 'app' } }]], 'hold app-fault-budget'],
  ['the app fails, over', {}, [[606_000, { sees: { aws: 'app' } }]], 'move app-fault: failover aws → hetzner'],
  ['the app fails, never', { config: configOf({ policy: { appFaultMs: null } }) }, [[9_000_000, { sees: { aws: 'app' } }]], 'hold app-fault-never'],
  ['app and host take turns: over when the longer budget is, in all', {}, Array(5).fill(0).flatMap(() => [[60_000, { sees: { aws: 'app' } }], [62_000, down]] as [number, Round][]), 'move outage: failover aws → hetzner'],
  ['and ends at an app that fails', {}, [...Array(5).fill(0).flatMap(() => [[62_000, down], [60_000, { sees: { aws: 'app' } }]] as [number, Round][])], 'move app-fault: failover aws → hetzner'],
  ['stopped, nobody says by whom, within', {}, [[184_000, reads('machine-stopped', down)]], 'hold outage-budget'],
  ['stopped, nobody says by whom, over', {}, [[186_000, reads('machine-stopped', down)]], 'move outage: failover aws → hetzner'],
  ['stopped by an operator: never', {}, [[9_000_000, reads('machine-stopped-by-operator', down)]], 'hold stopped-by-operator'],
  ['stopped by an operator, and then the API is silent: a whole budget first', {}, [[9_000_000, reads('machine-stopped-by-operator', down)], [278_000, down]], 'hold outage-budget'],

  ['a cut, read once', {}, [[10_000, down], [2_000, cutDown]], 'hold cut-unconfirmed'],
  ['a cut, read once, while the app fails', {}, [[10_000, { sees: { aws: 'app' } }], [2_000, reads('account-locked', { sees: { aws: 'app' } })]], 'hold cut-unconfirmed'],
  ['a cut, read twice, and down', {}, [[34_000, cutDown]], 'move cut: failover aws → hetzner'],
  ['a cut, and still serving', {}, [[300_000, reads('account-locked')]], 'hold cut-serving'],
  ['a cut, and in doubt', {}, [[300_000, reads('account-locked', { sees: { aws: { here: 'silent' } }, canaries: { paris: 0 } })]], 'hold cut-serving'],
  ['the machine is gone', {}, [[36_000, reads('machine-gone', down)]], 'move cut: failover aws → hetzner'],
  ['the machine is gone, they say, and answers again', {}, [[34_000, reads('machine-gone', down)], [2_000, reads('machine-gone')]], 'hold blip'],
  ['the machine is gone, and not for long enough', {}, [[34_000, reads('machine-gone', down)]], 'hold cut-unconfirmed'],
  ['both keys are refused', {}, [[38_000, reads('credentials-refused', down)]], 'move cut: failover aws → hetzner'],

  ['the first other site is down', {}, [[186_000, { sees: { aws: 'silent', hetzner: 'silent' } }]], 'move outage: failover aws → spare'],
  ['one voter says the first other site is down', {}, [[186_000, { sees: { aws: 'silent', hetzner: { here: 'app' } } }]], 'move outage: failover aws → spare'],
  ['the first other site is cut and still serves', {}, [[186_000, { ...down, readings: [{ site: 'hetzner', claim: 'machine-locked' }] }]], 'move outage: failover aws → spare'],
  ['the first other site was given up', { ledger: { given: [{ site: 'hetzner', epoch: 6, atMs: day }] } }, [failedSoS(180)], 'move outage: failover aws → spare'],
  ['both sites down: all stays', { config: configOf({ sites: configOf().sites.slice(0, 2) }) }, [[900_000, { sees: { aws: 'silent', hetzner: 'silent' } }]], 'refuse no-target'],
  ['nobody can say whether another is well', {}, [[186_000, { sees: { aws: 'silent', hetzner: null, spare: null } }]], 'refuse no-target'],
  ['one voter of the target is enough', {}, [[186_000, { sees: { aws: 'silent', hetzner: { here: null, paris: null } } }]], 'move outage: failover aws → hetzner'],

  ['policy.automatic is false', { config: off }, [failedSoS(180)], 'refuse automatic-off'],
  ['policy.automatic is false, and a cut', { config: off }, [[34_000, cutDown]], 'refuse automatic-off'],
  ['paused', { ledger: { pause: { untilMs: null, by: 'ana', why: '' } } }, [[34_000, cutDown]], 'refuse paused'],
  ['data would be left behind', { config: held }, [failedSoS(180)], 'refuse data-held'],
  ['data would be left behind by a cut', { config: held }, [[34_000, cutDown]], 'move cut: failover aws → hetzner'],
  ['data that a driver carries', { config: configOf({ data: { holds: 'orders', carried: true } }) }, [failedSoS(180)], 'move outage: failover aws → hetzner'],
  ['three moves within the hour', { ledger: { past: [7, 6, 5].map((n) => pastOf(n, 'x', 'aws')) } }, [failedSoS(180)], 'refuse moves-capped'],
  ['three within the hour, one by a person', { ledger: { past: [7, 6, 5].map((n) => pastOf(n, 'x', 'aws', { automatic: n !== 6 })) } }, [failedSoS(180)], 'move outage: failover aws → hetzner'],
  ['three, the oldest an hour ago', { ledger: { past: [7, 6, 5].map((n) => pastOf(n, 'x', 'aws', { startedMs: day - (n === 5 ? 3_500_000 : 0) })) } }, [failedSoS(180)], 'move outage: failover aws → hetzner'],
  ['a cap counts for a cut too', { ledger: { past: [7, 6, 5].map((n) => pastOf(n, 'x', 'aws')) } }, [[34_000, cutDown]], 'refuse moves-capped'],

  ['the only other site was left a short time ago', { config: configOf({ sites: configOf().sites.slice(0, 2) }), ledger: { past: [pastOf(7, 'hetzner', 'aws')] } }, [failedSoS(180)], 'refuse cooldown'],
  ['there is another', { ledger: { past: [pastOf(7, 'hetzner', 'aws')] } }, [failedSoS(180)], 'move outage: failover aws → spare'],
  ['cooldown bars no return from a cut', { ledger: { past: [pastOf(7, 'hetzner', 'aws')] } }, [[34_000, cutDown]], 'move cut: failover aws → hetzner'],
  ['cooldown is over', { ledger: { past: [pastOf(7, 'hetzner', 'aws')] } }, [[500_000, {}], failedSoS(180)], 'move outage: failover aws → hetzner'],

  ['a preferred site is well, and failback is manual', { ledger: onHetzner }, [[900_000, {}]], 'hold well'],
  ['a preferred site is well, and failback is automatic', { config: failback, ledger: onHetzner }, [[2_000, {}]], 'move preferred: failback hetzner → aws'],
  ['it was left a short time ago', { config: failback, ledger: { ...onHetzner, past: [pastOf(8, 'aws', 'hetzner')] } }, [[300_000, {}]], 'hold well'],
  ['it was given up', { config: failback, ledger: { ...onHetzner, given: [{ site: 'aws', epoch: 8, atMs: day }] } }, [[900_000, {}]], 'hold well'],
  ['the most preferred one is active', { config: failback }, [[900_000, {}]], 'hold well'],
  ['failback where data is held', { config: configOf({ data: { holds: 'orders' }, policy: { failback: 'automatic' } }), ledger: onHetzner }, [[900_000, {}]], 'hold well'],
  ['the active site\'s address changed', { config: moved(), ledger: oldRecord }, [[2_000, {}]], 'move address-changed: repoint aws → aws'],
  ['the active site\'s address changed, and the new one is not well', { config: moved(), ledger: oldRecord }, [[20_000, down]], 'hold outage-budget'],
]

describe('decide', () => {
  test.each(cases)('%s', (_, { config = configOf(), ledger, cold }, rounds, expected) => {
    const story = storyOf(config, ledgerOf(config, ledger), !cold)
    for (const [ms, round] of rounds) story.pass(ms, round)
    expect(decided(story)).toBe(expected)
  })

  test('a move names what it would take, and a refusal the same', () => {
    for (const config of [configOf(), off]) {
      const story = storyOf(config)
      story.pass(186_000, down)
      const decision = decide(story.state, config)
      const plan = decision.kind === 'move' ? decision.plan : decision.kind === 'refuse' ? decision.would : null
      expect(plan).toEqual({ ...planOf('failover', 'aws', 'hetzner', config), addresses: ['192.0.2.2'] })
    }
  })

  test('an opened move is held, and its start counts', () => {
    const story = storyOf()
    story.pass(186_000, down)
    const decision = decide(story.state, story.config)
    if (decision.kind !== 'move') throw new Error('it must move')
    const { plan, by, reason: cause, lifted, automatic } = decision
    story.state = { ...story.state, ledger: openMove(story.state.ledger, { plan, id: 'm', decision: 'd', by, cause, lifted, automatic }, story.at) }
    expect(decided(story)).toBe('hold move-open')
    expect(startsThisHour(story.state)).toBe(1)
  })
})

describe('whatever was seen', () => {
  const claims: Claim[] = ['account-well', 'account-locked', 'account-warning', 'machine-running', 'machine-gone', 'machine-stopped', 'machine-stopped-by-operator', 'credentials-refused', 'api-failing', 'unknown']
  const sight = fc.constantFrom<AnswerKind | null>('ok', 'ok', 'silent', 'app', 'foreign', 'refused', 'other-site', null)
  const perSite = fc.oneof({ weight: 3, arbitrary: sight }, { weight: 1, arbitrary: fc.record({ here: sight, paris: sight, tokyo: sight }) })
  const stretch = fc.record({
    s: fc.constantFrom(2, 10, 40, 200, 650),
    sees: fc.record({ aws: perSite, hetzner: perSite, spare: perSite }),
    readings: fc.array(fc.record({ site: fc.constantFrom('aws', 'hetzner', 'spare'), claim: fc.constantFrom(...claims) }), { maxLength: 2 }),
    canaries: fc.record({ here: fc.constantFrom(0, 1, 2, 2, 2), paris: fc.constantFrom(0, 2, 2) }),
  })
  const given = fc.record({
    automatic: fc.constantFrom(true, true, true, false),
    dies: fc.constantFrom(null, 'silent' as const, 'foreign' as const),
    holds: fc.constantFrom(null, 'orders'),
    failback: fc.constantFrom<'manual' | 'automatic'>('manual', 'automatic'),
    appFaultMs: fc.constantFrom(null, 60_000),
    active: fc.constantFrom('aws', 'hetzner', 'spare'),
    fenced: fc.constantFrom(null, 'aws', 'hetzner'),
    left: fc.constantFrom(null, 'aws', 'hetzner'),
  })

  test('it changes nothing it was given, never goes to a site that cannot be active, starts nothing in doubt, and decides the same from its own JSON', () => {
    let moves = 0
    fc.assert(
      fc.property(given, fc.array(stretch, { minLength: 1, maxLength: 4 }), (g, stretches) => {
        const config = freeze(configOf({ policy: { automatic: g.automatic, failback: g.failback, appFaultMs: g.appFaultMs }, data: { holds: g.holds } }))
        const story = storyOf(config, ledgerOf(config, {
          active: g.active,
          given: g.fenced && g.fenced !== g.active ? [{ site: g.fenced, epoch: 6, atMs: day }] : [],
          past: g.left && g.left !== g.active ? [pastOf(7, g.left, g.active)] : [],
        }))
        for (const { s, ...round } of stretches) story.pass(s * 1000, g.dies ? { ...round, sees: { ...round.sees, [g.active]: g.dies } } : round)
        const state = freeze(story.state)
        const decision = decide(state, config)
        expect(decide(JSON.parse(JSON.stringify(state)), JSON.parse(JSON.stringify(config)))).toEqual(decision)
        if (decision.kind !== 'move') return
        moves += 1
        const { plan } = decision
        const seen = state.watch.sites[g.active]!
        expect(g.automatic).toBe(true)
        if (plan.to !== g.active) expect(whyNot(state, config, plan.to)).toBe(null)
        if (plan.kind === 'failover') expect(seen.health).toBe('down')
        if (plan.kind === 'failover' && seen.row !== 2) expect(seen.returning).toBe(false)
        if (g.holds) expect(decision.reason).toBe('cut')
      }),
      { numRuns: 400, seed: 4 },
    )
    expect(moves).toBeGreaterThan(10)
  })
})
