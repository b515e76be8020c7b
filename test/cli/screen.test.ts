import { expect, test } from 'vitest'
import type { Cli } from '../../src/cli/cli.ts'
import { allWell, screen } from '../../src/cli/screen.ts'
import type { Status } from '../../src/cli/status.ts'
import type { Settings } from '../../src/config/settings.ts'
import { freshLedger } from '../../src/core/ledger.ts'
import type { Config, Ledger } from '../../src/core/types.ts'
import type { Report, StoreView } from '../../src/ports.ts'

const nowMs = 1_795_600_000_000
const cli = { paint: (_: string, text: string) => text } as unknown as Cli

const core = (holds: string | null): Config => ({
  app: 'shop', owner: '5f0c9a7be2d14c3f8a60b1d29e7c4f11',
  sites: ['aws', 'hetzner'].map((site, i) => ({ site, cloud: 'digitalocean', addresses: [`127.0.0.${i + 1}`], standby: 'hot' })),
  check: { intervalMs: 2000, timeoutMs: 1000, fall: 3, rise: 5 },
  vantages: ['a', 'b', 'c'].map((vantage) => ({ vantage, cloud: 'none' })), quorum: null,
  data: { holds, carried: false },
  dns: { names: ['shop.example'], drift: 'hold', hosts: [] },
  policy: { automatic: true, confirmCutMs: 1, outageMs: 1, appFaultMs: 1, cooldownMs: 600_000, maxMovesPerHour: 3, failback: 'manual' },
})

const settingsOf = (config: Config) => ({ file: '/x/lifeboat.yaml', hash: 'h', core: config }) as unknown as Settings

const seen = (site: string, role: 'active' | 'fenced' | 'standby', health: 'up' | 'down'): Status['sites'][number] => ({
  site, cloud: 'digitalocean', role, standby: 'hot', addresses: [], health, verdict: health === 'up' ? 'well' : 'cut', ready: health === 'up',
  certificateUntilMs: nowMs + 61 * 86_400_000, sinceMs: nowMs - 360_000, why: health === 'up' ? '3 of 3 vantages' : 'account suspended', release: null, stack: null,
})

const status: Status = {
  app: 'shop', atMs: nowMs, active: 'hetzner', epoch: 7, paused: null, cooldownUntilMs: nowMs + 300_000, move: null, waits: null,
  leader: { id: 'ctl-1', pid: 1, machine: 'm', sinceMs: nowMs - 41 * 86_400_000, command: 'watch' },
  adopted: true, sharedFates: [], sites: [seen('aws', 'fenced', 'down'), seen('hetzner', 'active', 'up')],
  decision: { id: 'd', kind: 'hold', reason: 'well', sentence: 'hold: hetzner is well' }, dns: [], untold: [],
}

const ledger: Ledger = {
  ...freshLedger(core(null)), active: 'hetzner', epoch: 7, record: { epoch: 7, move: 'm', site: 'hetzner', addresses: ['127.0.0.2'] }, staleUntilMs: nowMs - 1000,
  past: [{ epoch: 7, id: 'm', kind: 'failover', from: 'aws', to: 'hetzner', by: 'lifeboat', cause: 'cut', startedMs: nowMs - 400_000, endedMs: nowMs - 359_000, state: 'done', automatic: true, debts: [] }],
}

const shown = (change: Partial<Status> = {}, config = core(null), known: Partial<Ledger> = {}, more: { live?: Report; movedBy?: string } = {}) => {
  const view = { revision: 1, ledger: { ...ledger, ...known }, requests: [], report: null } as StoreView
  return screen(cli, { ...status, ...change }, { ground: settingsOf(config), view, live: more.live ?? null, movedBy: more.movedBy ?? null }).join('\n')
}

const host = (change: Partial<Status['dns'][number]> = {}): Status['dns'][number] => ({ host: 'h', state: 'served', epoch: 7, addresses: ['127.0.0.2'], staleUntilMs: null, detail: '', ...change })

