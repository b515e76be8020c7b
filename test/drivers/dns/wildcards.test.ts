import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { digHost } from '../../../src/drivers/dns/query.ts'
import { viewShape } from '../../../src/drivers/vantages/shapes.ts'
import { debian } from '../../lab/debian.ts'
import { addition } from '../../lab/hand.ts'
import { embeddedWith, knotWith } from '../../lab/servers.ts'
import type { Started } from '../../lab/servers.ts'

// One address everywhere, so that nothing but RFC 4592 tells what stands at a name from what a wildcard gives.

const unpacked = await debian(['knot'])
const zone = 'shop.example'
const marker = `_lifeboat-shop.${zone}`
const address = '127.0.0.11'
const records = [
  ...['*', 'www', 'deep.under', '*.wild', 'own.wild', 'dual', '*.dual'].map((name) => addition(`${name}.${zone}`, 60, 'A', address)),
  addition(`*.six.${zone}`, 60, 'AAAA', '2001:db8::11'),
  addition(`*.alias.${zone}`, 60, 'CNAME', `www.${zone}`),
  addition(`mail.${zone}`, 60, 'TXT', 'hello'),
]

const wildcards = (kind: string, start: () => Promise<Started>): void => {
  describe(`wildcards: ${kind}`, () => {
    let server: Started
    beforeAll(async () => {
      server = await start()
      expect(await server.byHand(zone, records)).toBe(0)
    })
    afterAll(() => server.stop())
    const dig = (names: string[]) => digHost({ server: server.server, zone, marker, names, timeoutMs: 2000 }, machineClock, AbortSignal.timeout(10_000), 'both')

    test.each<[string, string | null | undefined]>([
      ['www', undefined],
      ['any', '*'],
      ['two.labels', '*'],
      ['deep.under', undefined],
      ['other.under', null], // `under` exists, with nothing at it, so that no wildcard above it answers.
      ['any.wild', '*.wild'],
      ['two.labels.wild', '*.wild'],
      ['own.wild', undefined],
      ['below.own.wild', null],
      ['dual', undefined],
      ['any.dual', '*.dual'],
      ['mail', null],
      ['any.six', '*.six'],
      ['any.alias', '*.alias'],
      ['*', undefined],
      ['*.wild', undefined],
      ['*.nowhere', '*'],
      [`${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(50)}`, '*'],
    ])('%s', async (name, expected) => {
      const view = await dig([`${name}.${zone}`])
      expect(viewShape.parse(JSON.parse(JSON.stringify(view)))).toEqual(view) // As a vantage elsewhere sends it.
      const through = view?.sets.map((set) => set.through)
      expect(through).toEqual(expected === null ? [] : [expected && `${expected}.${zone}`])
    })

    test('a text at the marker', async () => {
      const text = 'v=spf1 -all'
      expect(await server.byHand(zone, [addition(`*.${zone}`, 60, 'TXT', text)])).toBe(0)
      expect(await dig([`www.${zone}`])).toMatchObject({ txt: [], txtTtlS: null })
      expect(await server.byHand(zone, [addition(marker, 60, 'TXT', text)])).toBe(0)
      expect(await dig([`www.${zone}`])).toMatchObject({ txt: [text], txtTtlS: 60 })
    })
  })
}

wildcards('embedded', () => embeddedWith([zone]))
describe.skipIf(!unpacked)('Knot', () => {
  if (unpacked) wildcards('Knot', () => knotWith(unpacked, [zone]))
})
