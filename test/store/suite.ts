// What every store must hold to. `open` gives clients of one fresh store, each as if in a process of its own; the store keeps 20 entries
// and 5 snapshots and removes old ones at every 8th commit.

import { beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import type { Snapshot } from '../../src/core/moving.ts'
import type { Journal, Store } from '../../src/ports.ts'
import { entryOf, exits, leaderOf, linesOf, reportOf, requestOf, saidBy, wallClock } from './fixtures.ts'
import { ledgerOf, moveOf } from './ledger.ts'

type Client = Store & Journal & { close(): Promise<void> }
export type Open = () => { client(clock: Clock): Promise<Client> }
export const keeps = { entriesMax: 20, snapshotsMax: 5, everyCommits: 8 }

const snapshot = (n: number): Snapshot => ({ of: 'next', move: moveOf(n), world: {} as never, config: {} as never, next: { kind: 'wait', step: 'ready', why: 'as it is' } })
const leaseOf = (led: Awaited<ReturnType<Store['lead']>>) => {
  if (!('lease' in led)) throw new Error('the lease was refused')
  return led.lease
}

export const storeSuite = (name: string, open: Open) =>
  describe(`${name} as a store`, () => {
    const startMs = 1_700_000_000_000
    let clock = wallClock(startMs)
    let one: Client
    let two: Client
    beforeEach(async () => {
      clock = wallClock(startMs)
      const store = open()
      one = await store.client(clock)
      two = await store.client(clock)
      return async () => {
        await one.close()
        await two.close()
      }
    })

    const commit = async (epoch: number, ...entries: ReturnType<typeof entryOf>[]) =>
      one.commit({ revision: (await one.read()).revision, ledger: ledgerOf(epoch), entries })

    describe('the ledger', () => {
      test('starts unwritten, and says so', async () => {
        expect(await one.read()).toEqual({ revision: 0, ledger: null, requests: [], report: null })
        expect(await one.entries({ most: 9 })).toEqual([])
      })

      test('is read by all as it was committed', async () => {
        const ledger = ledgerOf(3, { pause: { untilMs: null, by: 'ä', why: '"\n\u0000' }, move: moveOf(3) })
        const revision = await one.commit({ revision: 0, ledger, entries: [] })
        expect(await two.read()).toEqual({ revision, ledger, requests: [], report: null })
        expect(revision).not.toBe(0)
      })

      test('is lost to whoever committed first, and nothing of the loser is written', async () => {
        await two.ask({ request: requestOf('r', startMs + 1000) })
        const revision = await one.commit({ revision: 0, ledger: ledgerOf(1), entries: [entryOf('start')] })
        expect(await two.commit({ revision: 0, ledger: ledgerOf(2), entries: [entryOf('stop')], takes: 'r' })).toBe('lost')
        expect(await two.read()).toMatchObject({ revision, ledger: { epoch: 1 }, requests: [{ id: 'r' }] })
        expect((await one.entries({ most: 9 })).map(({ event }) => event)).toEqual(['start'])
      })

      test('of many that race, one wins each revision', async () => {
        const outcomes = await Promise.all([one, two, one, two].map((client, i) => client.commit({ revision: 0, ledger: ledgerOf(i), entries: [] })))
        expect(outcomes.filter((outcome) => outcome !== 'lost')).toHaveLength(1)
      })

      test('shares nothing with whoever wrote or read it', async () => {
        const ledger = ledgerOf(1)
        await one.commit({ revision: 0, ledger, entries: [] })
        ledger.ours.push('127.0.0.9')
        const seen = await one.read()
        seen.ledger?.ours.push('127.0.0.8')
        expect((await one.read()).ledger?.ours).toEqual([])
      })
    })

    describe('requests', () => {
      test('are seen by all until a commit takes them', async () => {
        await two.ask({ request: requestOf('a', startMs + 60_000) })
        await two.ask({ request: requestOf('b', startMs + 60_000) })
        expect((await one.read()).requests.map(({ id }) => id)).toEqual(['a', 'b'])
        expect(await one.commit({ revision: 0, ledger: ledgerOf(1), entries: [], takes: 'a' })).toBe(1)
        expect((await two.read()).requests).toEqual([requestOf('b', startMs + 60_000)])
      })

      test('are taken once', async () => {
        await one.ask({ request: requestOf('a', startMs + 60_000) })
        const revision = await one.commit({ revision: 0, ledger: ledgerOf(1), entries: [], takes: 'a' })
        await one.ask({ request: requestOf('a', startMs + 60_000) })
        expect((await one.read()).requests).toEqual([])
        expect(await two.commit({ revision: Number(revision), ledger: ledgerOf(2), entries: [entryOf('request')], takes: 'a' })).toBe('lost')
        expect(await one.entries({ most: 9 })).toEqual([])
      })

      test('that nobody took in time are never seen, never taken, and journaled once', async () => {
        await one.ask({ request: requestOf('a', startMs + 500) })
        clock.wallMs += 500
        expect((await two.read()).requests).toEqual([])
        expect(await two.commit({ revision: 0, ledger: ledgerOf(1), entries: [], takes: 'a' })).toBe('lost')
        expect((await two.read()).ledger).toBe(null)
        await commit(1)
        await commit(2)
        const said = await one.entries({ most: 9 })
        expect(said).toMatchObject([{ event: 'request', atMs: startMs + 500, fields: { request: 'a', reason: 'expired' } }])
        clock.wallMs -= 500
        expect((await one.read()).requests).toEqual([])
      })

      test('that were taken do not expire', async () => {
        await one.ask({ request: requestOf('a', startMs + 500) })
        await one.commit({ revision: 0, ledger: ledgerOf(1), entries: [], takes: 'a' })
        clock.wallMs += 1000
        await commit(2)
        expect(await one.entries({ most: 9 })).toEqual([])
      })

      test.each([{ report: reportOf('x') }, { request: requestOf('b', startMs + 2000) }])('expire with the next thing asked (%#)', async (what) => {
        await one.ask({ request: requestOf('a', startMs + 500) })
        clock.wallMs += 501
        await one.ask(what)
        expect(await one.entries({ most: 9 })).toMatchObject([{ seq: 1, event: 'request', fields: { request: 'a' } }])
      })

      test('are refused with more than 60 s to run, or none', async () => {
        expect((await saidBy(one.ask({ request: requestOf('a', startMs + 60_001) }))).text).toMatch(/must within 60 s/)
        expect((await saidBy(one.ask({ request: requestOf('a', NaN) }))).text).toMatch(/must within 60 s/)
        expect((await saidBy(one.ask({ request: requestOf('a', startMs) }))).exit).toBe(exits.user)
        expect((await one.read()).requests).toEqual([])
      })
    })

    test('the report is overwritten, and moves no revision', async () => {
      await one.ask({ report: reportOf('x') })
      await one.ask({ report: reportOf('y') })
      expect(await two.read()).toEqual({ revision: 0, ledger: null, requests: [], report: reportOf('y') })
    })

    describe('the journal', () => {
      test('is read newest first, or from a place on oldest first, by event and by epoch', async () => {
        await commit(1, entryOf('start'), entryOf('step', { epoch: 1 }), entryOf('step', { epoch: 2 }), entryOf('move', { epoch: 2, to: null, ok: true }))
        const seqs = async (query: Parameters<Journal['entries']>[0]) => (await two.entries(query)).map(({ seq }) => seq)
        expect(await seqs({ most: 9 })).toEqual([4, 3, 2, 1])
        expect(await seqs({ most: 2 })).toEqual([4, 3])
        expect(await seqs({ most: 2, afterSeq: 1 })).toEqual([2, 3])
        expect(await seqs({ most: 9, event: 'step' })).toEqual([3, 2])
        expect(await seqs({ most: 9, epoch: 2, afterSeq: 0 })).toEqual([3, 4])
        expect(await seqs({ most: 9, epoch: 2, event: 'step' })).toEqual([3])
        expect(await seqs({ most: 9, epoch: 7 })).toEqual([])
        expect(await two.entries({ most: 1 })).toEqual([{ seq: 4, ...entryOf('move', { epoch: 2, to: null, ok: true }) }])
      })

      test('gives a snapshot back with its entry, and none where there was none', async () => {
        await commit(1, { ...entryOf('decision'), snapshot: snapshot(1) }, entryOf('stop'))
        expect(await one.entries({ most: 9, afterSeq: 0 })).toEqual([{ seq: 1, ...entryOf('decision'), snapshot: snapshot(1) }, { seq: 2, ...entryOf('stop') }])
      })

      test('keeps its newest entries and snapshots, and never reuses a seq', async () => {
        for (let n = 1; n <= 16; n++) await commit(n, { ...entryOf('decision'), snapshot: snapshot(n) }, entryOf('stop'))
        const kept = await one.entries({ most: 99, afterSeq: 0 })
        expect(kept.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, i) => i + 13))
        expect(kept.filter(({ snapshot }) => snapshot).map(({ seq }) => seq)).toEqual([23, 25, 27, 29, 31])
      })

      test('keeps all of an open move', async () => {
        const open = (revision: number) => one.commit({ revision, ledger: ledgerOf(1, { move: moveOf(1) }), entries: revision < 3 ? [{ ...entryOf('step', { epoch: 1 }), snapshot: snapshot(1) }] : Array.from({ length: 9 }, () => ({ ...entryOf('health'), snapshot: snapshot(2) })) })
        for (let revision = 0; revision < 8; revision++) await open(revision)
        const kept = await one.entries({ most: 99, epoch: 1, afterSeq: 0 })
        expect(kept.map(({ seq, snapshot }) => [seq, snapshot !== undefined])).toEqual([[1, true], [2, true], [3, true]])
        expect(await one.entries({ most: 99 })).toHaveLength(23)
      })

      test('is read whole, page by page', async () => {
        const entries = Array.from({ length: 1203 }, (_, n) => entryOf('health', { n }))
        await commit(1, { ...entryOf('decision'), snapshot: snapshot(1) }, ...entries)
        const lines = await linesOf(two)
        expect(lines.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual(Array.from({ length: 1204 }, (_, i) => i + 1))
        expect(JSON.parse(lines[0] ?? '')).toEqual({ seq: 1, ...entryOf('decision'), snapshot: snapshot(1) })
      })
    })

    describe('the lease', () => {
      test('is one, and names its holder to the others', async () => {
        const lease = leaseOf(await one.lead(leaderOf('x')))
        expect(lease.heldUntilMonoMs()).toBe(Infinity)
        expect(lease.unclean).toBe(false)
        expect(await two.lead(leaderOf('y'))).toEqual({ heldBy: leaderOf('x') })
        expect(await one.lead(leaderOf('z'))).toEqual({ heldBy: leaderOf('x') })
        expect(lease.heldUntilMonoMs()).toBe(Infinity)
      })

      test('let go in order is clean for the next, and ends', async () => {
        const first = leaseOf(await one.lead(leaderOf('x')))
        await first.release()
        expect(first.heldUntilMonoMs()).toBe(-Infinity)
        const second = leaseOf(await two.lead(leaderOf('y')))
        expect(second.unclean).toBe(false)
        await first.release()
        expect(second.heldUntilMonoMs()).toBe(Infinity)
        expect(await one.lead(leaderOf('z'))).toEqual({ heldBy: leaderOf('y') })
      })

      test('of a client that closed without a word is free, and unclean', async () => {
        const lost = leaseOf(await one.lead(leaderOf('x')))
        await one.close()
        expect(lost.heldUntilMonoMs()).toBe(-Infinity)
        const next = leaseOf(await two.lead(leaderOf('y')))
        expect(next.unclean).toBe(true)
        await next.release()
        expect(leaseOf(await two.lead(leaderOf('y'))).unclean).toBe(false)
      })

      test('of many that ask at once, one has it', async () => {
        const asked = await Promise.all([one, two, one, two].map((client, i) => client.lead(leaderOf(String(i)))))
        expect(asked.filter((led) => 'lease' in led)).toHaveLength(1)
      })
    })
  })
