import { createSocket } from 'node:dgram'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseServer } from '../../../src/drivers/dns/exchange.ts'
import { classes, encodeMessage, flags, rrTypes } from '../../../src/drivers/dns/wire.ts'
import { startBind } from '../../lab/bind.ts'
import type { Unpacked } from '../../lab/debian.ts'
import { addition } from '../../lab/hand.ts'
import type { NameServer } from '../../lab/name-server.ts'
import { freePort } from '../../lab/ports.ts'
import { listed, newRig, one, two } from '../../lab/rig.ts'
import type { Rig, RigOptions } from '../../lab/rig.ts'
import { keyedServer, labKey } from '../../lab/servers.ts'
import type { LabKey, Started } from '../../lab/servers.ts'
import type { Keyed } from './facts.ts'

// A primary that lifeboat writes to, and a BIND that gets its zones from there: the parent publishes both.

type Given = { zones: Record<string, string>; keys: LabKey[]; secondaries: string[]; quiet: string[] }

/** `inARowMs`: how long it takes at the least until the secondary has both of two changes in a row. */
export type Telling = { inARowMs: number }

const testMs = 90_000
const nobody = '127.0.0.1:1'

// PowerDNS asks the system where each NS is before it tells anybody; this one the system knows by itself.
const textOf = (serial: number): string => `@ 60 SOA localhost. hostmaster ${serial} 3600 600 86400 60\n@ 60 NS localhost.\nwww 60 A ${one}\n`

// Four changes later, adopted and moved once, the serial of `wraps` is the last one of 32 bits.
const serials = { 'told.example': 1, 'late.example': 1, 'quiet.example': 1, 'cut.example': 1, 'dead.example': 1, 'wraps.example': 2 ** 32 - 5 }
const quiet = ['quiet.example', 'wraps.example']

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Tells a secondary that its primary has changed, as any primary does (RFC 1996). */
const notify = async (server: string, zone: string): Promise<void> => {
  const { address, port } = parseServer(server)!
  const questions = [{ name: zone, type: rrTypes.SOA, class: classes.IN }]
  const message = encodeMessage({ id: 1, opcode: 4, rcode: 0, flags: flags.authoritative, questions, answers: [], authorities: [], additionals: [] })
  const socket = createSocket('udp4')
  await new Promise((resolve) => socket.send(message, port, address, resolve))
  socket.close()
}

