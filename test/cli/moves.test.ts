import { expect, test } from 'vitest'
import { decisionOf, stepRuns } from '../../src/cli/moves.ts'
import type { Journal, StoredEntry } from '../../src/ports.ts'

let seq = 0
const entry = (fields: StoredEntry['fields']): StoredEntry => ({ seq: ++seq, event: 'step', atMs: 1, msg: '', fields: { target: 'beta', detail: '', ...fields } })
const begun = (step: string, startedMs: number) => entry({ step, phase: 'start', outcome: 'waiting', startedMs })
const ended = (step: string, startedMs: number, endedMs: number, outcome = 'done') => entry({ step, phase: 'end', outcome, startedMs, endedMs })

test('a step that was taken up again by another controller has its first start and its first end', () => {
  const runs = stepRuns([ended('ready', 10, 10), begun('claim', 11), begun('claim', 50), ended('claim', 50, 60), ended('claim', 70, 80)], null)
  expect(runs).toEqual([
    { step: 'ready', target: 'beta', startedMs: 10, endedMs: 10, outcome: 'done', detail: '' },
    { step: 'claim', target: 'beta', startedMs: 11, endedMs: 60, outcome: 'done', detail: '' },
  ])
})

test('a step that only began is open while its move is, and given up with it', () => {
  const entries = [ended('fence', 10, 10, 'nothing'), begun('point', 11)]
  expect(stepRuns(entries, null).map(({ outcome, endedMs }) => [outcome, endedMs])).toEqual([['nothing', 10], ['waiting', null]])
  expect(stepRuns(entries, 99).map(({ outcome, endedMs }) => [outcome, endedMs])).toEqual([['nothing', 10], ['abandoned', 99]])
})

test('a move is decided by the decision or the request that its epoch was opened by', async () => {
  const journal = (...entries: { event: string; fields: StoredEntry['fields'] }[]): Journal => ({
    entries: async (asked) => entries.filter(({ event, fields }) => event === asked.event && fields.epoch === asked.epoch).map((each) => ({ ...each, seq: ++seq, atMs: 1, msg: '' })),
  })
  const opened = { event: 'move', fields: { epoch: 4, state: 'open', decision: 'ab12cd34' } }
  const ended = { event: 'move', fields: { epoch: 4, state: 'done' } }
  const asked = { event: 'request', fields: { epoch: 4, kind: 'move', request: '01234567-89ab-4cde-8f01-23456789abcd' } }
  expect(await decisionOf(4, journal(ended, opened))).toBe('ab12cd34')
  expect(await decisionOf(4, journal(ended, asked, { event: 'move', fields: { epoch: 4, state: 'open' } }))).toBe('01234567')
  expect(await decisionOf(4, journal(ended))).toBeNull()
})
