import { describe, expect, test } from 'vitest'
import { serialsShown, settled } from '../../src/core/move-hosts.ts'
import { next } from '../../src/core/next.ts'
import { fenceWaitMs } from '../../src/core/limits.ts'
import type { HostView, Next, ServerView, World } from '../../src/core/moving.ts'
import type { Config, Ledger, Move } from '../../src/core/types.ts'
import { steps, type Step } from '../../src/core/words.ts'
import { configOf, day, freeze, hostOf, ledgerOf, markerText, moveOf, storyOf, viewOf, worldOf, type Round } from './house.ts'

const two = configOf({ dns: { hosts: [hostOf(1), hostOf(2)] } })
const carried = configOf({ data: { holds: 'orders', carried: true } })
const held = configOf({ data: { holds: 'orders' } })
const id = '7d1f3c1e-5a52-4d0e-8c0b-3f1f6a7b9c02'

// What a DNS host shows at each point of the move of epoch 8 to hetzner.
const before = viewOf([markerText(7, 'aws', 'pointed')], ['192.0.2.1'])
const claimed = viewOf([markerText(8, 'hetzner', 'claimed', id)], ['192.0.2.1'])
const pointed = viewOf([markerText(8, 'hetzner', 'pointed', id)], ['192.0.2.2'])
const absent = viewOf([], ['192.0.2.1'])
const promotedLedger = { active: 'hetzner', activeEpoch: 8 }

const serverOf = (n: number, view: HostView | null, host = 'dns1'): ServerView => ({ server: `127.0.0.${n}:53`, zone: 'shop.example', host, ds: false, view })

type Given = {
  config?: Config
  move?: Partial<Move>
  ledger?: Partial<Ledger>
  /** Rounds before, of the sites as given. */
  round?: Round
  forMs?: number
  world?: Partial<World>
  hosts?: Record<string, HostView | null>
}

const look = ({ config = configOf(), move, ledger, round, forMs = 10_000, world, hosts }: Given): Next => {
  const open = moveOf(config, move?.kind ?? 'failover', move?.from === undefined ? 'aws' : move.from, move?.to ?? 'hetzner', { id, ...move })
  const story = storyOf(config, { ...ledgerOf(config, ledger), epoch: 8, move: open })
  story.pass(forMs, round ?? { sees: { aws: 'silent' } })
  const seen = worldOf(story, world)
  return next(freeze(open), freeze({ ...seen, hosts: { ...seen.hosts, ...hosts } }), freeze(config))
}

/** What `next` answers, in a word or two. */
const told = (n: Next): string => {
  if (n.kind === 'wait') return `wait ${n.step}: ${n.why}`
  if (n.kind === 'done') return n.debts.length > 0 ? `done, debts ${n.debts.join(' ')}` : 'done'
  if (n.kind === 'abort') return n.to === null ? n.as : `${n.move} to ${n.to}`
  const effect = n.effects.map((e) => (e.do === 'write' ? `${e.marker.state} ${e.host}` : e.do === 'commit' ? `commit ${e.ledger.fenced ? 'fenced' : e.ledger.active}` : `${e.do} ${e.site}`))
  return `${n.step}: ${effect.join(', ')}`
}

const served = { servers: [serverOf(1, pointed), serverOf(2, pointed)] }