test('what is lost together with a site, and was accepted, is shown', () => {
  const sharedFates = ['this process, the controller, is lost together with site aws']
  expect(shown({ sharedFates }).split('\n')).toContain('fate     this process, the controller, is lost together with site aws (sharedFate: accepted)')
})

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

test('the last line is what to type next', () => {
  const next = (...args: Parameters<typeof shown>) => /^next +(.*)$/m.exec(shown(...args))?.[1]
  expect(next({ leader: null })).toBe('nobody watches: lifeboat watch')
  expect(next({}, core(null), { pause: { untilMs: null, by: 'ann', why: '' } })).toBe('automatic moves on again: lifeboat resume')
  expect(next({}, core(null), { active: 'aws' })).toBeUndefined()
})

test('who was not told is shown, and that is not well', () => {
  const [failing, lost] = [
    { channel: 'notify[0] (slack)', waiting: 2, lost: 0, sinceMs: nowMs - 360_000, why: 'HTTP 404: there is nothing at this address' },
    { channel: 'notify[1] (exec)', waiting: 0, lost: 3, sinceMs: null, why: null },
  ]
  const lines = shown({ untold: [failing, lost] }).split('\n')
  expect(lines).toContain('untold   notify[0] (slack): 2 not told yet; for 6 min HTTP 404: there is nothing at this address. To try it: lifeboat notify')
  expect(lines).toContain('untold   notify[1] (exec): 3 given up. To try it: lifeboat notify')
  expect(shown({ untold: [{ ...failing, lost: 4 }] })).toContain('2 not told yet; 4 given up; for 6 min at least HTTP 404')
  expect(shown({ leader: null, untold: [{ ...failing, sinceMs: null, why: null }] })).toContain('notify[0] (slack): 2 not told yet, and nobody leads. To try it')
})

test('what a move still owes is said as it is now', () => {
  const past = [{ ...ledger.past[0]!, state: 'done-with-debts' as const, debts: ['h'] }]
  const said = (change: Partial<Status>, known: Partial<Ledger> = {}) => /in 41 s, (.*?); old/.exec(shown(change, core(null), { past, ...known }))?.[1]
  expect(said({ dns: [host({ epoch: 6 })] })).toBe('confirmed, and still to be brought up: h')
  expect(said({ dns: [host()] })).toBe('confirmed, and brought up since: h')
  // Nobody reads DNS now, and the ledger knows what was seen.
  expect(said({ leader: null, dns: [host({ epoch: null, state: null })] }, { hosts: { h: 7 } })).toBe('confirmed, and brought up since: h')
  expect(said({ leader: null, dns: [host({ epoch: null, state: null })] }, { hosts: { h: 6 } })).toBe('confirmed, and still to be brought up: h')
  // Names that were let go of owe nothing any more.
  expect(said({ adopted: false, dns: [host({ epoch: null, state: null })] }, { record: null })).toBe('confirmed; h was behind when it ended')
})

test('every pause that stands is shown, the one that ends last first', () => {
  const pauses = { pause: { untilMs: null, by: 'ann', why: '' }, otherPauses: [{ untilMs: nowMs + 60_000, by: 'ci', why: 'while deploy.sh runs', holder: 'x' }, { untilMs: nowMs, by: 'bo', why: '', holder: 'y' }] }
  expect(shown({}, core(null), pauses)).toContain('paused   for ever by ann; until 09:47:40 UTC by ci (while deploy.sh runs)\n')
  expect(shown()).not.toMatch(/^paused/m)
})

test('all is well only where each part is', () => {
  const well = { ...status, sites: [seen('aws', 'active', 'up'), seen('hetzner', 'standby', 'up')] } satisfies Status
  expect(allWell({ ...well, dns: [host()] }, ledger)).toBe(true)
  expect(allWell({ ...well, dns: [host({ state: 'written' })] }, ledger)).toBe(false)
  expect(allWell({ ...well, dns: [host({ detail: 'h also serves a stranger' })] }, ledger)).toBe(false)
  expect(allWell(status, ledger)).toBe(false)
  expect(allWell({ ...well, leader: null }, ledger)).toBe(false)
  expect(allWell({ ...well, paused: { untilMs: null, by: 'ann', why: '' } }, ledger)).toBe(false)
  expect(allWell({ ...well, decision: { id: 'd', kind: 'hold', reason: 'notice', sentence: '' } }, ledger)).toBe(false)
  expect(allWell(well, { ...ledger, trusted: false })).toBe(false)
})

