import { writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { machineClock } from '../../src/clock.ts'
import { startSimDigitalOcean, type SimState } from '../../src/demo/sim-digitalocean.ts'
import { startEmbedded } from '../../src/drivers/dns/embedded.ts'
import { hereVantage } from '../../src/drivers/vantages/here.ts'
import { serveVantage } from '../../src/drivers/vantages/server.ts'
import { version } from '../../src/version.ts'
import { makeAuthority, makeSelfSigned } from '../lab/certificates.ts'
import { addition, deletion, updateByHand } from '../lab/hand.ts'
import { freePort } from '../lab/ports.ts'
import { listenHttp, listenHttps, listenTcp } from '../lab/sockets.ts'
import { online, yamlOf } from './online-lab.ts'
import { rig } from './rig.ts'

const dayMs = 86_400_000

/** A name server of ours with the names of both sites, and its entry in the file. */
const zoneWith = async (): Promise<{ server: string; hosts: string[] }> => {
  const dns = await startEmbedded({ zones: { 'shop.example': [{ name: 'shop.example', type: 'NS', ttlS: 60, value: 'ns1.shop.example' }, { name: 'shop.example', type: 'A', ttlS: 60, value: '127.0.0.41' }] } })
  onTestFinished(() => dns.stop())
  return { server: dns.server, hosts: [`driver: embedded, zone: shop.example, server: "${dns.server}"`] }
}

const answers = (status: number, headers: Record<string, string> = {}, body = 'ok'): RequestListener => (_, response) => void response.writeHead(status, { connection: 'close', ...headers }).end(body)

test('names that point at several sites: adopt must be told which is active', async () => {
  const at = (name: string, ...values: string[]) => values.map((value) => ({ name, type: 'A' as const, ttlS: 60, value }))
  const dns = await startEmbedded({ zones: { 'shop.example': [{ name: 'shop.example', type: 'NS', ttlS: 60, value: 'ns1.shop.example' }, ...at('shop.example', '127.0.0.41', '127.0.0.42'), ...at('www.shop.example', '127.0.0.42')] } })
  onTestFinished(() => dns.stop())
  const lab = await online()
  // In the order of the addresses, not of the file.
  const sites = '  web2: { cloud: none, address: 127.0.0.42 }\n  web1: { cloud: none, address: 127.0.0.41 }'
  const { about } = await lab.lines(yamlOf({ sites, check: `{ url: "http://shop.example:${await freePort(['127.0.0.41'])}/" }`, names: ['shop.example', 'www.shop.example'], nameservers: [dns.server], hosts: [`driver: embedded, zone: shop.example, server: "${dns.server}"`] }))
  expect(Object.values(about).flat().filter((line) => /127\.0\.0\.4\d \(|active/.test(line))).toEqual([
    'ok shop.example A 127.0.0.41 127.0.0.42 (web1, web2), TTL 60 s',
    'ok www.shop.example A 127.0.0.42 (web2), TTL 60 s',
    'warn the names point at web1 and web2, and visitors reach either: lifeboat adopt must be told which one is active (--active web1), and takes the others out',
  ])
})

describe('sites', () => {
  test('each address is asked as a controller asks it', async () => {
    const { server, hosts } = await zoneWith()
    const port = await freePort(['127.0.0.41', '127.0.0.42', '127.0.0.43', '127.0.0.44', '127.0.0.45'])
    await listenHttp(answers(503), '127.0.0.41', port)
    await listenHttp(answers(200, { 'lifeboat-site': 'aws' }), '127.0.0.42', port)
    await listenHttp(answers(302, { location: 'http://stranger.example/' }), '127.0.0.43', port)
    await listenHttp((request, response) => answers(request.url === '/ready' ? 200 : 500)(request, response), '127.0.0.44', port)
    const lab = await online()
    const sites = ['aws', 'hetzner', 'moved', 'well', 'off'].map((site, i) => `  ${site}: { cloud: none, address: 127.0.0.4${i + 1} }`).join('\n')
    const check = `{ url: "http://shop.example:${port}/healthz", standby: { url: "http://shop.example:${port}/ready" } }`
    const { code, about } = await lab.lines(yamlOf({ sites, check, names: ['shop.example'], nameservers: [server], hosts }))
    expect(code).toBe(5)
    const unnamed = 'ok says no Lifeboat-Site (optional: another site that answered here would go unseen)'
    expect(about['site aws (active)']).toEqual(['fail 127.0.0.41: HTTP 503, seen by here', unnamed])
    expect(about['site hetzner']).toEqual(['fail 127.0.0.42 (as a standby): site aws answers here, seen by here'])
    expect(about['site moved']).toEqual(['fail 127.0.0.43 (as a standby): redirect to http://stranger.example, seen by here', unnamed])
    expect(about['site well']).toEqual(['ok 127.0.0.44 (as a standby): HTTP 200, seen by here', unnamed])
    expect(about['site off']).toEqual(['fail 127.0.0.45 (as a standby): the port refuses the connection, seen by here'])
  })

  test('certificates: days left, ends soon, is over', async () => {
    const { server, hosts } = await zoneWith()
    const authority = makeAuthority()
    const port = await freePort(['127.0.0.41', '127.0.0.42', '127.0.0.43', '127.0.0.44'])
    for (const [i, days] of [90, 5, -2, 90].entries())
      await listenHttps(authority.issue({ names: [i === 3 ? 'parking.example' : 'shop.example'], fromMs: Date.now() - 30 * dayMs, untilMs: Date.now() + days * dayMs + dayMs / 4 }), answers(200), `127.0.0.4${i + 1}`, port)
    const lab = await online()
    await writeFile(join(lab.folder, 'ca.pem'), authority.ca)
    const sites = ['aws', 'hetzner', 'late', 'parked'].map((site, i) => `  ${site}: { cloud: none, address: 127.0.0.4${i + 1} }`).join('\n')
    const { about } = await lab.lines(yamlOf({ sites, check: `{ url: "https://shop.example:${port}/", tls: { ca: ca.pem } }`, names: ['shop.example'], nameservers: [server], hosts }))
    const unnamed = 'ok says no Lifeboat-Site (optional: another site that answered here would go unseen)'
    expect(about['site aws (active)']).toEqual(['ok 127.0.0.41: HTTP 200, seen by here', 'ok its certificate lasts 90 d more', unnamed])
    expect(about['site hetzner']).toEqual(['ok 127.0.0.42 (as a standby): HTTP 200, seen by here', 'warn its certificate ends in 5 d', unnamed])
    expect(about['site late']![0]).toBe('fail 127.0.0.43 (as a standby): certificate expired 42 h ago, seen by here')
    expect(about['site parked']).toEqual(['fail 127.0.0.44 (as a standby): the certificate is for parking.example, seen by here', unnamed])
  })

  test('any certificate is taken: what visitors get is said', async () => {
    const { server, hosts } = await zoneWith()
    const [authority, nowMs] = [makeAuthority(), Date.now()]
    const given = { well: authority.issue({ names: ['shop.example'] }), other: authority.issue({ names: ['parking.example'] }), late: authority.issue({ names: ['parking.example'], fromMs: nowMs - 30 * dayMs, untilMs: nowMs - 2 * dayMs }), own: makeSelfSigned(['shop.example']) }
    const addresses = Object.keys(given).map((_, i) => `127.0.0.4${i + 1}`)
    const port = await freePort(addresses)
    for (const [i, identity] of Object.values(given).entries()) await listenHttps(identity, answers(200), addresses[i]!, port)
    const lab = await online()
    const sites = Object.keys(given).map((site, i) => `  ${site}: { cloud: none, address: ${addresses[i]} }`).join('\n')
    const { about } = await lab.lines(yamlOf({ sites, check: `{ url: "https://shop.example:${port}/", tls: any }`, names: ['shop.example'], nameservers: [server], hosts }))
    const said = (site: string) => about[site]!.filter((line) => line.includes('certificate'))
    const taken = 'tls: any takes it, a browser does not: mend it there, or write tls: { ca: FILE } where the authority is your own'
    expect(said('site well (active)')).toEqual([`warn the certificate is by an unknown issuer. ${taken}`])
    expect(said('site other')).toEqual([`warn the certificate is by an unknown issuer, and is for parking.example. ${taken}`])
    expect(said('site late')).toEqual([`warn certificate expired 2 d ago. ${taken}`])
    expect(said('site own')).toEqual([`warn the certificate is self-signed. ${taken}`])
  })
})

test('vantages: token, version, canaries, clock, and what each sees', async () => {
  const { server, hosts } = await zoneWith()
  const token = 'a-token-of-the-test'
  const vantageAt = async (itsVersion: string, itsToken = token) => {
    const vantage = hereVantage({ vantage: 'here', clock: machineClock, version: itsVersion, digHost: async () => null })
    const serving = await serveVantage({ listen: '127.0.0.1:0', token: itsToken, vantage, log: () => {}, clock: machineClock })
    onTestFinished(() => serving.stop())
    return `http://127.0.0.1:${serving.port}`
  }
  const [same, older, stranger] = [await vantageAt(version), await vantageAt('0.0.1'), await vantageAt(version, 'another-token-of-the-test')]
  const late = await listenHttp((_, response) => void response.writeHead(404, { date: new Date(Date.now() - 600_000).toUTCString() }).end())
  const canary = await listenHttp(answers(200))
  const dead = `http://127.0.0.1:${await freePort(['127.0.0.1'])}`
  const port = await freePort(['127.0.0.41', '127.0.0.42'])
  await listenHttp(answers(200), '127.0.0.41', port)
  const urls = { same, older, stranger, late: `http://127.0.0.1:${late}`, dead }
  const vantages = ['vantages:', '  here: { cloud: ovh }', ...Object.entries(urls).map(([name, url]) => `  ${name}: { url: "${url}", token: ${token}, cloud: ${name} }`)].join('\n')
  const lab = await online()
  const { code, about } = await lab.lines(yamlOf({ check: `{ tcp: ${port} }`, names: ['shop.example'], nameservers: [server], hosts, more: `${vantages}\ncanaries: ["http://127.0.0.1:${canary}/", "http://127.0.0.1:${canary}/again", "${dead}"]` }))
  expect(code).toBe(5)
  const sees = 'warn 2 of 3 canaries answer it'
  const signed = 'ok answers, signed with our token'
  const clock = 'ok its clock is ours, to 1 min'
  expect(about['vantage here (this process)']).toEqual([sees])
  expect(about['vantage same']).toEqual([signed, `ok runs lifeboat ${version}, as this machine`, sees, clock])
  expect(about['vantage older']).toEqual([signed, `warn runs lifeboat 0.0.1, and this is ${version}`, sees, clock])
  expect(about['vantage stranger']).toEqual(['fail does not answer as it should: HTTP 401: its token is another', clock])
  expect(about['vantage late']).toEqual(['fail does not answer as it should: HTTP 404', 'warn our clock is 10 min ahead of its own, and whichever is wrong may take a certificate for expired, or for good: set both by NTP'])
  expect(about['vantage dead']).toEqual([expect.stringMatching(/^fail does not answer as it should: .*ECONNREFUSED/)])
  expect(about['site aws (active)']).toEqual([`ok 127.0.0.41: port ${port} accepts, seen by here, same and older`])
  expect(about['site hetzner']).toEqual(['fail 127.0.0.42 (as a standby): the port refuses the connection, seen by here, same and older'])
  expect(about[`name server ${server}`]!.at(-1)).toBe('unknown could not find out what it answers same and older')
})

describe('DigitalOcean', () => {
  const [token, second] = ['first-key-of-the-test', 'second-key-of-the-test']
  const cloudWith = async (state: Partial<SimState>, keys: string) => {
    const { server, hosts } = await zoneWith()
    const sim = await startSimDigitalOcean({ tokens: [token, second], droplets: [{ id: 4711, addresses: ['127.0.0.41'] }], ...state })
    onTestFinished(() => sim.stop())
    const lab = await online()
    const sites = '  aws: { cloud: digitalocean, address: 127.0.0.41 }\n  hetzner: { cloud: none, address: 127.0.0.42 }'
    const { about, all } = await lab.lines(yamlOf({ sites, check: '{ tcp: 1 }', names: ['shop.example'], nameservers: [server], hosts, more: `clouds:\n  digitalocean: { endpoint: "${sim.url}", ${keys} }` }))
    expect(JSON.stringify(all)).not.toMatch(/-key-of-the-test/)
    expect(sim.exchanges.filter(({ method }) => method !== 'GET')).toEqual([])
    return about['cloud digitalocean']
  }
  const both = `token: ${token}, secondToken: ${second}`
  const bogus = 'ok a token that nobody has is refused, as it should be'

  test.each<[string, Partial<SimState>, string, string[]]>([
    ['all well', {}, both, ['ok account status is active', 'ok aws: droplet 4711 is active', 'ok token is accepted', 'ok secondToken is accepted', 'ok both tokens belong to one account', bogus, 'ok token may only read', 'ok secondToken may only read']],
    [
      'one token, which may write',
      { scopes: ['read', 'write'] },
      `token: ${token}`,
      [
        'ok account status is active', 'ok aws: droplet 4711 is active', 'ok token is accepted', 'warn there is no secondToken: a token that was revoked cannot be told from an account that was closed', bogus,
        'warn token may do more than read (write), and whoever gets hold of it too: make one with account:read, droplet:read and reserved_ip:read',
      ],
    ],
    [
      'scopes that cannot be told, a droplet that is not there, a warning',
      { scopes: null, droplets: [], account: 'warning', message: 'pay' },
      `token: ${token}`,
      [
        'warn account status is warning: pay', 'unknown could not find out how the machine of aws is: none of 0 droplets has the address 127.0.0.41', 'ok token is accepted',
        'warn there is no secondToken: a token that was revoked cannot be told from an account that was closed', bogus, 'warn whether token may do more than read cannot be told: DigitalOcean does not say. It needs account:read, droplet:read and reserved_ip:read',
      ],
    ],
    [
      'a second token of another account',
      { tokens: [token], others: [second] },
      both,
      ['ok account status is active', 'ok aws: droplet 4711 is active', 'ok token is accepted', 'ok secondToken is accepted', 'fail the two tokens belong to different accounts: refused both, they would not tell of one account that was closed', bogus, 'ok token may only read', 'ok secondToken may only read'],
    ],
    [
      'a second token that is refused, a locked account, a droplet that is off',
      { tokens: [token], account: 'locked', droplets: [{ id: 4711, addresses: ['127.0.0.41'], status: 'off' }] },
      both,
      ['fail account status is locked', 'fail aws: droplet 4711 is off, and no action says why', 'ok token is accepted', 'fail secondToken: the token is refused (HTTP 401 at /v2/account)', bogus, 'ok token may only read'],
    ],
    [
      'an API that accepts anything',
      { mode: 'anything' },
      `token: ${token}`,
      ['ok account status is active', 'ok aws: droplet 4711 is active', 'ok token is accepted', 'warn there is no secondToken: a token that was revoked cannot be told from an account that was closed', 'fail a token that nobody has is accepted: what answers is no API that could tell of a closed account', 'ok token may only read'],
    ],
    [
      'an API that fails',
      { mode: 'unavailable' },
      `token: ${token}`,
      [
        "unknown could not find out how the account is: DigitalOcean's API fails: HTTP 503 at /v2/account", "unknown could not find out how the machine of aws is: DigitalOcean's API fails: HTTP 503 at /v2/droplets?per_page=200&page=1",
        "unknown could not find out whether token is accepted: DigitalOcean's API fails: HTTP 503 at /v2/account", 'warn there is no secondToken: a token that was revoked cannot be told from an account that was closed',
        "unknown could not find out whether a token that nobody has is refused: DigitalOcean's API fails: HTTP 503 at /v2/account",
      ],
    ],
  ])('%s', async (_, state, keys, lines) => {
    expect(await cloudWith(state, keys)).toEqual(lines)
  })
})

describe('this machine', () => {
  test('an address that is taken, a store that cannot be written', async () => {
    const { server, hosts } = await zoneWith()
    const taken = await listenTcp(() => {})
    const lab = await online()
    await writeFile(join(lab.folder, 'file'), '')
    const more = `listen: 127.0.0.1:${taken}\nstore: { driver: sqlite, path: file/shop.db }\nnotify:\n  - { exec: [/usr/bin/true], events: [alarm] }`
    const { code, about } = await lab.lines(yamlOf({ check: '{ tcp: 1 }', names: ['shop.example'], nameservers: [server], hosts, more }))
    expect(code).toBe(5)
    expect(about['this machine']).toEqual([
      expect.stringMatching(/^fail the store \S+\/file\/shop\.db cannot be written: (EACCES|ENOTDIR)/),
      expect.stringMatching(new RegExp(`^fail listen: 127\\.0\\.0\\.1:${taken} cannot be had: .*EADDRINUSE`)),
      'ok who is told is not tried here; lifeboat notify sends a test',
    ])
  })

  test('a store that knows the names, a controller that runs, and what others change', async () => {
    const lab = await rig()
    const asked = async () => JSON.parse((await lab.run('check', '--online', '--json')).out).findings as { about: string; finding: string; says: string }[]
    const [host, marker] = [`DNS host embedded/${lab.dns.server}/shop.example`, '_lifeboat-shop.shop.example']
    const lines = async (about: string) => (await asked()).filter((line) => line.about === about).map(({ finding, says }) => `${finding} ${says}`)
    expect((await lab.run('adopt', '--yes')).code).toBe(0)
    expect(await lab.run('check', '--online')).toMatchObject({ code: 0, out: expect.stringMatching(/\n\nAll works, and nothing was written\n$/) })
    expect(await lines(host)).toEqual([
      'ok answers over UDP and TCP with authority for shop.example',
      'ok takes changes without a key, from whoever reaches it',
      `ok ${marker}: epoch 1, site aws, pointed, as the store has it`,
      'ok shop.example A 127.0.0.41 (aws), TTL 1 s',
      'ok www.shop.example CNAME shop.example, TTL 2 s',
    ])
    const watch = lab.start('watch')
    await watch.line(({ event, reason }) => event === 'decision' && reason === 'well')
    expect(await lines('this machine')).toContainEqual(expect.stringMatching(/^ok a controller runs: \S+ \(watch\)$/))
    watch.child.kill('SIGTERM')
    await watch.ended
    await updateByHand(lab.dns.server, 'shop.example', null, [addition('shop.example', 1, 'A', '127.0.0.99')])
    expect(await lines(host)).toContain("warn shop.example has A 127.0.0.99, which is not lifeboat's: it stays, beside what lifeboat writes")
    await updateByHand(lab.dns.server, 'shop.example', null, [deletion('shop.example', 'A'), addition('shop.example', 1, 'A', '127.0.0.42')])
    expect(await lines(host)).toContain(`fail ${marker}: epoch 1, site aws, pointed, and the names have other addresses or a longer TTL than lifeboat wrote. To take them back: lifeboat adopt`)
    await updateByHand(lab.dns.server, 'shop.example', null, [deletion(marker, 'TXT')])
    expect(await lines(host)).toContain(`fail the marker is gone: ${marker}. To write it again: lifeboat adopt`)
  })
})

const orElse = 'start it there or open its firewall, or take it out of the list of name servers, at the parent or in the file'

test('with everything dead it still ends, and says of each thing that it could not find out', async () => {
  const [hang, other] = [await listenTcp(() => {}), await listenTcp(() => {})]
  const sim = await startSimDigitalOcean({ mode: 'hang' })
  onTestFinished(() => sim.stop())
  const port = await freePort(['127.0.0.41', '127.0.0.42'])
  await listenHttp(() => {}, '127.0.0.41', port)
  const lab = await online()
  const sites = '  aws: { cloud: digitalocean, address: 127.0.0.41 }\n  hetzner: { cloud: none, address: 127.0.0.42 }'
  const server = `127.0.0.1:${hang}`
  const more = `clouds:\n  digitalocean: { endpoint: "${sim.url}", token: first-key-of-the-test }\nvantages:\n  here: { cloud: ovh }\n  dead: { url: "http://127.0.0.1:${hang}", token: a-token-of-the-test, cloud: none }\n  gone: { url: "http://127.0.0.1:${other}", token: a-token-of-the-test, cloud: none }`
  const { code, about } = await lab.lines(yamlOf({ sites, check: `{ url: "http://shop.example:${port}/", interval: 2m, timeout: 1m }`, names: ['shop.example'], nameservers: [server], hosts: [`driver: embedded, zone: shop.example, server: "${server}"`], more }))
  expect(code).toBe(5)
  // Its bounds stand in its sentences.
  expect(about[`name server ${server}`]).toEqual([`fail does not answer over UDP and TCP: ${orElse}`])
  expect(about['zone shop.example']).toEqual(['unknown could not find out which MX, SPF, HTTPS and SVCB stand beside the names'])
  expect(about['cloud digitalocean']).toContain("unknown could not find out how the account is: DigitalOcean's API fails: no answer in 5 s")
  expect(about['site aws']).toEqual(['unknown could not find out how 127.0.0.41 is: no answer in 4 s, and check.timeout gives it 60 s'])
  expect(about['site hetzner']).toEqual(['fail 127.0.0.42: the port refuses the connection, seen by here'])
  expect(about['vantage dead']).toEqual(['fail does not answer as it should: no answer in time'])
})
