import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commands, notYet } from '../../src/cli/commands.ts'
import { read, root, sourcesOf } from './sources.ts'

/** `lifeboat WORD` where it is typed: at a prompt, in a script, or alone. */
const typed = (text: string): string[] => [...text.matchAll(/(?:^|[$(|;&]|npx )\s*lifeboat ([a-z]+)\b(?! an app)/gm)].map((m) => m[1]!)
/** The same where a sentence of ours tells somebody to type it. */
const told = (text: string): string[] => [...text.matchAll(/(?:: |"|\b(?:with|or|run|type|Type|Run) )lifeboat ([a-z]+)/g)].map((m) => m[1]!)
const optionsOf = (name: string): string[] => ['config', 'controller', 'json', 'yes', 'log-level', 'help', 'version', ...Object.keys(commands[name]?.options ?? {})]

describe('the README', () => {
  const readme = read('README.md')
  const code = [...readme.matchAll(/```\w*\n([\s\S]*?)```|`([^`\n]+)`/g)].map((m) => m[1] ?? m[2] ?? '')

  test('its commands exist', () => {
    const named = [...new Set(code.flatMap(typed))]
    expect(named.length).toBeGreaterThan(8)
    expect(named.filter((name) => !(name in commands))).toEqual([])
  })

  test('their options exist', () => {
    const wrong = code
      .flatMap((text) => [...text.matchAll(/\blifeboat ([a-z]+)([^\n;&|]*)/g)])
      .filter(([, name]) => name! in commands)
      .flatMap(([whole, name, rest]) => [...rest!.matchAll(/--([a-z][a-z-]*)/g)].filter(([, option]) => !optionsOf(name!).includes(option!)).map(([option]) => `${option} in: ${whole}`))
    expect(wrong).toEqual([])
  })

  test('every command is in it', () => {
    expect(Object.keys(commands).filter((name) => !new RegExp(`lifeboat ${name}\\b|\\b${name}\\b`).test(readme))).toEqual([])
  })

  test('its npm scripts and files exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const run = code.flatMap((text) => [...text.matchAll(/npm (?:run )?(start|test|sim|types|[a-z]+(?<!ci|install))\b/g)].map((m) => m[1]!)).filter((name) => name !== 'run')
    expect(run.filter((name) => !(name in scripts))).toEqual([])
    const files = code.flatMap((text) => text.match(/(?<![\w./-])(?:src|test|stacks)\/[\w./-]+/g) ?? [])
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([])
  })

  test('its links to files exist', () => {
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)\s]+)\)/g)].map((m) => m[1]!.split('#')[0]!)
    expect(links.filter((file) => !existsSync(join(root, file)))).toEqual([])
  })
})

test('the commands that our sentences name exist', () => {
  const wrong = sourcesOf('src').flatMap(({ path, strings }) =>
    strings.flatMap(({ value, line }) => told(value).filter((name) => !(name in commands) && !(name in notYet)).map((name) => `${path}:${line}: lifeboat ${name}`)),
  )
  expect(wrong, 'name a command that can be typed').toEqual([])
})
