// What init says where an answer cannot be right, on a terminal and without one.

import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { debian } from '../lab/debian.ts'
import { startKnot, type Knot } from '../lab/knot.ts'
import { freePort } from '../lab/ports.ts'
import { labKey } from '../lab/servers.ts'
import { emptyFolder, fileIn, lifeboat, onTerminal, site, type Terminal } from './init-lab.ts'

const unpacked = await debian(['knot'])
const [one, two, other, ns] = ['127.0.63.1', '127.0.63.2', '127.0.63.3', '127.0.63.53']

const shop = `@ 60 SOA ns1 hostmaster 1 3600 600 86400 60
@ 60 NS ns1
ns1 60 A ${ns}
@ 60 A ${one}
www 60 CNAME @
both 60 A ${one}
both 60 A ${two}
more 60 A ${two}
more 60 A ${other}
loop1 60 CNAME loop2
loop2 60 CNAME loop1
lost 60 CNAME nowhere
cdn 60 CNAME lb.elsewhere.example.`

/** Answers a question, and waits for why that is none. */
const refuses = async (terminal: Terminal, question: string, line: string, says: string): Promise<void> => {
  await terminal.answer(question, line)
  await terminal.until(says)
}

describe.skipIf(!unpacked)('what lifeboat init answers to an answer', () => {
  let knot: Knot
  let port = 0
  beforeAll(async () => {
    knot = await startKnot(unpacked!, { address: ns, zones: { 'shop.example': shop }, keys: [labKey] })
    port = await freePort([one, two])
  })
  afterAll(() => knot.stop())

  /** All that flags must say; each may be said otherwise, or (null) not at all. */
  const flags = (more: Record<string, string | null> = {}): string[] => {
    const all = { names: 'shop.example,www.shop.example', sites: `web2=${two}`, url: `http://shop.example:${port}/`, holds: 'nothing', key: 'lifeboat', nameservers: knot.server, ...more }
    return ['init', ...Object.entries(all).flatMap(([flag, value]) => (value === null ? [] : [`--${flag}`, value]))]
  }

  test.each<[string, Record<string, string | null>, string]>([
    ['a CNAME to elsewhere beside the top of the zone', { names: 'shop.example,cdn.shop.example', sites: `web1=${one},web2=${two}` }, '--names: cdn.shop.example is a CNAME to lb.elsewhere.example, and shop.example, the top of its zone, cannot be one: no move brings both along. First write an A record at cdn.shop.example in its place, or leave cdn.shop.example out'],
    ['a CNAME to elsewhere, and sites with IP addresses', { names: 'cdn.shop.example', sites: `web1=${one},web2=${two}` }, '--sites: cdn.shop.example is a CNAME to lb.elsewhere.example, so that must be one of the sites, and each a hostname, as web1=lb.elsewhere.example,web2=HOSTNAME. For IP addresses first write an A record at cdn.shop.example in its place, and begin again'],
    ['a CNAME to elsewhere, and hostnames of which it is none', { names: 'cdn.shop.example', sites: 'web1=a.elsewhere.example,web2=b.elsewhere.example' }, '--sites: cdn.shop.example is a CNAME to lb.elsewhere.example, so that must be one of the sites'],
    ['names at an address and at a hostname: neither is offered', { names: 'both.shop.example,cdn.shop.example', sites: null }, `--sites (your two servers, the preferred first, as web1=203.0.113.1,web2=198.51.100.7; the names point at ${one} and ${two} and lb.elsewhere.example now)`],
    ['one server, where the names point at several', { names: 'both.shop.example', sites: `web2=${other}` }, `--sites: The names point at ${one} and ${two}, so which is the first server cannot be told. Give both, the preferred first, as web1=${one},web2=${other}`],
    ['one server, where the names point at several: the other is what most of them have', { names: 'both.shop.example,more.shop.example', sites: `web2=${other}` }, `--sites: The names point at ${two} and ${one} and ${other}, so which is the first server cannot be told. Give both, the preferred first, as web1=${two},web2=${other}`],
    ['a circle of CNAMEs', { names: 'loop1.shop.example,loop2.shop.example' }, '--names: loop1.shop.example → loop2.shop.example → loop1.shop.example is a circle of CNAMEs, in which no name has an address. First write an A record at one of them in its place'],
    ['a CNAME to what does not exist', { names: 'lost.shop.example' }, '--names: lost.shop.example is a CNAME to nowhere.shop.example, which does not exist. First write an A record at lost.shop.example in its place; or write both (lost.shop.example,nowhere.shop.example), so that lifeboat adopt writes nowhere.shop.example, and lost.shop.example follows'],
    ['a site at what does not exist', { names: 'lost.shop.example', sites: 'web1=nowhere.shop.example,web2=b.elsewhere.example' }, '--names: lost.shop.example is a CNAME to nowhere.shop.example, which does not exist'],
    ['one of the several', { names: 'both.shop.example', sites: `web1=${one}` }, `Give both, the preferred first, as web2=${two},web1=${one}`],
    ['one server, where the names point nowhere', { names: 'new.shop.example', sites: `web2=${other}` }, `--sites: The names point nowhere yet. Give both, the preferred first, as web1=203.0.113.1,web2=${other}`],
    ["the first server's name for the second", { sites: `web1=${two}` }, `--sites: web1 is ${one}, where the names point. Write web2=${two}, or both, the preferred first`],
    ['words that are no names', { names: 'hello world', nameservers: null }, '--names: hello is one word. Write whole names, such as www.shop.example; for a private zone of one word begin with --nameservers IP:port'],
    ['a name of other letters', { names: 'bücher.example' }, '--names: dns.names[0]: is not a DNS name (got "bücher.example"). Write xn--bcher-kva.example'],
  ])('refused: %s', async (_, more, says) => {
    const folder = await emptyFolder()
    expect(await lifeboat(folder, flags(more))).toMatchObject({ code: 2, out: '', err: expect.stringContaining(says) })
    expect(await readdir(folder)).toEqual([])
  })

  test('both servers may be given where one would do, and a server that was given is not said to be found', async () => {
    const folder = await emptyFolder()
    await Promise.all([site(one, port), site(two, port)])
    expect(await lifeboat(folder, flags({ sites: `web1=${two},web2=${one}`, server: knot.server }))).toMatchObject({ code: 0, err: '' })
    const text = await fileIn(folder)
    expect(text).toMatch(new RegExp(`^ {2}web1: \\{ cloud: none, address: ${two} \\} +# stands by\\n {2}web2: .* # where the names point now$`, 'm'))
    expect(text).toMatch(/^ {6}server: .* # as given; it must take the updates itself$/m)
  })

  test('on a terminal, what was found stands before the first question about servers', async () => {
    const terminal = onTerminal(await emptyFolder(), flags({ sites: null, holds: null, url: null }))
    await terminal.until(`  name  shop.example A ${one}, TTL 60 s; NS there stay as they are\n  name  www.shop.example is a CNAME to shop.example, and follows it\n  site  web1 ${one}, where the names point now\nYour second server, as NAME=ADDRESS`)
    await refuses(terminal, '; or both, the preferred first:', '', 'Nothing was typed. Type your second server, as web2=198.51.100.7; the names point at')
    await refuses(terminal, 'Your second server', one!, `The names point at ${one}, so that is your first server already. Give the second one, or both`)
    await refuses(terminal, 'Your second server', `web1=${two}`, `web1 is ${one}, where the names point. Write web2=${two}, or both`)
  })

  test('a CNAME to what does not exist does where both are listed', async () => {
    const folder = await emptyFolder()
    const ran = await lifeboat(folder, flags({ names: 'lost.shop.example,nowhere.shop.example', sites: `web1=${one},web2=${two}`, url: `http://lost.shop.example:${port}/` }))
    expect(ran).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/nowhere\.shop\.example is not there yet: lifeboat adopt writes it$/m) })
    // Nobody listens there: what is wished is not said to be seen.
    expect(ran.out).toMatch(/^ {2}check +http:\/\/lost\.shop\.example:\d+\/ is to give 200, and no site was seen to give it$/m)
  })

  test('on a terminal, what was tried is said once, however often the URL is asked for', async () => {
    const terminal = onTerminal(await emptyFolder(), flags({ url: null, holds: null }))
    await refuses(terminal, 'The URL to ask each server', '', 'Nothing was typed. Type what to ask each server, as https://shop.example/healthz\n')
    await refuses(terminal, 'The URL to ask each server', 'shop.example', 'is not an http or https URL')
    await terminal.until('The URL to ask each server')
    expect(terminal.shown().match(/https:\/\/shop\.example\/healthz: the port refuses the connection/g)).toHaveLength(1)
  })

  test('on a terminal, sites that init would refuse are not offered, and an empty answer is told what is needed', async () => {
    const mixed = onTerminal(await emptyFolder(), flags({ names: 'both.shop.example,cdn.shop.example', sites: null }))
    await refuses(mixed, 'that is its cloud:', `web1=${one},web2=${two}`, 'cdn.shop.example is a CNAME to lb.elsewhere.example, so that must be one of the sites')
    const cdn = onTerminal(await emptyFolder(), flags({ names: 'cdn.shop.example', sites: null }))
    await cdn.until('  site  web1 lb.elsewhere.example, where the names point now')
    await refuses(cdn, 'Your second server, as NAME=HOSTNAME', two!, 'For IP addresses first write an A record at cdn.shop.example')
    const holds = onTerminal(await emptyFolder(), flags({ holds: null }))
    await refuses(holds, 'What would a move leave behind', '', 'Nothing was typed. Type "nothing", or what a move would leave behind at the server that is left, as "orders, uploads"')
  })
})
