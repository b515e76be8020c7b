// core ← drivers, store ← controller ← cli ← main (DESIGN.md, "Shape").
import { describe, expect, test } from 'vitest'
import { sourcesOf, type Source } from './sources.ts'

/** What each part may import besides its own files: other parts, `node:` modules (`node`) and packages (`package`). */
const may: Record<string, string[]> = {
  core: [],
  errors: [],
  version: ['package.json'],
  'stack-outputs': ['package'],
  'host-layout': [],
  clock: ['core', 'node'],
  'url-host': [],
  listening: ['url-host', 'node'],
  ports: ['core'],
  config: ['core', 'errors', 'node', 'package'],
  drivers: ['core', 'errors', 'clock', 'ports', 'stack-outputs', 'host-layout', 'url-host', 'listening', 'node', 'package'],
  release: ['core', 'errors', 'clock', 'config', 'host-layout', 'drivers', 'node', 'package'],
  store: ['core', 'errors', 'clock', 'ports', 'node'],
  controller: ['core', 'errors', 'clock', 'ports', 'settings'],
  demo: ['core', 'errors', 'clock', 'ports', 'drivers', 'version', 'node', 'package'],
  cli: ['core', 'errors', 'clock', 'ports', 'settings', 'config', 'stack-outputs', 'host-layout', 'drivers', 'release', 'store', 'controller', 'demo', 'web', 'listening', 'version', 'node', 'package'],
  web: ['core', 'errors', 'clock', 'ports', 'url-host', 'listening', 'node', 'package'],
  main: ['cli', 'node'],
  lifeboat: ['main', 'node'],
}

const partOf = (path: string): string => path.split('/')[1]?.replace(/\.[tj]s$/, '') ?? path

const targetOf = ({ from, resolved, typeOnly }: Source['imports'][number]): string => {
  if (!resolved) return from.startsWith('node:') ? 'node' : 'package'
  // The shape of the whole file is shared as a type; `config` itself only by those who read it.
  return resolved === 'src/config/settings.ts' && typeOnly ? 'settings' : partOf(resolved)
}

describe('import direction', () => {
  test('every part is known here', () => {
    const parts = [...new Set(sourcesOf('src').map((s) => partOf(s.path)))]
    expect(parts.filter((part) => !may[part]), 'say in test/tidy/arrows.test.ts what this part may import').toEqual([])
  })

  test.each(Object.keys(may))('%s imports only what stands below it', (part) => {
    const wrong = sourcesOf('src')
      .filter((s) => partOf(s.path) === part)
      .flatMap((s) => s.imports.filter((i) => partOf(i.resolved ?? '') !== part && !may[part]!.includes(targetOf(i))).map((i) => `${s.path}:${i.line}: imports ${i.from}`))
    expect(wrong, `${part} may import ${may[part]!.join(', ') || 'nothing outside itself'}: hand it in as an argument, or move the code`).toEqual([])
  })

  test('stacks import of src only what they share with it, as data', () => {
    const shared = ['src/config/app-file.ts', 'src/errors.ts', 'src/host-layout.ts', 'src/stack-outputs.ts']
    const wrong = sourcesOf('stacks').flatMap((s) => s.imports.filter((i) => i.resolved && !i.resolved.startsWith('stacks/') && !shared.includes(i.resolved)).map((i) => `${s.path}:${i.line}: imports ${i.from}`))
    expect(wrong, `a stack meets src as JSON, and shares ${shared.join(', ')}`).toEqual([])
  })

  test('nothing in src imports a test, and every relative import names its file with its ending', () => {
    const wrong = sourcesOf('src').flatMap((s) =>
      s.imports.filter((i) => i.resolved && (!i.resolved.startsWith('src/') || !/\.(ts|js)$/.test(i.resolved)) && i.resolved !== 'package.json').map((i) => `${s.path}:${i.line}: ${i.from}`),
    )
    expect(wrong, 'import files below src, by their full name').toEqual([])
  })

  test('no imports run in a circle, those of types included', () => {
    const sources = new Map(sourcesOf('src').map((s) => [s.path, s.imports.flatMap(({ resolved }) => resolved ?? [])]))
    const done = new Set<string>()
    const circlesFrom = (path: string, way: string[]): string[] => {
      if (way.includes(path)) return [[...way.slice(way.indexOf(path)), path].join(' → ')]
      if (done.has(path)) return []
      const found = (sources.get(path) ?? []).flatMap((next) => circlesFrom(next, [...way, path]))
      done.add(path)
      return found
    }
    expect([...sources.keys()].flatMap((path) => circlesFrom(path, [])), 'move what both need into a file of its own').toEqual([])
  })

  test('a module that only re-exports others is a tower: import what you need where it stands', () => {
    const towers = sourcesOf('src').filter((s) => {
      const lines = s.code.split('\n').filter((line) => line.trim() !== '')
      return lines.length > 0 && lines.every((line) => /^export .* from /.test(line))
    })
    expect(towers.map((s) => s.path)).toEqual([])
  })
})
