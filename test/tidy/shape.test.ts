import { describe, expect, test } from 'vitest'
import { filesOf, functionsOf, places, read, sourcesOf, type Source } from './sources.ts'
import { steps, verdicts } from '../../src/core/words.ts'

const src = () => sourcesOf('src')

describe('files', () => {
  test('none is longer than 300 lines', () => {
    const long = sourcesOf('src', 'test').flatMap(({ path, text }) => (text.split('\n').length > 301 ? [`${path}: ${text.split('\n').length - 1} lines: split it by what it is about`] : []))
    expect(long).toEqual([])
  })

  test('most have at most 150 lines', () => {
    const lines = src().map((s) => s.text.split('\n').length - 1).sort((a, b) => a - b)
    expect(lines[Math.floor(lines.length / 2)]).toBeLessThanOrEqual(150)
  })

  test('names are kebab-case', () => {
    const ours = filesOf('src', 'test').filter((path) => !path.startsWith('test/specs/') && !/(^|\/)(README\.md|\.[a-z]+)$/.test(path))
    const wrong = ours.filter((path) => !path.split('/').every((part) => /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/.test(part)))
    expect(wrong, 'rename to kebab-case nouns').toEqual([])
  })

  test('no folder or file is called for nothing', () => {
    const wrong = filesOf('src', 'test').filter((path) => path.split('/').some((part) => /^(utils?|helpers?|common|misc|shared|lib)(\.ts)?$/.test(part)))
    expect(wrong, 'name it for what it holds').toEqual([])
  })
})

describe('functions', () => {
  const named = src().flatMap(functionsOf)

  test('are found, methods and nested ones too', () => {
    const names = named.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['decide', 'runRounds', 'transact', 'poll', 'saysDown']))
  })

  test('most are under 15 lines, nine in ten under 40', () => {
    const shareUnder = (lines: number) => named.filter((each) => each.lines < lines).length / named.length
    const longest = named.toSorted((a, b) => b.lines - a.lines).slice(0, 5).map(({ path, name, line, lines }) => `${path}:${line}: ${name}: ${lines} lines`)
    expect(shareUnder(15), `split what reads better in two: ${longest.join(', ')}`).toBeGreaterThan(0.5)
    expect(shareUnder(40), `split what reads better in two: ${longest.join(', ')}`).toBeGreaterThanOrEqual(0.9)
  })
})

describe('controller.ts schedules, and decides nothing', () => {
  const text = read('src/controller.ts')
  const source = () => sourcesOf('src').filter((s) => s.path === 'src/controller.ts')

  test('it is under 150 lines', () => expect(text.split('\n').length - 1).toBeLessThan(150))

  test('it branches on no verdict, step or driver', () => {
    const drivers = ['rfc2136', 'embedded', 'cloudflare', 'route53', 'digitalocean', 'hetzner', 'aws', 'sqlite', 'etcd']
    const words = new Set([...Object.keys(verdicts), ...steps, ...drivers])
    const wrong = source().flatMap((s) => s.strings.filter(({ value }) => words.has(value)).map(({ value, line }) => `src/controller.ts:${line}: '${value}': let the core or the driver decide`))
    expect(wrong).toEqual([])
    expect(places(source(), /\.verdict\b|\.step\b|\bswitch\b/, 'let the core decide')).toEqual([])
  })
})

describe('code', () => {
  test('nothing thrown is swallowed', () => {
    const empty = src().flatMap(({ path, text }) => [...text.matchAll(/catch\s*(\([^)]*\))?\s*\{\s*\}/g)].map((m) => `${path}:${text.slice(0, m.index).split('\n').length}: an empty catch: say it, or let it through`))
    expect(empty).toEqual([])
    const swallows = /\.catch\(\s*\(?\w*\)?\s*=>\s*(?:false|undefined|\{\s*\}|void 0)\s*\)(?!.*\/\/ \S)/
    const swallowed = src().flatMap(({ path, text }) => text.split('\n').flatMap((line, i) => (swallows.test(line) ? [`${path}:${i + 1}`] : [])))
    expect(swallowed, 'a swallowed error: answer with "could not find out" (null), let it through, or say beside it why nothing is lost').toEqual([])
    expect(places(src(), /\.catch\(\s*console\./, 'an error only printed: say it through the log, or let it through')).toEqual([])
  })

  test('identifiers use the words of this house', () => {
    expect(places(src(), /\b\w*(?:Manager|Helper|Utils?|Service)\b|\b(?:provider|Provider)s?\b/, 'name it for what it does; say driver, cloud or DNS host')).toEqual([])
  })

  test('only erasable syntax, and no classes but errors', () => {
    expect(places(src(), /^\s*(?:export )?(?:abstract )?class (?!\w+ extends Error\b)/, 'a function that returns an object serves')).toEqual([])
    expect(places(src(), /^\s*(?:export )?(?:declare )?(?:const )?enum\b|^\s*(?:export )?namespace\b/, 'not erasable: use a union or an object')).toEqual([])
    expect(places(src(), /\bany\b(?=[\s,;)>\]]|$)(?<=[:<|] ?any)/, 'any hides an unknown: say unknown')).toEqual([])
  })

  test('units stand last', () => {
    expect(places(src(), /\b(?:const|let) (?:ms|seconds|bytes)(?!\w*M(?:ax|ost)\b)[A-Z]\w*/, 'write timeoutMs, not msTimeout')).toEqual([])
    expect(places(src(), /\b\w+(?:Seconds|Milliseconds|Millis|Sec|Secs)\b(?=\s*[:=?])/, 'end it with Ms or S')).toEqual([])
  })

  test('no semicolons at line ends, single quotes', () => {
    expect(places(src(), /;\s*$/, 'drop the semicolon')).toEqual([])
    expect(places(sourcesOf('src', 'test'), /^\t|^ +\t/, 'indent with two spaces')).toEqual([])
  })
})

describe('comments', () => {
  // A rule of the file says in its own text what it refuses; a driver's types of its own are read beside their one user.
  test('what is exported says what it is', () => {
    const shared = /^src\/(?:core|controller|ports|clock|errors)/
    const bare = src().filter((s) => !s.path.startsWith('src/config/rules/')).flatMap((s) => undocumented(s, shared.test(s.path) ? exported : exportedValue))
    expect(bare, 'one sentence above it: purpose, unit, default, what null means').toEqual([])
  })

  test('nothing is left to do', () => {
    const left = sourcesOf('src', 'test').filter((s) => s.path !== 'test/tidy/shape.test.ts').flatMap(({ path, text }) => text.split('\n').flatMap((line, i) => (/\b(?:TODO|FIXME|XXX|HACK)\b/.test(line) ? [`${path}:${i + 1}: do it, or write an issue`] : [])))
    expect(left).toEqual([])
  })
})

const exported = /^export (?:async )?(?:function|const|type|interface|class) \w+/
const exportedValue = /^export (?:async )?(?:function|const|class) \w+/

const undocumented = ({ path, text, code }: Source, form: RegExp): string[] => {
  const lines = text.split('\n')
  return code.split('\n').flatMap((line, i) => {
    const above = lines[i - 1]?.trim() ?? ''
    const ofTheOneAbove = above === '} as const'
    return form.test(line) && !ofTheOneAbove && !above.endsWith('*/') && !above.startsWith('//') ? [`${path}:${i + 1}: ${line.slice(0, 60).trim()}`] : []
  })
}
