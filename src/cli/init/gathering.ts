import { getServers } from 'node:dns'
import { canonicalName, canonicalServer, ipOfServer, isLoopback } from '../../config/addresses.ts'
import type { Cli } from '../cli.ts'
import { dateTime } from '../times.ts'
import type { CheckDraft, Draft, Site } from './draft.ts'
import { wrongIn } from './faults.ts'
import { appWish, namesLack, obtainNames, obtainOwner, parseServers, type Named, type Owned } from './names.ts'
import { servedLines, type Outcome } from './report.ts'
import { activeOf, cnamesAway, parseSites, servedNow, sitesWish } from './sites.ts'
import type { Sources } from './text.ts'
import { answerText, answerWords, askSites, askUrl, findUrl, type Asked } from './url.ts'
import type { Lack, Wish, Wishes } from './wishes.ts'
import { answersFor, type Whom } from './zone.ts'

/** What the flags say; null where one is not given. */
export type Given = Record<'names' | 'sites' | 'url' | 'holds' | 'server' | 'key' | 'nameservers' | 'app' | 'owner', string | null>

/** What is found, given and answered, and where each value came from. */
export type Gathered = Omit<Outcome, 'path' | 'unset'> & { sources: Sources }

/** Finds what can be found, and asks for the rest. Throws Said where something is missing or wrong and nobody can be asked. */
export async function gather(cli: Cli, given: Given, wishes: Wishes): Promise<Gathered> {
  const owned = await gatherZone(cli, given, wishes)
  if (owned) wishes.say(servedLines(owned.named, owned.site).join('\n'))
  const sites = owned ? await wishes.obtain(sitesWish(serving(owned))) : lack(wishes, given, sitesWish({ known: {}, now: [], cnames: [], firstName: null }))
  const checked = owned && sites ? await gatherCheck(cli, given, wishes, { ...owned, sites }) : null
  const server = owned && sites ? await wishes.obtain(serverWish(owned, sites)) : null
  const key = server ? await wishes.obtain(keyWish(server)) : lack(wishes, given, keyWish(''))
  const holds = await wishes.obtain(holdsWish)
  wishes.end()
  if (!owned || !sites || !checked || !server || !key || !holds) throw new Error('something is missing, and nothing says so')
  const { named, owner } = owned
  const { names, app, seen, whom } = named
  const { amiss, ...asked } = checked
  const draft: Draft = { app, owner, names, zone: seen.zone, nameservers: whom.servers, ttl: ttlOf(seen.view.sets), sites, holds, check: asked.check, server, key: key.key }
  const active = activeOf(sites, seen.view, names)
  return { draft, seen, active, asked, amiss, serverAnswers: await answersFor(seen.zone, server, whom), sources: sourcesOf(cli, { draft, owned, asked, amiss, active, given }) }
}

/** Nothing can be found out yet: what no finding could give is missing all the same. */
function lack(wishes: Wishes, given: Given, wish: Lack): null {
  if (given[wish.flag as keyof Given] === null) wishes.lack(wish)
  return null
}

async function gatherZone(cli: Cli, given: Given, wishes: Wishes): Promise<Owned | null> {
  const ifGiven = <T>(flag: keyof Given, wish: Omit<Wish<T>, 'flag'>): Promise<T | null> | null => (given[flag] === null ? null : wishes.obtain({ flag, ...wish }))
  const servers = await ifGiven('nameservers', { about: 'its name servers', question: 'The name servers of the private zone, as IP or IP:port', read: parseServers })
  const app = await ifGiven('app', appWish)
  const owner = await ifGiven('owner', {
    about: 'the owner of a file that was lost',
    question: 'The owner of the file that was lost, 32 hex digits',
    read: (text) => {
      const wrong = wrongIn({ owner: text })
      return wrong === null ? text : { wrong }
    },
  })
  // The zone's own servers are known, and wrong: whoever else could be asked knows another.
  if (given.nameservers !== null && servers === null) return lack(wishes, given, namesLack)
  const whom: Whom = { servers, resolvers: getServers(), port: 53, clock: cli.clock, signal: cli.stop() }
  const sites = parseSites(given.sites ?? '')
  const named = await obtainNames({ wishes, app, hostnames: 'wrong' in sites ? [] : sites.flatMap(({ addresses }) => addresses), whom })
  return named && obtainOwner(named, { wishes, given: owner, fresh: cli.clock.id().replaceAll('-', '') })
}

const knownOf = ({ names, seen }: Named): Pick<Draft, 'names' | 'zone'> => ({ names, zone: seen.zone })

const serving = ({ named, site }: Owned) => ({ known: knownOf(named), now: servedNow(named.seen.view, named.names), cnames: cnamesAway(named.seen.view, named.names), firstName: site })

// ── The check ────────────────────────────────────────────────────────────────

type Located = Owned & { sites: Site[] }

