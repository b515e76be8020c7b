import { describe, expect, test } from 'vitest'
import type { Claim } from '../../src/core/words.ts'
import { configOf, storyOf, type Round, type Story } from './house.ts'

const aws = ({ state }: Story) => state.watch.sites['aws']!
const down: Round = { sees: { aws: 'silent' } }
const reads = (claim: Claim, more: Round = {}): Round => ({ readings: [{ site: 'aws', claim }], ...more })
const all = { here: 0, paris: 0, tokyo: 0 }

/** The rounds that follow a warm start, each for so long, and the row that then matches. */
type Case = [name: string, rounds: [ms: number, round: Round][], row: number, verdict: string, why: RegExp]

const cases: Case[] = [
  ['1: our own clock jumped', [[2_000, { afterMs: 2_000, wallMs: 9_000 }]], 1, 'abstain', /clock jumped by 7 s/],
  ['1: the round was held up', [[9_000, { afterMs: 9_000 }]], 1, 'abstain', /a round took 9 s/],
  ['1: all canaries are dead', [[8_000, { canaries: all }]], 1, 'abstain', /every vantage has lost its canaries/],
  ['1: no voter is heard of', [[8_000, { sees: { aws: null } }]], 1, 'abstain', /here does not answer, paris does not answer/],
  ['1 before 2: a blind observer says nothing of a cut', [[2_000, reads('account-locked')], [30_000, reads('account-locked', { canaries: all })]], 1, 'abstain', /canaries/],
  ['2: account locked, read twice', [[2_000, reads('account-locked')], [30_000, {}], [2_000, reads('account-locked')]], 2, 'cut', /account status is locked, read twice 32 s apart/],
  ['2: machine locked, read twice', [[2_000, reads('machine-locked')], [30_000, {}], [2_000, reads('machine-locked')]], 2, 'cut', /machine is locked/],
  ['2: machine blocked, read twice, and down', [[2_000, reads('machine-blocked', down)], [30_000, down], [2_000, reads('machine-blocked', down)]], 2, 'cut', /machine-blocked/],
  ['not 2: read twice, not far enough apart', [[2_000, reads('account-locked')], [26_000, {}], [2_000, reads('account-locked')]], 12, 'well', /3 of 3/],
  ['not 2: read once', [[2_000, reads('account-locked')], [40_000, {}]], 12, 'well', /3 of 3/],
  ['2 before 6 and 7', [[2_000, reads('account-locked', { sees: { aws: 'app' } })], [30_000, { sees: { aws: 'app' } }], [2_000, reads('account-locked', { sees: { aws: 'app' } })]], 2, 'cut', /locked/],
  ['3: credentials refused, and down', [[36_000, reads('credentials-refused', down)]], 3, 'cut', /both tokens are refused/],
  ['not 3: credentials refused, and up', [[34_000, reads('credentials-refused')]], 12, 'well', /3 of 3/],
  ['1 before 3: our clock is off, so that refusing us is sane', [[60_000, { ...down, readings: [{ site: 'aws', claim: 'credentials-refused' }, { site: 'aws', claim: 'clock-off', source: 'clock' }] }]], 1, 'abstain', /our clock is 7 min ahead/],
  ['not 3: credentials refused for long, and down for a moment: a key was rotated', [[90_000, reads('credentials-refused')], [34_000, reads('credentials-refused', down)]], 8, 'down', /both tokens are refused/],
  ['3: and down for as long', [[90_000, reads('credentials-refused')], [36_000, reads('credentials-refused', down)]], 3, 'cut', /both tokens are refused/],
  ['4: machine gone, and down', [[36_000, reads('machine-gone', down)]], 4, 'cut', /two endpoints say 404/],
  ['not 4: machine gone, and up', [[34_000, reads('machine-gone')]], 12, 'well', /3 of 3/],
  ['3 before 4', [[36_000, { ...down, readings: [{ site: 'aws', claim: 'machine-gone', source: 'droplet' }, { site: 'aws', claim: 'credentials-refused', source: 'account' }] }]], 3, 'cut', /tokens/],
  ['5: machine stopped, and down', [[10_000, reads('machine-stopped', down)]], 5, 'stopped', /the machine is off/],
  ['5: machine stopped by an operator, and down', [[10_000, reads('machine-stopped-by-operator', down)]], 5, 'stopped', /power_off of ana/],
  ['not 5: machine stopped, they say, and up', [[10_000, reads('machine-stopped')]], 12, 'well', /3 of 3/],
  ['5 before 6', [[10_000, reads('machine-stopped', { sees: { aws: 'foreign' } })]], 5, 'stopped', /off/],
  ['6: a stranger answers', [[10_000, { sees: { aws: 'foreign' } }]], 6, 'foreign', /valid for other.example only/],
  ['not 6: one of three sees a stranger, two see nothing', [[10_000, { sees: { aws: { here: 'foreign', paris: 'silent', tokyo: 'silent' } } }]], 8, 'down', /3 of 3 vantages say down/],
  ['7: the app answers and fails', [[10_000, { sees: { aws: 'app' } }]], 7, 'app-fault', /3 of 3 vantages say down: HTTP 503/],
  ['7: the port refuses and the cloud says that the machine runs', [[10_000, reads('machine-running', { sees: { aws: 'refused' } })]], 7, 'app-fault', /connection refused, and the machine runs/],
  ['not 7: the port refuses and nobody says that the machine runs', [[10_000, { sees: { aws: 'refused' } }]], 8, 'down', /connection refused/],
  ['not 7: no answer while the machine runs', [[10_000, reads('machine-running', down)]], 8, 'down', /no answer in 1 s; the machine runs/],
  ['not 7: half of the votes that say down saw the app', [[10_000, { sees: { aws: { here: 'app', paris: 'silent' } } }]], 8, 'down', /2 of 3 vantages say down/],
  ['8: nothing answers, and nobody says why', [[10_000, down]], 8, 'down', /3 of 3 vantages say down: no answer in 1 s; no account evidence/],
  ['8: beside it what the API says, and what could not be found out', [[10_000, { ...down, readings: [{ site: 'aws', claim: 'machine-running', source: 'droplet' }, { site: 'aws', claim: 'unknown' }] }]], 8, 'down', /; the machine runs, the account could not be read/],
  ['8 before 9', [[10_000, reads('account-warning', down)]], 8, 'down', /account status is warning/],
  ['9: the company warns', [[4_000, reads('account-warning')]], 9, 'notice', /account status is warning/],
  ['9 before 11', [[10_000, reads('account-warning', { sees: { aws: { here: 'silent' } } })]], 9, 'notice', /warning/],
  ['10: the API fails while the app is well', [[4_000, reads('api-failing')]], 10, 'control-plane-degraded', /the API answers HTTP 503/],
  ['not 10: a voter says down', [[10_000, reads('api-failing', { sees: { aws: { here: 'silent' } } })]], 11, 'blip', /1 of 3 vantages says down/],
  ['not 10: the app fails behind a failing API', [[10_000, reads('api-failing', { sees: { aws: 'app' } })]], 7, 'app-fault', /HTTP 503/],
  ['11: one voter says down', [[10_000, { sees: { aws: { here: 'silent' } } }]], 11, 'blip', /1 of 3 vantages says down: no answer in 1 s, and 2 would have to agree/],
  ['11: too few voters agree', [[10_000, { canaries: { here: 0, paris: 0 } }]], 11, 'blip', /1 of 3 vantages says up, and 2 would have to agree/],
  ['11: another site of ours answers there', [[10_000, { sees: { aws: 'other-site' } }]], 11, 'blip', /at 192.0.2.1 site hetzner answers here/],
  ['not 11: one voter fails, and not for `fall` rounds yet', [[4_000, { sees: { aws: { here: 'silent' } } }]], 12, 'well', /3 of 3/],
  ['12: nothing of this', [[10_000, {}]], 12, 'well', /^3 of 3 vantages$/],
  ['12: in good standing', [[10_000, { readings: [{ site: 'aws', claim: 'account-well' }, { site: 'aws', claim: 'machine-running', source: 'droplet' }] }]], 12, 'well', /3 of 3/],
]

