import { describe, expect, test } from 'vitest'
import { admit, requested } from '../../src/core/admit.ts'
import { nothingLifted } from '../../src/core/decide.ts'
import { planHash, planOf } from '../../src/core/plan.ts'
import type { Config, Decision, Ledger, Lifted, Request } from '../../src/core/types.ts'
import type { AskedKind } from '../../src/core/words.ts'
import { configOf, day, freeze, ledgerOf, moveOf, storyOf, type Round, type Story } from './house.ts'

type Asked = { kind: AskedKind; to?: string | null; lifts?: (keyof Lifted)[] }

const asks = ({ state, config }: Story, { kind, to = null, lifts = [] }: Asked): Request => {
  const lifted = { ...nothingLifted, ...Object.fromEntries(lifts.map((flag) => [flag, true])) }
  const plan = requested(state, config, { kind, to })
  const hash = 'reason' in plan ? 'none' : planHash(plan, state.ledger.epoch + 1)
  return { id: 'r1', by: 'ana', expiresMs: day + 60_000, what: 'move', kind, to, lifted, planHash: hash }
}
const told = (d: Decision): string =>
  d.kind === 'move' ? `${d.plan.kind} ${d.plan.from} → ${d.plan.to}` : d.kind === 'set' ? `set ${d.site ?? 'ledger'}` : `${d.kind} ${d.reason} ${d.site ?? ''}`.trim()

type Given = { config?: Config; ledger?: Partial<Ledger>; round?: Round; cold?: boolean }
const storyFor = ({ config = configOf(), ledger, round, cold }: Given): Story => {
  const story = storyOf(config, ledgerOf(config, ledger), !cold)
  if (round) story.pass(10_000, round)
  freeze(story.state)
  return story
}

const awsDown: Round = { sees: { aws: 'silent' } }
const held = configOf({ data: { holds: 'orders' } })
const carried = configOf({ data: { holds: 'orders', carried: true } })
const coldSpare = configOf({ sites: configOf().sites.map((s) => (s.site === 'spare' ? { ...s, addresses: [], standby: 'cold' } : s)) })
const given: Partial<Ledger> = { given: [{ site: 'hetzner', epoch: 6, atMs: day }] }
const onHetzner: Partial<Ledger> = { active: 'hetzner' }

