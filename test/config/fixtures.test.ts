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
