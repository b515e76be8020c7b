import { expect, test } from 'vitest'
import { wayOn } from '../../src/core/way-on.ts'
import { freshLedger } from '../../src/core/ledger.ts'
import { emptyWatch } from '../../src/core/observe.ts'
import type { Config, Ledger, SiteWatch } from '../../src/core/types.ts'

const config = (holds: string | null): Config => ({
  app: 'shop', owner: '5f0c9a7be2d14c3f8a60b1d29e7c4f11',
  sites: ['aws', 'hetzner'].map((site, i) => ({ site, cloud: 'none', addresses: [`127.0.0.${i + 1}`], standby: 'hot' })),
  check: { intervalMs: 2000, timeoutMs: 1000, fall: 3, rise: 5 },
  vantages: [{ vantage: 'here', cloud: 'none' }], quorum: null,
  data: { holds, carried: false },
  dns: { names: ['shop.example'], drift: 'hold', hosts: [] },
  policy: { automatic: true, confirmCutMs: 1, outageMs: 1, appFaultMs: 1, cooldownMs: 1, maxMovesPerHour: 3, failback: 'manual' },
})

const nowMs = 1_795_600_000_000
const fenced: Ledger['given'] = [{ site: 'aws', epoch: 7, atMs: 0 }]

const planned = { kind: 'switchover', from: 'aws', to: 'hetzner' } as Ledger['past'][number]

type Given = { ledger?: Partial<Ledger>; holds?: string; watched?: boolean; kept?: 'surely' | 'perhaps'; aws?: 'up' | 'down'; hetzner?: 'up' | 'down' }
const next = ({ ledger = {}, holds, watched = true, kept, aws = 'down', hetzner = 'up' }: Given) => {
  const of = config(holds ?? null)
  const seen = { health: aws, verdict: aws === 'up' ? 'well' : 'down', ready: aws === 'up' } as SiteWatch
  const full: Ledger = { ...freshLedger(of), active: 'hetzner', epoch: 7, record: { epoch: 7, move: 'm', site: 'hetzner', addresses: ['127.0.0.2'] }, ...ledger }
  return wayOn({ ledger: full, watch: { ...emptyWatch(), sites: { aws: seen, hetzner: { health: hetzner } as SiteWatch } } }, { wallMs: nowMs, watched, ...(kept ? { kept } : {}), config: of })
}

test.each<[string, Given, string | null]>([
  ['the preferred site is down', {}, 'when aws is back: lifeboat failback'],
  ['it is back', { aws: 'up' }, 'aws is back: lifeboat failback'],
  ['it is back, and fenced for some rounds', { aws: 'up', ledger: { given: fenced } }, 'aws is back, and stands by again by itself after 5 good rounds (check.rise); then: lifeboat failback'],
  ['data would stay behind', { holds: 'orders', ledger: { given: fenced } }, 'when aws is back and its data is in order: lifeboat rejoin aws, then lifeboat failback --accept-loss all, which leaves orders behind at hetzner'],
  ['the same, and it is back', { holds: 'orders', aws: 'up', ledger: { given: fenced } }, 'aws is back; once its data is in order: lifeboat rejoin aws, then lifeboat failback --accept-loss all, which leaves orders behind at hetzner'],
  ['it was left in order', { aws: 'up', ledger: { past: [planned] } }, 'aws is well: lifeboat failback'],
  ['the active site is down, and another can take over', { aws: 'up', hetzner: 'down' }, 'to move now: lifeboat failover aws'],
  ['the same, and data would stay behind', { aws: 'up', hetzner: 'down', holds: 'orders' }, 'to move now: lifeboat failover aws, which leaves orders behind at hetzner'],
  ['the active site is down, and the other is fenced: a failover there would be refused', { aws: 'up', hetzner: 'down', ledger: { given: fenced } }, null],
  ['every site is down', { hetzner: 'down' }, null],
  ['the preferred site is active', { ledger: { active: 'aws' } }, null],
  ['nobody watches', { watched: false }, 'nobody watches: lifeboat watch'],
  ['nobody leads, and a controller with another file than that in force watches', { watched: false, kept: 'surely' }, 'nobody leads; the controller there watches by a file that is not the one in force. To let it lead: lifeboat check --accept'],
  ['the same, where it is not known whether one does', { watched: false, kept: 'perhaps' }, 'nobody leads; the file here is not the one in force. Where a watch runs by it: lifeboat check --accept; where none does: lifeboat watch'],
  ['paused for ever', { ledger: { pause: { untilMs: null, by: 'ann', why: '' } } }, 'automatic moves on again: lifeboat resume'],
  ['a pause that is over', { ledger: { pause: { untilMs: nowMs, by: 'ann', why: '' } } }, 'when aws is back: lifeboat failback'],
  ['not adopted', { ledger: { record: null } }, 'take over the names: lifeboat adopt'],
  ['the store may be an old copy', { ledger: { trusted: false } }, 'this store may be an old copy, and nothing moves by itself: lifeboat adopt'],
])('%s', (_, given, expected) => expect(next(given)).toBe(expected))
