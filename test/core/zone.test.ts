import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatMarker, markerName, parseMarker } from '../../src/core/marker.ts'
import type { Change, HostView, Marker, RecordSet } from '../../src/core/moving.ts'
import type { HostConfig } from '../../src/core/types.ts'
import { addressesOf, foreignValues, planChange, shows, stillServes, throughUnlisted } from '../../src/core/zone.ts'

const zone = 'shop.example'
const www = 'www.shop.example'
const marker: Marker = { app: 'shop', owner: '0123456789abcdef0123456789abcdef', epoch: 8, site: 'hetzner', move: '00000000-0000-4000-8000-000000000008', state: 'pointed' }
const text = formatMarker(marker)
const host: HostConfig = { host: 'h', driver: 'rfc2136', zone, names: [zone, www], elsewhere: [], ttlS: 60 }
const set = (name: string, type: string, values: string[], ttlS = 60): RecordSet => ({ name, type, ttlS, values })
const view = (sets: RecordSet[], txt: string[] = [text]): HostView => ({ txt, txtTtlS: txt.length > 0 ? 60 : null, sets, serial: 1 })
const plan = (seen: HostView, addresses: string[] | null, ours: string[] = [], of: HostConfig = host): Change | { refused: string } =>
  planChange({ view: seen, host: of, app: 'shop', marker, addresses, ours })
const news = (change: Change | { refused: string }): Record<string, string[]> | string =>
  'refused' in change ? change.refused : Object.fromEntries(change.sets.filter((each) => each.new.length + each.old.length > 0).map((each) => [`${each.name} ${each.type}`, each.new]))

describe('marker', () => {
  const arbitrary: fc.Arbitrary<Marker> = fc.record({
    app: fc.stringMatching(/^[a-z0-9-]{1,40}$/),
    owner: fc.stringMatching(/^[0-9a-f]{32}$/),
    epoch: fc.integer({ min: 0, max: 999_999_999_999_999 }),
    site: fc.stringMatching(/^[a-z0-9-]{1,40}$/),
    move: fc.uuid(),
    state: fc.constantFrom('claimed', 'pointed'),
  })
  test('round trip, within one character-string', () => {
    fc.assert(fc.property(arbitrary, (any) => {
      expect(formatMarker(any).length).toBeLessThanOrEqual(255)
      expect(parseMarker(formatMarker(any))).toEqual(any)
    }))
  })
  test.each([
    '', 'v=spf1 -all', text.replace('lifeboat1', 'lifeboat2'), `${text} more=1`, text.replace(' epoch=8', ''), text.replace('epoch=8', 'epoch=8 epoch=8'),
    text.replace('epoch=8', 'epoch=08'), text.replace('epoch=8', 'epoch=-8'), text.replace('pointed', 'done'), text.toUpperCase(), `${text}\n`, text.replace(' ', '  '),
    text.replace('site=hetzner', 'site='), text.replace('owner=0', 'owner='),
  ])('is no marker: %j', (bad) => {
    expect(parseMarker(bad)).toBeNull()
  })
  test('what is not in shape is our bug', () => {
    expect(() => formatMarker({ ...marker, site: 'two words' })).toThrow('not a marker')
    expect(markerName('shop', zone)).toBe('_lifeboat-shop.shop.example')
  })
})

