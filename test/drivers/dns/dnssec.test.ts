import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { signedBy, signersIn } from '../../../src/drivers/dns/dnssec.ts'
import { ask, digHost, recordsIn } from '../../../src/drivers/dns/query.ts'
import { rrTypes } from '../../../src/drivers/dns/wire.ts'
import type { Rr } from '../../../src/drivers/dns/wire.ts'
import { viewShape } from '../../../src/drivers/vantages/shapes.ts'
import { debian } from '../../lab/debian.ts'
import { startKnot } from '../../lab/knot.ts'
import type { Knot } from '../../lab/knot.ts'
import { waitMs } from '../../lab/wait.ts'

const unpacked = await debian(['knot'])
const algorithms = { rsasha256: 8, rsasha512: 10, ecdsap256sha256: 13, ecdsap384sha384: 14, ed25519: 15, ed448: 16 }
const zoneOf = (algorithm: string): string => `${algorithm}.example`
const signal = (): AbortSignal => AbortSignal.timeout(waitMs)
const dayMs = 86_400_000

describe.skipIf(!unpacked)('what Knot signs', () => {
  if (!unpacked) return
  let knot: Knot
  beforeAll(async () => {
    const text = '@ 60 SOA ns1 h 1 3600 600 86400 60\n@ 60 NS ns1\nns1 60 A 127.0.0.1\nwww 60 A 127.0.0.12\nwww 60 A 127.0.0.11\nwww 60 AAAA 2001:db8::11\nalias 60 CNAME WWW\n*.wild 60 A 127.0.0.13\n'
    knot = await startKnot(unpacked, {
      zones: { ...Object.fromEntries(Object.keys(algorithms).map((each) => [zoneOf(each), text])), 'plain.example': text },
      signing: Object.fromEntries(Object.keys(algorithms).map((algorithm) => [zoneOf(algorithm), { algorithm }])),
    })
  })
  afterAll(() => knot.stop())

  const records = async (name: string, type: number): Promise<Rr[]> => recordsIn(await ask({ server: knot.server, name, type, timeoutMs: 2000, dnssec: true }, machineClock, signal()), name)!
  const dig = (zone: string, transport: 'udp' | 'both' = 'udp', dnssec = true) =>
    digHost({ server: knot.server, zone, marker: `_lifeboat-shop.${zone}`, names: [`www.${zone}`, `alias.${zone}`, `x.y.wild.${zone}`, `*.wild.${zone}`], timeoutMs: 2000, dnssec }, machineClock, signal(), transport)

  test.each(Object.entries(algorithms))('every set is verified: %s', async (algorithm, number) => {
    const view = await dig(zoneOf(algorithm), 'both')
    expect(view?.sets.map(({ type }) => type)).toEqual(['A', 'AAAA', 'CNAME', 'A', 'A'])
    expect(viewShape.parse(JSON.parse(JSON.stringify(view)))).toEqual(view) // As a vantage elsewhere sends it.
    const wallMs = machineClock.now().wallMs
    for (const { signed } of view!.sets) {
      expect(signed!.sinceMs).toBeLessThanOrEqual(wallMs)
      expect(signed!.untilMs - wallMs).toBeGreaterThan(13 * dayMs)
      expect(signed!.untilMs - wallMs).toBeLessThan(15 * dayMs)
    }
    expect(view!.signers!.signs).toEqual([expect.stringMatching(new RegExp(`^\\d+ \\(algorithm ${number}\\)$`))])
    expect(view!.signers!.publishes).toEqual(view!.signers!.signs)
  })

  test('a zone that is not signed, and a dig that does not ask', async () => {
    const plain = await dig('plain.example')
    expect([plain?.signers, plain?.sets.map(({ signed }) => signed)]).toEqual([{ signs: [], publishes: [] }, [null, null, null, null, null]])
    const unasked = await dig(zoneOf('ed25519'), 'udp', false)
    expect([unasked?.signers, unasked?.sets.some((set) => 'signed' in set)]).toEqual([undefined, false])
  })

  test('what was not signed so does not verify', async () => {
    const zone = zoneOf('ed25519')
    const name = `www.${zone}`
    const [found, keys, others] = [await records(name, rrTypes.A), await records(zone, rrTypes.DNSKEY), await records(zoneOf('ecdsap256sha256'), rrTypes.DNSKEY)]
    const wallMs = machineClock.now().wallMs
    const given = (set: Rr[], more: Partial<{ zone: string; keys: Rr[]; wallMs: number }> = {}, of = { name, type: rrTypes.A as number }) => signedBy(set, of, { zone, keys, wallMs, ...more })
    const changed = (type: number, change: (rdata: Buffer) => void): Rr[] =>
      found.map((rr) => {
        const rdata = Buffer.from(rr.rdata)
        if (rr.type === type) change(rdata)
        return { ...rr, rdata }
      })
    const [a, rrsig] = [rrTypes.A, rrTypes.RRSIG]
    expect(given(found)).toMatchObject({ untilMs: expect.any(Number) })
    expect(given([...found].reverse())).toEqual(given(found))
    expect(given([...found, ...found])).toEqual(given(found))
    expect(given(found.slice(1))).toBeNull() // One address is missing.
    expect(given(found.filter(({ type }) => type !== rrsig))).toBeNull()
    expect(given(found, { keys: others })).toBeNull()
    expect(given(found, { keys: [] })).toBeNull()
    expect(given(found, { zone: 'example' })).toBeNull()
    expect(given(found, { wallMs: wallMs - 30 * dayMs })).toBeNull() // It has not begun.
    expect(given(found, { wallMs: wallMs + 30 * dayMs })).toEqual(given(found)) // It ended, and that is said as it is.
    expect(given(changed(rrsig, (rdata) => rdata.writeUInt8(rdata.readUInt8(3) - 1, 3)))).toBeNull() // The labels.
    expect(given(changed(rrsig, (rdata) => rdata.writeUInt8(9, 3)))).toBeNull()
    expect(given(changed(rrsig, (rdata) => rdata.writeUInt8(5, 2)))).toBeUndefined() // An algorithm that is not known here.
    expect(given(changed(a, (rdata) => rdata.writeUInt8(99, 3)))).toBeNull()
    const revoked = keys.map((rr) => ({ ...rr, rdata: Buffer.concat([Buffer.from([1, 0x80 | 1]), rr.rdata.subarray(2)]) }))
    expect(signersIn(await records(zone, rrTypes.SOA), revoked, zone)).toEqual({ signs: [expect.any(String)], publishes: [] })
  })
})
