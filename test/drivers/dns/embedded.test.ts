import { expect, test } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { embedded, startEmbedded } from '../../../src/drivers/dns/embedded.ts'
import { updateByHand } from '../../lab/hand.ts'
import { driverSuite, zone } from './suite.ts'

driverSuite('embedded', async () => {
  const server = await startEmbedded({ zones: { [zone]: [] } })
  return {
    server: server.server,
    driver: (options) => embedded({ host: 'embedded', zone, server: server.server, timeoutMs: 2000, ...options }, machineClock),
    forbidden: () => null,
    byHand: (updates) => updateByHand(server.server, zone, null, updates),
    dump: async () => server.dump(zone),
    serial: async () => server.serial(zone),
    stop: server.stop,
  }
})

test('listens and writes on loopback only', async () => {
  await expect(startEmbedded({ zones: {}, address: '0.0.0.0' })).rejects.toThrow('loopback only')
  const options = { host: 'embedded', zone, marker: `_lifeboat-shop.${zone}`, names: [], server: 'ns.example:53', timeoutMs: 1000 }
  expect(() => embedded(options, machineClock)).toThrow('loopback')
})