describe('the first step whose goal is not seen', () => {
  test.each<[string, Given, string]>([
    ['ready: the target is not known to be well', { round: { sees: { aws: 'silent', hetzner: null } } }, 'wait ready: hetzner is not known to be well'],
    ['ready: one voter says that it is down', { round: { sees: { aws: 'silent', hetzner: { here: 'app' } } } }, 'wait ready: hetzner is not known to be well'],
    ['ready: lifted', { move: { lifted: { force: false, unready: true, unfenced: false, acceptLoss: false } }, round: { sees: { aws: 'silent', hetzner: null } } }, 'claim: claimed dns1'],
    ['ready: a switchover waits out answers older than the adoption', { move: { kind: 'switchover', cause: 'request' }, round: {}, ledger: { longTailUntilMs: day + 60_000 } }, 'wait ready: answers with the TTL from before the adoption end in 40 s'],
    ['ready: a failover does not', { ledger: { longTailUntilMs: day + 60_000 } }, 'claim: claimed dns1'],
    ['ready: nor does a switchover whose source died', { move: { kind: 'switchover', cause: 'request' }, ledger: { longTailUntilMs: day + 60_000 } }, 'claim: claimed dns1'],
    ['claim: at every host at once', { config: two }, 'claim: claimed dns1, claimed dns2'],
    ['claim: where it is not seen yet', { config: two, hosts: { dns1: claimed } }, 'claim: claimed dns2'],
    ['claim: a dead host stands in no way', { config: two, hosts: { dns1: null } }, 'claim: claimed dns2'],
    ['claim: no host answers, and nothing waits', { hosts: { dns1: null } }, 'promote: commit hetzner'],
    ['claim: no host answers, and a planned move waits', { move: { kind: 'switchover', cause: 'request' }, round: { sees: { aws: 'ok' } }, hosts: { dns1: null } }, 'wait claim: no DNS host takes the epoch: dns1 gives no usable answer'],
    ['claim: one of two suffices for it', { config: two, move: { kind: 'switchover', cause: 'request' }, round: { sees: { aws: 'ok' } }, hosts: { dns1: null, dns2: claimed } }, 'promote: commit hetzner'],
    ['claim: it goes on where its source died', { move: { kind: 'switchover', cause: 'request' }, hosts: { dns1: null } }, 'promote: commit hetzner'],
    ['claim: and is given up after a minute', { move: { kind: 'switchover', cause: 'request' }, round: { sees: { aws: 'ok' } }, hosts: { dns1: null }, world: { stepForMs: { claim: 61_000 } } }, 'repoint to aws'],
    ['claim: a host that refused is left', { world: { failed: { dns1: 1 } } }, 'promote: commit hetzner'],
    ['claim: a host that never showed our TXT is taken', { hosts: { dns1: absent }, ledger: { hosts: {} } }, 'claim: claimed dns1'],
    ['claim: a TXT that vanished, the addresses as last confirmed', { hosts: { dns1: absent } }, 'claim: claimed dns1'],
    ['claim: a TXT that vanished, and other addresses: unknown, nothing is written', { hosts: { dns1: viewOf([], ['192.0.2.3']) } }, 'promote: commit hetzner'],
    ['claim: a stranger\'s TXT', { hosts: { dns1: viewOf(['v=spf1 -all'], ['192.0.2.1']) } }, 'promote: commit hetzner'],
    ['promote: without data it is the ledger\'s word', { hosts: { dns1: claimed } }, 'promote: commit hetzner'],
    ['point: after promote', { hosts: { dns1: claimed }, ledger: promotedLedger }, 'point: pointed dns1'],
    ['point: a host that was dead at the claim', { config: two, hosts: { dns1: pointed, dns2: before }, ledger: promotedLedger, world: { failed: { dns2: 0 } } }, 'claim: claimed dns2'],
    ['point: somebody wrote other addresses meanwhile', { hosts: { dns1: viewOf([markerText(8, 'hetzner', 'pointed', id)], ['192.0.2.3']) }, ledger: promotedLedger }, 'point: pointed dns1'],
    ['point: no host answers', { hosts: { dns1: null }, ledger: promotedLedger }, 'wait point: no DNS host takes the change: dns1 gives no usable answer'],
    ['point: it refused three times', { hosts: { dns1: claimed }, ledger: promotedLedger, world: { failed: { dns1: 3 }, refusals: { dns1: 'refused: BADSIG' } } }, 'wait point: no DNS host takes the change: dns1 does not take it (refused: BADSIG)'],
    ['point: and is asked again after a while', { hosts: { dns1: claimed }, ledger: promotedLedger, world: { failed: { dns1: 3 }, stepForMs: { point: 30_000 } } }, 'point: pointed dns1'],
    ['point: and again later, not at once', { hosts: { dns1: claimed }, ledger: promotedLedger, world: { failed: { dns1: 4 }, stepForMs: { point: 30_000 } } }, 'wait point: no DNS host takes the change: dns1 does not show it'],
    ['point: another host shows it, so that one is a debt', { config: two, hosts: { dns1: pointed, dns2: claimed }, ledger: promotedLedger, world: { failed: { dns2: 3 }, stepForMs: { point: 90_000 } } }, 'wait confirm: which name servers there are could not be found out'],
    ['confirm: no name server is known', { hosts: { dns1: pointed }, ledger: promotedLedger }, 'wait confirm: which name servers there are could not be found out'],
    ['confirm: one of two', { hosts: { dns1: pointed }, ledger: promotedLedger, world: { servers: [serverOf(1, pointed), serverOf(2, claimed)] } }, 'wait confirm: 1 of 2 name servers show it'],
    ['done', { hosts: { dns1: pointed }, ledger: promotedLedger, world: served }, 'done'],
    ['an API\'s 200 is no proof: the host shows it, its name servers do not', { hosts: { dns1: pointed }, ledger: promotedLedger, world: { servers: [serverOf(1, before)] } }, 'wait confirm: 0 of 1 name servers show it'],
  ])('%s', (_, given, expected) => {
    expect(told(look(given))).toBe(expected)
  })

  test('a host that nobody could read has reached no goal', () => {
    expect(told(look({ hosts: { dns1: null }, ledger: promotedLedger, world: served }))).toBe('wait point: no DNS host takes the change: dns1 gives no usable answer')
  })
})

