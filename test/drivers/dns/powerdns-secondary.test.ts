import { describe } from 'vitest'
import { debian } from '../../lab/debian.ts'
import { startPowerDns } from '../../lab/powerdns.ts'
import { secondarySuite } from './secondaries.ts'

const bind = await debian(['bind9'])
const powerDns = await debian(['pdns-server', 'pdns-backend-sqlite3'])

describe.skipIf(!bind || !powerDns)('PowerDNS', () => {
  if (!bind || !powerDns) return
  secondarySuite('PowerDNS', bind, (given) => {
    // Without it they are told by a cycle of 60 s, up to 56 s after a change (PowerDNS 4.7.3, measured 2026-11).
    const tells = { 'NOTIFY-DNSUPDATE': '1' }
    const metadata = Object.fromEntries(Object.keys(given.zones).map((zone) => [zone, tells]))
    return startPowerDns(powerDns, { ...given, metadata })
  }, { inARowMs: 0 })
})