describe('planChange', () => {
  test('a claim is the TXT alone', () => {
    expect(plan(view([], []), null)).toEqual({ zone, sets: [], txt: { name: '_lifeboat-shop.shop.example', ttlS: 60, old: [], oldTtlS: null, new: [text] } })
  })
  test.each([
    ['another owner', [text.replace('owner=0', 'owner=f')], /belongs to another owner/],
    ['two of ours', [text, text.replace('epoch=8', 'epoch=7')], /2 TXT records/],
    ['a later version', ['v=lifeboat2 x=y'], /not a marker/],
    ['a stranger', ['hello'], /not a marker/],
  ])('refuses a foreign TXT: %s', (_, txt, why) => {
    expect(plan(view([], txt), null)).toEqual({ refused: expect.stringMatching(why) })
    expect(shows(view([], txt), host, marker, null, [])).toBe('foreign')
  })
  test('both families in one change, every set as read in it', () => {
    const change = plan(view([set(www, 'A', ['192.0.2.1']), set(www, 'AAAA', ['2001:db8::1'], 30)]), ['192.0.2.2'], ['192.0.2.1', '2001:db8::1'])
    expect(news(change)).toEqual({ 'shop.example A': ['192.0.2.2'], 'www.shop.example A': ['192.0.2.2'], 'www.shop.example AAAA': [] })
    expect('sets' in change && change.sets.map(({ name, type }) => `${name} ${type}`)).toEqual([zone, www].flatMap((name) => ['A', 'AAAA', 'CNAME'].map((type) => `${name} ${type}`)))
    expect('sets' in change && change.sets.find((each) => each.name === www && each.type === 'AAAA')).toEqual({ name: www, type: 'AAAA', ttlS: 60, old: ['2001:db8::1'], oldTtlS: 30, new: [] })
  })
  test('what others wrote stays, and is reported', () => {
    const seen = view([set(www, 'A', ['192.0.2.1', '192.0.2.99'])])
    expect(news(plan(seen, ['192.0.2.2'], ['192.0.2.1']))).toMatchObject({ 'www.shop.example A': ['192.0.2.2', '192.0.2.99'] })
    expect(foreignValues(seen, host, ['192.0.2.1'])).toEqual([{ name: www, type: 'A', value: '192.0.2.99', bars: false }])
  })
  test('a CNAME to a listed name is left alone', () => {
    const seen = view([set(zone, 'A', ['192.0.2.1']), set(www, 'CNAME', [zone])])
    expect(news(plan(seen, ['192.0.2.2'], ['192.0.2.1']))).toEqual({ 'shop.example A': ['192.0.2.2'] })
    expect(foreignValues(seen, host, ['192.0.2.1'])).toEqual([])
  })
  test('a CNAME to a listed name of another zone is left alone as well', () => {
    const away = { ...host, elsewhere: ['shop.other.example'] }
    const seen = view([set(zone, 'A', ['192.0.2.1']), set(www, 'CNAME', ['shop.other.example'])])
    expect(news(plan(seen, ['192.0.2.2'], ['192.0.2.1'], away))).toEqual({ 'shop.example A': ['192.0.2.2'] })
    expect(foreignValues(seen, away, ['192.0.2.1'])).toEqual([])
    expect(foreignValues(seen, host, ['192.0.2.1'])).toMatchObject([{ name: www, bars: true }])
  })
  test('where every name follows one of another zone, the marker alone is written and looked at', () => {
    const away = { ...host, names: [www], elsewhere: ['shop.other.example'] }
    const seen = view([set(www, 'CNAME', ['shop.other.example'])])
    expect(plan(seen, ['192.0.2.2'], [], away)).toMatchObject({ sets: [], txt: { new: [text] } })
    expect(plan(seen, ['lb.example'], [], away)).toMatchObject({ sets: [] })
    expect(shows(seen, away, marker, ['192.0.2.2'], [])).toBe('yes')
    expect(shows({ ...seen, txt: [] }, away, marker, ['192.0.2.2'], [])).toBe('absent')
    expect([stillServes(seen, away, ['192.0.2.2'], []), stillServes(seen, { ...away, elsewhere: [] }, ['192.0.2.2'], [])]).toEqual([true, false])
    const round = view([set(zone, 'CNAME', [www]), set(www, 'CNAME', [zone])])
    expect(news(plan(round, ['192.0.2.2'], [], host))).toBe('no name in shop.example can be moved: each is a CNAME to another of them')
  })
  test('a name that only a wildcard gives is never written: it follows a listed one, and is left beside another', () => {
    const wild = `*.${zone}`
    const seen = view([set(zone, 'A', ['192.0.2.1']), { ...set(www, 'A', ['192.0.2.1']), through: wild }, set(wild, 'A', ['192.0.2.1'])])
    expect(news(plan(seen, ['192.0.2.2'], ['192.0.2.1']))).toEqual({ 'shop.example A': ['192.0.2.2'] })
    expect(throughUnlisted(seen, host)).toEqual([`${www} is there only through ${wild}, which is the name to list in its place`])
    expect(foreignValues(seen, host, [])).toEqual([{ name: zone, type: 'A', value: '192.0.2.1', bars: false }])
    const listed = { ...host, names: [www, wild] }
    expect(news(plan(seen, ['192.0.2.2'], ['192.0.2.1'], listed))).toEqual({ [`${wild} A`]: ['192.0.2.2'] })
    expect(throughUnlisted(seen, listed)).toEqual([])
    const alone = { ...host, names: [www] }
    expect(news(plan(seen, ['192.0.2.2'], ['192.0.2.1'], alone))).toBe(`no name in ${zone} can be moved: ${www} is there only through ${wild}, which is the name to list in its place`)
    expect(shows(seen, alone, marker, ['192.0.2.1'], ['192.0.2.1'])).toBe('other-addresses')
  })
  test("somebody's CNAME bars its name, and the rest moves", () => {
    const seen = view([set(zone, 'A', ['192.0.2.1']), set(www, 'CNAME', ['cdn.example'])])
    expect(news(plan(seen, ['192.0.2.2'], ['192.0.2.1']))).toEqual({ 'shop.example A': ['192.0.2.2'] })
    expect(foreignValues(seen, host, ['192.0.2.1'])).toEqual([{ name: www, type: 'CNAME', value: 'cdn.example', bars: true }])
    expect(shows(seen, { ...host, names: [www] }, marker, ['192.0.2.2'], ['192.0.2.1'])).toBe('other-addresses')
    expect(news(plan(seen, ['192.0.2.2'], ['192.0.2.1'], { ...host, names: [www] }))).toBe('no name in shop.example can be moved: www.shop.example has CNAME cdn.example, which is not ours')
    expect(news(plan(seen, ['192.0.2.2'], ['192.0.2.1', 'cdn.example']))).toMatchObject({ 'www.shop.example A': ['192.0.2.2'], 'www.shop.example CNAME': [] })
  })
  test('a hostname is a CNAME where nothing of others is, and never at an apex', () => {
    const names = { ...host, names: [www] }
    expect(news(plan(view([set(www, 'A', ['192.0.2.1'])]), ['lb.example'], ['192.0.2.1'], names))).toEqual({ 'www.shop.example A': [], 'www.shop.example CNAME': ['lb.example'] })
    expect(news(plan(view([set(www, 'A', ['192.0.2.1'])]), ['lb.example'], [], names))).toBe('no name in shop.example can be moved: www.shop.example has A 192.0.2.1, which is not ours')
    expect(news(plan(view([]), ['lb.example']))).toBe('shop.example is an apex and cannot be a CNAME to lb.example')
    expect(news(plan(view([]), ['lb.example', '192.0.2.1'], [], names))).toMatch(/one hostname or IP addresses/)
  })
  test('never an empty answer, and every name keeps its A', () => {
    expect(news(plan(view([set(www, 'A', ['192.0.2.1'])]), [], ['192.0.2.1']))).toBe('shop.example would be left without an address')
    expect(news(plan(view([set(www, 'A', ['192.0.2.1'])]), ['2001:db8::2'], ['192.0.2.1']))).toBe('www.shop.example has an IPv4 address, and the target has none')
    expect(news(plan(view([set(www, 'AAAA', ['2001:db8::1'])]), ['2001:db8::2'], ['2001:db8::1']))).toMatchObject({ 'www.shop.example AAAA': ['2001:db8::2'] })
  })
  test('what a change brings about is what should show', () => {
    const values = fc.subarray(['192.0.2.1', '192.0.2.2', '192.0.2.9', '2001:db8::1', '2001:db8::9'])
    fc.assert(fc.property(values, values, values, fc.integer({ min: 1, max: 90 }), (seen, ours, wanted, ttlS) => {
      const split = (all: string[]): RecordSet[] =>
        [set(www, 'A', all.filter((value) => !value.includes(':')), ttlS), set(www, 'AAAA', all.filter((value) => value.includes(':')), ttlS)].filter((each) => each.values.length > 0)
      const change = plan(view(split(seen)), wanted, ours)
      if ('refused' in change) return
      const after = view(change.sets.filter((each) => each.new.length > 0).map((each) => set(each.name, each.type, each.new, each.ttlS)), change.txt.new)
      expect(shows(after, host, marker, wanted, ours)).toBe('yes')
      for (const value of seen) if (!ours.includes(value)) expect(addressesOf(after, [www])).toContain(value)
    }))
  })
})

