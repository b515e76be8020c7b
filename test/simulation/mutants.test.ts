import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mutants } from './mutant-list.ts'

// The mutants themselves take an hour (`npm run mutants`); that each still finds its place takes a moment.
test.each(mutants.map((mutant) => [mutant.name, mutant] as const))('the fault "%s" still has its place', (_, { patches }) => {
  for (const { file, from, to } of patches) {
    expect(readFileSync(join(import.meta.dirname, '../..', file), 'utf8')).toContain(from)
    expect(to).not.toBe(from)
  }
})
