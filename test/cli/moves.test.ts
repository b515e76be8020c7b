import { expect, test } from 'vitest'
import { stepRuns } from '../../src/cli/moves.ts'
import type { StoredEntry } from '../../src/ports.ts'

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