async function gatherCheck(cli: Cli, given: Given, wishes: Wishes, { named, sites }: Located): Promise<(Asked & { amiss: string[] }) | null> {
  const { names, seen } = named
  const active = activeOf(sites, seen.view, names)
  const first = sites.find(({ site }) => site === active) ?? sites[0]!
  const { found, tried, amiss } = given.url === null ? await findUrl(first, names, cli) : { found: null, tried: [], amiss: [] }
  const said = tried.map(({ check, answers }) => `${check.url}: ${answerWords(answers[first.site] ?? [])}`).join('; ')
  if (!found && said !== '') wishes.say(`Nothing likely answers well at ${first.site} (${said}).`)
  const check = found?.check ?? (await wishes.obtain(urlWish(cli, { ...knownOf(named), sites }, first, wishes.asks ? '' : said)))
  return check && { ...(await askSites(check, sites, names, cli)), amiss }
}

function urlWish(cli: Cli, known: Pick<Draft, 'names' | 'zone' | 'sites'>, first: Site, said: string): Wish<CheckDraft> {
  const tried = said === '' ? '' : `; at ${first.site}, ${said}`
  return {
    flag: 'url',
    about: `what to ask each server, as https://shop.example/healthz${tried}`,
    question: `The URL to ask each server, such as http://${known.names[0]!.replace(/^\*\./, 'www.')}:8080/healthz`,
    read: async (url) => {
      const wrong = wrongIn({ ...known, check: { url, status: '200', tls: 'public' } })
      return wrong === null ? (await askUrl(url, first, known.names, cli)).check : { wrong }
    },
  }
}

// ── Updates, and what is left behind ─────────────────────────────────────────

function serverWish({ named }: Owned, sites: Site[]): Wish<string> {
  const { server } = named.seen.primary
  return {
    flag: 'server',
    about: 'the name server that takes dynamic updates, as 192.0.2.53:53',
    question: 'The name server that takes dynamic updates, as IP or IP:port',
    ...(server === null ? {} : { fallback: server, found: 'sure' }),
    read: (text) => {
      const wrong = wrongIn({ ...knownOf(named), sites, server: text, key: 'lifeboat' })
      return wrong === null ? canonicalServer(text, 53)! : { wrong }
    },
  }
}

/** `key` null: none. */
function keyWish(server: string): Wish<{ key: string | null }> {
  const none = server !== '' && isLoopback(ipOfServer(server))
  return {
    flag: 'key',
    about: 'the name of its TSIG key',
    question: `The name of its TSIG key${none ? ', or none' : ''}`,
    fallback: 'lifeboat',
    read: (text) => {
      const key = text === 'none' ? null : canonicalName(text)
      // What is no name may be the secret itself: it is not shown again.
      if (key === null && text !== 'none') return { wrong: 'That is no name of a key. Write what the name server calls it, never its secret' }
      const wrong = wrongIn({ server, key })
      return wrong === null ? { key } : { wrong }
    },
  }
}

const holdsWish: Wish<string> = {
  flag: 'holds',
  about: '"nothing", or what a move would leave behind at the server that is left, as "orders, uploads"',
  question: 'What would a move leave behind at the server that is left, such as "orders, uploads"; or nothing',
  read: (text) => {
    const holds = text.trim().replace(/^(["'])(.*)\1$/, '$2')
    if (/^nothing$/i.test(holds)) return 'nothing'
    if (/^(|-|0|n|no|none|null|y|yes)$/i.test(holds)) return { wrong: 'Write nothing, or in words what a move would leave behind, such as orders, uploads' }
    return holds
  },
}

// ── What each line came from ─────────────────────────────────────────────────

const defaultTtlS = 60

/** A shorter one that is served already stays. */
function ttlOf(sets: { ttlS: number }[]): string {
  const ttlS = Math.max(0, ...sets.map((set) => set.ttlS))
  return `${ttlS > 0 && ttlS < defaultTtlS ? ttlS : defaultTtlS}s`
}

type From = { draft: Draft; owned: Owned; asked: Asked; amiss: string[]; active: string | null; given: Given }

function sourcesOf(cli: Cli, { draft, owned: { named, site: taken }, asked, amiss, active, given }: From): Sources {
  const { seen } = named
  const ttls = seen.view.sets.map(({ ttlS }) => ttlS)
  const answers = draft.sites.map(({ site }) => `${site} answers: ${answerText(asked.answers[site] ?? [], cli)}`).join('; ')
  const { name, server } = seen.primary
  return {
    file: `${dateTime(cli.clock.now().wallMs)} UTC`,
    ...(taken === null ? {} : { owner: 'taken up from DNS; tells two apps of one name apart' }),
    ...(active === null ? {} : Object.fromEntries(draft.sites.map(({ site }) => [`sites.${site}`, site === active ? 'where the names point now' : 'stands by']))),
    'check.url': [answers, ...amiss].join('; '),
    'check.tls': "its certificate is not by a public authority. Better: tls: { ca: FILE } with the authority's own, beside this file",
    'dns.ttl': ttls.length === 0 ? 'how long answers may be kept, and so how long a move takes to reach everybody' : `how long answers may be kept, and so how long a move takes to reach everybody; now ${Math.max(...ttls)} s`,
    'dns.zone': 'the nearest zone above the names',
    'dns.server': given.server === null && draft.server === server ? `the zone's own SOA names it (${name})` : 'as given; it must take the updates itself',
  }
}
