import { describe, expect, test } from 'vitest'
import { admit } from '../../src/core/admit.ts'
import { decide, nothingLifted } from '../../src/core/decide.ts'
import { factsOf, losesOf, planName, sentenceOf } from '../../src/core/explain.ts'
import { stepOf } from '../../src/core/step-sentences.ts'
import { planHash, planOf } from '../../src/core/plan.ts'
import { spell } from '../../src/core/spell.ts'
import type { Config, Decision, Ledger, Plan } from '../../src/core/types.ts'
import { moveKinds, reasons, steps, type MoveKind, type Reason } from '../../src/core/words.ts'
import { configOf, day, ledgerOf, moveOf, pastOf, storyOf, type Round } from './house.ts'

const down: Round = { sees: { aws: 'silent' } }
const config = configOf()

/** A state in which every sentence finds what it speaks of: aws down, a cut read once, hetzner in doubt, spare fenced, a pause, an open move. */
const richState = (of: Config = config) => {
  const ledger: Partial<Ledger> = {
    move: moveOf(of), pause: { untilMs: null, by: 'ana', why: 'release' }, given: [{ site: 'spare', epoch: 5, atMs: day }], past: [pastOf(7, 'hetzner', 'aws')],
  }
  const story = storyOf(of, ledgerOf(of, ledger))
  story.pass(20_000, { sees: { aws: 'silent', hetzner: { here: 'app' } } })
  story.round({ ...down, readings: [{ site: 'aws', claim: 'account-locked' }] })
  return story.state
}

const all = Object.keys(reasons) as Reason[]
/** What a person is refused with, and what lifeboat refuses itself; each may be the end of a command, so each names a way on. */
const refusals: Reason[] = [
  'not-adopted', 'owner-missing', 'store-untrusted', 'move-open', 'automatic-off', 'paused', 'cooldown', 'moves-capped', 'data-held', 'no-target', 'active-is-up',
  'target-unready', 'target-cold', 'target-fenced', 'target-active', 'source-not-well', 'loss-not-accepted', 'unknown-site', 'plan-changed', 'not-fenced', 'not-paused',
]
const waysIn = (sentence: string): string[] => sentence.match(/lifeboat (?!yaml)[a-z]+( [a-z]+)?( --[a-z-]+( all|(?= )[a-z]+)?)?|(?<![a-z] )--[a-z-]+( all)?/g) ?? []

describe('every reason has a sentence', () => {
  const held = configOf({ data: { holds: 'orders' } })
  const plans: (Plan | null)[] = [...(Object.keys(moveKinds) as MoveKind[]).map((kind) => planOf(kind, 'aws', kind === 'repoint' ? 'aws' : 'hetzner', held)), null]

  test.each(all)('%s', (reason) => {
    const sentence = sentenceOf({ kind: 'refuse', reason, site: 'aws', would: plans[0]! }, richState(held), held)
    expect(sentence).toMatch(/^refuse: \S/)
    expect(sentence).not.toMatch(new RegExp(`undefined|null|NaN|\\[object|Infinity|: ${reason}$`))
    expect(sentence.length).toBeLessThan(400)
  })

  test.each(refusals)('%s: a refusal names one way past it', (reason) => {
    const needsPlan = ['automatic-off', 'paused', 'moves-capped', 'data-held'].includes(reason)
    for (const would of plans.filter((p) => p !== null || !needsPlan)) {
      const sentence = sentenceOf({ kind: 'refuse', reason, site: 'hetzner', would }, richState(held), held)
      expect(waysIn(sentence), sentence).toHaveLength(1)
      expect(sentence).not.toMatch(/undefined|null|NaN/)
    }
  })

  test('the commands that they name are lifeboat\'s, and the sites are the file\'s', () => {
    const commands = ['adopt', 'status', 'failover', 'switchover', 'failback', 'rejoin', 'plan', 'pause', 'up', 'check']
    for (const reason of all) {
      const sentence = sentenceOf({ kind: 'refuse', reason, site: 'aws', would: planOf('failover', 'aws', 'hetzner', config) }, richState(), config)
      for (const [, command, site] of sentence.matchAll(/lifeboat ([a-z]+)(?: ([a-z]+))?/g)) {
        expect(commands, sentence).toContain(command)
        if (site) expect(config.sites.map((s) => s.site), sentence).toContain(site)
      }
    }
  })
})