const cases: [name: string, given: Given, asked: Asked, decision: string][] = [
  ['a failover of a site that is up', {}, { kind: 'failover' }, 'refuse active-is-up aws'],
  ['forced', {}, { kind: 'failover', lifts: ['force'] }, 'failover aws → hetzner'],
  ['--unready does not lift that', {}, { kind: 'failover', lifts: ['unready', 'unfenced', 'acceptLoss'] }, 'refuse active-is-up aws'],
  ['a failover of a site that is down', { round: awsDown }, { kind: 'failover' }, 'failover aws → hetzner'],
  ['a failover of a site in doubt: `unknown` never refuses', { round: { sees: { aws: { here: 'silent' } }, canaries: { paris: 0 } } }, { kind: 'failover' }, 'failover aws → hetzner'],
  ['a failover before anything was seen, to a site that nobody knows to be well', { cold: true }, { kind: 'failover', to: 'hetzner' }, 'refuse target-unready hetzner'],
  ['unready', { cold: true }, { kind: 'failover', to: 'hetzner', lifts: ['unready'] }, 'failover aws → hetzner'],
  ['--force does not lift that', { cold: true }, { kind: 'failover', to: 'hetzner', lifts: ['force', 'unfenced', 'acceptLoss'] }, 'refuse target-unready hetzner'],
  ['to a chosen site', { round: awsDown }, { kind: 'failover', to: 'spare' }, 'failover aws → spare'],
  ['by preference, past one that is down', { round: { sees: { aws: 'silent', hetzner: 'app' } } }, { kind: 'failover' }, 'failover aws → spare'],
  ['no other site is well', { round: { sees: { aws: 'silent', hetzner: 'app', spare: 'app' } } }, { kind: 'failover' }, 'refuse no-target aws'],
  ['one site more is not well', { round: { sees: { aws: 'silent', hetzner: 'app' } } }, { kind: 'failover', to: 'hetzner' }, 'refuse target-unready hetzner'],
  ['to a cold site', { config: coldSpare, round: awsDown }, { kind: 'failover', to: 'spare' }, 'refuse target-cold spare'],
  ['to a cold site: no flag lifts that', { config: coldSpare, round: awsDown }, { kind: 'failover', to: 'spare', lifts: ['unready', 'force', 'unfenced', 'acceptLoss'] }, 'refuse target-cold spare'],
  ['to a site that was given up', { ledger: given, round: awsDown }, { kind: 'failover', to: 'hetzner' }, 'refuse target-fenced hetzner'],
  ['to a site that was given up: no flag lifts that', { ledger: given, round: awsDown }, { kind: 'failover', to: 'hetzner', lifts: ['unready', 'force', 'unfenced', 'acceptLoss'] }, 'refuse target-fenced hetzner'],
  ['to the active site', {}, { kind: 'failover', to: 'aws', lifts: ['force'] }, 'refuse target-active aws'],
  ['to nowhere', {}, { kind: 'failover', to: 'azure', lifts: ['force'] }, 'refuse unknown-site azure'],
  ['before adoption', { ledger: { record: null } }, { kind: 'failover' }, 'refuse not-adopted'],
  ['with a store that may be an old copy', { ledger: { trusted: false } }, { kind: 'failover' }, 'refuse store-untrusted'],
  ['a failover leaves data behind without a flag: the site is down', { config: held, round: awsDown }, { kind: 'failover' }, 'failover aws → hetzner'],

  ['a switchover', {}, { kind: 'switchover', to: 'spare' }, 'switchover aws → spare'],
  ['a switchover from a site that is down', { round: awsDown }, { kind: 'switchover', to: 'hetzner', lifts: ['force', 'unready'] }, 'refuse source-not-well aws'],
  ['a switchover from a site in doubt', { cold: true }, { kind: 'switchover', to: 'hetzner' }, 'refuse source-not-well aws'],
  ['a switchover to a site that is not well', { round: { sees: { hetzner: 'app' } } }, { kind: 'switchover', to: 'hetzner' }, 'refuse target-unready hetzner'],
  ['a switchover to a site that is not well: no flag lifts that', { round: { sees: { hetzner: 'app' } } }, { kind: 'switchover', to: 'hetzner', lifts: ['force', 'unready'] }, 'refuse target-unready hetzner'],
  ['a switchover that leaves data behind', { config: held }, { kind: 'switchover', to: 'hetzner', lifts: ['force', 'unready', 'unfenced'] }, 'refuse loss-not-accepted aws'],
  ['accepted', { config: held }, { kind: 'switchover', to: 'hetzner', lifts: ['acceptLoss'] }, 'switchover aws → hetzner'],
  ['a switchover whose data a driver carries', { config: carried }, { kind: 'switchover', to: 'hetzner' }, 'switchover aws → hetzner'],
  ['a switchover from a cut site that still serves', { round: { readings: [{ site: 'aws', claim: 'account-locked' }] } }, { kind: 'switchover', to: 'hetzner' }, 'switchover aws → hetzner'],

  ['a failback', { ledger: onHetzner }, { kind: 'failback' }, 'failback hetzner → aws'],
  ['a failback, and the most preferred site is not well', { ledger: { active: 'spare' }, round: awsDown }, { kind: 'failback' }, 'failback spare → hetzner'],
  ['a failback with nothing preferred that is well: it is about that site', { ledger: onHetzner, round: awsDown }, { kind: 'failback' }, 'refuse target-unready aws'],
  ['a failback with nothing preferred that has rejoined', { ledger: { ...onHetzner, given: [{ site: 'aws', epoch: 7, atMs: day }] } }, { kind: 'failback' }, 'refuse target-fenced aws'],
  ['a failback where the most preferred site is active', {}, { kind: 'failback' }, 'refuse target-active aws'],
  ['a failback that leaves data behind', { config: held, ledger: onHetzner }, { kind: 'failback' }, 'refuse loss-not-accepted hetzner'],

  ['an open move, to another site', { ledger: { move: moveOf(configOf()) }, round: awsDown }, { kind: 'failover', to: 'spare' }, 'failover aws → spare'],
  ['an open move, back to the active site', { ledger: { move: moveOf(configOf()) } }, { kind: 'failover', to: 'aws' }, 'repoint aws → aws'],
  ['an open move, the same again', { ledger: { move: moveOf(configOf()) }, round: awsDown }, { kind: 'failover', to: 'hetzner' }, 'refuse move-open hetzner'],
  ['an open move, the same again, unfenced', { ledger: { move: moveOf(configOf()) }, round: awsDown }, { kind: 'failover', to: 'hetzner', lifts: ['unfenced'] }, 'failover aws → hetzner'],
  ['an open move that promoted its target, the same again', { ledger: { ...onHetzner, move: moveOf(configOf()) }, round: awsDown }, { kind: 'failover', to: 'hetzner' }, 'refuse move-open hetzner'],
  ['paused: a person may', { ledger: { pause: { untilMs: null, by: 'ben', why: '' } }, round: awsDown }, { kind: 'failover' }, 'failover aws → hetzner'],
  ['automatic off: a person may', { config: configOf({ policy: { automatic: false } }), round: awsDown }, { kind: 'failover' }, 'failover aws → hetzner'],
]

