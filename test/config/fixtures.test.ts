import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { rules } from '../../src/config/rules/all.ts'
import { fixturesOf, folderOf, loadFixture, saidBy } from './fixture.ts'

describe('one fixture for each mistake, with its exact message', () => {
  test.each(fixturesOf('bad'))('%s', (name) => {
    const expected = readFileSync(join(folderOf('bad'), name.replace(/yaml$/, 'txt')), 'utf8').trimEnd()
    expect(saidBy(() => loadFixture('bad', name))).toBe(expected)
  })

  test('every rule is met by some fixture', () => {
    const met = new Set<number>()
    for (const [i, rule] of rules.entries()) {
      const { judge } = rule
      rule.judge = (...given) => {
        const found = judge(...given)
        if (found.length > 0) met.add(i)
        return found
      }
    }
    for (const name of fixturesOf('bad')) saidBy(() => loadFixture('bad', name))
    for (const name of fixturesOf('good').filter((name) => name !== 'contract.yaml')) loadFixture('good', name)
    expect(rules.flatMap((rule, i) => (met.has(i) ? [] : [rule.reads]))).toEqual([])
  })

  test('no message without its fixture', () => {
    const texts = readdirSync(folderOf('bad')).filter((name) => name.endsWith('.txt'))
    expect(texts.filter((name) => !existsSync(join(folderOf('bad'), name.replace(/txt$/, 'yaml'))))).toEqual([])
    expect(texts.length).toBeGreaterThan(rules.length)
  })

  test('every line is of the one style', () => {
    const lines = fixturesOf('bad').flatMap((name) => saidBy(() => loadFixture('bad', name)).split('\n'))
    const style = /^[a-z0-9-]+\.yaml:\d+: [^:]+: \S.* \(got .+\)\. [A-Z].*[^.]$|^[a-z0-9-]+\.yaml:\d+: column \d+: \S.* \(got .+\)\. [A-Z].*[^.]$/
    expect(lines.filter((line) => !style.test(line))).toEqual([])
  })
})
