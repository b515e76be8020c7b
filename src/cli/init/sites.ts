import { canonicalIp, canonicalName, familyOf } from '../../config/addresses.ts'
import type { HostView, RecordSet } from '../../core/moving.ts'
import { addressesOf } from '../../core/zone.ts'
import type { Draft, Site } from './draft.ts'
import { wrongIn } from './faults.ts'
import type { Wish, Wrong } from './wishes.ts'

/** As the file's rules would write it; what is none stays as it is, for them to say so. */
const canonical = (address: string): string => (familyOf(address) ? canonicalIp(address) : (canonicalName(address) ?? address))

/** A name that no site has yet. */
const freshName = (taken: string[]): string => Array.from({ length: taken.length + 1 }, (_, i) => `web${i + 1}`).find((name) => !taken.includes(name))!

/** Sites out of `NAME=ADDRESS`, comma-separated; `+` joins a second address, `@` a cloud. Where the name is left out, it is web1, web2 and so on. */
export function parseSites(text: string, taken: string[] = []): Site[] | Wrong {
  const sites: Site[] = []
  for (const part of text.split(/[,\s]+/).filter((each) => each !== '')) {
    const [, name, joined = '', cloud = 'none'] = /^(?:([^=]*)=)?([^@=]*)(?:@(.*))?$/.exec(part) ?? []
    const addresses = joined.split('+').map((address) => address.replace(/^\[(.*)\]$/, '$1'))
    if (joined === '' || addresses.length > 2) return { wrong: `"${part}" is no site. Write NAME=ADDRESS, such as web2=198.51.100.7; with an IPv6 address web2=198.51.100.7+2001:db8::7; @digitalocean behind it where that is its cloud` }
    sites.push({ site: name ?? freshName([...taken, ...sites.map(({ site }) => site)]), cloud, addresses: addresses.map(canonical) })
  }
  return sites
}

/** The addresses that the names serve now, by site: those of one machine together, as far as that can be told, and first what most of the names have. */
export function servedNow(view: HostView, names: string[]): string[][] {
  const times = (address: string): number => view.sets.filter((set) => names.includes(set.name) && set.values.includes(address)).length
  const served = addressesOf(view, names).toSorted((a, b) => times(b) - times(a))
  const [v4, v6, hosts] = [served.filter((each) => familyOf(each) === 4), served.filter((each) => familyOf(each) === 6), served.filter((each) => !familyOf(each))]
  if (served.length > 0 && v4.length <= 1 && v6.length <= 1 && hosts.length + Math.max(v4.length, v6.length) === 1) return [[...v4, ...v6, ...hosts]]
  // Which IPv6 address is whose cannot be told.
  return [...(v4.length > 0 ? v4 : v6), ...hosts].map((address) => [address])
}

/** The CNAMEs at the names that lead to none of them. */
export const cnamesAway = ({ sets }: HostView, names: string[]): RecordSet[] => sets.filter(({ type, values, through }) => type === 'CNAME' && through === undefined && values.some((target) => !names.includes(target)))

/** The site whose addresses are served, and no other's. Null: none, so that `adopt` must be told. */
export const activeOf = (sites: Site[], view: HostView, names: string[]): string | null => {
  const served = addressesOf(view, names)
  return served.length === 0 ? null : (sites.find(({ addresses }) => served.every((address) => addresses.includes(address)))?.site ?? null)
}

const spelled = ({ site, cloud, addresses }: Site): string => `${site}=${addresses.join('+')}${cloud === 'none' ? '' : `@${cloud}`}`

/** `now`: by site, what the names serve. `cnames`: those that lead to none of the names. `firstName`: what the site is called that the names point at. Null: nobody says. */
export type Serving = { known: Partial<Draft>; now: string[][]; cnames: RecordSet[]; firstName: string | null }