describe('sentences, as they are read at 3 a.m.', () => {
  type Given = { config?: Config; ledger?: Partial<Ledger>; rounds?: [number, Round][] }
  const said = ({ config: of = config, ledger, rounds = [] }: Given) => {
    const story = storyOf(of, ledgerOf(of, ledger))
    for (const [ms, round] of rounds) story.pass(ms, round)
    return sentenceOf(decide(story.state, of), story.state, of)
  }
  const cut: Round = { ...down, readings: [{ site: 'aws', claim: 'account-locked' }] }
  const dead: [number, Round][] = [[186_000, down]]
  const off = configOf({ policy: { automatic: false } })
  const noSpare = configOf({ sites: config.sites.slice(0, 2) })
  const briefly = configOf({ sites: config.sites.slice(0, 2), policy: { cooldownMs: 120_000 } })

  test.each<[string, Given, string]>([
    ['well', {}, 'hold: aws is well: 3 of 3 vantages'],
    ['outage-budget', { rounds: [[60_000, down]] }, 'hold: aws is down: 3 of 3 vantages say down: no answer in 1 s; no account evidence. A failover starts when policy.outage (3 min) is over, in 2 min'],
    ['outage-budget, barred by a cooldown', { config: noSpare, ledger: { past: [pastOf(7, 'hetzner', 'aws')] }, rounds: [[60_000, down]] }, 'hold: aws is down: 3 of 3 vantages say down: no answer in 1 s; no account evidence. When policy.outage (3 min) is over, in 2 min, nothing moves: the only site to go to was left a short time ago (policy.cooldown)'],
    ['outage-budget, and the cooldown ends before it', { config: briefly, ledger: { past: [pastOf(7, 'hetzner', 'aws')] }, rounds: [[60_000, down]] }, 'hold: aws is down: 3 of 3 vantages say down: no answer in 1 s; no account evidence. A failover starts when policy.outage (3 min) is over, in 2 min'],
    ['outage-budget, barred', { config: off, rounds: [[60_000, down]] }, 'hold: aws is down: 3 of 3 vantages say down: no answer in 1 s; no account evidence. When policy.outage (3 min) is over, in 2 min, nothing moves: policy.automatic is false'],
    ['app-fault-budget', { rounds: [[60_000, { sees: { aws: 'app' } }]] }, "hold: aws's host answers and its app fails: 3 of 3 vantages say down: HTTP 503. A failover starts when policy.appFault (10 min) is over, in 9 min"],
    ['cut-unconfirmed', { rounds: [[10_000, down], [2_000, cut]] }, 'hold: aws is down: 3 of 3 vantages say down: no answer in 1 s; account status is locked. It may be a cut: that is read again until policy.confirmCut (30 s) is over'],
    ['cut', { rounds: [[34_000, cut]] }, 'move: aws is cut off: account status is locked, read twice 32 s apart. Failover aws → hetzner starts'],
    ['cut, data held', { config: configOf({ data: { holds: 'orders' } }), rounds: [[34_000, cut]] }, 'move: aws is cut off: account status is locked, read twice 32 s apart. Failover aws → hetzner starts. It leaves behind orders at aws: no driver carries what is held, and it stays there'],
    ['cut-serving', { config: configOf({ data: { holds: 'orders' } }), rounds: [[34_000, { readings: [{ site: 'aws', claim: 'account-locked' }] }]] }, 'hold: aws is cut off: account status is locked, read twice 32 s apart. It still serves, and that will not last: a person decides. A move leaves orders behind at aws. To move now: lifeboat switchover hetzner --accept-loss all'],
    ['outage', { rounds: dead }, 'move: aws has been down for 3 min: 3 of 3 vantages say down: no answer in 1 s; no account evidence. Failover aws → hetzner starts'],
    ['foreign', { rounds: [[186_000, { sees: { aws: 'foreign' } }]] }, 'move: somebody else has answered at aws for 3 min: its certificate is valid for other.example only. Failover aws → hetzner starts'],
    ['stopped', { rounds: [[186_000, { ...down, readings: [{ site: 'aws', claim: 'machine-stopped' }] }]] }, 'move: aws has been stopped for 3 min: the machine is off. Failover aws → hetzner starts'],
    ['stopped-by-operator', { rounds: [[186_000, { ...down, readings: [{ site: 'aws', claim: 'machine-stopped-by-operator' }] }]] }, 'hold: aws was stopped by an operator: the machine is off by power_off of ana. Nothing moves by itself. To move: lifeboat failover hetzner'],
    ['automatic-off', { config: off, rounds: dead }, 'refuse: aws is down: 3 of 3 vantages say down: no answer in 1 s; no account evidence. It would start failover aws → hetzner, and policy.automatic is false: nothing is done. To do it: lifeboat failover hetzner'],
    ['paused', { ledger: { pause: { untilMs: null, by: 'ana', why: 'release' } }, rounds: dead }, 'refuse: aws is down: 3 of 3 vantages say down: no answer in 1 s; no account evidence. It would start failover aws → hetzner, and automatic moves are paused by ana (release). To do it: lifeboat failover hetzner'],
    ['cooldown', { config: noSpare, ledger: { past: [pastOf(7, 'hetzner', 'aws')] }, rounds: dead }, 'refuse: aws is down: 3 of 3 vantages say down: no answer in 1 s; no account evidence. The only site to go to was left less than 10 min ago (policy.cooldown): nothing moves. To move now: lifeboat failover hetzner'],
    ['no-target', { config: noSpare, rounds: [[186_000, { sees: { aws: 'silent', hetzner: 'app' } }]] }, "refuse: aws is down: 3 of 3 vantages say down: no answer in 1 s; no account evidence. No other site can take over (hetzner is not well: 3 of 3 vantages say down: HTTP 503): the last answer stays. To go there all the same: lifeboat failover hetzner --unready"],
    ['preferred', { config: configOf({ policy: { failback: 'automatic' } }), ledger: { active: 'hetzner' } }, 'move: aws is preferred and well again, and policy.failback is automatic. Failback hetzner → aws starts'],
    ['preferred, automatic off', { config: configOf({ policy: { failback: 'automatic', automatic: false } }), ledger: { active: 'hetzner' } }, 'refuse: hetzner is well: 3 of 3 vantages. It would start failback hetzner → aws, and policy.automatic is false: nothing is done. To do it: lifeboat failback'],
  ])('%s', (_, given, expected) => {
    expect(said(given)).toBe(expected)
  })

  test('a request is told by who asked; what it changed without a move too', () => {
    const { state } = storyOf()
    const plan = planOf('switchover', 'aws', 'hetzner', config)
    const move: Decision = { kind: 'move', reason: 'request', site: 'hetzner', plan, by: 'ana', lifted: nothingLifted, automatic: false }
    expect(sentenceOf(move, state, config)).toBe('move: switchover aws → hetzner, asked for by ana')
    const base = { id: 'r', by: 'ana', expiresMs: day }
    const set = (what: object) => sentenceOf(admit(state, config, { ...base, ...what } as Parameters<typeof admit>[2]), state, config)
    expect(set({ what: 'pause', untilMs: day + 3_610_000, why: 'release' })).toBe('done: automatic moves are paused by ana (release) for 60 min')
    expect(set({ what: 'pause', untilMs: null, why: '' })).toBe('done: automatic moves are paused by ana until somebody resumes them')
    const paused = { ...state, ledger: { ...state.ledger, pause: { untilMs: null, by: 'ana', why: '' }, given: [{ site: 'spare', epoch: 5, atMs: day }] } }
    expect(sentenceOf(admit(paused, config, { ...base, what: 'resume' }), paused, config)).toBe('done: automatic moves are on again')
    const beside = { ...paused, ledger: { ...paused.ledger, otherPauses: [{ untilMs: day + 3_610_000, by: 'ci', why: 'while deploy.sh runs', holder: 'd' }] } }
    const ofD = { ...base, what: 'resume', holder: 'd' } as const
    expect(sentenceOf(admit(beside, config, ofD), beside, config)).toBe('done: automatic moves stay paused by ana until somebody resumes them')
    expect(factsOf(beside, config)).toEqual(expect.arrayContaining(['paused by ana', 'paused by ci']))
    expect(sentenceOf(admit(paused, config, { ...base, what: 'rejoin', site: 'spare' }), paused, config)).toBe('done: spare is a standby again')
    expect(set({ what: 'release', site: 'hetzner', release: '3f9a0c11d2e4', pushedMs: day })).toBe('done: hetzner runs release 3f9a0c11d2e4')
  })
})

