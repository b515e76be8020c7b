// What is known of each company and each driver before any of its code is written. Minimum TTLs: DNS.md, 2026-11.

/** Clouds that a site can stand at. `domains`: a canary below one of them says nothing of the observer when that cloud is down. */
export const clouds = {
  aws: { built: false, domains: ['amazonaws.com', 'amazon.com', 'cloudfront.net', 'awsstatic.com'] },
  hetzner: { built: false, domains: ['hetzner.com', 'hetzner.cloud', 'hetzner.de', 'your-server.de', 'your-objectstorage.com'] },
  digitalocean: { built: true, domains: ['digitalocean.com', 'digitaloceanspaces.com', 'ondigitalocean.app'] },
  none: { built: true, domains: [] },
} as const satisfies Record<string, { built: boolean; domains: string[] }>
export type CloudName = keyof typeof clouds
/** In the order in which a sentence lists them. */
export const cloudNames = Object.keys(clouds) as [CloudName, ...CloudName[]]

/** DNS hosts. `company` null: the user's own servers. */
export const dnsDrivers = {
  rfc2136: { built: true, company: null, ttlMinS: 1 },
  embedded: { built: true, company: null, ttlMinS: 1 },
  cloudflare: { built: false, company: 'cloudflare', ttlMinS: 60 },
  route53: { built: false, company: 'aws', ttlMinS: 1 },
  desec: { built: false, company: 'desec', ttlMinS: 3600 },
  powerdns: { built: false, company: null, ttlMinS: 1 },
  digitalocean: { built: false, company: 'digitalocean', ttlMinS: 30 },
  hetzner: { built: false, company: 'hetzner', ttlMinS: 60 },
} as const satisfies Record<string, { built: boolean; company: string | null; ttlMinS: number }>
export type DnsDriver = keyof typeof dnsDrivers
/** In the order in which a sentence lists them. */
export const dnsDriverNames = Object.keys(dnsDrivers) as [DnsDriver, ...DnsDriver[]]

/** A vantage's cloud, which is any word, with the clouds of sites recognised however they are written: `AWS`, `Digital Ocean`. */
export const companyOf = (word: string): string => {
  const plain = word.toLowerCase().replaceAll(/[-_ ]/g, '')
  return plain in clouds ? plain : word.toLowerCase()
}
