import { expect, test } from 'vitest'
import { goalsOf, isMet, median, p99, tableOf } from './frame.ts'
import type { Figure } from './frame.ts'

const figure = (more: Partial<Figure>): Figure => ({ what: 'it', unit: 'ms', values: [3, 1, 2], goal: null, beside: null, ...more })
const upTo = (most: number): number[] => Array.from({ length: most }, (_, i) => i + 1)

test('the median is the middle, or between the two in the middle', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([10, 2, 1, 9])).toBe(5.5)
  expect(median([])).toBeNaN()
})

test('p99 is the nearest rank', () => {
  expect(p99(upTo(30))).toBe(30)
  expect(p99(upTo(100))).toBe(99)
  expect(p99(upTo(200).reverse())).toBe(198)
  expect(p99([])).toBeNaN()
})

test('a goal is met at its bound, and nobody judges what was not measured', () => {
  expect(isMet(figure({ goal: { of: 'median', most: 2 } }))).toBe(true)
  expect(isMet(figure({ goal: { of: 'p99', most: 2 } }))).toBe(false)
  expect(isMet(figure({ values: [], goal: { of: 'p99', most: 2 } }))).toBeNull()
  expect(isMet(figure({}))).toBeNull()
})

test('the table says runs, figures, goals and ratios', () => {
  const all = [figure({ what: 'ours', goal: { of: 'p99', most: 2 }, beside: 'theirs' }), figure({ what: 'theirs', values: [1234.5] }), figure({ what: 'a|b', values: [], goal: { of: 'p99', most: 2 } })]
  expect(tableOf(all).split('\n')).toEqual([
    '| figure | runs | median | p99 | goal | beside |',
    '| --- | ---: | ---: | ---: | --- | --- |',
    '| ours | 3 | 2 ms | 3 ms | p99 ≤ 2 ms: missed | 0.0016 × theirs |',
    '| theirs | 1 | 1235 ms | 1235 ms |  |  |',
    '| a\\|b | 0 | – | – | p99 ≤ 2 ms |  |',
  ])
  expect(goalsOf(all)).toBe('0 of 1 goals are met · missed: ours · not measured: a|b')
})
