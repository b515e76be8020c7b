import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { machineClock } from '../../src/clock.ts'
import { machineCli } from '../../src/cli/cli.ts'
import { faultsIn } from '../../src/cli/init/faults.ts'
import { obtainNames } from '../../src/cli/init/names.ts'
import { unwellText } from '../../src/cli/init/report.ts'
import { answerText, askSites, askUrl, unwellIn } from '../../src/cli/init/url.ts'
import { wishesOf } from '../../src/cli/init/wishes.ts'
import { findZone, lookAtZone, type Whom } from '../../src/cli/init/zone.ts'
import { loadSettings } from '../../src/config/loading.ts'
import { makeAuthority, makeSelfSigned } from '../lab/certificates.ts'
import { debian } from '../lab/debian.ts'
import { startKnot, type Knot } from '../lab/knot.ts'
import { freePort } from '../lab/ports.ts'
import { labKey } from '../lab/servers.ts'
import { listenHttp, listenHttps } from '../lab/sockets.ts'
import { waitMs } from '../lab/wait.ts'
import { emptyFolder, fileIn, lifeboat, ok, onTerminal, site } from './init-lab.ts'

const unpacked = await debian(['knot'])
const cli = machineCli({ config: undefined, controller: undefined, json: false, yes: false, logLevel: 'info' }, machineClock)
const publicCa = makeAuthority('public test authority')
const dayMs = 86_400_000

describe('the check', () => {
  const before = getCACertificates('default')
  beforeAll(() => setDefaultCACertificates([publicCa.ca]))
  afterAll(() => setDefaultCACertificates(before))
  const names = ['shop.example']
  const web1 = { site: 'web1', cloud: 'none', addresses: ['127.0.0.1'] }
  const at = async (url: string) => {
    const { check, answers, well } = await askUrl(url, web1, names, cli)
    return { status: check.status, tls: check.tls, well, says: answerText(answers.web1!, cli) }
  }
  const https = async (identity: ReturnType<typeof makeSelfSigned>, handler = ok) => at(`https://shop.example:${await listenHttps(identity, handler)}/healthz`)

  test('a public certificate, and how long it lasts', async () => {
    expect(await https(publicCa.issue({ names }))).toEqual({ status: '200', tls: 'public', well: true, says: 'HTTP 200, certificate 90 d' })
  })
  test('a self-signed one, and one by an authority of their own: any is taken', async () => {
    for (const identity of [makeSelfSigned(names), makeAuthority('own').issue({ names })]) expect(await https(identity)).toMatchObject({ status: '200', tls: 'any', well: true, says: expect.stringContaining('HTTP 200') })
  })
  test('an authority of their own is no reason either, where the certificate is over or for other names', async () => {
    const own = makeAuthority('own')
    const over = { names, fromMs: Date.now() - 9 * dayMs, untilMs: Date.now() - 3 * dayMs }
    expect(await https(own.issue({ names: ['stranger.example'] }))).toMatchObject({ tls: 'public', well: false, says: 'the certificate is by an unknown issuer, and is for stranger.example' })
    expect(await https(makeSelfSigned(['stranger.example']))).toMatchObject({ tls: 'public', well: false, says: 'the certificate is self-signed, and is for stranger.example' })
    expect(await https(own.issue(over))).toMatchObject({ tls: 'public', well: false, says: expect.stringMatching(/expired 3 d ago$/) })
    // Another site of the same check: any is taken there, and what that hides is said.
    const url = async (identity: ReturnType<typeof makeSelfSigned>) => `https://shop.example:${await listenHttps(identity, ok)}/`
    const seen = await Promise.all([makeSelfSigned(['stranger.example']), own.issue(over)].map(async (each) => askSites({ url: await url(each), status: '200', tls: 'any' }, [web1], names, cli)))
    expect(seen.map((each) => [answerText(each.answers.web1!, cli), unwellIn(each)])).toEqual([['HTTP 200, and its certificate is for stranger.example', ['web1']], ['HTTP 200, and its certificate expired 3 d ago', ['web1']]])
  })
  test("one that has ended, and a stranger's: neither is a reason to look at none", async () => {
    expect(await https(publicCa.issue({ names, fromMs: Date.now() - 9 * dayMs, untilMs: Date.now() - 3 * dayMs }))).toEqual({ status: '200', tls: 'public', well: false, says: 'certificate expired 3 d ago' })
    expect(await https(publicCa.issue({ names: ['stranger.example'] }))).toMatchObject({ tls: 'public', well: false, says: expect.stringContaining('the certificate is for stranger.example') })
  })
  test('two addresses: the one that answers counts, and the other is named', async () => {
    const url = `http://shop.example:${await listenHttp(ok)}/`
    const both = await askUrl(url, { ...web1, addresses: ['127.0.0.1', '::1'] }, names, cli)
    expect([both.well, unwellIn(both)]).toEqual([true, ['web1']])
    const words = 'HTTP 200 at 127.0.0.1, the port refuses the connection at ::1'
    expect(answerText(both.answers.web1!, cli)).toBe(words)
    expect(unwellText('web1', both.answers.web1!)).toBe(`web1 does not answer the check as it should: ${words}`)
    const [good, refused] = both.answers.web1!
    // As on a machine without IPv6.
    const unable = { ...refused!, kind: 'unable' as const, detail: 'could not ask from here (ENETUNREACH)' }
    expect(unwellText('web1', [good!, unable])).toBe('web1 at ::1: could not ask from here (ENETUNREACH), so whether it answers there is not known')
    expect(unwellText('web1', [unable])).toBe('web1 does not answer the check as it should: could not ask from here (ENETUNREACH)')
    const other = await askUrl(url, { ...web1, addresses: ['::1'] }, names, cli)
    expect(other.well).toBe(false)
  })
  test('any 2xx is taken, nothing else is', async () => {
    const answers = async (status: number, headers = {}) => at(`http://shop.example:${await listenHttp((_, response) => void response.writeHead(status, headers).end())}/`)
    expect(await answers(204)).toMatchObject({ status: '2xx', tls: 'public', well: true })
    expect(await answers(404)).toMatchObject({ status: '200', well: false, says: 'HTTP 404' })
    expect(await answers(301, { location: 'https://shop.example/' })).toMatchObject({ well: false })
  })
})

