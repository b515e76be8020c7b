import { canonicalName, canonicalServer } from '../../config/addresses.ts'
import { isIn } from '../../core/dns-names.ts'
import type { HostView } from '../../core/moving.ts'
import { markerName, parseMarker } from '../../core/marker.ts'
import { verb } from '../../core/verb.ts'
import { throughUnlisted } from '../../core/zone.ts'
import { sharedZone } from './draft.ts'
import { wrongIn } from './faults.ts'
import { cnamesAway } from './sites.ts'
import type { Wishes, Wrong } from './wishes.ts'
import { findZone, lookAtZone, type Whom, type ZoneSeen } from './zone.ts'

/** The names, and what stands there. `whom.servers`: those that were given. */
export type Named = { names: string[]; app: string; seen: ZoneSeen; whom: Whom }

/** `app` null: it is made of the zone's name. `hostnames`: addresses of the sites that are given already. */
type Looking = { wishes: Wishes; app: string | null; hostnames: string[]; whom: Whom }

const wordsIn = (text: string): string[] => text.split(/[,\s]+/).filter((each) => each !== '')

/** The name servers that a text lists, as `IP:port`. */
export function parseServers(text: string): string[] | Wrong {
  const words = wordsIn(text)
  const servers = words.map((word) => canonicalServer(word, 53))
  const wrong = words.find((_, i) => servers[i] === null)
  if (wrong !== undefined || words.length === 0) return { wrong: `"${wrong ?? ''}" is no name server. Write IP or IP:port, such as 192.0.2.53:53 or [2001:db8::53]:53` }
  return [...new Set(servers.filter((server) => server !== null))]
}

/** A name for the app out of its zone's. */
const appOf = (zone: string): string => zone.split('.')[0]!.replaceAll(/[^a-z0-9-]/g, '-').slice(0, 40)

/** What is said where they are missing. */
export const namesLack = { flag: 'names', about: 'the names to move, as shop.example,www.shop.example' }

/** The names to move, and the zone that they are in. Null: missing. */
export const obtainNames = (looking: Looking): Promise<Named | null> =>
  looking.wishes.obtain({
    ...namesLack,
    question: 'The names to move, such as shop.example, www.shop.example',
    read: async (text) => {
      const names = [...new Set(wordsIn(text).map((word) => (word.startsWith('*.') ? word.toLowerCase() : (canonicalName(word) ?? word))))]
      const wrong = sharedZone(names) === null ? names.map((name) => wrongIn({ names: [name] })).find((each) => each !== null) : wrongIn({ names })
      if (wrong) return { wrong }
      const bare = names.find((name) => !name.includes('.'))
      if (bare !== undefined && looking.whom.servers === null) return { wrong: `${bare} is one word. Write whole names, such as www.shop.example; for a private zone of one word begin with --nameservers IP:port` }
      looking.wishes.say(`Looking at ${names.join(', ')} …`)
      const named = await look(names, looking)
      return 'unseen' in named ? privately(names, named, looking) : named
    },
  })

/** What stands at the names could not be found out: on a terminal a private one's name servers can be told. */
async function privately(names: string[], { wrong }: Wrong, looking: Looking): Promise<Named | Wrong> {
  if (looking.whom.servers !== null || !looking.wishes.asks) return { wrong }
  looking.wishes.say(wrong)
  const line = await looking.wishes.ask('Press Enter to give other names. If these are in a private zone, type its name servers instead, as IP or IP:port:')
  const servers = line === '' ? null : parseServers(line)
  if (servers === null) return { wrong: 'Then other names' }
  return 'wrong' in servers ? servers : look(names, { ...looking, whom: { ...looking.whom, servers } })
}

/** `unseen`: other name servers may know better. */
async function look(names: string[], { app, hostnames, whom, wishes }: Looking): Promise<Named | Wrong | (Wrong & { unseen: true })> {
  const found = await Promise.all(names.map((name) => findZone(name, whom)))
  const elsewhere = wishes.asks ? '' : '. Correct the names; those of a private zone need its name servers too (--nameservers IP:port)'
  const place = whom.servers === null ? elsewhere : '. Correct the names, or the name servers'
  const [first, ...others] = found.map((each, i) => ({ name: names[i]!, found: each }))
  for (const each of found) if (typeof each === 'string') return { wrong: `${each}${place}`, unseen: true }
  const zone = first!.found as Exclude<(typeof found)[number], string>
  const other = others.find((each) => typeof each.found !== 'string' && each.found.zone !== zone.zone)
  if (other) return { wrong: `${first!.name} is in the zone ${zone.zone}, and ${other.name} in another. init writes one zone: give the names of one; the others go into the file afterwards, with a DNS host of their own in dns.hosts` }
  if (zone.servers === null) return { wrong: `The name servers of ${zone.zone} could not be found out: nobody who knows its parent answers${place}`, unseen: true }
  const used = app ?? appOf(zone.zone)
  const seen = await lookAtZone({ ...zone, servers: zone.servers }, { names, marker: markerName(used, zone.zone) }, whom)
  if (!seen) return { wrong: `${zone.servers.join(', ')} ${verb(zone.servers, 'does', 'do')} not answer for ${zone.zone} with authority, so what stands there could not be found out. Try again, or name others (--nameservers IP:port)`, unseen: true }
  const wrong = unmovable(seen, names, hostnames)
  return wrong === null ? { names, app: used, seen, whom } : { wrong }
}

