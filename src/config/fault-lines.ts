import type { Fault, Finding } from './faults.ts'
import { formatPath, type Path } from './paths.ts'
import type { Tree } from './tree.ts'

const kindOf = (value: unknown): string => {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty mapping' : 'a mapping'
  return typeof value === 'string' ? 'text' : typeof value === 'number' ? 'a number' : `${value}`
}

const most = 80

const gotOf = (fault: Fault, tree: Tree): string => {
  if (typeof fault.got === 'string') return fault.got
  const value = tree.valueAt(fault.path)
  const kind = kindOf(value)
  if (value === undefined || value === null || typeof value === 'object') return kind
  if (tree.isHidden(fault.path)) return '(hidden)'
  if (fault.got === null) return kind
  // YAML has rounded a longer one already.
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER) return kind
  if (typeof value !== 'string') return String(value)
  // Who writes a name and a password into a URL did not mean to have them printed.
  const text = value.replace(/(\/\/).*@/s, '$1(hidden)@')
  return JSON.stringify(text.length > most ? `${text.slice(0, most)}…` : text)
}

/** Where one bare value stands for a list or a mapping, its key has nothing below it. */
export const trimmed = (path: Path, tree: Tree): Path => {
  const isScalar = (length: number) => !['undefined', 'object'].includes(typeof tree.valueAt(path.slice(0, length)))
  const end = path.findIndex((_, i) => isScalar(i + 1))
  return end < 0 ? path : path.slice(0, end + 1)
}

const latest = (finding: Finding, tree: Tree): Fault | undefined =>
  [finding].flat().sort((a, b) => tree.spotOf(b.path).offset - tree.spotOf(a.path).offset)[0]

/** One line for each finding, in the order of the file, each once: `lifeboat.yaml:LINE: KEY: what is wrong (got …). What to write instead`. */
export const reportLines = (findings: Finding[], tree: Tree, file: string): string[] => {
  const lines = findings
    .flatMap((finding) => latest(finding, tree) ?? [])
    .map((fault) => ({ ...fault, path: trimmed(fault.path, tree) }))
    .map((fault) => ({ fault, spot: tree.spotOf(fault.path) }))
    .sort((a, b) => a.spot.offset - b.spot.offset)
    .map(({ fault, spot }) => `${file}:${spot.line}: ${formatPath(fault.path)}: ${fault.what} (got ${gotOf(fault, tree)}). ${fault.instead}`)
  return [...new Set(lines)]
}
