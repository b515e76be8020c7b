import { expect, test } from 'vitest'
import { machineClock } from '../../src/clock.ts'
import { wire } from '../../src/cli/wiring.ts'
import { memoryClient, memoryState } from '../../src/store/memory.ts'
import { loadFixture } from '../config/fixture.ts'

test('a site at a cloud whose driver is not built is watched, without account evidence', async () => {
  const store = memoryClient(memoryState(), { clock: machineClock })
  const { clouds } = wire(loadFixture('good', 'dns.yaml'), { store, clock: machineClock, log: () => {}, command: 'test' })
  expect(clouds.length).toBe(2)
  for (const cloud of clouds) expect(await cloud.poll(true, AbortSignal.timeout(1_000))).toEqual([])
})

test("a zone's name servers are those of dns.nameservers that are not another zone's own", async () => {
  const store = memoryClient(memoryState(), { clock: machineClock })
  const { nameServers } = wire(loadFixture('good', 'two-zones.yaml'), { store, clock: machineClock, log: () => {}, command: 'test' })
  const signal = AbortSignal.timeout(1_000)
  expect(await nameServers.of('shop.example', signal)).toEqual(['127.0.0.1:5304', '127.0.0.1:5306'])
  expect(await nameServers.of('shop.test', signal)).toEqual(['127.0.0.1:5305', '127.0.0.1:5306'])
})

test('a zone knows the listed names of the others, which its own may follow', () => {
  const { hosts } = loadFixture('good', 'two-zones.yaml').core.dns
  expect(hosts.map(({ names, elsewhere }) => [names, elsewhere])).toEqual([[['shop.example'], ['shop.test']], [['shop.test'], ['shop.example']]])
})
