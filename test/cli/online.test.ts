import type { RequestListener } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { debian } from '../lab/debian.ts'
import { startKnot, type KnotOptions } from '../lab/knot.ts'
import { freePort } from '../lab/ports.ts'
import { startProxy } from '../lab/proxy.ts'
import { labKey, type LabKey } from '../lab/servers.ts'
import { listenHttp, listenTcp } from '../lab/sockets.ts'
import { hostEntry, online, yamlOf } from './online-lab.ts'
import { main, owner, start } from './rig.ts'

const unpacked = await debian(['knot'])
const soa = '@ 60 SOA ns1 hostmaster 1 3600 600 86400 60\n@ 60 NS ns1\nns1 60 A 127.0.0.1\n'
const named: LabKey = { ...labKey, types: ['A', 'AAAA', 'CNAME', 'TXT'] }

const knotFor = async (options: KnotOptions) => {
  const knot = await startKnot(unpacked!, options)
  onTestFinished(() => knot.stop())
  return knot
}

/** Web servers of both sites on one port; a handler each. */
const sitesWith = async (handlers: RequestListener[]) => {
  const port = await freePort(['127.0.0.41', '127.0.0.42'])
  for (const [i, handler] of handlers.entries()) await listenHttp(handler, ['127.0.0.41', '127.0.0.42'][i], port)
  return port
}

const says = (site: string): RequestListener => (_, response) => void response.writeHead(200, { 'lifeboat-site': site, connection: 'close' }).end('ok')

