import { describe } from 'vitest'
import { debian } from '../../lab/debian.ts'
import { bindWith } from '../../lab/servers.ts'
import { moveSuite } from './moves.ts'

const unpacked = await debian(['bind9'])

describe.skipIf(!unpacked)('BIND', () => {
  if (unpacked) moveSuite('rfc2136 on BIND', async (zones) => [await bindWith(unpacked, zones)])
})
