import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { findActor } from '../../src/cli/actor.ts'
import type { Cli } from '../../src/cli/cli.ts'
import type { Elsewhere } from '../../src/cli/ground.ts'
import type { Report } from '../../src/ports.ts'
import type { OpenStore } from '../../src/store/sqlite.ts'
import { handClock } from '../controller/bench.ts'
import { configOf, storyOf } from '../core/house.ts'

test('a leader that has taken over since the command began is waited for as one that was just started', async () => {
  const core = configOf()
  const clock = handClock()
  const began = clock.now().wallMs
  let led: (Pick<Report, 'watch'> & { sinceMs: number }) | null = { sinceMs: began - 3_600_000, watch: storyOf(core).state.watch }
  const report = (): Report | null => {
    if (led === null) return null
    const { monoMs, wallMs } = clock.now()
    const leader = { id: 'ctl-1', pid: 1, machine: hostname(), sinceMs: led.sinceMs, command: 'watch' }
    return { leader, atMonoMs: monoMs, atWallMs: wallMs, watch: led.watch, decision: null, waits: null, dns: [], configHash: 'h' }
  }
  const store = { read: async () => ({ revision: 1, ledger: null, requests: [], report: report(), elsewhere: true }) } as unknown as OpenStore
  const cli = { clock, stop: () => new AbortController().signal, err: () => {} } as unknown as Cli
  const ground = { core, hash: 'h', file: 'lifeboat.yaml', sharedFates: [], controller: { url: 'http://127.0.0.1:1/', store } } as unknown as Elsewhere
  const actor = await clock.until(findActor({ cli, ground, store, command: 'switchover', warm: true }))
  expect((await clock.until(actor.state())).watch).toBe(led.watch)
  expect(clock.now().wallMs - began).toBe(0)

  // It is started again: the same process id, and nothing seen yet.
  led = { sinceMs: began, watch: storyOf(core, undefined, false).state.watch }
  const asked = actor.state()
  await clock.pass(10_000)
  const warm = storyOf(core).state.watch
  led = { ...led, watch: warm }
  expect((await clock.until(asked)).watch).toBe(warm)

  led = null
  await expect(clock.until(actor.state())).rejects.toThrow('No controller leads at http://127.0.0.1:1/')
})
