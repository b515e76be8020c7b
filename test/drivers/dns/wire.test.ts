import packet from 'dns-packet'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Change } from '../../../src/core/moving.ts'
import { sign, splitTsig, tsigKey, verify } from '../../../src/drivers/dns/tsig.ts'
import { buildUpdate, changesNothing } from '../../../src/drivers/dns/update.ts'
import { decodeMessage, decodeName, decodeValue, encodeMessage, encodeName, encodeValue, opcodes, rrTypes } from '../../../src/drivers/dns/wire.ts'
import type { Message } from '../../../src/drivers/dns/wire.ts'

const bytesOf = (hex: string): Buffer => Buffer.from(hex, 'hex')
const secret = Buffer.from('golden bytes, not a secret').toString('base64')

// Recorded on 2026-11-25: nsupdate 9.18.49 asking Knot 3.2.6, over TCP, and Knot's answer.
const golden = {
  'hmac-sha256': {
    request:
      '124c280000010002000200010473686f70076578616d706c650000060001016dc00c001000fe000000000000036e7331c00c000100010000000000047f000001c01e000100ff000000000000c01e001000010000003c000403782079086c696665626f61740000fa00ff00000000003d0b686d61632d7368613235360000006b06bd34012c002082eddcc1db62da61c7c2e03f8554c08d36778a068cd2a9c284e9be53309b6c50124c00000000',
    reply:
      '124ca80000010000000000010473686f70076578616d706c650000060001086c696665626f61740000fa00ff00000000003d0b686d61632d7368613235360000006b06bd34012c002028e8dfe018cee3049468de96242f48cde508f7d593540e9b2f9184989f0b091c124c00000000',
  },
  'hmac-sha512': {
    request:
      '87f7280000010002000200010473686f70076578616d706c650000060001016dc00c001000fe000000000000036e7331c00c000100010000000000047f000001c01e000100ff000000000000c01e001000010000003c000403782079086c696665626f61740000fa00ff00000000005d0b686d61632d7368613531320000006b06bd35012c0040bcb34578564f5a34d3ceadb7e96f8c256d518798b29f609ccb417ff1fb0fadd8f4eafe26bf686ca741ffb718d1657f9edb82fcfe29696e21d74b75269484248187f700000000',
    reply:
      '87f7a80000010000000000010473686f70076578616d706c650000060001086c696665626f61740000fa00ff00000000005d0b686d61632d7368613531320000006b06bd35012c00407778298da178fbeea4d64ad51052811964fd31bca1f461f679c0dce6bdef02c673edb3305bbbc2c6bcb1522180001dae7752a38701a145f447939e43ea3d0d2887f700000000',
  },
} as const

describe.each(['hmac-sha256', 'hmac-sha512'] as const)('signatures: %s', (algorithm) => {
  const key = tsigKey('lifeboat', secret, algorithm)
  const request = bytesOf(golden[algorithm].request)
  const reply = bytesOf(golden[algorithm].reply)
  const { tsig, message } = splitTsig(request)!
  const atMs = tsig.timeS * 1000

  test("signs nsupdate's own message with the same bytes", () => {
    expect(sign(message, key, atMs)).toEqual({ bytes: request, mac: Buffer.from(tsig.mac) })
  })
  test("believes Knot's answer, for 300 s, with that key, to that request", () => {
    expect(verify(reply, key, atMs, tsig.mac)).toEqual({ is: 'genuine' })
    expect(verify(reply, key, atMs + 300_000, tsig.mac)).toEqual({ is: 'genuine' })
    expect(verify(reply, key, atMs + 301_000, tsig.mac)).toEqual({ is: 'stale' })
    expect(verify(reply, key, atMs - 301_000, tsig.mac)).toEqual({ is: 'stale' })
    expect(verify(reply, { ...key, secret: Buffer.from('another') }, atMs, tsig.mac)).toEqual({ is: 'forged' })
    expect(verify(reply, { ...key, name: 'other' }, atMs, tsig.mac)).toEqual({ is: 'forged' })
    expect(verify(reply, key, atMs, Buffer.alloc(32))).toEqual({ is: 'forged' })
    expect(verify(splitTsig(reply)!.message, key, atMs, tsig.mac)).toEqual({ is: 'unsigned' })
  })
  test('no byte of a signed answer can be changed unseen', () => {
    for (let at = 0; at < reply.length; at++) {
      const changed = Buffer.from(reply)
      changed.writeUInt8(changed.readUInt8(at) ^ 0x40, at)
      // The id in front is not signed (RFC 8945 section 5.3.1): the original one behind it is, and names do not care for case.
      if (at < 2) continue
      let is = 'malformed'
      try {
        is = verify(changed, key, atMs, tsig.mac).is
      } catch {
        is = 'malformed'
      }
      expect([at, is]).not.toEqual([at, 'genuine'])
    }
  })
  test('an answer of ours verifies, and an empty MAC does not', () => {
    const answer = sign(splitTsig(reply)!.message, key, atMs, tsig.mac)
    expect(verify(answer.bytes, key, atMs, tsig.mac)).toEqual({ is: 'genuine' })
    expect(answer.bytes).toEqual(reply)
  })
})

