// What becomes of a new lifeboat.yaml.

import { isIn, parentOf } from '../../core/dns-names.ts'

/** `addresses`: as it was typed or found; an IPv6 address beside an IPv4 one is the second. `joined`: those of them that were found beside what was typed; left out: none. */
export type Site = { site: string; cloud: string; addresses: string[]; joined?: string[] }

/** What is asked at a site. */
export type CheckDraft = { url: string; status: '200' | '2xx'; tls: 'public' | 'any' }

/** All that the file says. `key` null: the server takes changes without one. `nameservers` null: those that the parent publishes. */
export type Draft = {
  app: string
  owner: string
  names: string[]
  zone: string
  nameservers: string[] | null
  ttl: string
  sites: Site[]
  holds: string
  check: CheckDraft
  server: string
  key: string | null
}

/** The longest name that all of them are in. Null: there is none. */
export function sharedZone([first, ...others]: string[]): string | null {
  for (let at = first ?? ''; at !== ''; at = parentOf(at)) {
    if (others.every((name) => isIn(name, at))) return at
  }
  return null
}