describe('serials', () => {
  const confirm = (servers: ServerView[], serials: Record<string, number>) =>
    told(look({ config: two, hosts: { dns1: pointed, dns2: pointed }, ledger: promotedLedger, world: { servers, serials, stepForMs: { confirm: 1_000 } } }))
  const serving = (n: number, serial: number | null, host: string | null) => ({ ...serverOf(n, { ...pointed, serial }), host })
  const dns2 = serving(9, 1, 'dns2')

  test.each<[string, ServerView[], Record<string, number>, string]>([
    ['as the host had it', [serving(1, 5, 'dns1'), dns2], { dns1: 5 }, 'done'],
    ['later', [serving(1, 6, 'dns1'), dns2], { dns1: 5 }, 'done'],
    ['past the wrap', [serving(1, 3, 'dns1'), dns2], { dns1: 2 ** 32 - 1 }, 'done'],
    ['behind', [serving(1, 4, 'dns1'), dns2], { dns1: 5 }, 'wait confirm: 1 of 2 name servers show it; 127.0.0.1:53 is behind (SOA serial 4, and dns1 had 5)'],
    ['another host counts for itself', [serving(1, 5, 'dns1'), dns2], { dns1: 5, dns2: 1 }, 'done'],
    ['nobody knows whose it is', [serving(1, 4, null), serving(2, 5, 'dns1'), dns2], { dns1: 5, dns2: 1 }, 'done'],
    ['the name server has none to show', [serving(1, null, 'dns1'), dns2], { dns1: 5 }, 'done'],
    ['the host has none to show', [serving(1, 4, 'dns1'), dns2], {}, 'done'],
  ])('%s', (_, servers, serials, expected) => {
    expect(confirm(servers, serials)).toBe(expected)
  })

  test('a host\'s is the one with which it was first seen to show the move, until it is written again', () => {
    const config = two
    const move = moveOf(config, 'failover', 'aws', 'hetzner', { id })
    const story = storyOf(config, ledgerOf(config))
    const seen = (view: HostView | null, serials: Record<string, number>) => serialsShown(move, worldOf(story, { hosts: { dns1: view, dns2: null }, serials }), config)
    expect(seen({ ...pointed, serial: 7 }, {})).toEqual({ dns1: 7 })
    expect(seen({ ...pointed, serial: 9 }, { dns1: 7, dns2: 3 })).toEqual({ dns1: 7, dns2: 3 })
    expect(seen(null, { dns1: 7 })).toEqual({ dns1: 7 })
    expect(seen({ ...claimed, serial: 9 }, { dns1: 7 })).toEqual({})
    expect(seen({ ...pointed, serial: null }, {})).toEqual({})
  })
})