test('what is wrong with a DNS host stands there as the log says it', () => {
  const dns = (...args: Parameters<typeof shown>) => shown(...args).split('\n').filter((line) => line.startsWith('dns'))
  expect(dns({ dns: [host(), host({ host: 'i', detail: 'i lost our TXT' }), host({ host: 'j', state: 'lost', detail: 'j serves 127.0.0.9' }), host({ host: 'k', state: 'written' })] })).toEqual([
    'dns      i lost our TXT',
    'dns      j serves 127.0.0.9',
    'dns      k took the change; not every name server was seen to show it',
  ])
})

test('an untrusted store: what DNS says stands at the top', () => {
  const top = (...dns: Status['dns']) => shown({ dns, epoch: 0, active: null }, core(null), { trusted: false }).split('\n').slice(1, 3)
  expect(top(host({ detail: 'h says epoch 7, hetzner is active' }))).toEqual([expect.stringMatching(/^This store may be new, lost or an old copy/), '  h says epoch 7, hetzner is active'])
  expect(top(host())[1]).toBe('  h shows epoch 7, 127.0.0.2')
  expect(shown({ leader: null }, core(null), { trusted: false })).toMatch(/nobody reads DNS now/)
  expect(shown({ dns: [host({ detail: 'h says' })] }, core(null), { trusted: false })).not.toMatch(/^dns /m)
})

test('vantages whose word is missing are named, with the reason', () => {
  const vote = (atMs: number) => ({ says: 'unknown' as const, run: 0, answers: [], failure: null, atMs })
  const live = { atMonoMs: 200_000, configHash: 'h', watch: { sites: {}, blind: { a: '0 of 3 canaries answer it' }, votes: { aws: { a: vote(200_000), b: vote(20_000), c: vote(199_000) }, hetzner: { b: vote(19_000) } } } } as unknown as Report
  expect(shown({}, core(null), {}, { live }).split('\n').filter((line) => line.startsWith('votes'))).toEqual([
    'votes    a abstains: it is blind (0 of 3 canaries answer it)',
    'votes    b abstains: it has not answered for 3 min',
  ])
})

test('a move says what it waits for, and how to see why it was begun', () => {
  const step = { step: 'point' as const, target: 'h', startedMs: nowMs - 24_000, endedMs: null, outcome: 'waiting' as const, detail: '' }
  const move = { epoch: 8, kind: 'failover', from: 'aws', to: 'hetzner', by: 'lifeboat', reason: 'cut', decision: 'ab12cd34', startedMs: nowMs - 40_000, endedMs: null, state: 'open' as const, steps: [step] }
  expect(shown({ move, waits: 'no DNS host takes the change' }, core(null), {}, { movedBy: 'ef56ab78' })).toMatch(
    /^moving {3}failover aws → hetzner, epoch 8, by itself, for 40 s; at point for 24 s; why: lifeboat explain ab12cd34\nwaits {4}no DNS host takes the change\nmoved .*; why: lifeboat explain ef56ab78$/m,
  )
})

test('a debt of the last move is shown as paid once its host shows the epoch', () => {
  const past = [{ ...ledger.past[0]!, state: 'done-with-debts' as const, debts: ['h'] }]
  expect(shown({ dns: [host({ epoch: 6, state: 'lost' })] }, core(null), { past })).toContain('confirmed, and still to be brought up: h')
  expect(shown({ dns: [host({ epoch: null, state: null })] }, core(null), { past })).toContain('confirmed, and still to be brought up: h')
  expect(shown({ dns: [host()] }, core(null), { past })).toContain('confirmed, and brought up since: h')
})
