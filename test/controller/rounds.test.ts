import { describe, expect, test } from 'vitest'
import { runRounds } from '../../src/controller/rounds.ts'
import type { Held, Question, Sight, Vantage } from '../../src/ports.ts'
import { answerOf, configOf, ledgerOf } from '../core/house.ts'
import { bench, seeing } from './bench.ts'

const check = { intervalMs: 1_000, timeoutMs: 300, fall: 3, rise: 2 }
const config = configOf({ check })

/** The controller's rounds, whose vantages see what the script says: `silent` takes the whole time-out, `refused` none. */
const play = (sees: { aws: 'ok' | 'silent' | 'refused' }, held?: Held) => {
  const begunMs: number[] = []
  const vantageOf = (vantage: string): Vantage =>
    seeing(vantage, {
      probe: async ({ questions, canaries }): Promise<Sight> => {
        if (vantage === 'here') begunMs.push(clock.now().monoMs - startMs)
        const kinds = questions.map(({ site }) => (site === 'aws' ? sees.aws : 'ok'))
        if (kinds.includes('silent')) await clock.sleep(check.timeoutMs)
        return { answers: questions.map(({ address }, i) => answerOf(kinds[i]!, address)), canaries: { well: canaries.length, asked: canaries.length } }
      },
    })
  const { self, clock, parts } = bench({ config, change: (given) => ({ ...given, vantages: config.vantages.map(({ vantage }) => vantageOf(vantage)), ...(held ? { held } : {}) }) })
  const startMs = clock.now().monoMs
  const stop = new AbortController()
  const commit = self.book.change(() => ({ ledger: ledgerOf(config), entries: [] }))
  const ended = commit.then(() => runRounds(self, true, stop.signal))
  ended.catch(() => {})
  return {
    self, clock, parts,
    /** When rounds began since this was last asked, counted from the first of them. */
    begun: () => {
      const all = begunMs.splice(0)
      return all.map((ms) => Math.round(ms - all[0]!))
    },
    health: () => self.state.watch.sites['aws']?.health,
    stop: async () => {
      stop.abort(new Error('stopped'))
      await expect(clock.until(ended)).rejects.toThrow('stopped')
    },
  }
}

describe('rounds', () => {
  test('begin at each interval; where a site drops what it is sent they do not wait for each other', async () => {
    const sees: { aws: 'ok' | 'silent' } = { aws: 'ok' }
    const { clock, begun, health, stop } = play(sees)
    await clock.pass(5_100)
    begun()
    await clock.pass(3_000)
    expect(begun()).toEqual([0, 1_000, 2_000])
    sees.aws = 'silent'
    await clock.pass(900 + 300 + 100 + 300 + 50)
    expect(begun().slice(0, 3)).toEqual([0, 300, 400])
    expect(health()).toBe('down')
    await stop()
  })

  test('are never more than fall at once', async () => {
    const sees: { aws: 'ok' | 'silent' } = { aws: 'silent' }
    const { clock, begun, stop } = play(sees)
    await clock.pass(2_000)
    const all = begun()
    for (const ms of all) expect(all.filter((other) => other >= ms && other < ms + 299).length).toBeLessThanOrEqual(check.fall)
    await stop()
  })

  test('that were under way when this process was held up are none', async () => {
    const sees: { aws: 'ok' | 'silent' } = { aws: 'ok' }
    const { self, clock, stop } = play(sees)
    const runs = () => Object.values(self.state.watch.votes['aws']!).map(({ run }) => run)
    await clock.pass(5_100)
    sees.aws = 'silent'
    while (runs()[0]! > 0) await clock.pass(10)
    await clock.pass(150) // Two more are under way.
    clock.wallOffMs += 3_600_000
    for (const ms of [160, 100]) {
      await clock.pass(ms)
      expect([self.state.watch.abstains, runs()]).toEqual([expect.stringContaining('clock jumped'), [0, 0, 0]])
    }
    await stop()
  })
})

describe('a held connection', () => {
  const holding = () => {
    const calls: { questions: Question[]; dropped: () => void }[] = []
    return { calls, held: { hold: (questions: Question[], dropped: () => void) => void calls.push({ questions, dropped }) } }
  }

  test('that drops begins a round at once, and is no vote', async () => {
    const { calls, held } = holding()
    const { clock, begun, health, stop } = play({ aws: 'ok' }, held)
    await clock.pass(5_400)
    begun()
    calls.at(-1)!.dropped()
    await clock.pass(1_100)
    expect([begun(), health()]).toEqual([[0, 1_000], 'up'])
    await stop()
  })

  test('is of the active site while some vantage reaches it, and is let go of at the end', async () => {
    const { calls, held } = holding()
    const sees: { aws: 'ok' | 'refused' } = { aws: 'ok' }
    const { clock, stop, parts } = play(sees, held)
    const last = () => calls.at(-1)!.questions.map(({ site, address }) => ({ site, address }))
    await clock.pass(5_000)
    expect(last()).toEqual(parts.config.sites.filter(({ site }) => site === 'aws').flatMap(({ site, addresses }) => addresses.map((address) => ({ site, address }))))
    clock.wallOffMs += 3_600_000
    await clock.pass(1_000)
    expect(last()).not.toEqual([]) // This observer abstains: that is no news of the site.
    sees.aws = 'refused'
    await clock.pass(1_000)
    expect(last()).toEqual([])
    sees.aws = 'ok'
    await clock.pass(5_000)
    expect(last()).not.toEqual([])
    await stop()
    expect(last()).toEqual([])
  })
})
