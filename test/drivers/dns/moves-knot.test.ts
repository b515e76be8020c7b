import { describe } from 'vitest'
import { debian } from '../../lab/debian.ts'
import { knotWith } from '../../lab/servers.ts'
import { moveSuite } from './moves.ts'

const unpacked = await debian(['knot'])

describe.skipIf(!unpacked)('Knot', () => {
  if (unpacked) moveSuite('rfc2136 on Knot', async (zones) => [await knotWith(unpacked, zones)])
})
