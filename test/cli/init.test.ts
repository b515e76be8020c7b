import { mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadSettings } from '../../src/config/loading.ts'
import { debian } from '../lab/debian.ts'
import { startKnot, type Knot } from '../lab/knot.ts'
import { freePort } from '../lab/ports.ts'
import { labKey } from '../lab/servers.ts'
import { emptyFolder, fileIn, lifeboat, onTerminal, resolversAt, site } from './init-lab.ts'
import { main, owner, start } from './rig.ts'

const unpacked = await debian(['knot'])
const [one, two, ns] = ['127.0.61.1', '127.0.61.2', '127.0.61.53']

const soa = `@ 60 SOA ns1 hostmaster 1 3600 600 86400 60\n@ 60 NS ns1\nns1 60 A ${ns}\n`
const shop = `${soa}@ 3600 A ${one}
@ 3600 MX 10 mail.elsewhere.example.
@ 3600 TXT "v=spf1 -all"
@ 3600 CAA 0 issue "ca.example"
www 3600 CNAME @
old 20 A ${one}
both 60 A ${one}
both 60 A ${two}
only 60 CNAME @
cdn 60 CNAME lb.host.example.
*.wild 60 A ${one}
six 60 A ${one}
six 60 AAAA ::1
hint 60 A ${one}
hint 60 HTTPS 1 . alpn=h2
_lifeboat-taken 60 TXT "v=lifeboat1 app=taken owner=${owner} epoch=7 site=aws move=11111111-2222-4333-8444-555555555555 state=pointed"
_lifeboat-strange 60 TXT "hello"`

