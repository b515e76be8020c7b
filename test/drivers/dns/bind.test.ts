import { describe } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { rfc2136 } from '../../../src/drivers/dns/rfc2136.ts'
import { tsigKey } from '../../../src/drivers/dns/tsig.ts'
import { startBind } from '../../lab/bind.ts'
import { debian } from '../../lab/debian.ts'
import { updateByHand } from '../../lab/hand.ts'
import { zone } from './case.ts'
import { driverSuite } from './suite.ts'

const unpacked = await debian(['bind9'])

const secretOf = (text: string): string => Buffer.from(text).toString('base64')
const soa = '@ 60 SOA ns1 hostmaster 1 3600 600 86400 60\n@ 60 NS ns1\nns1 60 A 127.0.0.1\n'

describe.skipIf(!unpacked)('BIND', () => {
  if (!unpacked) return
  driverSuite('rfc2136 on BIND', async () => {
    const secrets = { lifeboat: secretOf('a key of the lab'), other: secretOf('another key of the lab') }
    const keys = [{ name: 'lifeboat', secret: secrets.lifeboat }]
    const server = await startBind(unpacked, { zones: { [zone]: soa }, keys })
    const key = tsigKey('lifeboat', secrets.lifeboat)
    const options = { host: 'rfc2136', zone, server: server.server, timeoutMs: 2000 }
    return {
      server: server.server,
      driver: (more) => rfc2136({ ...options, key, ...more }, machineClock),
      forbidden: (more) => rfc2136({ ...options, key: tsigKey('unknown', secrets.other), ...more }, machineClock),
      byHand: (updates) => updateByHand(server.server, zone, key, updates),
      dump: () => server.dump(zone),
      serial: () => server.serial(zone),
      stop: server.stop,
    }
  })
})
