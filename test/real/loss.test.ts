import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whyNoNet } from '../lab/net.ts'
import { play } from './play.ts'
import { longRow } from './table.ts'
import { startWorld } from './world.ts'
import type { World } from './world.ts'

describe.skipIf((await whyNoNet()) !== null)('a network that loses packets', () => {
  let world: World
  beforeAll(async () => void (world = await startWorld()))
  afterAll(() => world?.stop())

  test(longRow.what, { timeout: 300_000 }, async () => {
    const printed = await play(world, longRow)
    if (process.env['SHOW']) console.log([longRow.what, ...printed, '--', ...world.lines.map(({ event, msg }) => `${event} ${msg}`)].join('\n    '))
    expect(printed).not.toEqual([])
  })
})
