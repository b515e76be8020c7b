import { describe, expect, test } from 'vitest'
import { mend, upkeep } from '../../src/core/upkeep.ts'
import type { HostView } from '../../src/core/moving.ts'
import type { Config, Ledger } from '../../src/core/types.ts'
import { configOf, day, freeze, hostOf, ledgerOf, markerText, moveOf, owner, storyOf, viewOf, type Round } from './house.ts'

describe('what time does to the ledger', () => {
  const given = [{ site: 'hetzner', epoch: 6, atMs: day }]
  const due = (config: Config, ledger: Partial<Ledger>, rounds: [number, Round][] = []) => {
    const story = storyOf(config, ledgerOf(config, ledger))
    for (const [ms, round] of rounds) story.pass(ms, round)
    return upkeep(freeze(story.state), config)
  }
  const pause = { untilMs: day + 60_000, by: 'ana', why: '' }

  test('a pause ends when its time is over, on the monotonic clock', () => {
    expect(due(configOf(), { pause }, [[40_000, {}]])).toBe(null)
    expect(due(configOf(), { pause }, [[40_000, {}], [2_000, { wallMs: 1_000_000 }]])).toBe(null)
    expect(due(configOf(), { pause }, [[60_000, {}]])?.ledger.pause).toBe(null)
    expect(due(configOf(), { pause: { ...pause, untilMs: null } }, [[900_000, {}]])).toBe(null)
  })

  test('of several pauses each ends at its own time, and nothing moves before the last of them has ended', () => {
    const [b, a] = [{ untilMs: day + 120_000, by: 'bo', why: 'b', holder: 'b' }, { untilMs: day + 60_000, by: 'al', why: 'a', holder: 'a' }]
    const several = { pause: b, otherPauses: [a] }
    expect(due(configOf(), several, [[40_000, {}]])).toBe(null)
    const one = due(configOf(), several, [[60_000, {}]])
    expect([one?.ledger.pause, one?.ledger.otherPauses, one?.notes[0]?.msg]).toEqual([b, undefined, 'a pause has ended: automatic moves stay paused by bo'])
    const none = due(configOf(), several, [[120_000, {}]])
    expect([none?.ledger.pause, none?.ledger.otherPauses, none?.notes[0]?.msg]).toEqual([null, undefined, 'the pause has ended: automatic moves are on again'])
    const forever = due(configOf(), { pause: { ...b, untilMs: null }, otherPauses: [a, pause] }, [[900_000, {}]])
    expect([forever?.ledger.pause?.untilMs, forever?.ledger.otherPauses]).toEqual([null, undefined])
    // A clock that leaps ends none of them.
    expect(due(configOf(), several, [[40_000, {}], [2_000, { wallMs: 1_000_000 }]])).toBe(null)
  })

  test.each<[string, Config, Partial<Ledger>, Round, boolean]>([
    ['nothing is held, and it is well', configOf(), {}, {}, true],
    ['it is not well', configOf(), {}, { sees: { hetzner: 'silent' } }, false],
    ['nobody can say', configOf(), {}, { sees: { hetzner: null } }, false],
    ['it is cut', configOf(), {}, { readings: [{ site: 'hetzner', claim: 'account-locked' }] }, false],
    ['it holds data: a person must say so', configOf({ data: { holds: 'orders' } }), {}, {}, false],
    ['a driver carries its data: the same', configOf({ data: { holds: 'orders', carried: true } }), {}, {}, false],
    ['a move is open', configOf(), { move: moveOf(configOf()) }, {}, false],
  ])('a fenced site stands by again: %s', (_, config, ledger, round, back) => {
    expect(due(config, { given, ...ledger }, [[40_000, round]])?.ledger.given ?? 'kept').toEqual(back ? [] : 'kept')
  })

  test('an observer that does not trust itself changes nothing', () => {
    expect(due(configOf(), { given, pause }, [[60_000, {}], [2_000, { wallMs: 99_000 }]])).toBe(null)
  })
})

