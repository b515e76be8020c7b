import { describe, expect, test } from 'vitest'
import { runController } from '../../src/controller.ts'
import { turnMs } from '../../src/controller/times.ts'
import { takeRequests } from '../../src/controller/requests.ts'
import { runRounds } from '../../src/controller/rounds.ts'
import { orNull } from '../../src/controller/self.ts'
import { requestMostMs } from '../../src/core/limits.ts'
import { Said } from '../../src/errors.ts'
import type { Store } from '../../src/ports.ts'
import { configOf, ledgerOf, moveOf } from '../core/house.ts'
import { bench, seeing } from './bench.ts'

// One turn of each of the controller's loops, on a clock that goes by hand.

const never = new AbortController().signal

test('a vantage that hangs keeps no round so long that this observer takes itself for held up, or what the others said for old', async () => {
  const hanging = seeing('tokyo', { probe: (_, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))) })
  const config = configOf({ check: { intervalMs: 100, timeoutMs: 50, fall: 2, rise: 2 } })
  const { self, clock, lines } = bench({ config, change: (parts) => ({ ...parts, vantages: parts.vantages.map((v) => (v.vantage === 'tokyo' ? hanging : v)) }) })
  const stop = new AbortController()
  const ended = runRounds(self, true, stop.signal)
  await clock.pass(10 * config.check.intervalMs)
  stop.abort(new Error('stopped'))
  await expect(clock.until(ended)).rejects.toThrow('stopped')
  expect(self.state.watch.abstains).toBe(null)
  expect(Object.values(self.state.watch.sites).map(({ health, verdict }) => `${health} ${verdict}`)).toEqual(['up well', 'up well', 'up well'])
  expect(lines.filter(({ msg }) => msg.includes('held up'))).toEqual([])
})

test('at its beginning nothing is wrong but that too few rounds have been', async () => {
  const { self, clock, lines } = bench()
  const stop = new AbortController()
  const ended = runRounds(self, true, stop.signal)
  await clock.pass(20_000)
  stop.abort(new Error('stopped'))
  await expect(clock.until(ended)).rejects.toThrow('stopped')
  expect(lines.flatMap(({ level, event, msg, site }) => (event === 'health' && site === 'aws' ? [`${level} ${msg}`] : []))).toEqual([
    'info aws is unknown: too few rounds yet; 0 of 3 vantages say up, and 2 would have to agree',
    'info aws is up: 3 of 3 vantages',
  ])
})

describe('a request', () => {
  const asked = async (setBackMs: number) => {
    const { self, clock, store } = bench()
    await self.book.change((ledger) => ({ ledger, entries: [] }))
    await store.ask({ request: { id: 'r1', by: 'ana', what: 'pause', untilMs: null, why: 'release', expiresMs: clock.now().wallMs + requestMostMs - 1_000 } })
    clock.wallOffMs -= setBackMs
    await takeRequests(self)
    const view = await store.read()
    return { left: view.requests.length, pause: view.ledger?.pause ?? null, store }
  }

  test('under a clock that was set back has expired, and is taken out', async () => {
    const { left, pause, store } = await asked(3_600_000)
    expect([left, pause]).toEqual([0, null])
    const journal = await (store as unknown as { entries(query: object): Promise<{ msg: string; fields: object }[]> }).entries({ event: 'request', most: 9 })
    expect(journal).toMatchObject([{ msg: expect.stringContaining("this machine's clock was set back"), fields: { request: 'r1', kind: 'refuse', reason: 'expired' } }])
  })

  test('is carried out otherwise', async () => {
    expect(await asked(0)).toMatchObject({ left: 0, pause: { by: 'ana', why: 'release' } })
  })
})

describe('faults', () => {
  test('a store that fails as a controller comes to lead: it is in the journal, with its file, as soon as the store can be written', async () => {
    let failing = true
    const refusing = (store: Store): Store => ({ ...store, commit: async (what) => (failing ? Promise.reject(new Said('store: no room; nothing was changed in it', 4)) : store.commit(what)) })
    const { parts, clock, lines } = bench({ change: (given) => ({ ...given, store: refusing(given.store) }) })
    const stop = new AbortController()
    const ended = runController(parts, { ownMoves: true }, stop.signal)
    await clock.pass(10_000)
    failing = false
    await clock.pass(10_000)
    expect((await parts.store.read()).ledger?.file).toEqual({ hash: 'bench', written: {}, leader: 'ctl-1' })
    expect(lines.filter(({ msg }) => msg === 'this controller leads (ctl-1)')).toHaveLength(1)
    stop.abort(new Error('stopped'))
    await clock.until(ended)
  })

  test("a driver's is said once until it answers again, and what was said is not kept without bound", async () => {
    const { self, lines } = bench()
    const ask = (what: string, answer: Promise<unknown>) => orNull(self, 'dns', what, never, answer)
    const fails = (text: string) => Promise.reject(new Error(text))
    for (const answer of [fails('odd'), fails('odd'), Promise.resolve(1), fails('odd')]) await ask('reading dns1', answer)
    expect(lines.map(({ msg }) => msg)).toEqual(['reading dns1: odd. It counts as no answer', 'reading dns1: odd. It counts as no answer'])
    for (let n = 0; n < 1_000; n++) await ask('reading dns1', fails(`answer ${n} is odd`))
    expect(self.faults.size).toBe(1)
    await ask('reading dns1', Promise.resolve(null))
    expect(self.faults.size).toBe(0)
  })

  test("the store's is logged as what the loop that met it is about, once by each", async () => {
    let failing = true
    const refusing = (store: Store): Store => ({
      ...store,
      read: async () => {
        if (failing) throw new Said('store: no room; nothing was changed in it', 4)
        return store.read()
      },
    })
    const { parts, clock, lines } = bench({ change: (given) => ({ ...given, store: refusing(given.store) }) })
    const events = () => lines.splice(0).flatMap(({ level, event, msg }) => (level === 'error' && msg.startsWith('store: no room') ? [event] : [])).sort()
    const stop = new AbortController()
    const ended = runController(parts, { ownMoves: true }, stop.signal)
    await clock.pass(10_000)
    expect(events()).toEqual(['health', 'leader'])
    failing = false
    await clock.pass(10_000)
    expect(lines.map(({ msg }) => msg)).toContain('this controller leads (ctl-1)')
    failing = true
    await clock.pass(turnMs.dns + 10_000)
    expect(events()).toEqual(['decision', 'dns', 'health'])
    failing = false
    const { revision } = await parts.store.read()
    await parts.store.commit({ revision, ledger: ledgerOf(parts.config, { epoch: 8, move: moveOf(parts.config) }), entries: [] })
    await clock.pass(10_000)
    failing = true
    await clock.pass(10_000)
    expect(events()).toEqual(['decision', 'health', 'move'])
    failing = false
    stop.abort(new Error('stopped'))
    await clock.until(ended)
  })
})
