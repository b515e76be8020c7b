import { describe } from 'vitest'
import { debian } from '../../lab/debian.ts'
import { startKnot } from '../../lab/knot.ts'
import { factsSuite, keyedLab } from './facts.ts'
import type { Ways } from './facts.ts'
import { driverSuite } from './suite.ts'

const unpacked = await debian(['knot'])

// Measured 2026-11.
const ways: Ways = {
  unknownKey: ['refused', /does not know the key "\w+" with hmac-sha256, or does not let it do this \(BADKEY\): compare with what stands there$/],
  otherSecret: ['refused', /has another secret for the key "lifeboat" \(BADSIG\): the file needs the one that stands there$/],
  ahead: ['refused', /differ by (399|400|401) s, ours being ahead \(BADTIME\): set both by NTP$/],
  mayNot: 'NOTAUTH',
  noOpIsAVersion: false,
}

describe.skipIf(!unpacked)('Knot', () => {
  if (!unpacked) return
  driverSuite('rfc2136 on Knot', () => keyedLab((given) => startKnot(unpacked, given), ways))
  factsSuite('Knot 3.2.6', (given) => startKnot(unpacked, given), ways)
})
