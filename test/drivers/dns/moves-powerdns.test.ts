import { describe } from 'vitest'
import { debian } from '../../lab/debian.ts'
import { powerDnsWith } from '../../lab/servers.ts'
import { moveSuite } from './moves.ts'

const unpacked = await debian(['pdns-server', 'pdns-backend-sqlite3'])

describe.skipIf(!unpacked)('PowerDNS', () => {
  if (unpacked) moveSuite('rfc2136 on PowerDNS', async (zones) => [await powerDnsWith(unpacked, zones)])
})