describe('a request for a move', () => {
  test.each(cases)('%s', (_, given, asked, expected) => {
    const story = storyFor(given)
    expect(told(admit(story.state, story.config, asks(story, asked)))).toBe(expected)
  })

  test('what was agreed to is what is done: a plan of another hash is refused', () => {
    const story = storyFor({ round: awsDown })
    const request = asks(story, { kind: 'failover' })
    for (const [name, later] of [
      ['another epoch', storyFor({ ledger: { epoch: 8 }, round: awsDown })],
      ['another target', storyFor({ round: { sees: { aws: 'silent', hetzner: 'app' } } })],
      ['another address', storyFor({ config: configOf({ sites: configOf().sites.map((s) => ({ ...s, addresses: ['198.51.100.7'] })) }), round: awsDown })],
    ] as const)
      expect({ [name]: told(admit(later.state, later.config, request)).split(' ')[1] }).toEqual({ [name]: 'plan-changed' })
  })

  test('it is by who asked, not automatic, and lifts what was lifted', () => {
    const story = storyFor({ round: awsDown })
    const decision = admit(story.state, story.config, asks(story, { kind: 'failover', lifts: ['unfenced'] }))
    expect(decision).toMatchObject({ kind: 'move', reason: 'request', by: 'ana', automatic: false, lifted: { ...nothingLifted, unfenced: true } })
  })
})

