import fc from 'fast-check'
import { expect, test } from 'vitest'
import { editDistance, nearestWord } from '../../src/config/nearest.ts'

const word = fc.string({ maxLength: 8 })

test('the distance of two words is a distance', () => {
  fc.assert(
    fc.property(word, word, (one, other) => {
      expect(editDistance(one, one)).toBe(0)
      expect(editDistance(one, other)).toBe(editDistance(other, one))
      expect(editDistance(one, other)).toBeGreaterThanOrEqual(Math.abs(one.length - other.length))
      expect(editDistance(one, other)).toBeLessThanOrEqual(Math.max(one.length, other.length))
    }),
  )
})

test('a letter too many, too few, wrong or swapped is near', () => {
  expect(['timeoutt', 'timeut', 'timeoat', 'timeuot'].map((slip) => editDistance(slip, 'timeout'))).toEqual([1, 1, 1, 1])
})

test('the nearest known word is found, or none', () => {
  const known = ['route53', 'rfc2136', 'cloudflare', 'hetzner']
  expect(nearestWord('rout53', known)).toBe('route53')
  expect(nearestWord('Cloud-Flare', known)).toBe('cloudflare')
  expect(nearestWord('weather', known)).toBeNull()
  expect(nearestWord('', known)).toBeNull()
})