export const secondarySuite = (title: string, bind: Unpacked, startPrimary: (given: Given) => Promise<Keyed>, { inARowMs }: Telling): void => {
  describe(`${title} and its secondary`, () => {
    let primary: Started & Pick<Keyed, 'serial'>
    let secondary: NameServer
    beforeAll(async () => {
      const port = await freePort(['127.0.0.1'])
      const zones = Object.fromEntries(Object.entries(serials).map(([zone, serial]) => [zone, textOf(serial)]))
      const started = await startPrimary({ zones, keys: [labKey], secondaries: [`127.0.0.1:${port}`], quiet })
      primary = { ...keyedServer(started), serial: started.serial }
      const primaries = Object.fromEntries(Object.keys(serials).map((zone) => [zone, zone === 'cut.example' ? nobody : primary.server]))
      const begins = Object.fromEntries(Object.keys(serials).map((zone) => [zone, zone === 'cut.example' ? textOf(1) : '']))
      secondary = await startBind(bind, { port, zones: begins, primaries })
    })
    afterAll(() => Promise.all([primary.stop(), secondary.stop()]))

    const hand = async (zone: string, name: string): Promise<void> => {
      expect(await primary.byHand(zone, [addition(`${name}.${zone}`, 60, 'A', two)])).toBe(0)
    }
    const level = async (zone: string): Promise<boolean> => (await primary.serial(zone)) === (await secondary.serial(zone))
    /** Tells it until it has what the primary has. Nothing more is under way afterwards, so that it stays so: BIND may take half a second to look. */
    const tell = async (zone: string): Promise<void> => {
      for (let tries = 0; !(await level(zone)); tries++) {
        if (tries % 100 === 0) await notify(secondary.server, zone)
        await pause(20)
      }
    }
    const addresses = async (of: Pick<Keyed, 'dump'>, zone: string): Promise<string[]> =>
      (await of.dump(zone)).flatMap((line) => /^www\S* \d+ A (.*)$/.exec(line)?.[1] ?? [])
    const serves = (zone: string): Promise<string[]> => addresses(secondary, zone)
    const pointed = async (zone: string): Promise<boolean> => (await addresses(primary, zone)).join() === two

    /** `run` gets a rig over the zone with a controller that adopted it; the secondary is told by hand meanwhile, where nobody else tells it. */
    const moves = async (zone: string, run: (rig: Rig) => Promise<void>, more: Partial<RigOptions> = {}): Promise<void> => {
      const rig = await newRig({ servers: [primary], zone, names: [`www.${zone}`], nameServers: listed([primary.server, secondary.server]), ...more })
      try {
        rig.start()
        await rig.askAdopt('one', [one])
        await rig.until('it is adopted', async () => {
          if (quiet.includes(zone)) await tell(zone)
          return (await rig.client.read()).ledger?.past[0]?.epoch === 1
        })
        await rig.seen()
        await run(rig)
      } finally {
        await rig.stop()
      }
    }
    const failover = (rig: Rig): Promise<string> => rig.askMove('failover', 'two', { force: true, unready: true })

    test('secondary-lags: it is waited for', async () => {
      const zone = 'told.example'
      const run = async (rig: Rig): Promise<void> => {
        await failover(rig)
        expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done', to: 'two' })
        expect(await serves(zone)).toEqual([two])
      }
      // Slower than elsewhere, for a server that tells the second of two changes only 5 s later.
      await moves(zone, run, { speed: 4 })
    }, testMs)

    test('secondary-lags: two changes in a row', async () => {
      const zone = 'late.example'
      const beganMs = Date.now()
      for (const name of ['first', 'second']) {
        await hand(zone, name)
        while (!(await level(zone))) await pause(10)
      }
      expect(Date.now() - beganMs).toBeGreaterThanOrEqual(inARowMs)
    }, testMs)

    test('notify-missing: it is not confirmed, the sentence says so, and it is served once somebody tells', async () => {
      const zone = 'quiet.example'
      await moves(zone, async (rig) => {
        const before = await secondary.serial(zone)
        await failover(rig)
        await rig.until('it is pointed', async () => (await primary.serial(zone)) === before + 2)
        await rig.until('it says why', () => rig.controllers[0]!.said(`1 of 2 name servers show it; ${secondary.server} is behind (SOA serial ${before}, and rfc2136/${zone} had ${before + 2})`))
        await rig.skip(95_000)
        expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done-with-debts', debts: [`rfc2136/${zone}`] })
        await tell(zone)
        await rig.skip(61_000)
        await rig.until('it is served', () => rig.controllers[0]!.self()!.dns[0]?.state === 'served')
      })
    }, testMs)

    test('secondary-serves-old: for ever, since it cannot reach its primary', async () => {
      const zone = 'cut.example'
      const rig = await newRig({ servers: [primary], zone, names: [`www.${zone}`], nameServers: listed([primary.server, secondary.server]) })
      try {
        rig.start()
        await rig.askAdopt('one', [one])
        await rig.until('it says why', () => rig.controllers[0]!.said(new RegExp(`1 of 2 name servers show it; ${secondary.server} is behind \\(SOA serial 1, `)))
        await rig.skip(95_000)
        expect((await rig.ended(1)).past[0]).toMatchObject({ state: 'done-with-debts', debts: [`rfc2136/${zone}`] })
        // The debt bars nothing.
        await rig.skip(61_000)
        await failover(rig)
        await rig.until('it is pointed', () => pointed(zone))
        await rig.skip(95_000)
        expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done-with-debts', to: 'two' })
        expect(await serves(zone)).toEqual([one])
      } finally {
        await rig.stop()
      }
    }, testMs)

    test('serial-wraps: a name server that is past the wrap is not behind', async () => {
      const zone = 'wraps.example'
      await moves(zone, async (rig) => {
        await failover(rig)
        await rig.until('it waits for the secondary', () => rig.controllers[0]!.said(`is behind (SOA serial ${2 ** 32 - 3}, and rfc2136/${zone} had ${2 ** 32 - 1})`))
        await hand(zone, 'other')
        await tell(zone)
        expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done', to: 'two' })
        expect(await secondary.serial(zone)).toBeLessThan(2 ** 31)
        expect(await serves(zone)).toEqual([two])
      })
    }, testMs)

    test('secondary-dead: it serves nothing old, so the move is done without it', async () => {
      const zone = 'dead.example'
      await moves(zone, async (rig) => {
        secondary.signal('SIGSTOP')
        try {
          await failover(rig)
          await rig.until('it is pointed', () => pointed(zone))
          await rig.skip(95_000)
          expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done', to: 'two' })
        } finally {
          secondary.signal('SIGCONT')
        }
        await rig.until('it catches up', () => level(zone))
      })
    }, testMs)
  })
}
