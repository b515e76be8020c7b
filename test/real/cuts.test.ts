import { afterAll, afterEach, beforeAll, describe, test } from 'vitest'
import { play } from './play.ts'
import { rows } from './table.ts'
import { canStart, startWorld } from './world.ts'
import type { World } from './world.ts'

describe.skipIf(!(await canStart()))('cuts on a network of their own', () => {
  let world: World
  beforeAll(async () => void (world = await startWorld()))
  afterEach(() => world.heal())
  afterAll(() => world?.stop())

  // `test.each` would cut the names short.
  for (const row of rows) test(row.what, () => play(world, row))
})
