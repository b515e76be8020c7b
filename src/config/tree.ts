import { isAlias, isCollection, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, type Document, type Pair, type ParsedNode } from 'yaml'
import { Said } from '../errors.ts'
import type { Fault } from './faults.ts'
import { shownKey, type Path } from './paths.ts'
import { syntaxError } from './syntax.ts'
import { expand, type Lookup } from './variables.ts'

export type Spot = { line: number; offset: number }

/** The file as plain data, variables expanded, with where each value stands and which of them nobody may print. */
export type Tree = {
  value: unknown
  /** Undefined: no such value. */
  valueAt(path: Path): unknown
  /** Where the key stands; of a key that is missing, its nearest ancestor. */
  spotOf(path: Path): Spot
  isHidden(path: Path): boolean
  /** Every secret's value, and every value that came from a variable. */
  secrets: string[]
  /** What is wrong already: keys twice, variables that are not set, aliases that lead nowhere. */
  faults: Fault[]
}

/** Far above any true file; an alias within an alias within an alias grows past it soon. */
const nodesMax = 20_000

const secretKey = /token|secret|password|passphrase|credential|api_?key|access_?key|private_?key/i

/** A channel's address is often all that it takes to write there. */
const secretPlace = /^(notify(\.\d+)?|heartbeat)\.url$/

const isSecretPath = (path: Path): boolean =>
  path.some((step) => typeof step === 'string' && secretKey.test(step)) || secretPlace.test(path.join('.'))

const valueIn = (value: unknown, path: Path): unknown => {
  let here = value
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined
    here = (here as Record<string | number, unknown>)[step]
  }
  return here
}

type Walk = {
  document: Document.Parsed
  lines: LineCounter
  lookup: Lookup
  spots: Map<string, Spot>
  expanded: Set<string>
  secrets: Set<string>
  faults: Fault[]
  nodes: number
  /** Collections that the walk is inside of: an alias to one of them would never end. */
  inside: Set<unknown>
}

const idOf = (path: Path): string => JSON.stringify(path)

const plainScalar = (walk: Walk, value: unknown, path: Path): unknown => {
  if (typeof value !== 'string') {
    if (isSecretPath(path) && typeof value === 'number') walk.secrets.add(String(value))
    return value
  }
  const { text, values, problems } = expand(value, walk.lookup)
  walk.faults.push(...problems.map((problem) => ({ path, ...problem })))
  if (values.length > 0) walk.expanded.add(idOf(path))
  for (const secret of [...values, ...(values.length > 0 || isSecretPath(path) ? [text] : [])]) walk.secrets.add(secret)
  return text
}

const keyOf = (walk: Walk, key: unknown, path: Path): string | null => {
  const name = isScalar(key) ? String(key.value) : null
  if (name !== null && name !== '__proto__' && name !== 'null') return name
  walk.faults.push({ path, what: 'has a key that is not a word', got: null, instead: 'Write key: value lines' })
  return null
}

const plainPair = (walk: Walk, pair: Pair<unknown, unknown>, path: Path, into: Record<string, unknown>): void => {
  const key = keyOf(walk, pair.key, path)
  if (key === null) return
  const here = [...path, key]
  const offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : 0
  if (Object.hasOwn(into, key)) {
    const first = walk.spots.get(idOf(here))
    walk.spots.set(idOf(here), spotAt(walk, offset))
    walk.faults.push({ path: here, what: `stands twice, first in line ${first?.line ?? 1}`, got: shownKey(key), instead: 'Keep one of the two' })
    return
  }
  walk.spots.set(idOf(here), spotAt(walk, offset))
  into[key] = plain(walk, pair.value, here)
}

const spotAt = (walk: Walk, offset: number): Spot => ({ line: walk.lines.linePos(offset).line, offset })

const plainAlias = (walk: Walk, node: ParsedNode, path: Path): unknown => {
  const target = isAlias(node) ? node.resolve(walk.document) : undefined
  if (target && !walk.inside.has(target)) return plain(walk, target, path)
  walk.faults.push({ path, what: 'is an alias that leads nowhere', got: 'an alias', instead: 'Set its anchor with & above it, or write the value out' })
  return ''
}

const plainCollection = (walk: Walk, node: unknown, path: Path): unknown => {
  walk.inside.add(node)
  let value: unknown = null
  if (isMap(node)) {
    const into: Record<string, unknown> = {}
    for (const pair of node.items) if (isPair(pair)) plainPair(walk, pair, path, into)
    value = into
  } else if (isSeq(node)) {
    value = node.items.map((item, i) => {
      const here = [...path, i]
      walk.spots.set(idOf(here), spotAt(walk, (item as ParsedNode | null)?.range?.[0] ?? walk.spots.get(idOf(path))?.offset ?? 0))
      return plain(walk, item, here)
    })
  }
  walk.inside.delete(node)
  return value
}

const plain = (walk: Walk, node: unknown, path: Path): unknown => {
  if (++walk.nodes > nodesMax) throw new Said('The configuration holds more values than any true one: do its aliases multiply each other?')
  if (isAlias(node)) return plainAlias(walk, node as ParsedNode, path)
  if (isCollection(node)) return plainCollection(walk, node, path)
  return isScalar(node) ? plainScalar(walk, node.value, path) : null
}

/** Reads the text. A syntax error is thrown alone, as Said, and shows nothing of the text. */
export const parseTree = (text: string, file: string, lookup: Lookup): Tree => {
  const lines = new LineCounter()
  // Keys that stand twice are ours to report, beside whatever else is wrong.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false })
  const error = document.errors[0] ?? document.warnings[0]
  if (error) throw new Said(syntaxError(error, text, file, lines))

  const walk: Walk = { document, lines, lookup, spots: new Map(), expanded: new Set(), secrets: new Set(), faults: [], nodes: 0, inside: new Set() }
  const value = plain(walk, document.contents, [])
  return {
    value,
    valueAt: (path) => valueIn(value, path),
    spotOf: (path) => {
      for (let length = path.length; length > 0; length--) {
        const spot = walk.spots.get(idOf(path.slice(0, length)))
        if (spot) return spot
      }
      return { line: 1, offset: 0 }
    },
    isHidden: (path) => isSecretPath(path) || walk.expanded.has(idOf(path)),
    secrets: [...walk.secrets].filter((secret) => secret !== ''),
    faults: walk.faults,
  }
}
