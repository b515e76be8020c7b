import { canonicalIp, canonicalName, familyOf } from '../../config/addresses.ts'
import type { HostView } from '../../core/moving.ts'
import { addressesOf } from '../../core/zone.ts'
import { wrongIn, type Draft, type Site } from './draft.ts'
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

/** The addresses that the names serve now, by site: those of one machine together, as far as that can be told. */
export function servedNow(view: HostView, names: string[]): string[][] {
  const served = addressesOf(view, names)
  const [v4, v6, hosts] = [served.filter((each) => familyOf(each) === 4), served.filter((each) => familyOf(each) === 6), served.filter((each) => !familyOf(each))]
  if (served.length > 0 && v4.length <= 1 && v6.length <= 1 && hosts.length + Math.max(v4.length, v6.length) === 1) return [[...v4, ...v6, ...hosts]]
  // Which IPv6 address is whose cannot be told.
  return [...(v4.length > 0 ? v4 : v6), ...hosts].map((address) => [address])
}

/** The site whose addresses are served, and no other's. Null: none, so that `adopt` must be told. */
export const activeOf = (sites: Site[], view: HostView, names: string[]): string | null => {
  const served = addressesOf(view, names)
  return served.length === 0 ? null : (sites.find(({ addresses }) => served.every((address) => addresses.includes(address)))?.site ?? null)
}

const spelled = ({ site, cloud, addresses }: Site): string => `${site}=${addresses.join('+')}${cloud === 'none' ? '' : `@${cloud}`}`

/** `firstName`: what the site is called that the names point at. Null: nobody says. */
export type Serving = { known: Partial<Draft>; now: string[][]; firstName: string | null }

/** The sites that are asked for; what is found of them need not be typed. */
export function sitesWish({ known, now, firstName }: Serving): Wish<Site[]> {
  const one = now.length === 1 ? now[0]! : null
  const read = (text: string): Site[] | Wrong => {
    const given = parseSites(text, one ? [firstName ?? 'web1'] : [])
    if ('wrong' in given) return given
    const sites = withCurrent(given, one, firstName)
    const wrong = wrongIn({ ...known, sites })
    return wrong === null ? sites : { wrong }
  }
  const form = 'NAME=ADDRESS, with @digitalocean, @hetzner or @aws behind it where that is its cloud'
  const found = now.map((addresses, i): Site => ({ site: i === 0 && firstName ? firstName : `web${i + 1}`, cloud: 'none', addresses }))
  return {
    flag: 'sites',
    about: one ? `your second server, as web2=198.51.100.7; the names point at ${one.join(' and ')} now` : 'your two servers, the preferred first, as web1=203.0.113.1,web2=198.51.100.7',
    question: one ? `Your second server, as ${form}` : `Your two servers, the preferred first and a comma between them, each as ${form}`,
    ...(now.length > 1 ? { fallback: found.map(spelled).join(','), found: 'likely' as const } : {}),
    read,
  }
}

/** What the names point at now becomes the first site where one other is given, and keeps its IPv6 address where it is one of them. */
function withCurrent(given: Site[], one: string[] | null, firstName: string | null): Site[] {
  if (one === null) return given
  const isIt = ({ addresses }: Site): boolean => addresses.some((address) => one.includes(address))
  if (given.some(isIt)) return given.map((site) => (isIt(site) && site.addresses.length === 1 ? { ...site, addresses: [...new Set([...site.addresses, ...one])] } : site))
  if (given.length !== 1) return given
  const names = given.map(({ site }) => site)
  const name = firstName !== null && !names.includes(firstName) ? firstName : freshName(names)
  return [{ site: name, cloud: 'none', addresses: one }, ...given]
}
