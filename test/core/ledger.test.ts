import { describe, expect, test } from 'vitest'
import { nothingLifted } from '../../src/core/decide.ts'
import { closeMove, freshLedger, newestWallMs, openMove, standAside, type Opening } from '../../src/core/ledger.ts'
import { planHash, planOf } from '../../src/core/plan.ts'
import type { Config, Ledger, Time } from '../../src/core/types.ts'
import type { MoveKind } from '../../src/core/words.ts'
import { configOf, day, freeze, hostOf, ledgerOf, moveOf } from './house.ts'

const config = configOf({ dns: { hosts: [hostOf(1), hostOf(2)] } })
const at: Time = { monoMs: 1, wallMs: day }
const opening = (kind: MoveKind, from: string | null, to: string, more: Partial<Opening> = {}): Opening => ({
  plan: planOf(kind, from, to, config), id: 'm', decision: 'd', by: 'lifeboat', cause: 'outage', lifted: nothingLifted, automatic: true, ...more,
})
const ledger = freeze(ledgerOf(config))

describe('opening', () => {
  test('takes the next epoch, once, and leaves record and active site as they are', () => {
    const opened = openMove(ledger, opening('failover', 'aws', 'hetzner'), at)
    expect(opened).toMatchObject({ epoch: 8, active: 'aws', activeEpoch: 7, record: ledger.record, past: [], move: { epoch: 8, to: 'hetzner', promoteTried: false, startedMs: day } })
  })

  test('closes an open move as abandoned in the same write, and never uses its epoch again', () => {
    const first = openMove(ledger, opening('failover', 'aws', 'hetzner'), at)
    const second = openMove(freeze(first), opening('failover', 'aws', 'spare', { id: 'm2' }), at)
    expect(second).toMatchObject({ epoch: 9, move: { epoch: 9, to: 'spare' }, past: [{ epoch: 8, state: 'abandoned', to: 'hetzner' }], given: [] })
    const third = openMove(freeze(second), opening('repoint', 'aws', 'aws', { id: 'm3' }), at)
    expect(third).toMatchObject({ epoch: 10, move: { to: 'aws' }, past: [{ epoch: 9 }, { epoch: 8 }] })
  })

  test('a site that was left after promote was given up, though the move never ended', () => {
    const promoted: Ledger = { ...openMove(ledger, opening('failover', 'aws', 'hetzner'), at), active: 'hetzner', activeEpoch: 8 }
    const turned = openMove({ ...promoted, move: { ...promoted.move!, promoteTried: true } }, opening('failover', 'hetzner', 'spare'), at)
    expect(turned.given).toEqual([{ site: 'aws', epoch: 8, atMs: day }])
    const back = openMove({ ...promoted, move: { ...promoted.move!, promoteTried: true } }, opening('failover', 'hetzner', 'aws'), at)
    expect(back.given).toEqual([])
  })

  test('an adoption begins above what DNS shows, is trusted, and takes the old values as ours', () => {
    const old = { ...freshLedger(config), trusted: false }
    const found = { seenEpoch: 41, oldValues: ['203.0.113.7'], oldTtlS: 3_600 }
    const adopted = openMove(freeze(old), opening('adopt', null, 'aws', { found }), at)
    expect(adopted).toMatchObject({ epoch: 42, active: 'aws', trusted: true, ours: ['192.0.2.1', '203.0.113.7'], servedTtlS: 3_600, move: { epoch: 42 } })
  })
})

