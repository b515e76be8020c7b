import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describe as describeSettings } from '../../src/cli/check-report.ts'
import { hide } from '../../src/cli/secrets.ts'
import { folderOf, loadFixture, saidBy } from './fixture.ts'

const examples = {
  GLOBALPING_TOKEN: 'not-a-real-one-0',
  PARIS_TOKEN: 'not-a-real-one-1',
  TOKYO_TOKEN: 'not-a-real-one-2',
  TSIG_SECRET: 'c2VjcmV0LW9mLXRoZS16b25l',
  CLOUDFLARE_TOKEN: 'not-a-real-one-3',
  HCLOUD_TOKEN: 'not-a-real-one-4',
  HCLOUD_TOKEN_2: 'not-a-real-one-5',
  DIGITALOCEAN_TOKEN: 'not-a-real-one-6',
}

test('of the example in CONTRACT.md nothing is wrong but what is not built yet', () => {
  const lines = saidBy(() => loadFixture('good', 'contract.yaml', examples)).split('\n')
  expect(lines.filter((line) => !line.includes(': not yet: '))).toEqual([])
  expect(lines.map((line) => line.split(': ')[1])).toEqual([
    'sites.spare.standby',
    'dns.hosts[1].driver',
    'clouds.aws',
    'clouds.hetzner',
  ])
})

