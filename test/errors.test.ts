import { expect, test } from 'vitest'
import { textOf } from '../src/errors.ts'

test('what was thrown, with its cause, each said once', () => {
  const aborted = 'The operation was aborted'
  expect(textOf('a text')).toBe('a text')
  expect(textOf(new Error('no way there', { cause: new Error('ENETUNREACH') }))).toBe('no way there: ENETUNREACH')
  expect(textOf(new Error('connect ENETUNREACH', { cause: new Error('ENETUNREACH') }))).toBe('connect ENETUNREACH')
  expect(textOf(new Error(aborted, { cause: new Error(`${aborted} due to timeout`) }))).toBe(`${aborted} due to timeout`)
})
