import { expect, test } from 'vitest'
import { changesOf } from '../../src/cli/changes.ts'
import type { Cli } from '../../src/cli/cli.ts'
import { allWell, screen } from '../../src/cli/screen.ts'
import type { Status } from '../../src/cli/snapshot.ts'
import type { Settings } from '../../src/config/settings.ts'
import { freshLedger } from '../../src/core/ledger.ts'
import type { Config, Ledger } from '../../src/core/types.ts'
import type { StoreView } from '../../src/ports.ts'

const nowMs = 1_795_600_000_000
const cli = { paint: (_: string, text: string) => text } as unknown as Cli

const core = (holds: string | null): Config => ({
  app: 'shop', owner: '5f0c9a7be2d14c3f8a60b1d29e7c4f11',
  sites: ['aws', 'hetzner'].map((site, i) => ({ site, cloud: 'aws', addresses: [`127.0.0.${i + 1}`], standby: 'hot' })),
  check: { intervalMs: 2000, timeoutMs: 1000, fall: 3, rise: 5 },
  vantages: ['a', 'b', 'c'].map((vantage) => ({ vantage, cloud: 'none' })), quorum: null, canaries: 1,
  data: { holds, carried: false },
  dns: { names: ['shop.example'], drift: 'hold', hosts: [] },
  policy: { automatic: true, confirmCutMs: 1, outageMs: 1, appFaultMs: 1, cooldownMs: 600_000, maxMovesPerHour: 3, failback: 'manual' },
})

const settingsOf = (config: Config, secrets: string[] = []) => ({ file: '/x/lifeboat.yaml', hash: 'h', core: config, secrets }) as unknown as Settings

const seen = (site: string, role: 'active' | 'fenced' | 'standby', health: 'up' | 'down'): Status['sites'][number] => ({
  site, cloud: 'aws', role, standby: 'hot', addresses: [], health, verdict: health === 'up' ? 'well' : 'cut', ready: health === 'up',
  certificateUntilMs: nowMs + 61 * 86_400_000, sinceMs: nowMs - 360_000, why: health === 'up' ? '3 of 3 vantages' : 'account suspended',
})

const status: Status = {
  app: 'shop', atMs: nowMs, active: 'hetzner', epoch: 7, paused: null, cooldownUntilMs: nowMs + 300_000, move: null,
  leader: { id: 'ctl-1', pid: 1, machine: 'm', sinceMs: nowMs - 41 * 86_400_000, command: 'watch' },
  adopted: true, sites: [seen('aws', 'fenced', 'down'), seen('hetzner', 'active', 'up')],
  decision: { id: 'd', kind: 'hold', reason: 'well', sentence: 'hold: hetzner is well' }, dns: [],
}

const ledger: Ledger = {
  ...freshLedger(core(null)), active: 'hetzner', epoch: 7, staleUntilMs: nowMs - 1000,
  past: [{ epoch: 7, id: 'm', kind: 'failover', from: 'aws', to: 'hetzner', by: 'lifeboat', cause: 'cut', startedMs: nowMs - 400_000, endedMs: nowMs - 359_000, state: 'done', automatic: true, debts: [] }],
}

const shown = (change: Partial<Status> = {}, config = core(null), known: Partial<Ledger> = {}) => {
  const view = { revision: 1, ledger: { ...ledger, ...known }, requests: [], report: null } as StoreView
  return screen(cli, { ...status, ...change }, { settings: settingsOf(config), view, live: null }).join('\n')
}

test('the screen of CONTRACT.md', () => {
  expect(shown()).toBe(
    [
      'shop · epoch 7 · 09:46:40 UTC · controller ctl-1, up 41 d',
      'SITE     ROLE    HEALTH  SINCE  WHY',
      'aws      fenced  down    6 min  account suspended · certificate 61 d',
      'hetzner  active  up      6 min  3 of 3 vantages · certificate 61 d',
      'moved    failover aws → hetzner 09:40:00, by itself, in 41 s, confirmed; old answers ended 09:46:39; cooldown until 09:51:40',
      'next     when aws is back: lifeboat failback',
    ].join('\n'),
  )
})

test('next is one thing to type, and offers no loss without saying so', () => {
  const next = (...args: Parameters<typeof shown>) => /^next +(.*)$/m.exec(shown(...args))?.[1]
  expect(next({ sites: [seen('aws', 'standby', 'up'), seen('hetzner', 'active', 'up')] })).toBe('aws is back: lifeboat failback')
  expect(next({}, core('orders'))).toBe('when aws is back, and its data is in order, lifeboat rejoin aws, then lifeboat failback --accept-loss all, which leaves orders behind at hetzner')
  expect(next({ leader: null })).toBe('nobody watches: lifeboat watch')
  expect(next({ paused: { untilMs: null, by: 'ann', why: '' } })).toBe('automatic moves on again: lifeboat resume')
  expect(next({ adopted: false })).toBe('take over the names: lifeboat adopt')
  expect(next({}, core(null), { trusted: false })).toMatch(/: lifeboat adopt$/)
  expect(next({ sites: [seen('aws', 'active', 'up'), seen('hetzner', 'standby', 'up')] })).toBeUndefined()
})

test('all is well only where each part is', () => {
  const well = { ...status, sites: [seen('aws', 'active', 'up'), seen('hetzner', 'standby', 'up')] } satisfies Status
  const host = { host: 'h', epoch: 7, addresses: [], staleUntilMs: null }
  expect(allWell({ ...well, dns: [{ ...host, state: 'served' }] }, ledger)).toBe(true)
  expect(allWell({ ...well, dns: [{ ...host, state: 'written' }] }, ledger)).toBe(false)
  expect(allWell(status, ledger)).toBe(false)
  expect(allWell({ ...well, leader: null }, ledger)).toBe(false)
  expect(allWell({ ...well, paused: { untilMs: null, by: 'ann', why: '' } }, ledger)).toBe(false)
  expect(allWell({ ...well, decision: { id: 'd', kind: 'hold', reason: 'notice', sentence: '' } }, ledger)).toBe(false)
  expect(allWell(well, { ...ledger, trusted: false })).toBe(false)
})

test('a change of the file is told by its paths; a site put in changes no other, and a secret is not shown', () => {
  const before = { ...settingsOf(core(null), ['old-token']), clouds: { hetzner: { token: 'old-token' } } } as Settings
  const changed = core('orders')
  changed.sites.unshift({ site: 'spare', cloud: 'none', addresses: [], standby: 'cold' })
  const after = { ...settingsOf(changed, ['new-token']), clouds: { hetzner: { token: 'new-token' } } } as Settings
  expect(changesOf(before, before)).toEqual([])
  expect(changesOf(before, after)).toEqual(
    expect.arrayContaining(['data.holds none → orders', 'sites.spare.cloud none → none', 'preference aws, hetzner → spare, aws, hetzner', 'clouds.hetzner.token (hidden) → (hidden)']),
  )
  expect(changesOf(before, after).some((change) => change.startsWith('sites.aws'))).toBe(false)
})