describe('shows', () => {
  const served = [set(zone, 'A', ['192.0.2.2']), set(www, 'A', ['192.0.2.2'])]
  const seen = (fields: Partial<Marker>, sets = served): HostView => view(sets, [formatMarker({ ...marker, ...fields })])
  const other = '00000000-0000-4000-8000-00000000000f'
  test.each([
    ['yes', seen({}), marker],
    ['absent', view(served, []), marker],
    ['older', seen({ epoch: 7 }), marker],
    ['newer', seen({ epoch: 9 }), marker],
    ['other-move', seen({ move: other }), marker],
    ['other-move', seen({ site: 'aws' }), marker],
    ['older', seen({ state: 'claimed' }), marker],
    ['yes', seen({ state: 'pointed' }), { ...marker, state: 'claimed' as const }],
    ['other-addresses', seen({}, [set(zone, 'A', ['192.0.2.2'])]), marker],
    ['other-addresses', seen({}, [...served, set(www, 'AAAA', ['2001:db8::1'])]), marker],
    ['other-addresses', seen({}, [set(zone, 'A', ['192.0.2.2'], 61), set(www, 'A', ['192.0.2.2'])]), marker],
    ['other-addresses', seen({}, [set(zone, 'A', ['192.0.2.2']), set(www, 'A', ['192.0.2.1', '192.0.2.2'])]), marker],
    ['yes', seen({}, [set(zone, 'A', ['192.0.2.2'], 30), set(www, 'A', ['192.0.2.2', '192.0.2.99'])]), marker],
    ['yes', seen({}, [set(zone, 'A', ['192.0.2.2']), set(www, 'CNAME', [zone])]), marker],
  ])('%s', (expected, viewed, wanted) => {
    expect(shows(viewed, host, wanted, ['192.0.2.2'], ['192.0.2.1', '2001:db8::1'])).toBe(expected)
  })
  test('addressesOf', () => {
    const all = view([set(zone, 'A', ['192.0.2.2', '192.0.2.9']), set(www, 'CNAME', [zone]), set(zone, 'MX', ['10 mail'])])
    expect(addressesOf(all, host.names)).toEqual(['192.0.2.2', '192.0.2.9'])
    expect(addressesOf(all, host.names, ['192.0.2.2'])).toEqual(['192.0.2.2'])
  })
})