describe.skipIf(!unpacked)('check --online', () => {
  test('where all works: exit 0, every line, and not one byte of the zone is another', async () => {
    const knot = await knotFor({ zones: { 'shop.example': `${soa}@ 60 A 127.0.0.41\nwww 60 CNAME @\n@ 60 MX 10 mail.elsewhere.example.\n@ 60 TXT "v=spf1 -all"\n` }, keys: [named] })
    const port = await sitesWith([says('aws'), says('hetzner')])
    const lab = await online()
    const before = await knot.control('zone-read', 'shop.example')
    const yaml = yamlOf({ check: `{ url: "http://shop.example:${port}/healthz" }`, names: ['shop.example', 'www.shop.example'], nameservers: [knot.server], hosts: [hostEntry('shop.example', knot.server, named)], more: `listen: 127.0.0.1:${await freePort(['127.0.0.1'])}` })
    const ran = await lab.run(yaml)
    expect(await knot.control('zone-read', 'shop.example')).toBe(before)
    const offline = await start(process.execPath, [main, 'check'], { cwd: lab.folder }).ended
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out.startsWith(offline.out)).toBe(true)
    const masked = ran.out.slice(offline.out.length).replaceAll(knot.server, 'KNOT').replaceAll(lab.folder, 'FOLDER').replace(/listen: \S+/, 'listen: ADDRESS')
    expect(masked).toBe(`
DNS host rfc2136/KNOT/shop.example
  ok       answers over UDP and TCP with authority for shop.example
  ok       the key "lifeboat" may write all that a move needs: A at shop.example, TXT at _lifeboat-shop.shop.example
  warn     the key "lifeboat" may write more than a move needs: A and TXT at names that are not listed. Whoever gets hold of it may too; narrow it there (update-type and update-owner-name in Knot, update-policy in BIND)
  ok       its clock is ours, to 10 s
  warn     no marker stands at _lifeboat-shop.shop.example: the names are not adopted yet (lifeboat adopt)
  ok       shop.example A 127.0.0.41 (aws), TTL 60 s
  ok       www.shop.example CNAME shop.example, TTL 60 s

name server KNOT
  ok       answers over UDP and TCP with authority for shop.example
  ok       shows what rfc2136/KNOT/shop.example shows, serial 1

zone shop.example
  ok       no MX, SPF, HTTPS or SVCB there goes along with a move or stays behind

site aws (active)
  ok       127.0.0.41: HTTP 200, seen by here
  ok       says Lifeboat-Site: aws

site hetzner
  ok       127.0.0.42 (as a standby): HTTP 200, seen by here
  ok       says Lifeboat-Site: hetzner

this machine
  ok       the store FOLDER/.lifeboat/shop.db can be written
  ok       listen: ADDRESS is free

All works, and nothing was written: 2 to know (DNS host rfc2136/KNOT/shop.example)
`)
  })

  test('what stands at the names, in DNS', async () => {
    const zones: Record<string, string> = {
      'gone.example': soa,
      'long.example': `${soa}@ 3600 A 127.0.0.41\n`,
      'foreign.example': `${soa}@ 60 A 127.0.0.41\n@ 60 A 127.0.0.99\n`,
      'stray.example': `${soa}www 60 CNAME cdn.elsewhere.example.\n`,
      'wild.example': `${soa}*.wild 60 A 127.0.0.41\n* 60 A 127.0.0.41\n`,
      'taken.example': `${soa}@ 60 A 127.0.0.41\n_lifeboat-shop 60 TXT "v=lifeboat1 app=shop owner=${'f'.repeat(32)} epoch=3 site=aws move=00000000-0000-4000-8000-000000000001 state=pointed"\n`,
      'left.example': `${soa}@ 60 A 127.0.0.41\n_lifeboat-shop 60 TXT "v=lifeboat1 app=shop owner=${owner} epoch=3 site=aws move=00000000-0000-4000-8000-000000000001 state=pointed"\n`,
      'six.example': `${soa}@ 60 AAAA ::1\n@ 60 A 127.0.0.41\n`,
      'mail.example': `${soa}@ 60 A 127.0.0.41\n@ 60 MX 10 mx\n@ 60 MX 20 mail.example.\nmx 60 CNAME @\n@ 60 TXT "v=spf1 a ?mx a:mail.example/24 a:other.mail.example include:x.example -all"\n@ 60 HTTPS 1 . alpn=h2 ipv4hint=192.0.2.1\nwww 60 A 127.0.0.41\n`,
    }
    const beside: Record<string, string> = {
      'behind.example': `${soa}@ 60 A 127.0.0.41\n@ 60 MX 10 mail\n@ 60 MX 20 mail.elsewhere.example.\nmail 60 A 127.0.0.41\n@ 60 TXT "v=spf1 ip4:127.0.0.41 -all"\n`,
      'named.example': `${soa}@ 60 A 127.0.0.41\n@ 60 TXT "v=spf1 a:out.named.example -ip4:127.0.0.42 ?all"\nout 60 CNAME out2\nout2 60 A 127.0.0.41\n`,
      'both.example': `${soa}@ 60 A 127.0.0.41\n@ 60 MX 10 mail.elsewhere.example.\n@ 60 TXT "v=spf1 +ip4:127.0.0.40/30 ip6:::/300 -all"\n`,
      'elsewhere.example': `${soa}@ 60 A 127.0.0.41\n@ 60 MX 10 mail\nmail 60 A 127.0.0.99\n@ 60 TXT "v=spf1 ip4:127.0.0.99 mx -all"\n`,
    }
    Object.assign(zones, beside)
    const names = [...Object.keys(beside), 'gone.example', 'long.example', 'foreign.example', 'www.stray.example', 'www.wild.example', 'taken.example', 'left.example', 'six.example', 'mail.example', 'www.mail.example']
    const knot = await knotFor({ zones, keys: [labKey] })
    const lab = await online()
    const { code, about } = await lab.lines(yamlOf({ check: '{ tcp: 1 }', names, nameservers: [knot.server], hosts: Object.keys(zones).map((zone) => hostEntry(zone, knot.server, labKey)) }))
    expect(code).toBe(5)
    const at = (zone: string) => about[`DNS host rfc2136/${knot.server}/${zone}`]!.filter((line) => !/ answers over |the key "lifeboat"|its clock/.test(line))
    const unadopted = (zone: string) => `warn no marker stands at _lifeboat-shop.${zone}: the names are not adopted yet (lifeboat adopt)`
    expect(at('gone.example')).toEqual([unadopted('gone.example'), 'warn gone.example is not there yet: lifeboat adopt writes it'])
    expect(at('long.example')).toEqual([unadopted('long.example'), 'ok long.example A 127.0.0.41 (aws), TTL 3600 s', 'warn long.example is served with TTL 3600 s, and 60 s is configured: answers are kept that long until lifeboat adopt lowers it'])
    expect(at('foreign.example')).toEqual([unadopted('foreign.example'), 'ok foreign.example A 127.0.0.41 127.0.0.99 (aws), TTL 60 s', "warn foreign.example has A 127.0.0.99, which is no site's: lifeboat adopt takes it out"])
    expect(at('stray.example')).toContain("fail www.stray.example is a CNAME to cdn.elsewhere.example, which is none of the names and no site's: it cannot be moved. Write an A record there in its place")
    expect(at('wild.example')).toContain('fail www.wild.example is there only through *.wild.example, which is the name to list in its place')
    expect(at('taken.example')).toContain(`fail the TXT at _lifeboat-shop.taken.example belongs to another owner (app shop, owner ${'f'.repeat(32)}). Where it is not needed, delete it there`)
    expect(at('left.example')).toContain('warn _lifeboat-shop.left.example: epoch 3, site aws, pointed; and this store knows nothing of it: lifeboat adopt takes it up')
    expect(at('six.example')).toContain("warn six.example has AAAA ::1, which is no site's: lifeboat adopt takes it out")
    expect(about['zone mail.example']).toEqual([
      'warn the MX of mail.example is mx.mail.example, a CNAME to mail.example, which moves: mail goes along with a move, to sites that must take it',
      'warn the MX of mail.example is mail.example, which moves: mail goes along with a move, to sites that must take it',
      'warn the SPF of mail.example says "a", which is mail.example, which moves: who may send its mail goes along with a move',
      'warn the SPF of mail.example says "mx", which is mx.mail.example, a CNAME to mail.example, which moves: who may send its mail goes along with a move',
      'warn the SPF of mail.example says "a:mail.example/24", which is mail.example, which moves: who may send its mail goes along with a move',
      'fail the HTTPS record of mail.example has addresses in it (ipv4hint), which a move leaves behind: take them out there',
    ])
    const spf = (zone: string) => `warn the SPF of ${zone} lets aws send its mail, and not hetzner: it stays so in a move. Where they send mail, add them there`
    expect(about['zone behind.example']).toEqual(['warn the MX of behind.example is mail.behind.example, at aws and not in dns.names: mail stays behind in a move. Where other sites take mail, list it', spf('behind.example')])
    expect(about['zone named.example']).toEqual([spf('named.example')])
    for (const zone of ['both.example', 'elsewhere.example']) expect(about[`zone ${zone}`]).toEqual(['ok no MX, SPF, HTTPS or SVCB there goes along with a move or stays behind'])
    expect(about['zone long.example']).toEqual(['ok no MX, SPF, HTTPS or SVCB there goes along with a move or stays behind'])
  })

  test('name servers that are behind, dead, without authority or not of TCP, and two hosts that differ', async () => {
    const zone = 'shop.example'
    const one = await knotFor({ zones: { [zone]: `${soa.replace(' 1 3600', ' 7 3600')}@ 60 A 127.0.0.41\n@ 60 MX 10 a.example.\n` }, keys: [labKey] })
    const other = await knotFor({ zones: { [zone]: `${soa}@ 60 A 127.0.0.42\n@ 60 MX 10 b.example.\n` }, keys: [labKey] })
    const behind = await knotFor({ zones: { [zone]: `${soa}@ 60 A 127.0.0.41\n` } })
    const stranger = await knotFor({ zones: { 'else.example': soa } })
    const dead = `127.0.0.1:${await freePort(['127.0.0.1'])}`
    const hung = `127.0.0.1:${await listenTcp(() => {})}`
    const tcpOnly = await startProxy(one.server, {})
    onTestFinished(() => tcpOnly.stop())
    const lab = await online()
    const servers = [one, other, behind, stranger].map(({ server }) => server)
    const yaml = yamlOf({ check: '{ tcp: 1 }', names: [zone], nameservers: [...servers, dead, hung, tcpOnly.server], hosts: [one.server, other.server, dead, stranger.server].map((server) => hostEntry(zone, server, labKey)) })
    const { code, about } = await lab.lines(yaml)
    expect(code).toBe(5)
    const [a, b] = [one, other].map(({ server }) => `rfc2136/${server}/${zone}`) as [string, string]
    const unlist = 'take it out of the list of name servers, at the parent or in the file'
    const noWay = [`fail does not answer over UDP and TCP: start it there or open its firewall, or ${unlist}`]
    expect(about[`name server ${one.server}`]).toEqual([`ok answers over UDP and TCP with authority for ${zone}`, `ok shows what ${a} shows, serial 7`])
    expect(about[`name server ${behind.server}`]).toEqual([`ok answers over UDP and TCP with authority for ${zone}`, `warn shows the same names as ${a}, in an older version of the zone: serial 1, and ${a} has 7`])
    expect(about[`name server ${stranger.server}`]).toEqual([`fail answers over UDP and TCP without authority for ${zone} (REFUSED): have it serve the zone, or ${unlist}`])
    expect(about[`name server ${tcpOnly.server}`]).toEqual([`fail does not answer over UDP: start it there or open its firewall, or ${unlist}`, `ok answers over TCP with authority for ${zone}`])
    expect(about[`name server ${dead}`]).toEqual(noWay)
    expect(about[`name server ${hung}`]).toEqual(noWay)
    expect(about[`DNS host rfc2136/${dead}/${zone}`]).toEqual(['fail does not answer over UDP and TCP: start it there or open its firewall, or correct server in dns.hosts', 'unknown could not find out what its key may do and what it shows: it gives no answer with authority'])
    expect(about[`DNS host rfc2136/${stranger.server}/${zone}`]).toEqual([`fail answers over UDP and TCP without authority for ${zone} (REFUSED): have it serve the zone, or correct server in dns.hosts`, 'unknown could not find out what its key may do and what it shows: it gives no answer with authority'])
    expect(about[`zone ${zone}`]).toEqual([
      'ok no MX, SPF, HTTPS or SVCB there goes along with a move or stays behind',
      `warn ${a} and ${b} differ in ${zone} A and ${zone} MX: whoever asks the one gets another answer than whoever asks the other`,
      `unknown could not find out whether rfc2136/${dead}/${zone} and rfc2136/${stranger.server}/${zone} shows the same`,
    ])
    const alone = await lab.lines(yamlOf({ check: '{ tcp: 1 }', names: [zone], nameservers: [other.server], hosts: [hostEntry(zone, one.server, labKey)] }))
    expect(alone.about[`name server ${other.server}`]).toEqual([`ok answers over UDP and TCP with authority for ${zone}`, `fail shows something else than ${a}: lacks ${zone} A 127.0.0.41 and has ${zone} A 127.0.0.42; it is behind: serial 1, and ${a} has 7. Have it transfer the zone from there; where it is another company's, write that one into dns.hosts`])
  })
})
