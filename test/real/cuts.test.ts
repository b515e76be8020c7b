import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { whyNoNet } from '../lab/net.ts'
import { play } from './play.ts'
import { rows } from './table.ts'
import { startWorld } from './world.ts'
import type { World } from './world.ts'

describe.skipIf((await whyNoNet()) !== null)('cuts on a network of their own', () => {
  let world: World
  beforeAll(async () => void (world = await startWorld()))
  afterEach(() => world.heal())
  afterAll(() => world?.stop())

  test.each(rows)('$what', async (row) => {
    const from = world.lines.length
    const printed = await play(world, row)
    if (process.env['SHOW']) console.log([row.what, ...printed, '--', ...world.lines.slice(from).map(({ event, msg }) => `${event} ${msg}`)].join('\n    '))
    expect(printed).not.toEqual([])
  })
})
