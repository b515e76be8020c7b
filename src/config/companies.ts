// What is known of each company and each driver before any of its code is written. Minimum TTLs: DNS.md, 2026-11.

/** Clouds that a site can stand at. `domains`: a canary below one of them says nothing of the observer when that cloud is down. */
export const clouds = {
  aws: { built: false, domains: ['amazonaws.com', 'amazon.com', 'cloudfront.net', 'awsstatic.com'] },
  hetzner: { built: false, domains: ['hetzner.com', 'hetzner.cloud', 'hetzner.de', 'your-server.de', 'your-objectstorage.com'] },
  digitalocean: { built: true, domains: ['digitalocean.com', 'digitaloceanspaces.com', 'ondigitalocean.app'] },
  none: { built: true, domains: [] },
} as const satisfies Record<string, { built: boolean; domains: string[] }>
export type CloudName = keyof typeof clouds

/** DNS hosts. `company` null: the user's own servers. `atomicZone`: one change with all names and the marker lands whole or not at all. */
export const dnsDrivers = {
  rfc2136: { built: true, company: null, ttlMinS: 1, atomicZone: true },
  embedded: { built: true, company: null, ttlMinS: 1, atomicZone: true },
  cloudflare: { built: false, company: 'cloudflare', ttlMinS: 60, atomicZone: true },
  route53: { built: false, company: 'aws', ttlMinS: 1, atomicZone: true },
  desec: { built: false, company: 'desec', ttlMinS: 3600, atomicZone: false },
  powerdns: { built: false, company: null, ttlMinS: 1, atomicZone: false },
  digitalocean: { built: false, company: 'digitalocean', ttlMinS: 30, atomicZone: false },
  hetzner: { built: false, company: 'hetzner', ttlMinS: 60, atomicZone: false },
} as const satisfies Record<string, { built: boolean; company: string | null; ttlMinS: number; atomicZone: boolean }>
export type DnsDriver = keyof typeof dnsDrivers

/** A vantage's cloud, which is any word, with the clouds of sites recognised however they are written: `AWS`, `Digital Ocean`. */
export const companyOf = (word: string): string => {
  const plain = word.toLowerCase().replaceAll(/[-_ ]/g, '')
  return plain in clouds ? plain : word.toLowerCase()
}