/** Why a name cannot be moved as it stands, as a sentence. Null: all can. */
function unmovable({ view, zone, missing }: ZoneSeen, names: string[], hostnames: string[]): string | null {
  const [through] = throughUnlisted(view, { host: '', driver: '', zone, names, elsewhere: [], ttlS: 0 })
  if (through !== undefined) return through
  const circle = names.map((name) => circleFrom(name, view)).find((each) => each !== null)
  if (circle) return `${[...circle, circle[0]!].join(' → ')} is a circle of CNAMEs, in which no name has an address. First write an A record at one of them in its place`
  for (const { name, values } of cnamesAway(view, names)) {
    const lost = values.find((target) => missing.includes(target) && !names.includes(target))
    if (lost !== undefined) return `${name} is a CNAME to ${lost}, which does not exist. First write an A record at ${name} in its place; or write both (${[...names, lost].join(',')}), so that lifeboat adopt writes ${lost}, and ${name} follows`
    const stray = values.find((target) => isIn(target, zone) && ![...names, ...hostnames].includes(target))
    if (stray !== undefined) return `${name} is a CNAME to ${stray}, which is not among the names. Write both (${[...names, stray].join(',')}) and ${name} follows; or, where ${stray} is one server's own name, begin with --sites web1=${stray},web2=…`
    if (names.includes(zone)) return `${name} is a CNAME to ${values.join(', ')}, and ${zone}, the top of its zone, cannot be one: no move brings both along. First write an A record at ${name} in its place, or leave ${name} out`
  }
  return null
}

/** The names that a chain of CNAMEs goes round, beginning at this one. Null: it does not come back here. */
function circleFrom(name: string, { sets }: HostView): string[] | null {
  const chain = [name]
  for (;;) {
    const next = sets.find((set) => set.name === chain.at(-1) && set.type === 'CNAME')?.values[0]
    if (next === undefined) return null
    if (chain.includes(next)) return next === name ? chain : null
    chain.push(next)
  }
}

/** Looks again for a marker of another app. */
const lookAgain = async ({ names, seen, whom }: Named, app: string): Promise<Named> => {
  const { zone, servers } = seen
  const found = await findZone(names[0]!, whom)
  const again = typeof found === 'string' ? null : await lookAtZone({ ...found, servers }, { names, marker: markerName(app, zone) }, whom)
  return { names, app, seen: again ?? seen, whom }
}

/** `site`: the active one by the marker that is taken up. Null: a fresh owner. */
export type Owned = { named: Named; owner: string; site: string | null }

/** The owner: fresh, given, or that of a file that was lost, whose marker still stands in DNS. Null: wrong, and nobody can be asked. */
export async function obtainOwner(named: Named, { wishes, given, fresh }: { wishes: Wishes; given: string | null; fresh: string }): Promise<Owned | null> {
  const { txt } = named.seen.view
  const marker = txt.length === 1 ? parseMarker(txt[0]!) : null
  if (txt.length === 0) return { named, owner: given ?? fresh, site: null }
  if (marker && marker.owner === given) return { named, owner: given, site: marker.site }
  const at = markerName(named.app, named.seen.zone)
  const stands = marker ? `${at} says that they are lifeboat's already: app ${marker.app}, active at ${marker.site}, epoch ${marker.epoch}, owner ${marker.owner}` : `${at} has a TXT that is none of lifeboat's`
  if (!wishes.asks) {
    wishes.fault(`${stands}. ${marker ? `Where that is yours and its file was lost, --owner ${marker.owner} takes it up; otherwise give` : 'Give'} this app another name: --app NAME`)
    return null
  }
  wishes.say(`${stands}.`)
  if (marker && /^y(es)?$/i.test(await wishes.ask('Is that yours, and its lifeboat.yaml was lost? Then this owner goes into the new file [y/N]'))) return { named, owner: marker.owner, site: marker.site }
  const app = await wishes.obtain(appWish)
  return app === null ? null : obtainOwner(await lookAgain(named, app), { wishes, given, fresh })
}

/** What the app is called. */
export const appWish = {
  flag: 'app',
  about: 'what the app is called',
  question: 'A name for this app, of a-z, 0-9 and -',
  read: (app: string) => {
    const wrong = wrongIn({ app })
    return wrong === null ? app : { wrong }
  },
}