describe('an update', () => {
  const change: Change = {
    zone: 'shop.example',
    txt: { name: 'm.shop.example', ttlS: 60, old: [], oldTtlS: null, new: ['x y'] },
    sets: [
      { name: 'ns1.shop.example', type: 'A', ttlS: 60, old: ['127.0.0.1'], oldTtlS: 60, new: ['127.0.0.1'] },
      { name: 'www.shop.example', type: 'CNAME', ttlS: 60, old: ['a.example'], oldTtlS: 60, new: [] },
      { name: 'www.shop.example', type: 'A', ttlS: 60, old: [], oldTtlS: null, new: ['127.0.0.2'] },
    ],
  }
  test('deletes before it adds, and skips what stands', () => {
    const { opcode, questions, answers, authorities } = decodeMessage(buildUpdate({ id: 7, change, txtRdata: [] }))
    expect([opcode, questions]).toEqual([5, [{ name: 'shop.example', type: 6, class: 1 }]])
    expect(answers.map((rr) => [rr.name, rr.type, rr.class, rr.ttlS, rr.rdata.length])).toEqual([
      ['m.shop.example', 16, 254, 0, 0], ['ns1.shop.example', 1, 1, 0, 4], ['www.shop.example', 5, 1, 0, 11], ['www.shop.example', 1, 254, 0, 0],
    ])
    expect(authorities.map((rr) => [rr.name, rr.type, rr.class, rr.ttlS])).toEqual([['www.shop.example', 5, 255, 0], ['m.shop.example', 16, 1, 60], ['www.shop.example', 1, 1, 60]])
  })
  test('a new CNAME asks for the absence of what it cannot stand beside', () => {
    const cname: Change = { ...change, sets: [{ name: 'www.shop.example', type: 'CNAME', ttlS: 60, old: [], oldTtlS: null, new: ['a.example'] }] }
    const { answers } = decodeMessage(buildUpdate({ id: 7, change: cname, txtRdata: [] }))
    expect(answers.slice(1).map((rr) => [rr.type, rr.class])).toEqual([5, 2, 15, 16, 33, 64, 65, 257].map((type) => [type, 254]))
  })
  test('nothing to change', () => {
    const stands = { ...change, txt: { ...change.txt, old: ['x y'], oldTtlS: 60 }, sets: change.sets.slice(0, 1) }
    expect(changesNothing(stands)).toBe(true)
    expect(changesNothing({ ...stands, txt: { ...stands.txt, oldTtlS: 61 } })).toBe(false)
  })
})