describe('a plan in words', () => {
  const held = configOf({ data: { holds: 'orders' } })
  const carried = configOf({ data: { holds: 'orders', carried: true } })

  test.each<[string, Plan, Config, string]>([
    ['nothing held', planOf('failover', 'aws', 'hetzner', config), config, 'nothing: no data is held'],
    ['held', planOf('switchover', 'aws', 'hetzner', held), held, 'orders at aws: no driver carries what is held, and it stays there'],
    ['carried, unplanned', planOf('failover', 'aws', 'hetzner', carried), carried, 'what aws wrote and hetzner has not received'],
    ['carried, planned', planOf('switchover', 'aws', 'hetzner', carried), carried, 'nothing: aws is left when hetzner has all that was written'],
    ['the site stays', planOf('repoint', 'aws', 'aws', held), held, 'nothing: the active site stays'],
  ])('what is lost: %s', (_, plan, of, expected) => expect(losesOf(plan, of)).toBe(expected))

  test('names of plans', () => {
    expect(planName(planOf('failover', 'aws', 'hetzner', config))).toBe('failover aws → hetzner')
    expect(planName(planOf('adopt', null, 'aws', config))).toBe('adoption: the names point at aws (192.0.2.1)')
    expect(planName(planOf('repoint', 'aws', 'aws', config))).toBe('repoint to aws at 192.0.2.1')
  })

  const nothings = (kind: MoveKind, of: Config, from: string | null = 'aws', to = 'hetzner') =>
    steps.filter((step) => stepOf(step, planOf(kind, from, to, of), of).nothing)
  test('a step with nothing to do says so, and why', () => {
    expect(nothings('failover', config)).toEqual(['drain', 'fence', 'caught-up', 'shift'])
    expect(nothings('failover', carried)).toEqual(['drain', 'caught-up', 'shift'])
    expect(nothings('switchover', carried)).toEqual(['drain', 'shift'])
    expect(nothings('repoint', carried, 'aws', 'aws')).toEqual(['ready', 'drain', 'fence', 'caught-up', 'shift'])
    for (const step of steps) expect(stepOf(step, planOf('failover', 'aws', 'hetzner', config), config).sentence).not.toMatch(/undefined|null/)
  })
})

