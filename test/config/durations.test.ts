import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../../src/config/durations.ts'

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

test('a whole number with a unit is that many milliseconds', () => {
  fc.assert(
    fc.property(fc.nat(300), fc.constantFrom('ms', 's', 'm', 'h', 'd'), (number, unit) => {
      expect(parseDuration(`${number}${unit}`)).toBe(number * unitMs[unit])
    }),
  )
})

test('what is formatted is read back as the same', () => {
  fc.assert(fc.property(fc.nat(366 * unitMs.d), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms)
    }))
})

test('fractions are exact, down to a millisecond', () => {
  expect(['0.1s', '1.5s', '0.5m', '1.1s', '0.001s'].map(parseDuration)).toEqual([100, 1_500, 30_000, 1_100, 1])
  expect(parseDuration('0.0001s')).toEqual({ wrong: 'is not a whole number of milliseconds' })
})

test('everything else is told what is wrong with it', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!/^\d+(\.\d+)?(ms|s|m|h|d)$/.test(text))
      expect(parseDuration(text)).toHaveProperty('wrong')
    }),
  )
  expect(parseDuration('30')).toEqual({ wrong: 'has no unit' })
  expect(parseDuration('1m30s')).toEqual({ wrong: 'is not a duration' })
  expect(parseDuration('-1s')).toEqual({ wrong: 'is not a duration' })
  expect(parseDuration('400d')).toEqual({ wrong: 'is longer than a year' })
})