describe('mending one DNS host between moves', () => {
  const config = configOf({ dns: { hosts: [hostOf(1), hostOf(2)] } })
  const as = (view: HostView | null, more: { ledger?: Partial<Ledger>; config?: Config; host?: number } = {}) => {
    const of = more.config ?? config
    const story = storyOf(of, ledgerOf(of, { hosts: { dns1: 7 }, ...more.ledger }))
    const { do: what, note } = mend(of.dns.hosts[more.host ?? 0]!, freeze(view), freeze(story.state), of)
    return `${what}${note ? ` (${note.level}): ${note.msg}` : ''}`
  }
  const ok = markerText(7, 'aws', 'pointed')
  const gone = { record: null, leaving: ['dns1'], owner }
  const reassert = configOf({ dns: { drift: 'reassert' } })

  test.each<[string, string, RegExp]>([
    ['it shows what it should', as(viewOf([ok], ['192.0.2.1'])), /^nothing$/],
    ['it does not answer', as(null), /^nothing \(warn\): dns1 gives no usable answer: it stays a debt/],
    ['a lower epoch of ours is a debt', as(viewOf([markerText(6, 'hetzner', 'pointed')], ['192.0.2.2'])), /^write \(info\): dns1 is brought up to epoch 7/],
    ['claimed and never pointed is a debt', as(viewOf([markerText(7, 'aws', 'claimed')], ['192.0.2.2'])), /^write/],
    ['a higher epoch: stand aside', as(viewOf([markerText(8, 'hetzner', 'claimed')], ['192.0.2.1'])), /^aside \(warn\): dns1 shows v=lifeboat1 .*this store knows epoch 7.*lifeboat adopt$/],
    ['the same epoch of another move: stand aside', as(viewOf([markerText(7, 'aws', 'pointed', '99999999-1c5e-4c0a-9b1e-2f6d1a7c9e01')], ['192.0.2.1'])), /^aside/],
    ['another owner\'s TXT', as(viewOf([ok.replace(owner, '0'.repeat(32))], ['192.0.2.1'])), /^nothing \(warn\): dns1 has a TXT at the marker's name that is not ours, so nothing is written there: the TXT at _lifeboat-shop\.shop\.example belongs to another owner/],
    ['two TXTs', as(viewOf([ok, ok], ['192.0.2.1'])), /^nothing \(warn\): dns1 has a TXT at the marker's name that is not ours, so nothing is written there: 2 TXT records stand at _lifeboat-shop\.shop\.example, and only one may/],
    ['a host that never showed our TXT', as(viewOf([], ['192.0.2.1']), { host: 1 }), /^write \(info\): dns2 is brought up/],
    ['our TXT vanished, the addresses as confirmed', as(viewOf([], ['192.0.2.1'])), /^write \(info\): .*the TXT is written again/],
    ['our TXT vanished, with other addresses', as(viewOf([], ['192.0.2.2'])), /^nothing \(warn\): dns1 lost our TXT and serves 192.0.2.2: .*lifeboat adopt/],
    ['our TXT vanished, with every address', as(viewOf([], [])), /^nothing \(warn\): dns1 lost our TXT and serves no address/],
    ['drift is held', as(viewOf([ok], ['192.0.2.2'])), /^nothing \(warn\): dns1 serves 192.0.2.2 instead of 192.0.2.1, .*: it stays, as dns.drift says/],
    ['drift is written back', as(viewOf([ok], ['192.0.2.2']), { config: reassert }), /^write \(warn\): .*it is written back/],
    ['but not while paused', as(viewOf([ok], ['192.0.2.2']), { config: reassert, ledger: { pause: { untilMs: null, by: 'ana', why: '' } } }), /^nothing \(warn\): .*it stays while paused/],
    ['and three times an hour at most', as(viewOf([ok], ['192.0.2.2']), { config: reassert, ledger: { reassertsMs: [day, day - 1, day - 2] } }), /^nothing \(warn\): .*written back 3 times within an hour, and stays now/],
    ['an old one does not count', as(viewOf([ok], ['192.0.2.2']), { config: reassert, ledger: { reassertsMs: [day, day - 1, day - 3_700_000] } }), /^write/],
    ['a stranger beside ours is taken out', as(viewOf([ok], ['192.0.2.1', '198.51.100.9']), { config: reassert }), /^write \(warn\): .*also serves what lifeboat did not write: .*198.51.100.9, changed by somebody else .*: it is written back/],
    ['what others wrote beside ours stays, and is told', as(viewOf([ok], ['192.0.2.1', '198.51.100.9'])), /^nothing \(warn\): dns1 also serves what lifeboat did not write.*198.51.100.9/],
    ['let go of: our TXT goes', as(viewOf([ok], ['192.0.2.9']), { ledger: gone }), /^remove \(info\): dns1: our TXT is removed, and the records stay$/],
    ['let go of: one of an older epoch goes too', as(viewOf([markerText(5, 'aws', 'claimed')], []), { ledger: gone }), /^remove \(info\): dns1: our TXT is removed/],
    ['let go of: it is gone already', as(viewOf([], ['192.0.2.9']), { ledger: gone }), /^remove \(info\): dns1: no TXT of ours stands there any more/],
    ["let go of: another owner's TXT stays", as(viewOf([ok.replace(owner, '0'.repeat(32))], []), { ledger: gone }), /^remove \(warn\): dns1: the TXT at .* belongs to another owner .*: it stays$/],
    ['let go of: a higher epoch, stand aside', as(viewOf([markerText(8, 'hetzner', 'pointed')], []), { ledger: gone }), /^aside \(warn\)/],
    ['let go of: it does not answer', as(null, { ledger: gone }), /^nothing \(warn\): dns1 gives no usable answer: our TXT is removed there when it does$/],
    ['let go of: a host that is through with it is left alone', as(viewOf([ok], ['192.0.2.9']), { ledger: gone, host: 1 }), /^nothing$/],
    ['not adopted: nothing', as(viewOf([], ['192.0.2.9']), { ledger: { record: null } }), /^nothing$/],
  ])('%s', (_, said, expected) => {
    expect(said).toMatch(expected)
  })

  test('a host is brought to the ledger\'s record, whatever it shows', () => {
    const story = storyOf(config, ledgerOf(config))
    const todo = mend(config.dns.hosts[0]!, viewOf([markerText(5, 'spare', 'pointed')], ['192.0.2.3']), story.state, config)
    expect(todo).toMatchObject({ do: 'write', drift: false, addresses: ['192.0.2.1'], marker: { epoch: 7, site: 'aws', state: 'pointed', owner } })
  })
})