describe('confirm', () => {
  const at = (hosts: Record<string, HostView | null>, servers: ServerView[], confirmMs: number, config = two) =>
    told(look({ config, hosts, ledger: promotedLedger, world: { servers, stepForMs: { confirm: confirmMs }, failed: { dns2: 3 } } }))
  const all = (view1: HostView | null, view2: HostView | null) => [serverOf(1, view1), serverOf(2, view1), serverOf(3, view2, 'dns2'), serverOf(4, view2, 'dns2')]

  test.each([
    ['a dead host is waited for', { dns1: pointed, dns2: null }, all(pointed, null), 60_000, 'wait confirm: 2 of 4 name servers show it'],
    ['and is lost after 90 s: half of the name servers show it', { dns1: pointed, dns2: null }, all(pointed, null), 90_000, 'done, debts dns2'],
    ['a host that serves something old is lost', { dns1: pointed, dns2: before }, all(pointed, before), 90_000, 'done, debts dns2'],
    ['a silent name server serves nothing stale', { dns1: pointed, dns2: pointed }, [serverOf(1, pointed), serverOf(2, null), serverOf(3, pointed, 'dns2')], 90_000, 'done'],
    ['a lying one does', { dns1: pointed, dns2: pointed }, [serverOf(1, pointed), serverOf(2, before), serverOf(3, pointed, 'dns2')], 90_000, 'done, debts dns1'],
    ['fewer than half show it', { dns1: pointed, dns2: before }, [serverOf(1, pointed), ...all(null, before).slice(2), serverOf(5, before, 'dns2')], 100_000, 'wait confirm: 1 of 4 name servers show it; half of them must'],
    ['nobody shows it', { dns1: pointed, dns2: pointed }, all(before, before), 100_000, 'wait confirm: 0 of 4 name servers show it; half of them must'],
    ['nobody shows it for three minutes, and the hosts took it: debts, not a move that bars the next', { dns1: pointed, dns2: pointed }, all(before, before), 180_000, 'done, debts dns1 dns2'],
  ])('%s', (_, hosts, servers, ms, expected) => {
    expect(at(hosts, servers, ms)).toBe(expected)
  })

  test('a name server of no host alone counts for every host of its zone', () => {
    const story = storyOf(two)
    const world = worldOf(story, { hosts: { dns1: pointed, dns2: pointed }, servers: [{ ...serverOf(1, before), host: null }] })
    expect(settled(two.dns.hosts[1]!, moveOf(two, 'failover', 'aws', 'hetzner', { id }), world, two)).toBe(null)
  })
})

describe('fence and promote, where a driver carries data', () => {
  const fencing = (more: Given): string => told(look({ config: carried, ...more, hosts: { dns1: claimed } }))
  const open = { epoch: 7, open: true, lagBytes: null }
  const closed = { epoch: 8, open: false, lagBytes: null }

  test.each<[string, Given, string]>([
    ['first the ledger says so', {}, 'fence: commit fenced'],
    ['then the last active site is asked', { ledger: { fenced: true }, world: { data: { aws: open } } }, 'fence: demote aws'],
    ['a site that did not answer is asked again', { ledger: { fenced: true }, world: { data: { aws: null }, fencedForMs: fenceWaitMs - 1 } }, 'fence: demote aws'],
    ['an older epoch\'s close is no answer', { ledger: { fenced: true }, world: { data: { aws: { ...closed, epoch: 7 } } } }, 'fence: demote aws'],
    ['it has closed for this epoch', { ledger: { fenced: true }, world: { data: { aws: closed } } }, 'promote: commit hetzner'],
    ['its lease is over, counted by this process', { ledger: { fenced: true }, world: { data: { aws: null }, fencedForMs: fenceWaitMs } }, 'promote: commit hetzner'],
    ['unfenced', { ledger: { fenced: true }, move: { lifted: { force: false, unready: false, unfenced: true, acceptLoss: false } } }, 'promote: commit hetzner'],
    ['promoted in the ledger, then at the site', { ledger: promotedLedger, world: { data: { hetzner: { ...open, open: false } } } }, 'promote: promote hetzner'],
    ['the site\'s answer is not known', { ledger: promotedLedger, world: { data: { hetzner: null } } }, 'promote: promote hetzner'],
    ['open under an older epoch', { ledger: promotedLedger, world: { data: { hetzner: open } } }, 'promote: promote hetzner'],
    ['open', { ledger: promotedLedger, world: { data: { hetzner: { ...open, epoch: 8 } } } }, 'point: pointed dns1'],
  ])('%s', (_, given, expected) => {
    expect(fencing(given)).toBe(expected)
  })

  test.each<[string, Given, string]>([
    ['an adoption of a lost store waits out every lease: nobody knows who holds one', { ledger: { fenced: true }, move: { kind: 'adopt', cause: 'request' } }, 'wait fence: whoever was active may still write for 18 s'],
    ['and then goes on', { ledger: { fenced: true }, move: { kind: 'adopt', cause: 'request' }, world: { fencedForMs: fenceWaitMs } }, 'promote: commit hetzner'],
  ])('%s', (_, given, expected) => {
    expect(fencing(given)).toBe(expected)
  })

  const planned = (more: Given) => fencing({ round: {}, move: { kind: 'switchover', cause: 'request' }, ledger: { fenced: true }, ...more })
  test.each<[string, Given, string]>([
    ['a planned move waits until the target has all', { world: { data: { aws: closed, hetzner: { ...closed, lagBytes: 10 } } } }, 'wait caught-up: hetzner is 10 bytes behind'],
    ['an unknown lag is not zero', { world: { data: { aws: closed, hetzner: closed } } }, 'wait caught-up: how far hetzner has caught up could not be found out'],
    ['caught up', { world: { data: { aws: closed, hetzner: { ...closed, lagBytes: 0 } } } }, 'promote: commit hetzner'],
    ['it is given up after a minute: nobody may write meanwhile', { world: { data: { aws: closed, hetzner: { ...closed, lagBytes: 10 } }, stepForMs: { 'caught-up': 61_000 } } }, 'repoint to aws'],
    ['a source that died cannot be waited for', { round: { sees: { aws: 'silent' } }, world: { data: { aws: closed, hetzner: { ...closed, lagBytes: 10 } } } }, 'promote: commit hetzner'],
  ])('%s', (_, given, expected) => {
    expect(planned(given)).toBe(expected)
  })
})

