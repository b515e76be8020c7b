import { afterAll, beforeAll } from 'vitest'
import { machineClock } from '../../src/clock.ts'
import { embedded, startEmbedded } from '../../src/drivers/dns/embedded.ts'
import type { Embedded } from '../../src/drivers/dns/embedded.ts'
import { rfc2136 } from '../../src/drivers/dns/rfc2136.ts'
import { tsigKey } from '../../src/drivers/dns/tsig.ts'
import { startBind } from './bind.ts'
import type { Unpacked } from './debian.ts'
import { updateByHand } from './hand.ts'
import { startKnot } from './knot.ts'
import { startPowerDns } from './powerdns.ts'
import type { DnsServer } from './rig.ts'

/** A DNS server with zones of its own, and how it is stopped. */
export type Started = DnsServer & { stop(): Promise<void> }

const timeoutMs = 1000

/** For one test file: an embedded server for each kind, each with the same ten zones, of which every test takes the next. They are started before its tests and stopped after them. */
export function embeddedLab(prefix: string, kinds: string[] = ['embedded']): () => { servers: Started[]; zone: string } {
  const zones = Array.from({ length: 10 }, (_, n) => `${prefix}${n}.example`)
  let servers: Started[] = []
  let count = 0
  beforeAll(async () => {
    servers = await Promise.all(kinds.map(async (kind) => ({ ...(await embeddedWith(zones)), kind })))
  })
  afterAll(async () => {
    await Promise.all(servers.map(({ stop }) => stop()))
  })
  return () => ({ servers, zone: zones[count++]! })
}

/** An embedded server, as the move suite takes it. */
export const embeddedServer = (server: Embedded): Started => ({
  kind: 'embedded',
  server: server.server,
  key: null,
  driver: (options) => embedded({ host: 'embedded', timeoutMs, ...options }, machineClock),
  byHand: (zone, updates) => updateByHand(server.server, zone, null, updates),
  dump: async (zone) => server.dump(zone),
  stop: server.stop,
})

export const embeddedWith = async (zones: string[]): Promise<Started> => {
  const records = (zone: string) => [{ name: zone, type: 'NS' as const, ttlS: 60, value: `ns1.${zone}` }]
  return embeddedServer(await startEmbedded({ zones: Object.fromEntries(zones.map((zone) => [zone, records(zone)])) }))
}

/** One TSIG key, as a server is told of it. `types` narrows what it may write; all unless given. */
export type LabKey = { name: string; secret: string; algorithm?: 'hmac-sha256' | 'hmac-sha512'; types?: string[] }

export const secretOf = (text: string): string => Buffer.from(text).toString('base64')

export const labKey = { name: 'lifeboat', secret: secretOf('a key of the lab') }

/** A server that knows `labKey`, as the move suite takes it. */
export const keyedServer = (of: Pick<Started, 'server' | 'dump' | 'stop'>): Started => {
  const key = tsigKey(labKey.name, labKey.secret)
  return {
    kind: 'rfc2136',
    server: of.server,
    key,
    driver: (options) => rfc2136({ host: 'rfc2136', key, timeoutMs, ...options }, machineClock),
    byHand: (zone, updates) => updateByHand(of.server, zone, key, updates),
    dump: of.dump,
    stop: of.stop,
  }
}

const soa = '@ 60 SOA ns1 hostmaster 1 3600 600 86400 60\n@ 60 NS ns1\nns1 60 A 127.0.0.1\n'
const given = (zones: string[]) => ({ zones: Object.fromEntries(zones.map((zone) => [zone, soa])), keys: [labKey] })

export const knotWith = async (unpacked: Unpacked, zones: string[]): Promise<Started> => keyedServer(await startKnot(unpacked, given(zones)))
export const bindWith = async (unpacked: Unpacked, zones: string[]): Promise<Started> => keyedServer(await startBind(unpacked, given(zones)))
export const powerDnsWith = async (unpacked: Unpacked, zones: string[]): Promise<Started> => keyedServer(await startPowerDns(unpacked, given(zones)))
