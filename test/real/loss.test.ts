import { afterAll, beforeAll, describe, test } from 'vitest'
import { play } from './play.ts'
import { longRow } from './table.ts'
import { canStart, startWorld } from './world.ts'
import type { World } from './world.ts'

describe.skipIf(!(await canStart()))('a network that loses packets', () => {
  let world: World
  beforeAll(async () => void (world = await startWorld()))
  afterAll(() => world?.stop())

  test(longRow.what, { timeout: 300_000 }, () => play(world, longRow))
})
