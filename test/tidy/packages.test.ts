import { describe, expect, test } from 'vitest'
import { read, sourcesOf, type Source } from './sources.ts'

const manifest = JSON.parse(read('package.json')) as Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Record<string, string>> & { scripts: Record<string, string> }
const packageOf = (from: string) => from.split('/').slice(0, from.startsWith('@') ? 2 : 1).join('/')
const imported = (sources: Source[]) => [...new Set(sources.flatMap((s) => s.imports).filter((i) => !i.resolved && !i.from.startsWith('node:')).map((i) => packageOf(i.from)))].sort()

/** Packages that are programs or types: nobody imports them. */
const unimported = (name: string) => name.startsWith('@types/') || name === 'typescript' || name.startsWith('node-linux-')

describe('package.json', () => {
  test('what src imports is a dependency, and each dependency is imported', () => {
    const stated = Object.keys(manifest.dependencies).filter((name) => !unimported(name)).sort()
    expect(imported(sourcesOf('src')), 'add it to dependencies, or drop it there').toEqual(stated)
  })

  test('what tests and stacks import is a dependency, and each of theirs is imported', () => {
    const stated = Object.keys(manifest.devDependencies).filter((name) => !unimported(name)).sort()
    const tests = [...sourcesOf('test', 'stacks'), ...sourcesOf('vitest.config.ts')]
    expect(imported(tests).filter((name) => !(name in manifest.dependencies)), 'add it to devDependencies, or drop it there').toEqual(stated)
  })

  test('versions are pinned, so that everybody runs the same', () => {
    const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
    expect(loose).toEqual([])
  })

  test('core imports no package, and nothing imports the bare names of Node\'s own modules', () => {
    expect(imported(sourcesOf('src/core'))).toEqual([])
    const bare = sourcesOf('src', 'test').flatMap((s) => s.imports.filter((i) => /^(?:fs|path|crypto|net|http|https|os|dns|url|util|child_process|events|timers)(?:\/|$)/.test(i.from)).map((i) => `${s.path}:${i.line}: write node:${i.from}`))
    expect(bare).toEqual([])
  })

  test('the scripts\' files are there', () => {
    const files = Object.values(manifest.scripts).flatMap((script) => script.match(/\b(?:src|test)\/\S+\.[tj]s\b/g) ?? [])
    for (const file of files) expect(() => read(file)).not.toThrow()
  })
})
