import { describe } from 'vitest'
import { debian } from '../../lab/debian.ts'
import { embeddedWith, knotWith } from '../../lab/servers.ts'
import { moveSuite } from './moves.ts'

const unpacked = await debian(['knot'])

describe.skipIf(!unpacked)('two hosts', () => {
  if (unpacked) moveSuite('Knot and embedded, one zone', async (zones) => [await knotWith(unpacked, zones), await embeddedWith(zones)])
})
