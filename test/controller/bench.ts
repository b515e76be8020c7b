import type { Clock } from '../../src/clock.ts'
import { newSelf, type Self } from '../../src/controller/self.ts'
import type { Parts } from '../../src/controller/parts.ts'
import type { Config } from '../../src/core/types.ts'
import { listed } from '../lab/rig.ts'
import type { LogLine, Store, Vantage } from '../../src/ports.ts'
import { memoryClient, memoryState } from '../../src/store/memory.ts'
import { answerOf, canariesAsked, configOf, day } from '../core/house.ts'

// One controller's parts on a clock that goes by hand: no time passes but what is waited for.

export type HandClock = Clock & {
  /** How far the wall is off the monotonic clock's course. */
  wallOffMs: number
  /** Lets time pass, from one timer to the next, until it has settled. */
  until<T>(promise: Promise<T>): Promise<T>
  pass(ms: number): Promise<void>
}

export function handClock(): HandClock {
  let monoMs = 1_000_000
  let count = 0
  let timers: { dueMs: number; run: () => void }[] = []
  const at = (ms: number, run: () => void) => {
    const timer = { dueMs: monoMs + ms, run }
    timers.push(timer)
    return () => void (timers = timers.filter((each) => each !== timer))
  }
  const settle = () => new Promise((go) => setImmediate(go))
  const step = async (toMs: number) => {
    await settle()
    const next = timers.filter(({ dueMs }) => dueMs <= toMs).sort((a, b) => a.dueMs - b.dueMs)[0]
    monoMs = Math.max(monoMs, next?.dueMs ?? Math.min(toMs, monoMs))
    timers = timers.filter((each) => each !== next)
    next?.run()
    await settle()
    return next !== undefined
  }
  const clock: HandClock = {
    wallOffMs: 0,
    now: () => ({ monoMs, wallMs: day + monoMs + clock.wallOffMs }),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const stop = at(ms, resolve)
        signal?.addEventListener('abort', () => (stop(), reject(signal.reason)), { once: true })
      }),
    deadline: (ms, parent) => {
      const over = new AbortController()
      at(ms, () => over.abort(new DOMException('the deadline passed', 'TimeoutError')))
      return parent ? AbortSignal.any([over.signal, parent]) : over.signal
    },
    random: () => 0.5,
    id: () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`,
    until: async (promise) => {
      let settled = false
      void promise.then(() => (settled = true), () => (settled = true))
      await settle()
      while (!settled) if (!(await step(Infinity))) throw new Error('nothing is waited for, and it has not settled')
      return promise
    },
    pass: async (ms) => {
      const untilMs = monoMs + ms
      while (await step(untilMs)) continue
      monoMs = untilMs
    },
  }
  return clock
}

/** A vantage to which every site is well. */
export const seeing = (vantage: string, more: Partial<Vantage> = {}): Vantage => ({
  vantage,
  probe: async ({ questions, canaries }) => ({ answers: questions.map(({ address }) => answerOf('ok', address)), canaries: { well: canaries.length, asked: canaries.length } }),
  dig: async () => null,
  ...more,
})

export type Bench = { self: Self; parts: Parts; clock: HandClock; store: Store; lines: LogLine[] }

/** The house of the core's tests, with a store in memory and DNS hosts that do not answer. */
export function bench({ config = configOf(), change = (parts) => parts }: { config?: Config; change?: (parts: Parts) => Parts } = {}): Bench {
  const clock = handClock()
  const store = memoryClient(memoryState(), { clock })
  const lines: LogLine[] = []
  const parts = change({
    config,
    configHash: 'bench',
    written: {},
    checks: { active: [{ kind: 'tcp', port: 443 }], standby: null },
    canaries: Array.from({ length: canariesAsked }, (_, i) => `https://canary-${i}.example`),
    clock,
    store,
    log: (line) => void lines.push(line),
    vantages: config.vantages.map(({ vantage }) => seeing(vantage)),
    clouds: [],
    hosts: [],
    nameServers: listed([]),
    serversOf: {},
    data: null,
    leader: { id: 'ctl-1', pid: 1, machine: 'bench', sinceMs: 0, command: 'watch' },
  })
  return { self: newSelf(parts), parts, clock, store, lines }
}