test('the facts of a decision, a line each', () => {
  const story = storyOf(config, ledgerOf(config, { pause: { untilMs: null, by: 'ana', why: '' } }))
  story.pass(8_000, { sees: { aws: { here: 'silent', paris: 'silent' } }, canaries: { tokyo: 0 }, readings: [{ site: 'aws', claim: 'account-locked' }] })
  expect(factsOf(story.state, config).slice(0, 7)).toEqual([
    'epoch 7, active aws',
    'aws: down for 2 s, verdict down (row 8): 2 of 3 vantages say down: no answer in 1 s; account status is locked',
    '  votes: 0 up, 2 down, 1 abstain, of 3; quorum 2',
    '  here: down, 4 failed in a row: 192.0.2.1 no answer in 1 s',
    '  paris: down, 4 failed in a row: 192.0.2.1 no answer in 1 s',
    '  tokyo: abstains: 0 of 2 canaries answer it',
    '  account: account-locked: account status is locked, first read 6 s ago, last 0 s ago',
  ])
})

test.each([
  [0, '0 s'], [400, '0.4 s'], [1_000, '1 s'], [9_940, '9.9 s'], [9_960, '10 s'], [45_000, '45 s'], [119_400, '119 s'], [119_600, '2 min'], [180_000, '3 min'],
  [5_400_000, '90 min'], [7_200_000, '2 h'], [86_400_000, '24 h'], [171_000_000, '2 d'], [3_542_400_000, '41 d'],
])('%i ms is %s', (ms, text) => expect(spell(ms)).toBe(text))

describe('the command that a refusal names is one that is carried out', () => {
  const doubt = { here: 'app' } as const

  test.each<[name: string, sees: Round['sees'], kind: 'failback' | 'failover', way: string]>([
    ['a failback to a site in doubt, from one that is up', { aws: doubt }, 'failback', 'lifeboat failover aws --unready --force'],
    ['a failback to a site in doubt, from one that is down', { aws: doubt, hetzner: 'silent' }, 'failback', 'lifeboat failover aws --unready'],
    ['a failover with no site to go to, from one that is up', { aws: doubt, spare: 'silent' }, 'failover', 'lifeboat failover aws --unready --force'],
    ['a failover with no site to go to, from one that is down', { aws: doubt, hetzner: 'silent', spare: 'silent' }, 'failover', 'lifeboat failover aws --unready'],
  ])('%s', (_, sees, kind, way) => {
    const story = storyOf(config, ledgerOf(config, { active: 'hetzner' }))
    story.pass(20_000, { sees: sees ?? {} })
    const ask = (asked: 'failback' | 'failover', to: string | null, flags: ('force' | 'unready')[]) => {
      const lifted = { ...nothingLifted, ...Object.fromEntries(flags.map((flag) => [flag, true])) }
      const hash = to === null ? 'none' : planHash(planOf(asked, 'hetzner', to, config), story.state.ledger.epoch + 1)
      return admit(story.state, config, { id: 'r1', by: 'ana', expiresMs: day, what: 'move', kind: asked, to, lifted, planHash: hash })
    }
    const sentence = sentenceOf(ask(kind, null, []), story.state, config)
    expect(sentence).toMatch(new RegExp(`^refuse: .*: ${way}$`))
    const flags = [...way.matchAll(/--([a-z]+)/g)].map(([, flag]) => flag as 'force' | 'unready')
    expect(ask('failover', 'aws', flags)).toMatchObject({ kind: 'move', plan: { kind: 'failover', from: 'hetzner', to: 'aws' } })
  })
})
