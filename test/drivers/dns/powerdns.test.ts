import { describe } from 'vitest'
import { debian } from '../../lab/debian.ts'
import { startPowerDns } from '../../lab/powerdns.ts'
import { factsSuite, keyedLab } from './facts.ts'
import type { Ways } from './facts.ts'
import { driverSuite } from './suite.ts'

const unpacked = await debian(['pdns-server', 'pdns-backend-sqlite3'])

// Measured 2026-11. It says the same of a key that it does not know, of another secret and of clocks that differ, and signs none of them.
const unsigned: Ways['ahead'] = ['unknown', /answered REFUSED without a signature, so anybody may have said it; PowerDNS says so where it does not know the key "\w+", has another secret or algorithm for it, or its clock differs/]
const ways: Ways = { unknownKey: unsigned, otherSecret: unsigned, ahead: unsigned, mayNot: 'NOERROR', noOpIsAVersion: true }

describe.skipIf(!unpacked)('PowerDNS', () => {
  if (!unpacked) return
  driverSuite('rfc2136 on PowerDNS', () => keyedLab((given) => startPowerDns(unpacked, given), ways))
  factsSuite('PowerDNS 4.7.3', (given) => startPowerDns(unpacked, given), ways)
})
