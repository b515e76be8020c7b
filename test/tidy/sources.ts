// Every source file of ours, taken apart as far as the house rules need it.
import { readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { dirname, join, normalize } from 'node:path'
import { parseAst } from 'vitest/node'

export const root = join(import.meta.dirname, '../..')

export type Source = {
  /** From the repository's root, e.g. `src/core/decide.ts`. */
  path: string
  text: string
  /** The text with comments, and what stands in strings, blanked out; line by line the same. */
  code: string
  /** Each string literal, with its line; of a template only the text parts. */
  strings: { value: string; line: number }[]
  imports: { from: string; line: number; typeOnly: boolean; resolved: string | null }[]
}

/** Files of this commit and new ones, ignored ones left out. */
export const filesOf = (...folders: string[]): string[] =>
  execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...folders], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter((path) => path !== '' && exists(path))
    .sort()

const exists = (path: string): boolean => {
  try {
    readFileSync(join(root, path))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false // Deleted and not committed yet.
    throw error
  }
}

export const read = (path: string): string => readFileSync(join(root, path), 'utf8')

const lineAt = (text: string, at: number): number => text.slice(0, at).split('\n').length

/** A slash begins a regular expression where a value may begin. */
const beforeRegex = /(?:^|[(,=:[!&|?{};+>]|\breturn|\bcase)\s*$/

/** Blanks comments and the insides of strings and regular expressions; not a parser, and enough for this house's style. */
export const takeApart = (text: string): { code: string; strings: Source['strings'] } => {
  const strings: Source['strings'] = []
  let code = ''
  let at = 0
  const blank = (until: number) => {
    code += text.slice(at, until).replace(/[^\n]/g, ' ')
    at = until
  }
  const closes: number[] = [] // Depth of braces at which a template goes on.
  let depth = 0
  const template = () => {
    let value = ''
    const line = lineAt(text, at)
    while (at < text.length && text[at] !== '`') {
      if (text.startsWith('${', at)) {
        strings.push({ value, line })
        code += '${'
        at += 2
        closes.push(depth)
        return
      }
      const step = text[at] === '\\' ? 2 : 1
      value += text.slice(at, at + step)
      blank(at + step)
    }
    strings.push({ value, line })
    code += '`'
    at += 1
  }
  while (at < text.length) {
    const c = text[at]!
    if (text.startsWith('//', at) || text.startsWith('#!', at)) blank(text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at))
    else if (text.startsWith('/*', at)) blank(text.indexOf('*/', at) + 2)
    else if (c === "'" || c === '"') {
      let end = at + 1
      while (text[end] !== c && end < text.length) end += text[end] === '\\' ? 2 : 1
      strings.push({ value: text.slice(at + 1, end), line: lineAt(text, at) })
      code += c
      at += 1
      blank(end)
      code += c
      at += 1
    } else if (c === '/' && beforeRegex.test(code)) {
      let end = at + 1
      for (let inClass = false; end < text.length && (inClass || text[end] !== '/'); end += text[end] === '\\' ? 2 : 1) {
        if (text[end] === '[') inClass = true
        else if (text[end] === ']') inClass = false
      }
      blank(end + 1)
    } else if (c === '`') {
      code += c
      at += 1
      template()
    } else {
      if (c === '{') depth += 1
      if (c === '}' && closes.at(-1) === depth) {
        closes.pop()
        code += c
        at += 1
        template()
        continue
      }
      if (c === '}') depth -= 1
      code += c
      at += 1
    }
  }
  return { code, strings }
}

const importForm = /^(?:import|export) (type )?(?:[^'"`;]*? from )?'([^']+)'|\bimport\('([^']+)'\)/gm

const sourceOf = (path: string): Source => {
  const text = read(path)
  const imports = [...text.matchAll(importForm)].map((m) => {
    const from = m[2] ?? m[3] ?? ''
    return { from, line: lineAt(text, m.index), typeOnly: m[1] !== undefined, resolved: from.startsWith('.') ? normalize(join(dirname(path), from)) : null }
  })
  return { path, text, ...takeApart(text), imports }
}

const cache = new Map<string, Source[]>()

/** Every TypeScript and JavaScript file below these folders. */
export const sourcesOf = (...folders: string[]): Source[] => {
  const key = folders.join(' ')
  const known = cache.get(key)
  if (known) return known
  const sources = filesOf(...folders).filter((path) => /\.[tj]s$/.test(path)).map(sourceOf)
  cache.set(key, sources)
  return sources
}

/** `src/core/decide.ts:12: what is wrong`, for each place where the form is found in the code. */
export const places = (sources: Source[], form: RegExp, what: string): string[] =>
  sources.flatMap(({ path, code }) => code.split('\n').flatMap((line, i) => (form.test(line) ? [`${path}:${i + 1}: ${what}`] : [])))

export type Named = { path: string; name: string; line: number; lines: number }

/** Every function of the file that has a name, and how many lines it takes. */
export const functionsOf = ({ path, text }: Source): Named[] => {
  const found: Named[] = []
  const look = (node: unknown, name: string | undefined): void => {
    if (Array.isArray(node)) return node.forEach((each) => look(each, undefined))
    if (!isNode(node)) return
    const its = node.type === 'FunctionDeclaration' ? node.id?.name : name
    if (functions.has(node.type) && its !== undefined) {
      const line = lineAt(text, node.start)
      found.push({ path, name: its, line, lines: lineAt(text, node.end) - line + 1 })
    }
    const called = node.type === 'VariableDeclarator' ? node.id?.name : node.type === 'Property' ? node.key?.name : undefined
    for (const [key, below] of Object.entries(node)) look(below, key === 'init' || key === 'value' ? called : undefined)
  }
  look(parseAst(text, { lang: 'ts' }), undefined)
  return found
}

type Node = { type: string; start: number; end: number; id?: { name?: string }; key?: { name?: string } }

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value

const functions = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])