/** Ports below 1024 are root's on most machines. */
const mayListenAt80 = await (async () => {
  const server = createServer()
  try {
    await once(server.listen(80, '127.0.62.99'), 'listening')
    return true
  } catch {
    console.warn('SKIPPED: ports 80 and 443 may not be listened at here, so that what init finds there cannot be tested')
    return false
  } finally {
    server.close()
  }
})()

describe.skipIf(!unpacked)('what is found in DNS', () => {
  const [parentAt, childAt, otherAt, one, two] = ['127.0.62.1', '127.0.62.2', '127.0.62.3', '127.0.62.11', '127.0.62.12']
  const soa = '@ 60 SOA ns1 hostmaster 1 3600 600 86400 60\n@ 60 NS ns1\n'
  let port = 0
  let knots: Knot[] = []
  beforeAll(async () => {
    port = await freePort([parentAt, childAt, otherAt])
    const begin = (address: string, zones: Record<string, string>) => startKnot(unpacked!, { address, port, zones, keys: [labKey] })
    const shop = `${soa}ns1 60 A ${childAt}\n@ 60 A ${one}\nwww 60 CNAME @\n`
    knots = await Promise.all([
      begin(parentAt, { example: `${soa}ns1 60 A ${parentAt}\nshop 60 NS ns1.shop\nshop 60 NS ns2.shop\nns1.shop 60 A ${childAt}\nns2.shop 60 A ${otherAt}\nlost 60 NS nowhere.other` }),
      begin(childAt, { 'shop.example': shop }),
      begin(otherAt, { 'shop.example': shop.replace(one, two) }),
    ])
  })
  afterAll(() => Promise.all(knots.map((knot) => knot.stop())))
  // The servers stand in for the machine's resolver: between them they know every name on the way.
  const whom = (more: Partial<Whom> = {}): Whom => ({ servers: null, resolvers: [`${childAt}:${port}`, `${parentAt}:${port}`], port, clock: machineClock, signal: AbortSignal.timeout(waitMs), ...more })

  test("the zone, its parent's list, its primary, and servers that disagree", async () => {
    const found = await findZone('*.deep.www.shop.example', whom())
    expect(found).toMatchObject({ zone: 'shop.example', servers: [`${childAt}:${port}`, `${otherAt}:${port}`] })
    if (typeof found === 'string') throw new Error(found)
    const seen = await lookAtZone({ ...found, servers: found.servers! }, { names: ['shop.example', 'www.shop.example'], marker: '_lifeboat-shop.shop.example' }, whom())
    expect(seen).toMatchObject({ primary: { name: 'ns1.shop.example', server: `${childAt}:${port}` }, beside: { 'shop.example': ['NS'], 'www.shop.example': [] } })
    expect(seen!.shown.map(({ view }) => view!.sets[0]!.values)).toEqual([[one], [two]])
  })

  test('what is none is a sentence', async () => {
    expect(await findZone('shop.example', whom({ resolvers: ['127.0.62.99:9'] }))).toBe('The zone of shop.example could not be found out: the resolver of this machine (127.0.62.99:9) does not answer')
    expect(await findZone('shop.example', whom({ resolvers: [] }))).toMatch(/\(no resolver\) does not answer$/)
    // A name nobody has is in its registry's zone alone.
    expect(await findZone('shpo.example', whom())).toMatch(/^shpo\.example is in no zone that the resolver of this machine .* knows$/)
    expect(await findZone('shpo.example', whom({ servers: [`${parentAt}:${port}`] }))).toMatchObject({ zone: 'example' })
  })

  test('servers that disagree are named', async () => {
    const folder = await emptyFolder()
    const web = await freePort([one, two])
    await Promise.all([site(one, web), site(two, web)])
    const flags = ['--names', 'shop.example', '--sites', `web2=${two}`, '--url', `http://shop.example:${web}/`, '--holds', 'nothing', '--key', 'lifeboat', '--nameservers', `${childAt}:${port},${otherAt}:${port}`]
    expect(await lifeboat(folder, ['init', ...flags])).toMatchObject({ code: 0, out: expect.stringContaining(`  ${otherAt}:${port} shows other records at the names than ${childAt}:${port}\n`) })
  })

  test('every example that the file holds behind a # is sound', async () => {
    const folder = await emptyFolder()
    const web = await freePort([one, two])
    await Promise.all([site(one, web), site(two, web)])
    await lifeboat(folder, ['init', '--names', 'shop.example', '--sites', `web2=${two}`, '--url', `http://shop.example:${web}/`, '--holds', 'nothing', '--key', 'lifeboat', '--nameservers', `${childAt}:${port}`])
    const text = await fileIn(folder)
    const examples = text.split('\n').filter((line) => /^ *# (?:  .*[{[]|- \{|[a-z]\w*:( |$))/.test(line))
    expect(examples.map((line) => line.replace(/^ *#  *(?:- )?/, '').replace(/[:,].*/, ''))).toEqual(['body', 'algorithm', '{ driver', 'vantages', 'here', 'paris', 'tokyo', 'canaries', 'notify', '{ url', '{ exec', 'heartbeat', 'listen'])
    const whole = text.split('\n').map((line) => (examples.includes(line) ? line.replace('# ', '') : line)).join('\n')
    expect(faultsIn(whole)).toEqual([])
    await writeFile(join(folder, 'lifeboat.yaml'), whole)
    const names = [...new Set([...whole.matchAll(/"\$\{(\w+)\}"/g)].map(([, name]) => name!))]
    const env = Object.fromEntries(names.map((name) => [name, name.endsWith('_URL') ? `https://${name.toLowerCase().replaceAll('_', '-')}.example/` : name.startsWith('TSIG') ? labKey.secret : 'not-a-real-token']))
    const { vantages, notify, dns } = loadSettings({ env, cwd: folder })
    expect([vantages.length, notify.length, dns.hosts.length]).toEqual([3, 2, 2])
  })

  test.skipIf(!mayListenAt80)('the URL, where the first site answers at a usual one', async () => {
    const identity = publicCa.issue({ names: ['shop.example'] })
    await site(one, 80, (_, response) => void response.writeHead(301, { location: 'https://shop.example/' }).end())
    await site(one, 443, (request, response) => void response.writeHead(request.url === '/' ? 200 : 404).end('ok'), identity)
    await site(two, 443, (_, response) => void response.writeHead(503).end(), identity)
    const init = ['init', '--names', 'www.shop.example,shop.example', '--sites', `web2=${two}`, '--holds', 'nothing', '--key', 'lifeboat', '--nameservers', `${childAt}:${port}`]
    const [folder, own] = [await emptyFolder(), await emptyFolder()]
    await writeFile(join(own, 'ca.pem'), publicCa.ca)
    const trusted = await lifeboat(folder, init, { NODE_EXTRA_CA_CERTS: join(own, 'ca.pem') })
    expect(trusted).toMatchObject({ code: 0, err: '' })
    expect(trusted.out).toMatch(/^ {2}site +web1 127\.0\.62\.11, where the names point now: HTTP 200, certificate 90 d\n {2}site +web2 127\.0\.62\.12: HTTP 503, certificate 90 d\n {2}check +https:\/\/shop\.example\/ gives 200 at web1$/m)
    expect(trusted.out).toMatch(/^ {2}web2 does not answer the check as it should: HTTP 503$/m)
    expect(await fileIn(folder)).toMatch(/^ {2}url: "https:\/\/shop\.example\/" +# web1 answers: HTTP 200, certificate 90 d; web2 answers: HTTP 503/m)
    const any = await lifeboat(own, init)
    expect(any).toMatchObject({ code: 0, out: expect.stringMatching(/gives 200 at web1, with any certificate\n[^]*the certificate is not by a public authority, so any is taken/) })
    expect(await fileIn(own)).toMatch(/^ {2}tls: any +# its certificate is not by a public authority\. Better: tls: \{ ca: FILE \}/m)
  })

  test.skipIf(!mayListenAt80)('a certificate that is not good is said, whichever URL is taken', async () => {
    const [expired, www] = [publicCa.issue({ names: ['shop.example'], fromMs: Date.now() - 9 * dayMs, untilMs: Date.now() - 3 * dayMs }), publicCa.issue({ names: ['www.shop.example'] })]
    await Promise.all([site(one, 80), site(two, 80), site(one, 443, ok, expired), site(two, 443, ok, www)])
    const begun = async (active: string) => {
      const folder = await emptyFolder()
      await writeFile(join(folder, 'ca.pem'), publicCa.ca)
      const flags = ['--names', 'shop.example,www.shop.example', '--sites', `web2=${active === one ? two : one}`, '--holds', 'nothing', '--key', 'lifeboat', '--server', `${childAt}:${port}`, '--nameservers', `${active === one ? childAt : otherAt}:${port}`]
      const ran = await lifeboat(folder, ['init', ...flags], { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') })
      return { ran, text: await fileIn(folder) }
    }
    const http = await begun(one!)
    expect(http.ran.out).toMatch(/^ {2}check +http:\/\/shop\.example\/healthz gives 200$/m)
    expect(http.ran.out).toMatch(/^ {2}https was tried: https:\/\/shop\.example\/healthz: certificate expired 3 d ago\n[^]*^ {2}the check is by http, which sees no certificate: /m)
    expect(http.text).toMatch(/^ {2}url: "http:\/\/shop\.example\/healthz" +# .*; https:\/\/shop\.example\/healthz: certificate expired 3 d ago; /m)
    const https = await begun(two!)
    expect(https.ran.out).toMatch(/^ {2}check +https:\/\/www\.shop\.example\/healthz gives 200 at web1$/m)
    expect(https.ran.out).toMatch(/^ {2}https was tried: https:\/\/shop\.example\/healthz: the certificate is for www\.shop\.example$/m)
    expect(https.ran.out).not.toContain('sees no certificate')
  })

  test('a private zone is asked about only where no zone was found', async () => {
    const asked: string[] = []
    const answers = ['www.shop.example', 'shpo.example', '', 'shop.example']
    const wishes = wishesOf({ ...cli, err: (line) => void asked.push(line) }, {}, async (question) => (asked.push(question), answers.shift() ?? null))
    const named = await obtainNames({ wishes, app: null, hostnames: [], whom: whom() })
    expect(named?.names).toEqual(['shop.example'])
    const names = expect.stringMatching(/^The names to move/)
    const says = (text: string) => expect.stringContaining(text)
    expect(asked).toEqual([
      names, says('Looking at'), says('www.shop.example is a CNAME to shop.example, which is not among the names'),
      names, says('Looking at'), expect.stringMatching(/^shpo\.example is in no zone that the resolver of this machine \(.*\) knows$/), says('Press Enter to give other names. If these are in a private zone'), 'Then other names',
      names, says('Looking at'),
    ])
  })

  test('a file that appears while questions are asked is not overwritten', async () => {
    const folder = await emptyFolder()
    const web = await freePort([one, two])
    await Promise.all([site(one, web), site(two, web)])
    const terminal = onTerminal(folder, ['init', '--names', 'shop.example', '--sites', `web2=${two}`, '--url', `http://shop.example:${web}/`, '--key', 'lifeboat', '--nameservers', `${childAt}:${port}`])
    await terminal.until('What would a move leave behind')
    await writeFile(join(folder, 'lifeboat.yaml'), 'mine')
    await terminal.answer(':', 'nothing')
    expect(await terminal.ended).toBe(2)
    expect(terminal.shown()).toMatch(/lifeboat\.yaml is there already, and init overwrites nothing/)
    expect(await fileIn(folder)).toBe('mine')
  })
})
