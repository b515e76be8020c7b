import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatEnv, parseEnv, secretsOf } from '../../src/release/env-file.ts'
import { readAsCompose } from './compose-env.ts'

const read = (text: string) => Object.fromEntries(parseEnv(text, 'shop.env'))
const refused = (text: string): string => {
  try {
    parseEnv(text, 'shop.env')
  } catch (thrown) {
    return (thrown as Error).message
  }
  return 'taken'
}

describe('what a person writes', () => {
  test.each<[string, string, Record<string, string>]>([
    ['lines, comments, blanks', '# the shop\n\nA=1\n  B = two words \n\nexport C=3\r\n', { A: '1', B: 'two words', C: '3' }],
    ['without quotes each sign is itself', 'A=pa$$w\\ord"x\'#y${Z}\n', { A: 'pa$$w\\ord"x\'#y${Z}' }],
    ['single quotes', `A='a "b" $c \\n # d'   # why\nB=''`, { A: 'a "b" $c \\n # d', B: '' }],
    ['double quotes', 'A="a \\"b\\" $c\\nd \\\\ \\$ \\x"', { A: 'a "b" $c\nd \\ $ \\x' }],
    ['several lines', `KEY='-----BEGIN\n  x\n\n-----END'\nB=2`, { KEY: '-----BEGIN\n  x\n\n-----END', B: '2' }],
    ['nothing', 'A=\nB=', { A: '', B: '' }],
    ['a mark at the beginning', '\ufeffA=1', { A: '1' }],
  ])('%s', (_, text, values) => expect(read(text)).toEqual(values))

  test.each<[string, string]>([
    ['A=1\nhunter2\n', 'shop.env:2: this line is not NAME=value. Write NAME=value, and begin a comment with #'],
    ['A=1\n\nB="x\ny', 'shop.env:3: B begins with a quote that is never closed. Close it, or put the whole value in quotes of the other kind'],
    ['A="x" y', 'shop.env:1: something stands behind the closing quote of A. Put the whole value in quotes, and a \\ before each " within double ones'],
    ['A=x #y', 'shop.env:1: A holds a blank and a # behind it, which may begin a comment. Put the value in single quotes, or the comment on a line of its own'],
    ["A='1\n'\nA=2", 'shop.env:3: A is there twice. Keep one of them'],
    ['A="\0"', 'shop.env:1: A holds a NUL, which no environment can carry'],
  ])('%j is refused', (text, message) => expect(refused(text)).toBe(message))
})

describe('what docker compose reads', () => {
  const sign = fc.constantFrom('"', "'", '\\', '$', '{', '}', '\n', '\r', '#', ' ', 'n', 'X', '=', 'é', '`', '\t', '0')
  const value = fc.array(sign, { maxLength: 12 }).map((signs) => signs.join(''))

  test('is the very value', () => {
    fc.assert(fc.property(value, value, (a, b) => void expect(readAsCompose(formatEnv(new Map([['A', a], ['B', b]])))).toEqual({ A: a, B: b })))
  })

  test('and what we read back of it as well', () => {
    fc.assert(fc.property(value, (a) => void expect(read(formatEnv(new Map([['A', a]])))).toEqual({ A: a })))
  })
})

test('what is printed nowhere: each value, each of its lines, each of its spellings; not a port', () => {
  const values = new Map([['PORT', '3000'], ['PIN', '42'], ['KEY', 'first-line-of-it\nsecond-$line'], ['EMPTY', '']])
  expect(secretsOf(values, ['PIN', 'EMPTY'])).toEqual(['42', 'first-line-of-it\nsecond-$line', 'first-line-of-it', 'second-$line', 'first-line-of-it\\nsecond-$line', 'first-line-of-it\\nsecond-\\$line'])
})
