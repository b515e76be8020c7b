import type { makeAuthority } from '../lab/certificates.ts'
import type { Start } from '../lab/net-site.ts'

// The world on paper: who is where, the file, the zone, the certificates.

export const hosts = {
  alpha: '192.0.2.11', beta: '192.0.2.12',
  oslo: '192.0.2.21', paris: '192.0.2.22', tokyo: '192.0.2.23',
  controller: '192.0.2.31', knot: '192.0.2.53',
  // Two, as a file should name: one lost answer alone does not make a vantage blind.
  north: '192.0.2.80', south: '192.0.2.81',
} as const
export type Site = 'alpha' | 'beta'
export const vantages = ['oslo', 'paris', 'tokyo'] as const
export type Vantage = (typeof vantages)[number]
/** Those whose clocks can be wrong. */
export const clocked = [...vantages, 'controller'] as const

/** Whose clouds the vantages are at: none of a site's, or oslo at alpha's and paris at beta's. */
export type Layout = 'apart' | 'beside'

export const budgets = { outageMs: 2_000, appFaultMs: 1_500, intervalMs: 400 }

/** The zone's TSIG key as Knot and the file have it, and what the controller and its vantages share. */
export const secret = Buffer.from('not-a-real-key-of-the-lab').toString('base64')
export const token = 'not-a-real-token-of-the-lab'

const clouds: Record<Layout, string[]> = { apart: ['ovh', 'scaleway', 'sakura'], beside: ['aws', 'hetzner', 'sakura'] }

export const owner = '5f0c9a7be2d14c3f8a60b1d29e7c4f11'

/** Its lifeboat.yaml. */
export const yamlOf = (layout: Layout): string => `version: 1
app: shop
owner: "${owner}"
sites:
  alpha: { cloud: aws, address: ${hosts.alpha} }
  beta:  { cloud: hetzner, address: ${hosts.beta} }
data: { driver: none, holds: nothing }
check:
  url: https://shop.example/healthz
  body: all is well
  tls: { ca: ca.pem }
  interval: ${budgets.intervalMs}ms
  timeout: 300ms
  fall: 3
  rise: 2
vantages:
${vantages.map((vantage, i) => `  ${vantage}: { url: "http://${hosts[vantage]}:8687", token: "\${VANTAGE_TOKEN}", cloud: ${clouds[layout][i]} }`).join('\n')}
canaries: ["http://${hosts.north}/", "http://${hosts.south}/"]
dns:
  names: [shop.example, www.shop.example]
  ttl: 1s
  nameservers: ["${hosts.knot}"]
  hosts:
    - { driver: rfc2136, zone: shop.example, server: "${hosts.knot}:53", key: lifeboat, secret: "\${TSIG_SECRET}" }
policy:
  automatic: true
  outage: ${budgets.outageMs}ms
  appFault: ${budgets.appFaultMs}ms
  cooldown: 300ms
  maxMovesPerHour: 100
`

export const zoneText = `@ 60 SOA ns1 hostmaster 1 3600 600 86400 60
@ 60 NS ns1
ns1 60 A ${hosts.knot}
@ 1 A ${hosts.alpha}
www 1 A ${hosts.alpha}`

/** Those that a site shows, all by one authority. */
export const certificatesOf = (authority: ReturnType<typeof makeAuthority>): Start['certificates'] => ({
  well: authority.issue({ names: ['shop.example', 'www.shop.example'] }),
  'wrong certificate': authority.issue({ names: ['stranger.example'] }),
  'expired certificate': authority.issue({ names: ['shop.example'], fromMs: Date.now() - 90 * 86_400_000, untilMs: Date.now() - 25 * 3_600_000 }),
})
