import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { embedded, startEmbedded } from '../../../src/drivers/dns/embedded.ts'
import type { Embedded } from '../../../src/drivers/dns/embedded.ts'
import { embeddedZone } from '../../../src/drivers/dns/embedded-zone.ts'
import { openStream } from '../../../src/drivers/dns/exchange.ts'
import { openUdpLine } from '../../../src/drivers/dns/line.ts'
import { digHost } from '../../../src/drivers/dns/query.ts'
import { rfc2136 } from '../../../src/drivers/dns/rfc2136.ts'
import { sign, tsigKey } from '../../../src/drivers/dns/tsig.ts'
import { classes, decodeMessage, encodeMessage, encodeValue, flags, opcodes, rcodes, rrTypes } from '../../../src/drivers/dns/wire.ts'
import type { Message, Rr } from '../../../src/drivers/dns/wire.ts'
import { addition, deletion, updateByHand } from '../../lab/hand.ts'
import { transfer } from '../../lab/transfer.ts'
import { zone } from './case.ts'
import { driverSuite } from './suite.ts'

driverSuite('embedded', async () => {
  const server = await startEmbedded({ zones: { [zone]: [] } })
  return {
    server: server.server,
    driver: (options) => embedded({ host: 'embedded', zone, server: server.server, timeoutMs: 2000, ...options }, machineClock),
    forbidden: null,
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

describe('the embedded server', () => {
  const www = `www.${zone}`
  let server: Embedded
  beforeAll(async () => {
    server = await startEmbedded({
      zones: {
        [zone]: [
          { name: zone, type: 'NS', ttlS: 60, value: `ns1.${zone}` },
          { name: www, type: 'A', ttlS: 60, value: '127.0.0.12' },
          { name: `alias.${zone}`, type: 'CNAME', ttlS: 60, value: www },
          { name: `out.${zone}`, type: 'CNAME', ttlS: 60, value: 'elsewhere.example' },
          { name: `loop.${zone}`, type: 'CNAME', ttlS: 60, value: `loop.${zone}` },
          ...Array.from({ length: 30 }, (_, n) => ({ name: `many.${zone}`, type: 'A' as const, ttlS: 60, value: `127.0.1.${n}` })),
        ],
        [`sub.${zone}`]: [{ name: `sub.${zone}`, type: 'A', ttlS: 60, value: '127.0.0.13' }],
      },
    })
  })
  afterAll(() => server.stop())

  const message = (more: Partial<Message>): Buffer =>
    encodeMessage({ id: 7, opcode: opcodes.QUERY, rcode: 0, flags: 0, questions: [], answers: [], authorities: [], additionals: [], ...more })
  const byUdp = async (bytes: Buffer): Promise<Message | null> => {
    const line = openUdpLine({ server: server.server, timeoutMs: 3_000 }, machineClock, AbortSignal.timeout(5000))
    const answer = await line.ask(bytes, decodeMessage)
    line.close()
    return answer
  }
  const byTcp = async (bytes: Buffer): Promise<Message> => {
    const stream = await openStream(server.server, AbortSignal.timeout(5000))
    const answer = decodeMessage(await stream.ask(bytes))
    stream.close()
    return answer
  }
  const ask = (name: string, type: number = rrTypes.A, more: Partial<Message> = {}) => byUdp(message({ questions: [{ name, type, class: classes.IN }], ...more }))
  const update = (prerequisites: Rr[], updates: Rr[], more: Partial<Message> = {}) =>
    message({ opcode: opcodes.UPDATE, questions: [{ name: zone, type: rrTypes.SOA, class: classes.IN }], answers: prerequisites, authorities: updates, ...more })

  test('answers with authority, and says no with its SOA', async () => {
    expect(await ask(www)).toMatchObject({ rcode: rcodes.NOERROR, flags: flags.response | flags.authoritative, answers: [{ name: www, type: rrTypes.A }] })
    expect(await ask(`absent.${zone}`)).toMatchObject({ rcode: rcodes.NXDOMAIN, answers: [], authorities: [{ name: zone, type: rrTypes.SOA }] })
    expect(await ask(www, rrTypes.AAAA)).toMatchObject({ rcode: rcodes.NOERROR, answers: [], authorities: [{ name: zone, type: rrTypes.SOA }] })
    expect((await ask(`alias.${zone}`))?.answers.map((rr) => rr.type)).toEqual([rrTypes.CNAME, rrTypes.A])
    expect((await ask(`out.${zone}`))?.answers.map((rr) => rr.type)).toEqual([rrTypes.CNAME])
    expect((await ask(`loop.${zone}`))?.rcode).toBe(rcodes.NOERROR)
    expect((await ask(`sub.${zone}`))?.answers).toHaveLength(1)
    expect((await ask(www, rrTypes.ANY))?.answers).toHaveLength(1)
    expect(await ask('elsewhere.example')).toMatchObject({ rcode: rcodes.REFUSED, flags: flags.response })
  })
  test('truncates over UDP beyond 512 bytes, or what EDNS allows', async () => {
    const many = `many.${zone}`
    expect(await ask(many)).toMatchObject({ flags: flags.response | flags.authoritative | flags.truncated, answers: [] })
    const edns = { name: '', type: rrTypes.OPT, class: 4096, ttlS: 0, rdata: Buffer.alloc(0) }
    expect(await ask(many, rrTypes.A, { additionals: [edns] })).toMatchObject({ answers: { length: 30 }, additionals: [{ type: rrTypes.OPT }] })
    expect((await byTcp(message({ questions: [{ name: many, type: rrTypes.A, class: classes.IN }] }))).answers).toHaveLength(30)
  })
  test('takes updates by TCP only, unsigned only, for its own zones only', async () => {
    const add = [addition(`new.${zone}`, 60, 'A', '127.0.0.1')]
    expect((await byUdp(update([], add)))?.rcode).toBe(rcodes.REFUSED)
    expect((await byTcp(sign(update([], add), tsigKey('k', 'aaaa'), 0).bytes)).rcode).toBe(rcodes.NOTAUTH)
    expect((await byTcp(update([], add, { questions: [{ name: 'elsewhere.example', type: rrTypes.SOA, class: classes.IN }] }))).rcode).toBe(rcodes.NOTAUTH)
    expect((await byTcp(update([], [addition('elsewhere.example', 60, 'A', '127.0.0.1')]))).rcode).toBe(rcodes.NOTZONE)
    expect((await byTcp(message({ opcode: 4 }))).rcode).toBe(rcodes.NOTIMP)
    expect(await byUdp(Buffer.from('nonsense that is no message'))).toBeNull()
    expect(server.dump(zone).filter((line) => line.startsWith('new.'))).toEqual([])
  })
  const rr = (name: string, type: number, rrClass: number, ttlS = 0, rdata: Buffer = Buffer.alloc(0)): Rr => ({ name, type, class: rrClass, ttlS, rdata })
  const a = encodeValue('A', '127.0.0.12')
  test.each([
    ['set there', rr(www, rrTypes.A, classes.ANY), rcodes.NOERROR],
    ['set there', rr(www, rrTypes.AAAA, classes.ANY), rcodes.NXRRSET],
    ['name there', rr(www, rrTypes.ANY, classes.ANY), rcodes.NOERROR],
    ['name there', rr(`absent.${zone}`, rrTypes.ANY, classes.ANY), rcodes.NXDOMAIN],
    ['set absent', rr(www, rrTypes.A, classes.NONE), rcodes.YXRRSET],
    ['set absent', rr(www, rrTypes.AAAA, classes.NONE), rcodes.NOERROR],
    ['name absent', rr(www, rrTypes.ANY, classes.NONE), rcodes.YXDOMAIN],
    ['these values', rr(www, rrTypes.A, classes.IN, 0, a), rcodes.NOERROR],
    ['other values', rr(www, rrTypes.A, classes.IN, 0, encodeValue('A', '127.0.0.13')), rcodes.NXRRSET],
    ['a TTL', rr(www, rrTypes.A, classes.IN, 30, a), rcodes.FORMERR],
    ['a class', rr(www, rrTypes.A, 3), rcodes.FORMERR],
  ])('prerequisite: %s (%o)', async (_, prerequisite, code) => {
    expect((await byTcp(update([prerequisite], []))).rcode).toBe(code)
  })
  test('whole or not at all; the serial rises with a change only; the apex keeps SOA and NS', async () => {
    const [before, serial] = [server.dump(zone), server.serial(zone)]
    expect((await byTcp(update([], [deletion(www, 'A'), rr(www, rrTypes.ANY, classes.IN)]))).rcode).toBe(rcodes.FORMERR)
    expect((await byTcp(update([], [deletion(www, 'A'), addition(www, 60, 'A', Buffer.alloc(3))]))).rcode).toBe(rcodes.FORMERR)
    expect((await byTcp(update([], [deletion(www, 'A'), addition(www, 60, 'A', '127.0.0.12')]))).rcode).toBe(rcodes.NOERROR)
    expect((await byTcp(update([], [addition(www, 60, 'CNAME', 'x.example'), addition(`alias.${zone}`, 60, 'A', '127.0.0.1'), rr(zone, rrTypes.ANY, classes.ANY)]))).rcode).toBe(rcodes.NOERROR)
    expect([server.dump(zone), server.serial(zone)]).toEqual([before, serial])
    expect((await byTcp(update([], [rr(`many.${zone}`, rrTypes.A, classes.NONE, 0, encodeValue('A', '127.0.1.7'))]))).rcode).toBe(rcodes.NOERROR)
    expect([server.dump(zone).length, server.serial(zone)]).toEqual([before.length - 1, serial + 1])
  })
})

// What it has not is asserted as missing. Its updates by TCP alone, and no serial for nothing, stand above.
describe('facts of a server: embedded', () => {
  const name = `_lifeboat-facts.${zone}`
  const write = (server: string, aheadMs: number) => {
    const clock = { ...machineClock, now: () => ({ ...machineClock.now(), wallMs: machineClock.now().wallMs + aheadMs }) }
    const host = rfc2136({ host: 'rfc2136', zone, marker: name, names: [], server, key: tsigKey('lifeboat', 'aaaa'), timeoutMs: 2000 }, clock)
    return host.write({ zone, txt: { name, ttlS: 60, old: [], oldTtlS: null, new: ['v=lifeboat1'] }, sets: [] }, AbortSignal.timeout(5000))
  }
  let server: Embedded
  beforeAll(async () => {
    server = await startEmbedded({ zones: { [zone]: [] } })
  })
  afterAll(() => server.stop())

  test('tsig-bad-secret, tsig-skew, tsig-forged-or-missing-mac: it knows no keys, so nothing that is signed is taken', async () => {
    for (const aheadMs of [0, 400_000])
      expect(await write(server.server, aheadMs)).toEqual({ outcome: 'unknown', detail: expect.stringContaining('answered NOTAUTH without a signature') })
    expect(server.dump(zone)).toEqual([])
  })
  test('key-may-not-touch-mx: whoever reaches it may', async () => {
    expect(await updateByHand(server.server, zone, null, [addition(zone, 60, 'MX', Buffer.from('000a00', 'hex'))])).toBe(rcodes.NOERROR)
    expect(server.dump(zone)).toEqual([`${zone} 60 TYPE15 \\# 3 000a00`])
  })
  test('secondary-lags, secondary-dead, secondary-serves-old, notify-missing: it has no secondaries', async () => {
    await expect(transfer(server.server, zone)).rejects.toThrow('does not transfer shop.example: REFUSED')
  })
  test('serial-wraps', () => {
    const near = embeddedZone(zone, [], 2 ** 32 - 1)
    near.update({ id: 1, opcode: opcodes.UPDATE, rcode: 0, flags: 0, questions: [], answers: [], authorities: [addition(zone, 60, 'A', '127.0.0.1')], additionals: [] })
    expect(near.serial()).toBe(0)
  })
  test('dnssec-resigned, signer-mismatch-refused: it signs nothing, and says so', async () => {
    const asked = { server: server.server, zone, marker: name, names: [zone], timeoutMs: 2000, dnssec: true }
    expect((await digHost(asked, machineClock, AbortSignal.timeout(5000), 'both'))?.signers).toEqual({ signs: [], publishes: [] })
  })
})

test('a private zone of one label, and its top among the names', async () => {
  const server = await startEmbedded({ zones: { lan: [] } })
  onTestFinished(() => server.stop())
  const names = ['lan', 'shop.lan', '*.lan']
  const host = embedded({ host: 'embedded', zone: 'lan', marker: '_lifeboat-shop.lan', names, server: server.server, timeoutMs: 2000 }, machineClock)
  const none = { ttlS: 60, old: [], oldTtlS: null }
  const sets = names.map((name) => ({ ...none, name, type: 'A' as const, new: ['127.0.0.12'] }))
  const signal = AbortSignal.timeout(5000)
  expect(await host.write({ zone: 'lan', txt: { ...none, name: '_lifeboat-shop.lan', new: ['v=lifeboat1'] }, sets }, signal)).toMatchObject({ outcome: 'done' })
  expect((await host.read(signal))?.sets.map(({ name, values }) => [name, values])).toEqual(names.map((name) => [name, ['127.0.0.12']]))
})
