import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEmbedded } from '../../../src/drivers/dns/embedded.ts'
import type { Embedded } from '../../../src/drivers/dns/embedded.ts'
import { debian } from '../../lab/debian.ts'
import { addition, deletion, updateByHand } from '../../lab/hand.ts'
import { startKnot } from '../../lab/knot.ts'
import type { Knot } from '../../lab/knot.ts'
import { freePort } from '../../lab/ports.ts'
import { listed, newRig, one, two } from '../../lab/rig.ts'
import type { Rig } from '../../lab/rig.ts'
import { embeddedServer, keyedServer, labKey } from '../../lab/servers.ts'

// Name servers that are behind the host that was written, by the zone's serial.

const unpacked = await debian(['knot'])
const testMs = 90_000
const zoneText = (serial: number): string => `@ 60 SOA ns1 hostmaster ${serial} 3600 600 86400 60\n@ 60 NS ns1\nns1 60 A 127.0.0.1\nwww 60 A ${one}\n`

const adopted = async (rig: Rig): Promise<void> => {
  rig.start()
  await rig.askAdopt('one', [one])
  await rig.ended(1)
  await rig.seen()
}

const failover = (rig: Rig): Promise<string> => rig.askMove('failover', 'two', { force: true, unready: true })

describe.skipIf(!unpacked)('Knot and its secondary', () => {
  if (!unpacked) return
  // Four changes later, adopted and moved once, the serial is the last one of 32 bits.
  const serials = { 'old.example': 1, 'wraps.example': 2 ** 32 - 5 }
  let primary: Knot
  let secondary: Knot
  beforeAll(async () => {
    const [port, address] = [await freePort(['127.0.0.1', '127.0.41.2']), '127.0.41.2']
    const zones = Object.fromEntries(Object.entries(serials).map(([zone, serial]) => [zone, zoneText(serial)]))
    primary = await startKnot(unpacked, { zones, keys: [labKey], secondaries: [`${address}:${port}`] })
    secondary = await startKnot(unpacked, { zones, primary: primary.server, address, port })
  })
  afterAll(() => Promise.all([primary.stop(), secondary.stop()]))

  const rigFor = (zone: string): Promise<Rig> =>
    newRig({ servers: [keyedServer(primary)], zone, names: [`www.${zone}`], nameServers: listed([primary.server, secondary.server]) })

  test('secondary-serves-old: it is not confirmed, and the sentence says so', async () => {
    const zone = 'old.example'
    const rig = await rigFor(zone)
    try {
      await adopted(rig)
      const before = await secondary.serial(zone)
      await secondary.control('zone-freeze', zone)
      await failover(rig)
      const ours = () => primary.serial(zone)
      await rig.until('it is pointed', async () => (await ours()) === before + 2)
      await rig.until('it says why', () => rig.controllers[0]!.said(`1 of 2 name servers show it; ${secondary.server} is behind (SOA serial ${before}, and rfc2136/${zone} had ${before + 2})`))
      await rig.skip(95_000)
      expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done-with-debts', debts: [`rfc2136/${zone}`] })
      await secondary.control('zone-thaw', zone)
      await secondary.control('zone-refresh', zone)
      await rig.skip(61_000)
      await rig.until('it is served', () => rig.controllers[0]!.self()!.dns[0]?.state === 'served')
    } finally {
      await rig.stop()
    }
  }, testMs)

  test('serial-wraps: a name server that is past the wrap is not behind', async () => {
    const zone = 'wraps.example'
    const rig = await rigFor(zone)
    try {
      await adopted(rig)
      await secondary.control('zone-freeze', zone)
      await failover(rig)
      await rig.until('it waits for the secondary', () => rig.controllers[0]!.said(`and rfc2136/${zone} had ${2 ** 32 - 1}`))
      expect(await updateByHand(primary.server, zone, keyedServer(primary).key, [addition(`other.${zone}`, 60, 'A', '127.0.0.99')])).toBe(0)
      await secondary.control('zone-thaw', zone)
      await secondary.control('zone-refresh', zone)
      expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done', to: 'two' })
      expect(await secondary.serial(zone)).toBeLessThan(10)
      expect(await secondary.dump(zone)).toContainEqual(expect.stringMatching(new RegExp(`^www.* ${two}$`)))
    } finally {
      await rig.stop()
    }
  }, testMs)
})

describe('embedded', () => {
  const zone = 'shop.example'
  const www = `www.${zone}`
  const marker = `_lifeboat-shop.${zone}`
  const serve = (): Promise<Embedded> => startEmbedded({ zones: { [zone]: [{ name: www, type: 'A', ttlS: 60, value: one }] } })

  test('a name server that shows the move in an earlier version of the zone is not confirmed', async () => {
    const [primary, other] = [await serve(), await serve()]
    const hand = (server: string, updates: Parameters<typeof updateByHand>[3]) => updateByHand(server, zone, null, updates)
    for (let n = 0; n < 5; n++) await hand(primary.server, [addition(`n${n}.${zone}`, 60, 'A', one)])
    const rig = await newRig({ servers: [embeddedServer(primary)], zone, names: [www], nameServers: listed([primary.server, other.server]) })
    try {
      // The marker is copied to the other by hand, so that it shows everything, as the second and third version of its zone.
      rig.onWrite = async (when) => {
        if (when !== 'after') return
        const [text] = primary.dump(zone).flatMap((line) => /^_lifeboat-.* TXT (.*)$/.exec(line)?.[1] ?? [])
        await hand(other.server, [deletion(marker, 'TXT'), addition(marker, 60, 'TXT', text!)])
      }
      rig.start()
      await rig.askAdopt('one', [one])
      await rig.until('it says why', () => rig.controllers[0]!.said(/1 of 2 name servers show it; \S+ is behind \(SOA serial [23], and embedded\/shop.example had 8\)/))
      for (let n = 0; n < 5; n++) await hand(other.server, [addition(`n${n}.${zone}`, 60, 'A', one)])
      expect((await rig.ended(1)).past[0]).toMatchObject({ state: 'done' })
    } finally {
      await rig.stop()
      await Promise.all([primary.stop(), other.stop()])
    }
  }, testMs)
})
