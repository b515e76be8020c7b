import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import type { Clock } from '../../../src/clock.ts'
import { nameServers } from '../../../src/drivers/dns/nameservers.ts'
import { debian } from '../../lab/debian.ts'
import { startKnot } from '../../lab/knot.ts'
import type { Knot } from '../../lab/knot.ts'
import { freePort } from '../../lab/ports.ts'
import { waitMs } from '../../lab/wait.ts'

const unpacked = await debian(['knot'])
const signal = (): AbortSignal => AbortSignal.timeout(waitMs)

test('dns.nameservers overrides the parent', async () => {
  const servers = nameServers({ override: () => ['192.0.2.53', '[2001:db8::53]:5353'], timeoutMs: 100 }, machineClock)
  expect(await servers.of('shop.example', signal())).toEqual(['192.0.2.53:53', '[2001:db8::53]:5353'])
  await expect(nameServers({ override: () => ['ns.example'], timeoutMs: 100 }, machineClock).of('shop.example', signal())).rejects.toThrow('not an address')
})

describe.skipIf(!unpacked)('what the parent publishes', () => {
  if (!unpacked) return
  // The parent's server stands in for the machine's resolver too: it knows every name on the way.
  const [parentAddress, childAddress] = ['127.0.40.1', '127.0.40.2']
  let parent: Knot
  let child: Knot
  let port: number
  beforeAll(async () => {
    port = await freePort([parentAddress, childAddress])
    parent = await startKnot(unpacked, {
      address: parentAddress,
      port,
      zones: {
        example: `@ 60 SOA ns hostmaster 1 3600 600 86400 60\n@ 60 NS ns\nns 60 A ${parentAddress}
shop 60 NS ns1.shop\nshop 60 NS ns2.other\nns1.shop 60 A ${childAddress}\nns1.shop 60 AAAA 2001:db8::2\nns2.other 60 A 127.0.40.3
deep.er 60 NS ns2.other\nlame 60 NS nowhere.other`,
      },
    })
    // The child says otherwise at its own apex: what the parent says counts.
    child = await startKnot(unpacked, { address: childAddress, port, zones: { 'shop.example': `@ 60 SOA ns1 h 1 3600 600 86400 60\n@ 60 NS ns9\nns9 60 A 127.0.40.9` } })
  })
  afterAll(async () => {
    await parent.stop()
    await child.stop()
  })
  const walk = (clock: Clock = machineClock, resolvers = [`${parentAddress}:${port}`]) => nameServers({ override: () => null, resolvers, port, timeoutMs: 2_000 }, clock)

  test('glue, both families, and names elsewhere', async () => {
    expect(await walk().of('shop.example', signal())).toEqual([`127.0.40.2:${port}`, `127.0.40.3:${port}`, `[2001:db8::2]:${port}`])
  })
  test('the addresses of one name server together', async () => {
    expect(await walk().machines('shop.example', signal())).toEqual([[`127.0.40.2:${port}`, `[2001:db8::2]:${port}`], [`127.0.40.3:${port}`]])
    expect(await nameServers({ override: () => ['192.0.2.53', '192.0.2.54:54'], timeoutMs: 100 }, machineClock).machines('shop.example', signal())).toEqual([['192.0.2.53:53'], ['192.0.2.54:54']])
  })
  test('a zone two labels below its parent', async () => {
    expect(await walk().of('deep.er.example', signal())).toEqual([`127.0.40.3:${port}`])
  })
  test('null where there is no such zone, no address or no resolver', async () => {
    expect(await walk().of('absent.example', signal())).toBeNull()
    expect(await walk().of('lame.example', signal())).toBeNull()
    expect(await walk(machineClock, [`${childAddress}:${port}`]).of('shop.example', signal())).toBeNull()
    expect(await walk(machineClock, []).of('shop.example', signal())).toBeNull()
  })
  test('the last good list is kept, and asked for again later', async () => {
    let laterMs = 0
    const clock: Clock = { ...machineClock, now: () => ({ wallMs: machineClock.now().wallMs, monoMs: machineClock.now().monoMs + laterMs }) }
    const servers = walk(clock)
    const first = await servers.of('shop.example', signal())
    parent.signal('SIGSTOP')
    expect(await servers.of('shop.example', signal())).toEqual(first)
    laterMs = 3_600_000
    expect(await servers.of('shop.example', signal())).toEqual(first)
    parent.signal('SIGCONT')
    expect(await servers.of('shop.example', signal())).toEqual(first)
  })
})
