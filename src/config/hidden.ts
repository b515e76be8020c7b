import { spell } from '../core/spell.ts'
import { formatDuration } from './durations.ts'
import type { File } from './schema.ts'
import type { Path } from './paths.ts'
import type { Tree } from './tree.ts'

/** What stands at the ends of a value. `hidden`: it, or what it is a part of, may not be printed. */
const hiddenLeaves = (value: unknown, tree: Tree, path: Path = [], hidden = false): unknown[] => {
  if (typeof value !== 'object' || value === null) return hidden ? [value] : []
  const step = (key: string): string | number => (Array.isArray(value) ? Number(key) : key)
  return Object.entries(value).flatMap(([key, each]) => {
    const here = [...path, step(key)]
    return hiddenLeaves(each, tree, here, hidden || tree.isHidden(here))
  })
}

/** A body is printed in quotes, with its own escaped. A number was a duration: nothing else becomes one out of a text. */
const formsOf = (value: unknown): string[] => {
  if (typeof value === 'string') return [value, JSON.stringify(value).slice(1, -1)]
  return typeof value === 'number' ? [formatDuration(value), spell(value)] : []
}

/** Every text that may not be printed: what stands hidden in the file, and what became of it (`60s` is printed as `1m` and as `60 s`, an address in its canonical form). */
export const hiddenTexts = (file: File, tree: Tree): string[] =>
  [...new Set([...tree.secrets, ...hiddenLeaves(file, tree)].flatMap(formsOf))].filter((text) => text !== '')