describe.skipIf(!unpacked)('lifeboat init', () => {
  let knot: Knot
  let port = 0
  let server = ''
  beforeAll(async () => {
    const zones = { 'shop.example': shop, 'other.example': `${soa}@ 60 A ${one}`, 'hidden.example': `@ 60 SOA ns1.elsewhere.example. h 1 3600 600 86400 60\n@ 60 NS ns1.elsewhere.example.\n@ 60 A ${one}` }
    knot = await startKnot(unpacked!, { address: ns, zones, keys: [labKey] })
    server = knot.server
    port = await freePort([one, two])
  })
  afterAll(() => knot.stop())

  const sitesUp = () => Promise.all([site(one, port), site(two, port)])
  /** All that flags must say; each may be said otherwise, or (null) not at all. */
  const flags = (more: Record<string, string | null> = {}): string[] => {
    const all = { names: 'shop.example,www.shop.example', sites: `web2=${two}`, url: `http://shop.example:${port}/`, holds: 'nothing', key: 'lifeboat', nameservers: server, ...more }
    return ['init', ...Object.entries(all).flatMap(([flag, value]) => (value === null ? [] : [`--${flag}`, value]))]
  }
  const settingsIn = (folder: string) => loadSettings({ env: { TSIG_SECRET: labKey.secret, DIGITALOCEAN_TOKEN: 'not-a-real-token' }, cwd: folder })

  test('without a terminal: what is found, what is said, and a file that check, adopt and watch run on', async () => {
    const folder = await emptyFolder()
    await sitesUp()
    const [before, serial] = [await knot.dump('shop.example'), await knot.serial('shop.example')]
    const ran = await lifeboat(folder, flags())
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(await readdir(folder)).toEqual(['lifeboat.yaml'])
    expect((await stat(join(folder, 'lifeboat.yaml'))).mode & 0o777).toBe(0o644)
    expect([await knot.dump('shop.example'), await knot.serial('shop.example')]).toEqual([before, serial])
    expect(settingsIn(folder).core).toMatchObject({
      app: 'shop',
      owner: expect.stringMatching(/^[0-9a-f]{32}$/),
      sites: [{ site: 'web1', cloud: 'none', addresses: [one] }, { site: 'web2', cloud: 'none', addresses: [two] }],
      data: { holds: null },
      dns: { names: ['shop.example', 'www.shop.example'], hosts: [{ driver: 'rfc2136', zone: 'shop.example', ttlS: 60 }] },
      policy: { automatic: false },
    })
    expect(settingsIn(folder).dns.hosts[0]!.options).toMatchObject({ server, key: 'lifeboat' })
    expect(ran.out.replaceAll(folder, 'HERE').replaceAll(String(port), 'PORT').replaceAll(String(knot.port), 'DNS')).toBe(`Wrote HERE/lifeboat.yaml. Nothing was changed in DNS

Found
  zone     shop.example, at 127.0.61.53:DNS (as given)
  name     shop.example A 127.0.61.1, TTL 3600 s; NS, MX, TXT, CAA there stay as they are
  name     www.shop.example is a CNAME to shop.example, and follows it
  site     web1 127.0.61.1, where the names point now: HTTP 200
  site     web2 127.0.61.2: HTTP 200
  check    http://shop.example:PORT/ gives 200
  updates  127.0.61.53:DNS, signed with the key lifeboat

To look at
  answers are kept for 3600 s now: lifeboat adopt lowers that to 60s

Next, in this order
  (umask 077 && cat >> lifeboat.env)  then type TSIG_SECRET=…, Enter, as the name server has it, and Ctrl-D
  lifeboat check --online             looks at all of it, and writes nothing
  lifeboat adopt                      shows what it would write in DNS, and asks before it does
  lifeboat watch                      watches, and says what it would do
  lifeboat service                    prints a systemd unit that keeps it watching
`)

    await writeFile(join(folder, 'lifeboat.env'), `TSIG_SECRET=${labKey.secret}\n`, { mode: 0o600 })
    expect(await lifeboat(folder, ['check'])).toMatchObject({ code: 0, err: '' })
    expect(await lifeboat(folder, ['adopt', '--yes'])).toMatchObject({ code: 0, err: '' })
    const watch = start(process.execPath, [main, 'watch'], { cwd: folder })
    await watch.line(({ event, reason }) => event === 'decision' && reason === 'well')
    await expect.poll(() => lifeboat(folder, ['status', '--exit-code'])).toMatchObject({ code: 0, out: expect.stringMatching(/^web1 +active +up[^]*^web2 +standby +up/m) })
    watch.child.kill('SIGTERM')
    await watch.ended
    await lifeboat(folder, ['disown', '--yes'])
  })

  test('what is missing is one sentence, and nothing is written', async () => {
    const folder = await emptyFolder()
    const bare = await lifeboat(folder, ['init'])
    expect(bare).toMatchObject({ code: 2, out: '' })
    expect(bare.err).toBe(`Nothing was written: nobody can be asked here, since this is no terminal, and this is missing: --names (the names to move, as shop.example,www.shop.example) · --sites (your two servers, the preferred first, as web1=203.0.113.1,web2=198.51.100.7) · --key (the name of its TSIG key) · --holds ("nothing", or what a move would leave behind at the server that is left, as "orders, uploads")\n`)
    const some = await lifeboat(folder, flags({ names: 'hidden.example', url: null, holds: null, sites: null }))
    expect(some).toMatchObject({ code: 2, err: expect.stringMatching(/is missing: --sites \(your second server, as web2=198\.51\.100\.7; the names point at 127\.0\.61\.1 now\) · --holds \(/) })
    const unfound = await lifeboat(folder, flags({ names: 'hidden.example', url: null }))
    expect(unfound).toMatchObject({ code: 2, err: expect.stringMatching(/--url \(what to ask each server, as https:\/\/shop\.example\/healthz; at web1, https:\/\/hidden\.example\/healthz: the port refuses the connection; .*\) · --server \(the name server that takes dynamic updates/) })
    expect(await readdir(folder)).toEqual([])
  })

  test.each<[string, Record<string, string | null>, RegExp]>([
    ['a name that is none', { names: 'https://shop.example' }, /^--names: dns\.names\[0\]: is not a DNS name \(got "https:\/\/shop\.example"\)\. Write a name such as www\.shop\.example$/m],
    ['names of two zones', { names: 'shop.example,other.example' }, /^--names: shop\.example is in the zone shop\.example, and other\.example in another\. init writes one zone/m],
    ['a name in no zone', { names: 'shop.example,www.nowhere.test' }, /^--names: 127\.0\.61\.53:\d+ does not answer with authority for a zone of www\.nowhere\.test\. Correct the names, or the name servers$/m],
    ['name servers that are silent', { nameservers: '127.0.61.99:9' }, /^--names: The zone of shop\.example could not be found out: 127\.0\.61\.99:9 does not answer\./m],
    ['name servers that are none', { nameservers: 'ns1.shop.example' }, /^--nameservers: "ns1\.shop\.example" is no name server\. Write IP or IP:port/m],
    ['a CNAME to what is not listed', { names: 'only.shop.example' }, /^--names: only\.shop\.example is a CNAME to shop\.example, which is not among the names\. Write both \(only\.shop\.example,shop\.example\)/m],
    ['a name that only a wildcard gives', { names: 'a.wild.shop.example' }, /^--names: a\.wild\.shop\.example is there only through \*\.wild\.shop\.example, which is the name to list in its place$/m],
    ['a hostname and an address', { names: 'cdn.shop.example' }, /^--sites: cdn\.shop\.example is a CNAME to lb\.host\.example, so that must be one of the sites, and each a hostname/m],
    ['one site only', { sites: `web1=${one}` }, /^--sites: The names point at 127\.0\.61\.1, so that is your first server already/m],
    ['one address twice', { sites: `a=${one},b=${one}` }, /^--sites: sites\.b\.address: is the address of site a too/m],
    ['a site named twice', { sites: `a=${one},a=${two}` }, /^--sites: sites\.a: stands twice/m],
    ['a site with a port', { sites: `web2=${two}:8080` }, /^--sites: sites\.web2\.address: is neither an IP address nor a hostname/m],
    ['a second site without IPv4', { sites: 'web2=2001:db8::2' }, /^--sites: sites\.web2\.address: is an IPv6 address, and site web1 has an IPv4 address/m],
    ['a cloud that is none', { sites: `web2=${two}@hetzer` }, /^--sites: sites\.web2\.cloud: no cloud of this name \(got "hetzer"\)\. Write hetzner/m],
    ['a site that is no site', { sites: 'web2=' }, /^--sites: "web2=" is no site\. Write NAME=ADDRESS/m],
    ['a URL without its scheme', { url: 'shop.example:8080/healthz' }, /^--url: check\.url: is not an http or https URL/m],
    ['a URL with a password', { url: 'https://me:not-a-real-one@shop.example/' }, /^--url: check\.url: holds a name or a password \(got "https:\/\/\(hidden\)@shop\.example\/"\)/m],
    ['a server by name', { server: 'ns1.shop.example' }, /^--server: dns\.hosts\[0\]\.server: is not an IP address with a port/m],
    ['a secret in the place of its name', { key: 'bm90IGEgcmVhbCBzZWNyZXQ=' }, /^--key: That is no name of a key\. Write what the name server calls it, never its secret$/m],
    ['data in one word that says nothing', { holds: 'no' }, /^--holds: Write nothing, or in words what a move would leave behind/m],
    ['an app that is no name', { app: 'My Shop' }, /^--app: app: is not a name of a-z, 0-9 and -/m],
    ['an owner that is none', { owner: 'me' }, /^--owner: owner: is not 32 hex digits/m],
    ["another's marker", { app: 'taken' }, new RegExp(`^_lifeboat-taken\\.shop\\.example says that they are lifeboat's already: app taken, active at aws, epoch 7, owner ${owner}\\. Where that is yours and its file was lost, --owner ${owner} takes it up; otherwise give this app another name: --app NAME$`, 'm')],
    ['a TXT of somebody else', { app: 'strange' }, /^_lifeboat-strange\.shop\.example has a TXT that is none of lifeboat's\. Give this app another name: --app NAME$/m],
  ])('refused: %s', async (_, more, says) => {
    const folder = await emptyFolder()
    const ran = await lifeboat(folder, flags(more))
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringMatching(says) })
    expect(ran.err).toMatch(/\nNothing was written\n$/)
    expect(ran.all).not.toMatch(/not-a-real-one|bm90IGE/)
    expect(await readdir(folder)).toEqual([])
  })

  test('never overwrites, and says so before anything is asked', async () => {
    const folder = await emptyFolder()
    await writeFile(join(folder, 'lifeboat.yaml'), 'mine')
    expect(await lifeboat(folder, ['init'])).toMatchObject({ code: 2, out: '', err: `${folder}/lifeboat.yaml is there already, and init overwrites nothing. To look at it: lifeboat check. To begin another: lifeboat init --config FILE\n` })
    expect(await fileIn(folder)).toBe('mine')
    await symlink('nowhere', join(folder, 'link.yaml'))
    await mkdir(join(folder, 'folder'))
    for (const file of ['link.yaml', 'folder']) expect(await lifeboat(folder, [...flags(), '--config', file])).toMatchObject({ code: 2, err: expect.stringContaining(`${file} is there already`) })
    expect(await lifeboat(folder, ['init', '--config', 'none/lifeboat.yaml'])).toMatchObject({ code: 2, err: `${folder}/none/lifeboat.yaml cannot be written: there is no folder ${folder}/none. Make it first\n` })
    expect(await lifeboat(folder, ['init', '--config', 'lifeboat.yaml/x'])).toMatchObject({ code: 2, err: expect.stringMatching(/cannot be written/) })
    await writeFile(join(folder, 'lifeboat.env'), 'A=b\n', { mode: 0o644 })
    expect(await lifeboat(folder, ['init', '--config', 'new.yaml'])).toMatchObject({ code: 2, err: expect.stringMatching(/chmod 600 lifeboat\.env\n$/) })
    expect((await readdir(folder)).sort()).toEqual(['folder', 'lifeboat.env', 'lifeboat.yaml', 'link.yaml'])
  })

  test('what was said otherwise stands in the file, and what is odd is said', async () => {
    const folder = await emptyFolder()
    await sitesUp()
    const env = join(folder, 'lifeboat.env')
    await writeFile(env, `TSIG_SECRET=${labKey.secret}\n`, { mode: 0o600 })
    const more = { names: 'six.shop.example hint.shop.example,new.shop.example', sites: `spare=${two}@digitalocean,main=${one}`, holds: 'orders, "uploads" ${X} # and more', url: `http://six.shop.example:${port}/a?b=\${C}`, app: 'six', nameservers: `${server},127.0.61.99:9`, owner }
    const ran = await lifeboat(folder, [...flags(more), '--config', 'my file.yaml'])
    expect(ran).toMatchObject({ code: 0, err: '' })
    const { core, checks, clouds, dns } = loadSettings({ env: { DIGITALOCEAN_TOKEN: 'not-a-real-token' }, cwd: folder, file: 'my file.yaml' })
    expect(core).toMatchObject({ app: 'six', owner, sites: [{ site: 'spare', cloud: 'digitalocean', addresses: [two] }, { site: 'main', addresses: [one, '::1'] }], data: { holds: more.holds } })
    expect(checks.active).toMatchObject([{ url: more.url }])
    expect(Object.keys(clouds)).toEqual(['digitalocean'])
    expect(dns.nameservers).toEqual([server, '127.0.61.99:9'])
    expect(ran.out).toMatch(/^ {2}127\.0\.61\.99:9 does not answer for shop\.example with authority$/m)
    expect(ran.out).toMatch(/^ {2}main got ::1 too, which stands at the names beside 127\.0\.61\.1: take it out of the file where that is another machine's$/m)
    expect(ran.out).toMatch(/^ {2}main does not answer the check as it should: HTTP 200 at 127\.0\.61\.1, the port refuses the connection at ::1$/m)
    expect(ran.out).toMatch(/^ {2}check +http:\/\/six\.shop\.example:\d+\/a\?b=\$\{C\} gives 200 at spare$/m)
    expect(ran.out).toMatch(/^ {2}name +new\.shop\.example is not there yet: lifeboat adopt writes it$/m)
    expect(ran.out).toMatch(/^ {2}not every site has an IPv6 address: /m)
    expect(ran.out).toMatch(/^ {2}an HTTPS or SVCB record stands at the names/m)
    expect(ran.out).toMatch(/^ {2}\(umask 077 && cat >> lifeboat\.env\) +then type DIGITALOCEAN_TOKEN=…, Enter, as the cloud has it, and Ctrl-D/m)
    expect(ran.out).toMatch(/^ {2}lifeboat adopt --config 'my file\.yaml' /m)
  })

  test('names that nobody points at one site, a short TTL, a server and a key of its own', async () => {
    const folder = await emptyFolder()
    await sitesUp()
    const ran = await lifeboat(folder, flags({ names: 'both.shop.example,old.shop.example', sites: null, key: 'none', server: '127.0.61.53:1', url: `http://both.shop.example:${port}/` }))
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(settingsIn(folder).core.sites.map(({ site: each, addresses }) => [each, addresses])).toEqual([['web1', [one]], ['web2', [two]]])
    expect(settingsIn(folder).core.dns.hosts[0]).toMatchObject({ ttlS: 60 })
    expect(settingsIn(folder).dns.hosts[0]!.options).toEqual({ server: '127.0.61.53:1' })
    expect(ran.out).toMatch(/^ {2}127\.0\.61\.53:1, which is to take the updates, does not answer/m)
    expect(ran.out).toMatch(/^ {2}lifeboat adopt --active web1 /m)
    expect(ran.out).not.toContain('lifeboat.env')
    const short = await emptyFolder()
    expect(await lifeboat(short, flags({ names: 'old.shop.example', url: `http://old.shop.example:${port}/` }))).toMatchObject({ code: 0 })
    expect(settingsIn(short).core.dns.hosts[0]).toMatchObject({ ttlS: 20 })
  })

  test('a lost file is begun again by its owner: adopt takes up the marker', async () => {
    const folder = await emptyFolder()
    await sitesUp()
    const ran = await lifeboat(folder, flags({ names: 'old.shop.example', url: `http://old.shop.example:${port}/`, app: 'taken', owner }))
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(settingsIn(folder).core).toMatchObject({ app: 'taken', owner, sites: [{ site: 'aws', addresses: [one] }, { site: 'web2' }] })
    await writeFile(join(folder, 'lifeboat.env'), `TSIG_SECRET=${labKey.secret}\n`, { mode: 0o600 })
    expect(await lifeboat(folder, ['adopt', '--yes'])).toMatchObject({ code: 0, out: expect.stringMatching(/aws is active, and lifeboat takes over old\.shop\.example as epoch 8/) })
  })

  describe('on a terminal', () => {
    test('asks for what is neither given nor found, and asks again where an answer is none', async () => {
      const folder = await emptyFolder()
      await sitesUp()
      const terminal = onTerminal(folder, ['init', '--nameservers', server, '--holds', 'no'])
      await terminal.answer('The names to move', 'shop.example, only.shop.example, x y!')
      await terminal.until('is not a DNS name')
      await terminal.answer('The names to move', 'only.shop.example')
      await terminal.until('only.shop.example is a CNAME to shop.example')
      await terminal.answer('The names to move', 'SHOP.example www.shop.example.')
      await terminal.answer('Your second server', one)
      await terminal.until('that is your first server already')
      await terminal.answer('Your second server', two)
      await terminal.until(/Nothing likely answers well at web1 \(https:\/\/shop\.example\/healthz: the port refuses/)
      await terminal.answer('The URL to ask each server', 'shop.example')
      await terminal.until('is not an http or https URL')
      await terminal.answer('The URL to ask each server', `http://shop.example:${port}/`)
      await terminal.answer('The name of its TSIG key, or none [lifeboat]:', '')
      await terminal.until('Write nothing, or in words')
      await terminal.answer('What would a move leave behind', '"orders, uploads"')
      expect(await terminal.ended).toBe(0)
      expect(terminal.shown()).toMatch(/^Wrote .*lifeboat\.yaml/m)
      expect(terminal.shown()).not.toContain('The name server that takes')
      expect(settingsIn(folder)).toMatchObject({ core: { sites: [{ site: 'web1', addresses: [one] }, { site: 'web2', addresses: [two] }], data: { holds: 'orders, uploads' } }, dns: { hosts: [{ options: { server, key: 'lifeboat' } }] } })
    })

    test('the name servers of a zone that no resolver knows are asked for', async () => {
      const [folder, beside] = [await emptyFolder(), await emptyFolder()]
      await sitesUp()
      const given = flags({ names: null, nameservers: null, url: `http://old.shop.example:${port}/` })
      const terminal = onTerminal(folder, given, await resolversAt(beside, ['127.0.61.99:9']))
      await terminal.answer('The names to move', 'old.shop.example')
      await terminal.until('The zone of old.shop.example could not be found out: the resolver of this machine (127.0.61.99:9) does not answer')
      await terminal.answer('type its name servers instead', '')
      await terminal.answer('The names to move', 'old.shop.example')
      await terminal.answer('type its name servers instead', 'ns1')
      await terminal.until('"ns1" is no name server')
      await terminal.answer('The names to move', 'old.shop.example')
      await terminal.answer('type its name servers instead', server)
      expect(await terminal.ended).toBe(0)
      expect(settingsIn(folder).dns.nameservers).toEqual([server])
    })

    test('a marker that is there is asked about', async () => {
      const given = [...flags({ names: 'old.shop.example', url: `http://old.shop.example:${port}/`, app: 'taken' })]
      await sitesUp()
      const [yes, no] = [await emptyFolder(), await emptyFolder()]
      const taken = onTerminal(yes, given)
      await taken.answer('Is that yours, and its lifeboat.yaml was lost?', 'y')
      expect(await taken.ended).toBe(0)
      expect(settingsIn(yes).core).toMatchObject({ app: 'taken', owner, sites: [{ site: 'aws' }, { site: 'web2' }] })
      const refused = onTerminal(no, given)
      await refused.answer('Is that yours', '')
      await refused.answer('A name for this app', 'strange')
      await refused.until("has a TXT that is none of lifeboat's")
      await refused.answer('A name for this app', 'mine')
      expect(await refused.ended).toBe(0)
      expect(settingsIn(no).core).toMatchObject({ app: 'mine', owner: expect.not.stringContaining(owner) })
    })

    test.each<['C' | 'D', number]>([['C', 130], ['D', 2]])('Ctrl-%s in a question leaves nothing', async (key, code) => {
      const folder = await emptyFolder()
      const terminal = onTerminal(folder, ['init', '--nameservers', server])
      await terminal.answer('The names to move', 'shop.example')
      await terminal.until('Your second server')
      terminal.press(key)
      expect(await terminal.ended).toBe(code)
      if (key === 'D') expect(terminal.shown()).toMatch(/The input ended before every question was answered: nothing was written$/m)
      expect(await readdir(folder)).toEqual([])
    })
  })
})
