// Every code stands once in core/words.ts, is used, and is explained in the README. UPDATE=1 rewrites the README's part.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as words from '../../src/core/words.ts'
import { read, root, sourcesOf } from './sources.ts'

const lists = Object.entries(words) as [string, Record<string, string | { means: string; alarm: boolean }> | readonly string[]][]
const codesOf = (list: (typeof lists)[number][1]): string[] => (Array.isArray(list) ? [...(list as readonly string[])] : Object.keys(list))
const others = () => sourcesOf('src').filter((s) => s.path !== 'src/core/words.ts')

describe('codes', () => {
  test.each(lists)('%s are kebab-case, and each says what it means', (_, list) => {
    expect(codesOf(list).filter((code) => !/^[a-z]+(-[a-z]+)*$/.test(code))).toEqual([])
    if (!Array.isArray(list)) for (const says of Object.values(list)) expect(typeof says === 'string' ? says : says.means).toMatch(/^\S.{4,}[^.]$/)
  })

  test.each(lists)('%s are all used', (name, list) => {
    // A sentence for a reason is no use of it.
    const sources = others().filter((s) => name !== 'reasons' || s.path !== 'src/core/explain.ts')
    const values = new Set(sources.flatMap((s) => s.strings.map(({ value }) => value)))
    const asKey = (code: string) => !code.includes('-') && sources.some((s) => new RegExp(`\\b${code}\\b`).test(s.code))
    expect(codesOf(list).filter((code) => !values.has(code) && !asKey(code)), 'use it or take it out of core/words.ts').toEqual([])
  })

  test('no other type repeats one of the lists', () => {
    const repeated = others().flatMap(({ path, text }) =>
      [...text.matchAll(/'[a-z-]+'(?:\s*\|\s*'[a-z-]+')+/g)].flatMap((m) => {
        const union = [...m[0].matchAll(/[a-z-]+/g)].map(([word]) => word).sort().join()
        const list = lists.find(([, codes]) => codesOf(codes).sort().join() === union)
        return list ? [`${path}:${text.slice(0, m.index).split('\n').length}: use the type of ${list[0]} in core/words.ts`] : []
      }),
    )
    expect(repeated).toEqual([])
  })
})

const titles: Record<string, string> = {
  verdicts: 'Verdicts on a site', healths: 'Health of a site', answers: 'Answers of a probe', claims: 'Claims of an account or a machine', decisions: 'Kinds of a decision', reasons: 'Reasons of a decision',
  moveKinds: 'Kinds of a move', steps: 'Steps of a move', moveStates: 'States of a move', outcomes: 'Outcomes of a step', roles: 'Roles of a site', hostStates: 'States of a DNS host', events: 'Events of the log and the journal', findings: 'Findings of check --online', tells: 'Events of a message to people',
}

const table = (): string =>
  lists
    .map(([name, list]) => {
      const title = titles[name]
      if (!title) throw new Error(`say in test/tidy/words.test.ts what ${name} are`)
      if (Array.isArray(list)) return `**${title}**, in this order: ${codesOf(list).map((code) => `\`${code}\``).join(', ')}`
      const rows = Object.entries(list).map(([code, says]) => (typeof says === 'string' ? `| \`${code}\` | ${says} |` : `| \`${code}\` | ${says.means}${says.alarm ? ' (alarm)' : ''} |`))
      return `**${title}**\n\n| code | means |\n|---|---|\n${rows.join('\n')}`
    })
    .join('\n\n')

test('the README explains every code', () => {
  const readme = read('README.md')
  const [open, close] = ['<!-- words -->', '<!-- /words -->']
  const [from, to] = [readme.indexOf(open), readme.indexOf(close)]
  expect(from >= 0 && to > from, `the README has ${open} and ${close} around the table`).toBe(true)
  const whole = `${readme.slice(0, from)}${open}\n${table()}\n${readme.slice(to)}`
  if (process.env['UPDATE'] === '1') writeFileSync(join(root, 'README.md'), whole)
  else expect(readme, 'UPDATE=1 npm test -- test/tidy/words rewrites it').toBe(whole)
})
