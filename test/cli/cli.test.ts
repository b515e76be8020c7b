import { expect, test } from 'vitest'
import { asker, printable, printableJson, type Cli } from '../../src/cli/cli.ts'
import { requestOf } from '../../src/web/shapes.ts'

test('what a terminal would obey is not printed, but for our own colours where there are any', () => {
  const text = 'a\u001b[31mred\u001b[0m\u001b[2J\u001b]0;title\u0007\rb\u009b1m\u007f\n\tc'
  expect(printable(text, true)).toBe('a\u001b[31mred\u001b[0m[2J]0;titleb1m\n\tc')
  expect(printable(text, false)).toBe('ared[2J]0;titleb1m\n\tc')
  expect(printable('\u001b[8mhidden', true)).toBe('hidden')
})

test('JSON holds the same, with what a terminal would obey as escapes', () => {
  const value = { text: 'a\u001b[2J\u0007\u007f\u0080\u009b1m\u009fé' }
  const json = printableJson(JSON.stringify(value))
  expect(json).toBe('{"text":"a\\u001b[2J\\u0007\\u007f\\u0080\\u009b1m\\u009fé"}')
  expect(JSON.parse(json)).toEqual(value)
})

test('who asks, and why, is one line without control characters', () => {
  expect(asker({ env: { USER: 'ann\n\u001b[1mbob' } } as unknown as Cli)).toBe('ann [1mbob')
  expect(asker({ env: { USER: '\u001b' } } as unknown as Cli)).toBe('a person')
  const pause = { id: 'r', by: 'ann\r\nnext  lifeboat failover', expiresMs: 1, what: 'pause', untilMs: null, why: 'a\u001b[2Jrelease\n' }
  expect(requestOf(pause)).toMatchObject({ by: 'ann next lifeboat failover', why: 'a [2Jrelease' })
})