describe('leaving the plan', () => {
  const cut: Round = { sees: { aws: 'silent' }, readings: [{ site: 'aws', claim: 'account-locked' }] }
  const down = (...sites: string[]): Round => ({ sees: Object.fromEntries(sites.map((s) => [s, 'silent'])) })
  const after: Given = { ledger: promotedLedger, hosts: { dns1: claimed } }

  test.each<[string, Given, string]>([
    ['before promote, the target is down and the source well', { move: { cause: 'cut' }, round: down('hetzner') }, 'repoint to aws'],
    ['the target is down and the source too: elsewhere', { round: down('aws', 'hetzner') }, 'failover to spare'],
    ['a cut source is never gone back to', { round: { ...cut, sees: { hetzner: 'silent' } }, forMs: 60_000 }, 'failover to spare'],
    ['nobody is up: the move waits, open', { round: down('aws', 'hetzner', 'spare') }, 'wait ready: hetzner is not known to be well'],
    ['elsewhere is no site that was given up', { round: down('aws', 'hetzner'), ledger: { given: [{ site: 'spare', epoch: 5, atMs: day }] } }, 'wait ready: hetzner is not known to be well'],
    ['the target is cut and still serves', { round: { sees: { aws: 'silent' }, readings: [{ site: 'hetzner', claim: 'machine-locked' }] }, forMs: 60_000 }, 'failover to spare'],
    ['--unready: a target that is down is gone to', { move: { lifted: { force: false, unready: true, unfenced: false, acceptLoss: false } }, round: down('aws', 'hetzner') }, 'claim: claimed dns1'],
    ['an outage\'s source is up again', { round: {} }, 'repoint to aws'],
    ['an app fault\'s source is up again', { move: { cause: 'app-fault' }, round: {} }, 'repoint to aws'],
    ['an outage that was turned once: its source is up again', { move: { cause: 'redirect', to: 'spare' }, round: down('hetzner') }, 'repoint to aws'],
    ['a cut\'s source is not', { move: { cause: 'cut' }, round: {} }, 'claim: claimed dns1'],
    ['nor is a person\'s', { move: { cause: 'request' }, round: {} }, 'claim: claimed dns1'],
    ['nobody can say how the target is: it waits', { move: { cause: 'request' }, round: { sees: { hetzner: 'unable' } }, forMs: 61_000, world: { stepForMs: { ready: 59_000 } } }, 'wait ready: hetzner is not known to be well'],
    ['for a minute, then back', { move: { cause: 'request' }, round: { sees: { hetzner: 'unable' } }, forMs: 70_000, world: { stepForMs: { ready: 61_000 } } }, 'repoint to aws'],
    ['a switchover goes on where its source dies', { move: { kind: 'switchover', cause: 'request' }, round: down('aws') }, 'claim: claimed dns1'],

    ['after promote, the target is down within policy.outage', { ...after, round: down('aws', 'hetzner'), forMs: 180_000 }, 'point: pointed dns1'],
    ['after policy.outage', { ...after, round: down('aws', 'hetzner'), forMs: 186_000 }, 'failover to spare'],
    ['the source would do', { ...after, round: down('hetzner'), forMs: 186_000 }, 'failover to aws'],
    ['an outage\'s source that is up again is no reason any more', { ...after, round: {} }, 'point: pointed dns1'],
    ['it counts as a start', { ...after, round: down('aws', 'hetzner'), forMs: 186_000, world: { startsThisHour: 3 } }, 'point: pointed dns1'],
    ['it would leave data behind', { ...after, config: held, round: down('aws', 'hetzner'), forMs: 186_000 }, 'point: pointed dns1'],
    ['cut: at once, and whatever is held', { ...after, config: held, round: { sees: { aws: 'silent', hetzner: 'silent' }, readings: [{ site: 'hetzner', claim: 'machine-locked' }] }, forMs: 40_000 }, 'failover to spare'],
    ['nobody is up: it stays', { ...after, round: down('aws', 'hetzner', 'spare'), forMs: 186_000 }, 'point: pointed dns1'],

    ['an adoption is not turned', { move: { kind: 'adopt', from: null, to: 'hetzner', cause: 'request' }, round: down('hetzner') }, 'claim: claimed dns1'],
    ['a higher epoch of ours', { hosts: { dns1: viewOf([markerText(9, 'spare', 'claimed')], ['192.0.2.1']) } }, 'superseded'],
    ['the same epoch of another move', { hosts: { dns1: viewOf([markerText(8, 'hetzner', 'claimed')], ['192.0.2.1']) } }, 'superseded'],
    ['a site that knows a later epoch', { world: { data: { hetzner: { epoch: 9, open: false, lagBytes: null } } } }, 'superseded'],
    ['a higher epoch of another owner is a stranger\'s', { hosts: { dns1: viewOf([markerText(9, 'spare', 'claimed').replace(/owner=\w+/, `owner=${'0'.repeat(32)}`)], ['192.0.2.1']) } }, 'promote: commit hetzner'],
  ])('%s', (_, given, expected) => {
    expect(told(look(given))).toBe(expected)
  })
})

