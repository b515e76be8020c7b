import { expect, test } from 'vitest'
import { planJson, planLines, type Shown } from '../../src/cli/plans.ts'
import { freshLedger } from '../../src/core/ledger.ts'
import { planOf } from '../../src/core/plan.ts'
import type { Config } from '../../src/core/types.ts'

const nowMs = 1_795_600_000_000

const config = {
  app: 'shop', owner: null,
  sites: ['aws', 'hetzner'].map((site, i) => ({ site, cloud: 'none', addresses: [`127.0.0.${i + 1}`], standby: 'hot' })),
  data: { holds: null, carried: false },
  dns: { names: ['shop.example'], drift: 'hold', hosts: [] },
} as unknown as Config

const shown = (kind: 'switchover' | 'failover', longTailUntilMs: number | null): Shown =>
  ({ plan: planOf(kind, 'aws', 'hetzner', config), epoch: 2, config, ledger: { ...freshLedger(config), longTailUntilMs }, nowMs })

test('a planned move soon after an adoption says until when it waits', () => {
  const waits = /^ {2}ready .*; it waits until 09:51:40 UTC, since answers with the TTL from before the adoption/m
  expect(planLines(shown('switchover', nowMs + 300_000)).join('\n')).toMatch(waits)
  expect(planJson(shown('switchover', nowMs + 300_000)).steps[0]!.sentence).toContain('it waits until 09:51:40 UTC')
  for (const other of [shown('switchover', nowMs - 1), shown('switchover', null), shown('failover', nowMs + 300_000)]) expect(planLines(other).join('\n')).not.toContain('it waits until')
})

test('what cannot be undone is one sentence', () => {
  expect(planLines(shown('failover', null)).slice(-2)).toEqual(['point of no return: none, each step can be undone', 'loses: nothing: no data is held'])
})