describe('rows of the verdict table', () => {
  test.each(cases)('%s', (_, rounds, row, verdict, why) => {
    const story = storyOf()
    for (const [ms, round] of rounds) story.pass(ms, round)
    expect(aws(story)).toMatchObject({ row, verdict })
    expect(aws(story).why).toMatch(why)
  })

  test('policy.confirmCut may be nothing, and a site that is up is still not gone', () => {
    const story = storyOf(configOf({ policy: { confirmCutMs: 0 } }))
    story.pass(10_000, reads('machine-gone'))
    expect(aws(story).verdict).toBe('well')
    story.pass(6_000, reads('machine-gone', down))
    expect(aws(story).verdict).toBe('cut')
  })

  test('every row has a case that it wins', () => {
    expect(new Set(cases.map(([, , row]) => row)).size).toBe(12)
  })

  test('a failed site that answers again keeps its verdict until `rise`, and says so', () => {
    const story = storyOf()
    story.pass(10_000, { sees: { aws: 'app' } })
    story.round()
    expect(aws(story)).toMatchObject({ verdict: 'app-fault', health: 'down', returning: true })
    expect(aws(story).why).toBe('3 of 3 vantages say down: HTTP 503, and 3 of them reach it again')
    story.pass(8_000)
    expect(aws(story)).toMatchObject({ verdict: 'well', health: 'up', returning: false })
  })

  test('a site without an address is no reason to distrust the observer', () => {
    const config = configOf()
    const story = storyOf({ ...config, sites: [...config.sites.slice(0, 2), { ...config.sites[2]!, addresses: [], standby: 'cold' }] })
    expect(story.state.watch.sites['spare']).toMatchObject({ verdict: 'blip', why: 'it has no address yet', ready: null })
  })

  test('a site that was not asked often enough yet is said to be so, whether it answers or not; one that nobody could ask is not', () => {
    const begun = (round: Round) => {
      const story = storyOf(configOf(), undefined, false)
      story.round(round)
      return aws(story)
    }
    for (const round of [{}, down, { sees: { aws: { here: null } } }] satisfies Round[])
      expect(begun(round)).toMatchObject({ verdict: 'blip', health: 'unknown', why: 'too few rounds yet; 0 of 3 vantages say up, and 2 would have to agree' })
    expect(begun({ sees: { aws: { here: null, paris: null } } }).why).toBe('0 of 3 vantages say up, and 2 would have to agree')
    expect(begun({ sees: { aws: 'other-site' } }).why).toMatch(/^0 of 3 vantages say up, .* answers here$/)
  })

  test('a cut that is read for long is not said to be read twice', () => {
    const story = storyOf()
    story.pass(600_000, reads('account-locked'))
    expect(aws(story).why).toBe('account status is locked, read again and again for 10 min')
  })
})