test('a minimal file of twelve lines takes every default', () => {
  expect(readFileSync(join(folderOf('good'), 'minimal.yaml'), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(12)
  const settings = loadFixture('good', 'minimal.yaml')
  expect(settings.core.check).toEqual({ intervalMs: 2_000, timeoutMs: 1_000, fall: 3, rise: 5 })
  expect(settings.core.policy).toEqual({
    automatic: false,
    confirmCutMs: 30_000,
    outageMs: 180_000,
    appFaultMs: 600_000,
    cooldownMs: 600_000,
    maxMovesPerHour: 3,
    failback: 'manual',
  })
  expect(settings.core.dns.drift).toBe('hold')
  expect(settings.core.dns.hosts[0]?.ttlS).toBe(60)
  expect(settings.core.vantages).toEqual([{ vantage: 'here', cloud: 'none' }])
  expect(settings.core.quorum).toBeNull()
  expect(settings.checks).toEqual({
    active: [{ kind: 'http', url: 'https://shop.example/healthz', status: [200], body: null, tls: 'public' }],
    standby: null,
  })
  expect([settings.notify, settings.heartbeat]).toEqual([[], null])
  expect(settings.store.path).toBe(join(folderOf('good'), '.lifeboat/shop.db'))
  expect(settings.warnings.map((line) => line.split(': ')[1])).toEqual(['canaries', 'data', 'sites.there.cloud'])
})

test('a full file says what it says, in canonical form', () => {
  const settings = loadFixture('good', 'own-servers.yaml')
  // Order is preference, also where names look like numbers.
  expect(settings.core.sites).toEqual([
    { site: '2', cloud: 'digitalocean', addresses: ['192.0.2.2', '2001:db8::2'], standby: 'hot' },
    { site: '1', cloud: 'hetzner', addresses: ['192.0.2.1'], standby: 'hot' },
  ])
  expect(settings.sites['2']?.machineId).toBe('4711')
  expect(settings.core.dns.names).toEqual(['shop.example', '*.shop.example', 'api.eu.shop.example'])
  // A name lives in the longest zone alone.
  expect(settings.core.dns.hosts.map(({ host, names, ttlS }) => ({ host, names, ttlS }))).toEqual([
    { host: 'rfc2136/192.0.2.53:53/shop.example', names: ['shop.example', '*.shop.example'], ttlS: 30 },
    { host: 'rfc2136/127.0.0.1:5353/eu.shop.example', names: ['api.eu.shop.example'], ttlS: 20 },
  ])
  expect(settings.dns.hosts[0]?.options).toEqual({
    server: '192.0.2.53:53',
    key: 'lifeboat',
    secret: 'c2VjcmV0LW9mLXRoZS16b25l',
    algorithm: 'hmac-sha256',
  })
  expect(settings.dns.hosts.map(({ nameservers }) => nameservers)).toEqual([['192.0.2.53:53', '192.0.2.54:53'], null])
  expect(settings.dns.nameservers).toEqual(['192.0.2.53:53', '[2001:db8::53]:5353'])
  expect(settings.checks.active.map((check) => check.kind === 'http' && check.body)).toEqual(['${ok}', '${ok}'])
  expect(settings.checks.standby).toEqual([
    { kind: 'http', url: 'https://shop.example/ready', status: [200, '3xx'], body: 'ready', tls: 'public' },
  ])
  expect(settings.core.policy).toMatchObject({ automatic: true, appFaultMs: null, cooldownMs: 0 })
  expect(settings.core.data).toEqual({ holds: 'orders, uploads', carried: false })
  expect(settings.clouds).toEqual({
    digitalocean: { token: 'not-a-real-token', secondToken: 'not-a-real-second', endpoint: 'http://127.0.0.1:8080' },
  })
  expect(settings.store.path).toBe(join(folderOf('good'), '../store.db'))
  expect(settings.secrets.toSorted()).toEqual(['c2VjcmV0LW9mLXRoZS16b25l', 'https://hc.example/ping/4f1c', 'https://ntfy.example/shop', 'not-a-real-one-at-all', 'not-a-real-second', 'not-a-real-token'])
  expect(settings.notify).toEqual([
    { url: 'https://ntfy.example/shop', exec: null, events: ['move', 'alarm'] },
    { url: null, exec: ['/usr/local/bin/page-me'], events: ['alarm'] },
  ])
  expect(settings.heartbeat).toEqual({ url: 'https://hc.example/ping/4f1c', everyMs: 60_000 })
})

test('tcp and dns are kinds of check', () => {
  expect(loadFixture('good', 'tcp.yaml').checks.active).toEqual([{ kind: 'tcp', port: 5672 }])
  expect(loadFixture('good', 'dns.yaml').checks.active).toEqual([{ kind: 'dns', name: 'shop.example', type: 'SOA' }])
})

test('whoever wants to wait for nothing may write so', () => {
  expect(loadFixture('good', 'dns.yaml').core.policy).toMatchObject({ outageMs: 0, appFaultMs: 0, cooldownMs: 0 })
})

test('a private zone may be of one label, its top a moved name', () => {
  const { core, warnings } = loadFixture('good', 'private-zone.yaml')
  expect(core.dns.hosts.map(({ zone, names }) => [zone, names])).toEqual([
    ['lan', ['lan', 'shop.lan']],
    ['internal', ['*.internal']],
  ])
  expect(warnings).toEqual([])
  expect(loadFixture('good', 'private-zone-without-servers.yaml').warnings).toEqual([
    'private-zone-without-servers.yaml:13: dns.hosts[0].zone: is of one label, and the root, which is asked for its name servers, knows no private zone (got "lan"). Write nameservers: with those that serve it, here or under dns',
  ])
})

test('an owner that is missing is a warning, and null', () => {
  const settings = loadFixture('good', 'tcp.yaml')
  expect(settings.core.owner).toBeNull()
  expect(settings.warnings).toEqual([
    'tcp.yaml:1: owner: is missing, and nothing can be adopted without it (got nothing). Type lifeboat adopt, which prints a fresh one',
  ])
})

test('what is odd and may be meant is a warning, each with its line', () => {
  expect(loadFixture('good', 'warnings.yaml').warnings.join('\n')).toBe(readFileSync(join(folderOf('good'), 'warnings.txt'), 'utf8').trimEnd())
})

test.each([
  ['voters-at-one-site', [
    'voters-at-one-site.yaml:11: vantages: with hetzner, fsn would be lost too, and site south keeps 1 of the 2 voters that must agree: a move there still starts, and from then on it is known to be neither up nor down; '
      + 'site attic keeps 1 of the 2 voters that must agree: a move there still starts, and from then on it is known to be neither up nor down (got a mapping). Add vantages where no site stands',
  ]],
  ['voters-at-the-sites', [
    'voters-at-the-sites.yaml:11: vantages: with hetzner, fsn would be lost too, and nobody is left to vote on site south, so that nothing moves there by itself; '
      + 'site attic keeps 1 of the 2 voters that must agree: a move there still starts, and from then on it is known to be neither up nor down (got a mapping). Add vantages where no site stands',
    'voters-at-the-sites.yaml:11: vantages: with aws, fra would be lost too, and nobody is left to vote on site north, so that nothing moves there by itself; '
      + 'site attic keeps 1 of the 2 voters that must agree: a move there still starts, and from then on it is known to be neither up nor down (got a mapping). Add vantages where no site stands',
  ]],
  ['voters-enough', []],
])('%s: what the loss of a site with its cloud leaves to vote', (name, expected) => {
  const { warnings } = loadFixture('good', `${name}.yaml`)
  expect(warnings.filter((line) => line.includes(': vantages: '))).toEqual(expected)
})

test('clouds without a driver are watched, with a warning each', () => {
  expect(loadFixture('good', 'dns.yaml').warnings.map((line) => line.split(' (got')[0])).toEqual([
    'dns.yaml:4: sites.one.cloud: site one is watched without account evidence, since the driver for this cloud is not built yet',
    'dns.yaml:5: sites.two.cloud: site two is watched without account evidence, since the driver for this cloud is not built yet',
  ])
})

test.each(['own-servers', 'minimal', 'shared-fate'])('check says of %s what is watched, who votes and what each loss leaves', async (name) => {
  const settings = loadFixture('good', `${name}.yaml`)
  await expect(`${hide(describeSettings(settings).join('\n'), settings.secrets)}\n`).toMatchFileSnapshot(join(folderOf('good'), `${name}.check.txt`))
})