describe('messages', () => {
  const label = fc.stringMatching(/^[a-z0-9_*-]{1,20}$/)
  const name = fc.array(label, { minLength: 0, maxLength: 8 }).map((labels) => labels.join('.'))
  const rr = fc.record({
    name,
    type: fc.constantFrom(rrTypes.A, rrTypes.AAAA, rrTypes.TXT, rrTypes.CAA, rrTypes.ANY),
    class: fc.constantFrom(1, 254, 255),
    ttlS: fc.nat({ max: 2 ** 31 - 1 }),
    rdata: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  })
  const message: fc.Arbitrary<Message> = fc.record({
    id: fc.nat({ max: 65_535 }),
    opcode: fc.constantFrom(0, 5),
    rcode: fc.nat({ max: 15 }),
    flags: fc.constantFrom(0, 0x8000, 0x8400, 0x8600, 0x0100),
    questions: fc.array(fc.record({ name, type: fc.constant(1), class: fc.constant(1) }), { maxLength: 2 }),
    answers: fc.array(rr, { maxLength: 4 }),
    authorities: fc.array(rr, { maxLength: 4 }),
    additionals: fc.array(rr, { maxLength: 2 }),
  })
  test('round trip', () => {
    fc.assert(fc.property(message, (any) => {
      const { lastAt: _, ...back } = decodeMessage(encodeMessage(any))
      expect(back).toEqual(any)
    }))
  })
  test('any bytes are a message or an error, and never hang', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (any) => {
      try {
        decodeMessage(Buffer.from(any))
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
      }
    }), { numRuns: 2000 })
  })
  test('another library reads the same', () => {
    const answers = [
      { name: 'www.shop.example', type: 'A' as const, ttl: 60, data: '127.0.0.1' },
      { name: 'www.shop.example', type: 'AAAA' as const, ttl: 60, data: '2001:db8::1' },
      { name: 'a.shop.example', type: 'CNAME' as const, ttl: 60, data: 'www.shop.example' },
      { name: 'm.shop.example', type: 'MX' as const, ttl: 60, data: { preference: 10, exchange: 'mail.example' } },
    ]
    const theirs = packet.encode({ type: 'response', id: 9, flags: packet.AUTHORITATIVE_ANSWER, questions: [{ name: 'www.shop.example', type: 'A' }], answers })
    const ours = decodeMessage(theirs)
    expect(ours.answers.slice(0, 2).map((each, n) => decodeValue(n === 0 ? 'A' : 'AAAA', each.rdata))).toEqual(['127.0.0.1', '2001:db8::1'])
    const back = packet.decode(encodeMessage(ours))
    expect([back.id, back.flag_aa, back.flag_qr, back.answers?.map((each) => 'data' in each && each.data)]).toEqual([9, true, true, answers.map(({ data }) => data)])
  })
  test('compressed names are followed backwards only', () => {
    expect(() => decodeName(bytesOf('c000'), 0)).toThrow('backwards')
    expect(() => decodeName(bytesOf('0161c000'), 0)).toThrow()
    expect(decodeName(bytesOf('0473686f70000161c000'), 6)).toEqual({ name: 'a.shop', end: 10 })
  })
  test('names and values', () => {
    expect(encodeName('').toString('hex')).toBe('00')
    expect(encodeName('WWW.Shop').toString('hex')).toBe('037777770473686f7000')
    for (const bad of ['a..b', '.a', 'a.', 'x'.repeat(64), Array(128).fill('aa').join('.')]) expect(() => encodeName(bad)).toThrow()
    expect(decodeName(encodeName('a\\.b\\032\\\\c.example'), 0).name).toBe('a\\.b\\032\\\\c.example')
    expect(decodeValue('AAAA', encodeValue('AAAA', '2001:DB8:0:0::1'))).toBe('2001:db8::1')
    expect(decodeValue('TXT', encodeValue('TXT', 'x'.repeat(600)))).toHaveLength(600)
    expect(encodeValue('TXT', '')).toEqual(Buffer.from([0]))
    expect(() => decodeValue('A', Buffer.alloc(3))).toThrow('an A of 3 bytes')
    expect(opcodes.UPDATE).toBe(5)
  })
})
