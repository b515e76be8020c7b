import { expect, test } from 'vitest'
import type { StackCopy } from '../../src/core/types.ts'
import { loadFixture, saidBy } from './fixture.ts'

const copy = (over: Partial<StackCopy> = {}): StackCopy => ({ stack: 'south', address: '192.0.2.2', addressV6: null, machineId: null, region: null, readMs: 1, ...over })
const load = (copies: Record<string, StackCopy> = {}) => loadFixture('good', 'stacks.yaml', {}, copies)
const siteIn = ({ core }: ReturnType<typeof load>, name: string) => core.sites.find(({ site }) => site === name)

test('a site by its stack has no address before the stack was read, and a warning says so', () => {
  const settings = load()
  expect(siteIn(settings, 'south')).toEqual({ site: 'south', cloud: 'hetzner', addresses: [], standby: 'hot', stack: 'south' })
  expect(settings.sites.prod).toEqual({ machineId: null, stack: 'acme/infra/prod', dir: '../infra', outputs: { address: 'ipv4', machineId: 'server' } })
  expect(settings.warnings.filter((line) => line.includes('.stack: '))).toEqual([
    'stacks.yaml:5: sites.south.stack: was never read, so that the site has no address yet (got "south"). Type lifeboat up south, which creates it, or lifeboat outputs south where it stands already',
    'stacks.yaml:6: sites.prod.stack: was never read, so that the site has no address yet (got "acme/infra/prod"). Type lifeboat up prod, which creates it, or lifeboat outputs prod where it stands already',
  ])
})

test('afterwards it has what the stack said, in canonical form', () => {
  const settings = load({ south: copy({ addressV6: '2001:DB8:0::2', machineId: '4711' }) })
  expect(siteIn(settings, 'south')?.addresses).toEqual(['192.0.2.2', '2001:db8::2'])
  expect(settings.sites.south?.machineId).toBe('4711')
  expect(settings.warnings.filter((line) => line.includes('sites.south.stack: '))).toEqual([])
  expect(settings.hash).toBe(load().hash)
})

test('what another stack said is not its address', () => {
  expect(siteIn(load({ south: copy({ stack: 'east' }) }), 'south')?.addresses).toEqual([])
  expect(siteIn(load({ north: copy() }), 'north')?.addresses).toEqual(['192.0.2.1'])
})

test.each([
  ['of another site', { south: copy({ address: '192.0.2.1' }) }, 'stacks.yaml:5: sites.south.address: is the address of site north too (got "192.0.2.1"). Give each site an address of its own'],
  ['a hostname beside an IP address', { south: copy({ address: 'south.example' }) }, 'stacks.yaml:5: sites.south.address: is a hostname, and site north has an IP address (got "south.example"). Write a static IP address, or hostnames at all sites'],
  ['IPv6 alone', { south: copy({ address: '2001:db8::2' }) }, 'stacks.yaml:5: sites.south.address: is an IPv6 address, and site north has an IPv4 address that a move here would leave no name with (got "2001:db8::2"). Write the IPv4 address here, and this one as addressV6'],
])('every rule holds for it as if it were written: %s', (_, copies, expected) => {
  expect(saidBy(() => load(copies))).toBe(expected)
})