/** The sites that are asked for; what is found of them need not be typed. */
export function sitesWish(serving: Serving): Wish<Site[]> {
  const { known, now, cnames, firstName } = serving
  const one = now.length === 1 ? now[0]! : null
  const read = (text: string): Site[] | Wrong => {
    const given = parseSites(text, one ? [firstName ?? 'web1'] : [])
    if ('wrong' in given) return given
    const sites = one ? withCurrent(given, one, firstName ?? 'web1') : withOthers(given, now)
    if ('wrong' in sites) return sites
    const wrong = unfollowed(cnames, sites) ?? wrongIn({ ...known, sites })
    return wrong === null ? sites : { wrong }
  }
  const isHostname = one !== null && one.some((each) => !familyOf(each))
  const form = `NAME=${isHostname ? 'HOSTNAME' : 'ADDRESS'}, with @digitalocean, @hetzner or @aws behind it where that is its cloud`
  const offer = foundIn(now, firstName).map(spelled).join(',')
  return {
    flag: 'sites',
    about: `${one ? `your second server, as web2=${isHostname ? 'HOSTNAME' : '198.51.100.7'}` : 'your two servers, the preferred first, as web1=203.0.113.1,web2=198.51.100.7'}${now.length > 0 ? `; the names point at ${now.flat().join(' and ')} now` : ''}`,
    question: one ? `Your second server, as ${form}; or both, the preferred first` : `Your two servers, the preferred first and a comma between them, each as ${form}`,
    ...(now.length > 1 && !('wrong' in read(offer)) ? { fallback: offer, found: 'likely' as const } : {}),
    read,
  }
}

const foundIn = (now: string[][], firstName: string | null): Site[] => now.map((addresses, i) => ({ site: i === 0 && firstName ? firstName : `web${i + 1}`, cloud: 'none', addresses }))

/** What the names point at now becomes the first site where one other is given, and keeps its IPv6 address where it is one of them. */
function withCurrent(given: Site[], one: string[], firstName: string): Site[] | Wrong {
  const isIt = ({ addresses }: Site): boolean => addresses.some((address) => one.includes(address))
  const current = { site: firstName, cloud: 'none', addresses: one }
  const [only] = given
  if (!only || given.length > 1) return given.map((site) => (isIt(site) && site.addresses.length === 1 ? joinedTo(site, one) : site))
  if (isIt(only)) return { wrong: `The names point at ${one.join(' and ')}, so that is your first server already. Give the second one, or both, the preferred first` }
  if (only.site === firstName) return { wrong: `${firstName} is ${one.join(' and ')}, where the names point. Write ${spelled({ ...only, site: freshName([firstName]) })}, or both, the preferred first` }
  return [current, ...given]
}

function joinedTo(site: Site, one: string[]): Site {
  const joined = one.filter((address) => !site.addresses.includes(address))
  return joined.length > 0 ? { ...site, addresses: [...site.addresses, ...joined], joined } : site
}

/** One server alone does where it can be told which the other is. */
function withOthers(given: Site[], now: string[][]): Site[] | Wrong {
  const [only] = given
  if (!only || given.length > 1) return given
  const other = now.find((addresses) => !addresses.some((address) => only.addresses.includes(address))) ?? ['203.0.113.1']
  const example = [{ site: freshName([only.site]), cloud: 'none', addresses: other }, only].map(spelled).join(',')
  return { wrong: `${now.length === 0 ? 'The names point nowhere yet' : `The names point at ${now.flat().join(' and ')}, so which is the first server cannot be told`}. Give both, the preferred first, as ${example}` }
}

/** A CNAME that adopt would not take, since it may not be replaced by itself, as a sentence. Null: each leads to one of the sites, and all sites have hostnames. */
function unfollowed(cnames: RecordSet[], sites: Site[]): string | null {
  const addresses = sites.flatMap((site) => site.addresses)
  const stray = cnames.find(({ values }) => values.some((target) => !addresses.includes(target)) || addresses.some(familyOf))
  if (!stray) return null
  const target = stray.values.join(', ')
  return `${stray.name} is a CNAME to ${target}, so that must be one of the sites, and each a hostname, as web1=${target},web2=HOSTNAME. For IP addresses first write an A record at ${stray.name} in its place, and begin again`
}