describe('resuming', () => {
  // A whole switchover with data, the world changed by each effect as the outside would; at every point a new process looks first.
  test('at any point of a move a process that begins anew takes the same next step, and every effect brings it on', () => {
    const config = carried
    const move = moveOf(config, 'switchover', 'aws', 'hetzner', { id, cause: 'request' })
    const story = storyOf(config, { ...ledgerOf(config), epoch: 8, move })
    let world = worldOf(story, { data: { aws: { epoch: 7, open: true, lagBytes: null }, hetzner: { epoch: 7, open: false, lagBytes: 0 } } })
    const went: string[] = []
    for (let looks = 0; looks < 30; looks++) {
      const found = next(freeze(move), freeze(world), config)
      expect(next(JSON.parse(JSON.stringify(move)), JSON.parse(JSON.stringify(world)), config)).toEqual(found)
      went.push(told(found))
      if (found.kind !== 'step') break
      world = structuredClone(world)
      for (const effect of found.effects) {
        if (effect.do === 'commit') world.ledger = effect.ledger
        if (effect.do === 'demote') world.data[effect.site] = { epoch: effect.epoch, open: false, lagBytes: null }
        if (effect.do === 'promote') world.data[effect.site] = { epoch: effect.epoch, open: true, lagBytes: null }
        if (effect.do === 'write') world.hosts[effect.host] = effect.addresses ? pointed : claimed
      }
      if (world.hosts['dns1'] === pointed || went.at(-1)?.startsWith('point')) world = { ...world, ...served }
    }
    expect(went).toEqual(['claim: claimed dns1', 'fence: commit fenced', 'fence: demote aws', 'promote: commit hetzner', 'promote: promote hetzner', 'point: pointed dns1', 'done'])
    expect(world.ledger).toMatchObject({ active: 'hetzner', activeEpoch: 8, fenced: false, move: { promoteTried: true } })
  })

  test('every kind has every step', () => {
    expect(moveOf(configOf()).steps).toEqual(steps satisfies readonly Step[])
  })
})
