import { expect, test } from 'vitest'
import { releaseChange, releasesApart } from '../../src/core/releases.ts'

const of = (ids: Record<string, string>) => ({ releases: Object.fromEntries(Object.entries(ids).map(([site, release]) => [site, { release, pushedMs: 1, by: 'ana' }])) })
const sites = (...names: string[]) => ({ sites: names.map((site) => ({ site, cloud: 'none', addresses: site === 'cold' ? [] : ['192.0.2.1'], standby: 'hot' as const })) })

test.each<[string, Record<string, string>, string[], string | null]>([
  ['nobody ever told', {}, ['aws', 'hetzner'], null],
  ['the same', { aws: 'a', hetzner: 'a' }, ['aws', 'hetzner'], null],
  ['two', { aws: 'a', hetzner: 'b' }, ['aws', 'hetzner'], 'aws runs a, hetzner runs b'],
  ['one is not known', { aws: 'a' }, ['aws', 'hetzner'], 'aws runs a, hetzner runs one that is not known'],
  ['a site that does not stand runs nothing', { aws: 'a' }, ['aws', 'cold'], null],
  ['a site that the file no longer lists', { gone: 'b', aws: 'a' }, ['aws'], null],
])('%s', (_, ids, names, said) => expect(releasesApart(of(ids), sites(...names))).toBe(said))

test('a move from one release to another', () => {
  expect(releaseChange(of({ aws: 'a', hetzner: 'b' }), { from: 'aws', to: 'hetzner' })).toBe('hetzner runs b, and aws a')
  expect(releaseChange(of({ aws: 'a' }), { from: 'aws', to: 'hetzner' })).toBe('hetzner runs one that is not known, and aws a')
  expect(releaseChange(of({ aws: 'a', hetzner: 'a' }), { from: 'aws', to: 'hetzner' })).toBeNull()
  expect(releaseChange(of({ aws: 'a' }), { from: null, to: 'hetzner' })).toBeNull()
  expect(releaseChange(of({}), { from: 'aws', to: 'hetzner' })).toBeNull()
})