describe('closing', () => {
  const closed = (kind: MoveKind, of: Config = config, debts: string[] = [], sourceDown = false) => {
    const move = moveOf(of, kind)
    return closeMove(freeze({ ...ledgerOf(of), epoch: 8, active: 'hetzner', activeEpoch: 8, servedTtlS: 300, move }), move, { debts, pointedMs: day + 1_000, sourceDown }, of, at)
  }

  test('the record is the move\'s, and says until when old answers live', () => {
    expect(closed('failover')).toMatchObject({
      move: null, record: { epoch: 8, site: 'hetzner', addresses: ['192.0.2.2'] }, past: [{ epoch: 8, state: 'done', debts: [] }],
      hosts: { dns1: 8, dns2: 8 }, servedTtlS: 60, staleUntilMs: day + 301_000,
    })
  })

  test('a debt is named, and its host is not said to show it', () => {
    expect(closed('failover', config, ['dns2'])).toMatchObject({ past: [{ state: 'done-with-debts', debts: ['dns2'] }], hosts: { dns1: 8, dns2: 7 } })
  })

  test.each<[MoveKind, Config, string[]]>([
    ['failover', config, ['aws']],
    ['switchover', config, []],
    ['failback', config, []],
    ['switchover', configOf({ data: { holds: 'orders' } }), ['aws']],
    ['switchover', configOf({ data: { holds: 'orders', carried: true } }), []],
    ['failover', configOf({ data: { holds: 'orders', carried: true } }), ['aws']],
  ])('after a %s the site left is fenced, or stands by', (kind, of, fenced) => {
    expect(closed(kind, of).given.map((g) => g.site)).toEqual(fenced)
  })

  test('a planned move whose source died on the way fences it, as a failover would', () => {
    expect(closed('switchover', config, [], true).given.map((g) => g.site)).toEqual(['aws'])
  })

  test('the site moved to is fenced no more, and a repoint fences nobody', () => {
    const move = moveOf(config, 'failover', 'aws', 'hetzner')
    const given = [{ site: 'hetzner', epoch: 5, atMs: 1 }]
    expect(closeMove({ ...ledger, given, move }, move, { debts: [], pointedMs: day, sourceDown: false }, config, at).given.map((g) => g.site)).toEqual(['aws'])
    const repoint = moveOf(config, 'repoint', 'aws', 'aws')
    expect(closeMove({ ...ledger, given, move: repoint }, repoint, { debts: [], pointedMs: day, sourceDown: false }, config, at).given.map((g) => g.site)).toEqual(['hetzner'])
  })

  test('the past is bounded', () => {
    let kept: Ledger = ledger
    for (let n = 0; n < 60; n++) {
      kept = openMove(kept, opening('repoint', 'aws', 'aws', { id: `m${n}` }), at)
      kept = closeMove(kept, kept.move!, { debts: [], pointedMs: day, sourceDown: false }, config, at)
    }
    expect(kept.past).toHaveLength(50)
    expect(kept.past[0]!.epoch).toBe(67)
  })
})

test('standing aside ends the move as superseded and trusts this store no more', () => {
  const open = openMove(ledger, opening('failover', 'aws', 'hetzner'), at)
  expect(standAside(freeze(open), at)).toMatchObject({ move: null, trusted: false, past: [{ epoch: 8, state: 'superseded' }] })
  expect(standAside(ledger, at)).toMatchObject({ move: null, trusted: false, past: [] })
})

test('the newest moment that the store knows of', () => {
  expect(newestWallMs(null, 5)).toBe(5)
  expect(newestWallMs({ ...ledger, move: moveOf(config) }, 5)).toBe(day)
})

test('a plan\'s hash changes with everything that was agreed to, and with nothing else', () => {
  const plan = planOf('failover', 'aws', 'hetzner', config)
  const hashes = [
    planHash(plan, 8), planHash(plan, 9), planHash({ ...plan, kind: 'switchover' }, 8), planHash({ ...plan, from: null }, 8), planHash({ ...plan, to: 'spare' }, 8),
    planHash({ ...plan, addresses: ['192.0.2.9'] }, 8), planHash({ ...plan, steps: [] }, 8),
  ]
  expect(new Set(hashes).size).toBe(hashes.length)
  expect(planHash(structuredClone(plan), 8)).toBe(hashes[0])
  expect(hashes[0]).toMatch(/^[0-9a-f]{16}$/)
})
