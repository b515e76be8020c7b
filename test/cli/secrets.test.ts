import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hidden, hide } from '../../src/cli/secrets.ts'

test('a secret is taken out wherever it stands, a short one where it is a word of its own', () => {
  expect(hide('token=abcdefgh, xabcdefghx', ['abcdefgh'])).toBe('token=(hidden), x(hidden)x')
  expect(hide('secondToken is not second, nor seconds: second', ['second'])).toBe('secondToken is not (hidden), nor seconds: (hidden)')
  expect(hide('a-b.c, x-b.c', ['-b.'])).toBe('a(hidden)c, x(hidden)c')
  expect(hide('every 7s, at 17s and for 7ss', ['7s'])).toBe('every (hidden), at 17s and for 7ss')
  expect(hide('GET https://shop.example/ok gives "ok"; a token, ök', ['ok', 'k'])).toBe('GET https://shop.example/(hidden) gives "(hidden)"; a token, ök')
  expect(hide('a.b a+b aab', ['a+b', 'a.b'])).toBe('(hidden) (hidden) aab')
})

test('the longest goes first, and what stands for a secret is not searched again', () => {
  expect(hide('abcdef hidden', ['abcd', 'hidden', 'abcdef'])).toBe('(hidden) (hidden)')
})

test('no secrets, and texts within plain data', () => {
  expect(hide('as it is', [])).toBe('as it is')
  expect(hidden({ abcd: ['abcd', 7, null, { deep: 'x abcd' }] }, ['abcd'])).toEqual({ abcd: ['(hidden)', 7, null, { deep: 'x (hidden)' }] })
})

test('whatever the secret is made of, a line that says it shows it no more', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 6, unit: 'binary' }), (secret) => {
      fc.pre(!'it is "" here'.includes(secret))
      expect(hide(`it is "${secret}" here`, [secret])).toBe('it is "(hidden)" here')
    }),
    { examples: [['$&'], ['\\'], ['^'], ['-'], ['😀'], ['\ud800']] },
  )
})