describe('other requests', () => {
  const base = { id: 'r1', by: 'ana', expiresMs: day + 60_000 }
  const adopting = (story: Story, to: string, seenEpoch = 0): Request => {
    const plan = planOf('adopt', story.state.ledger.active, to, story.config)
    return { ...base, what: 'adopt', to, seenEpoch, oldValues: [], oldTtlS: 300, planHash: planHash(plan, Math.max(story.state.ledger.epoch, seenEpoch) + 1) }
  }
  const fresh: Partial<Ledger> = { active: null, record: null, epoch: 0 }

  test('pause and resume', () => {
    const story = storyFor({})
    const paused = admit(story.state, story.config, { ...base, what: 'pause', untilMs: day + 1, why: 'release' })
    expect(paused).toMatchObject({ kind: 'set', ledger: { ...story.state.ledger, pause: { untilMs: day + 1, by: 'ana', why: 'release' } } })
    expect(told(admit(story.state, story.config, { ...base, what: 'resume' }))).toBe('refuse not-paused')
    const state = { ...story.state, ledger: { ...story.state.ledger, pause: { untilMs: null, by: 'ana', why: '' } } }
    expect(admit(state, story.config, { ...base, what: 'resume' })).toMatchObject({ kind: 'set', ledger: { pause: null } })
  })

  test('a holder ends its own pause alone, and its last moment is the first of the next one; a person ends all', () => {
    const story = storyFor({})
    const ask = (ledger: Ledger, request: Partial<Request>): Ledger => {
      const decision = admit({ ...story.state, ledger: freeze(ledger) }, story.config, { ...base, why: '', ...request } as Request)
      return decision.kind === 'set' ? decision.ledger : expect.fail(told(decision))
    }
    const standing = ({ pause, otherPauses = [] }: Ledger) => [pause, ...otherPauses].map((each) => each && `${each.holder ?? each.by} ${each.untilMs === null ? 'for ever' : (each.untilMs - day) / 1_000}`)
    const until = (s: number) => day + s * 1_000
    const a = ask(story.state.ledger, { what: 'pause', untilMs: until(60), holder: 'a' })
    const both = ask(a, { what: 'pause', untilMs: until(90), holder: 'b' })
    const all = ask(both, { what: 'pause', untilMs: until(30) })
    expect(standing(all)).toEqual(['b 90', 'a 60', 'ana 30'])
    expect(standing(ask(all, { what: 'resume', holder: 'b' }))).toEqual(['a 60', 'ana 30'])
    expect(standing(ask(all, { what: 'resume', holder: 'a' }))).toEqual(['b 90', 'ana 30'])
    expect(ask(a, { what: 'resume', holder: 'a' })).toEqual(story.state.ledger)
    expect(ask(all, { what: 'resume' })).toEqual(story.state.ledger)
    // A person has one pause, and so has each holder.
    expect(standing(ask(all, { what: 'pause', untilMs: null }))).toEqual(['ana for ever', 'b 90', 'a 60'])
    expect(standing(ask(all, { what: 'pause', untilMs: until(10), holder: 'b' }))).toEqual(['a 60', 'ana 30', 'b 10'])
    for (const ledger of [story.state.ledger, a, { ...a, pause: { untilMs: null, by: 'ana', why: '' } }])
      expect(told(admit({ ...story.state, ledger }, story.config, { ...base, what: 'resume', holder: 'b' }))).toBe('refuse not-paused')
  })

  test('disown: the names are let go of, and nothing but the record is forgotten', () => {
    const disown = (ledger: Partial<Ledger>, epoch = 7) => admit(storyFor({ ledger }).state, configOf(), { ...base, what: 'disown', epoch })
    expect(disown({ ours: ['192.0.2.1'], hosts: { dns1: 7 } })).toMatchObject({
      kind: 'set', reason: 'disowned', site: 'aws',
      ledger: { epoch: 7, active: 'aws', record: null, ours: [], hosts: {}, leaving: configOf().dns.hosts.map(({ host }) => host) },
    })
    expect(told(disown({ move: moveOf(configOf()) }))).toBe('refuse move-open hetzner')
    expect(told(disown({ trusted: false }))).toBe('refuse store-untrusted')
    expect(told(disown({ record: null }))).toBe('refuse not-adopted')
    expect(told(disown({}, 6))).toBe('refuse plan-changed')
    // Again, where a host did not answer the first time.
    expect(disown({ record: null, leaving: ['dns1'] })).toMatchObject({ kind: 'set', reason: 'disowned' })
  })

  test('rejoin', () => {
    const story = storyFor({ ledger: given })
    expect(admit(story.state, story.config, { ...base, what: 'rejoin', site: 'hetzner' })).toMatchObject({ kind: 'set', site: 'hetzner', ledger: { given: [] } })
    expect(told(admit(story.state, story.config, { ...base, what: 'rejoin', site: 'spare' }))).toBe('refuse not-fenced spare')
    expect(told(admit(story.state, story.config, { ...base, what: 'rejoin', site: 'azure' }))).toBe('refuse unknown-site azure')
  })

  test('release', () => {
    const story = storyFor({})
    const pushed = (site: string) => admit(story.state, story.config, { ...base, what: 'release', site, release: '3f9a0c11d2e4', pushedMs: 7 })
    expect(pushed('hetzner')).toMatchObject({ kind: 'set', site: 'hetzner', ledger: { releases: { hetzner: { release: '3f9a0c11d2e4', pushedMs: 7, by: base.by } } } })
    expect(told(pushed('azure'))).toBe('refuse unknown-site azure')
  })

  test.each<[string, Given, (s: Story) => Request, string]>([
    ['adopt', { ledger: fresh }, (s) => adopting(s, 'aws'), 'adopt null → aws'],
    ['adopt above what DNS shows', { ledger: fresh }, (s) => adopting(s, 'hetzner', 41), 'adopt null → hetzner'],
    ['adopt what changed meanwhile', { ledger: fresh }, (s) => ({ ...adopting(s, 'aws'), seenEpoch: 3 }) as Request, 'refuse plan-changed aws'],
    ['adopt an old copy', { ledger: { trusted: false } }, (s) => adopting(s, 'aws', 9), 'adopt aws → aws'],
    ['adopt without an owner', { config: configOf({ owner: null }), ledger: fresh }, (s) => adopting(s, 'aws'), 'refuse owner-missing'],
    ['adopt nowhere', { ledger: fresh }, (s) => adopting(s, 'azure'), 'refuse unknown-site azure'],
    ['adopt a site without an address', { config: coldSpare, ledger: fresh }, (s) => adopting(s, 'spare'), 'refuse target-cold spare'],
  ])('%s', (_, given, ask, expected) => {
    const story = storyFor(given)
    expect(told(admit(story.state, story.config, ask(story)))).toBe(expected)
  })
})
