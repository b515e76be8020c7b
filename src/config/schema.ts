import { z } from 'zod'
import { askMost } from '../core/limits.ts'
import { isObject } from '../core/objects.ts'
import { cloudNames, companyOf, dnsDriverNames } from './companies.ts'
import {
  byDriver, dnsName, duration, either, flag, httpUrl, integer, ipOrHostname, ipV6, list, listenAddress, mapping, named, oneOrList, say, secret, server, shortName,
  shownName, someOf, text, word, zoneName,
} from './shapes.ts'

// The shapes of CONTRACT.md's lifeboat.yaml, all of it: what is not built yet too (unbuilt.ts says so). What concerns more than one key is in rules/.

const isText = (value: unknown): boolean => typeof value === 'string'
const isNumber = (value: unknown): boolean => typeof value === 'number'

const owner = text('Write 32 hex digits in quotes').regex(/^[0-9a-f]{32}$/, { error: say('is not 32 hex digits', 'Write 32 of 0-9 and a-f, in quotes') })

const outputName = text("Write the name of the stack's output")

const site = mapping({
  cloud: word(cloudNames, 'no cloud of this name'),
  address: ipOrHostname().optional(),
  addressV6: ipV6().optional(),
  machineId: text('Write the id that the cloud gives the machine, in quotes').optional(),
  stack: text("Write the Pulumi stack's name").optional(),
  dir: text("Write the folder of the Pulumi program").optional(),
  outputs: mapping({ address: outputName.optional(), addressV6: outputName.optional(), machineId: outputName.optional(), region: outputName.optional() }).optional(),
  standby: word(['hot', 'cold']).default('hot'),
})

const anyStatus = 'Write a status such as 200, a list of them, or 2xx'
const status = either(
  (value) => typeof value === 'number',
  integer(100, 599, anyStatus),
  text(anyStatus).regex(/^[1-5]xx$/, { error: say('is no HTTP status', anyStatus) }),
)

const statuses = oneOrList(status, anyStatus)
const urls = oneOrList(httpUrl(), 'Write a URL, or a list of them')
const body = text('Write a text that the answer must contain')

const check = mapping({
  url: urls.optional(),
  tcp: integer(1, 65_535, 'Write a port from 1 to 65535').optional(),
  dns: mapping({
    name: dnsName(),
    type: word(['A', 'AAAA', 'CNAME', 'MX', 'NS', 'SOA', 'SRV', 'TXT', 'CAA']),
  }).optional(),
  status: statuses.optional(),
  body: body.optional(),
  tls: either(isObject, mapping({ ca: text('Write the path of a PEM file') }), word(['public', 'any'], 'is neither public, any nor { ca: FILE }')).optional(),
  secondOpinion: mapping({ driver: word(['globalping'], 'no driver of this name'), token: secret('GLOBALPING_TOKEN').optional() }).optional(),
  standby: mapping({ url: urls, status: statuses.optional(), body: body.optional() }).optional(),
  interval: duration({ leastMs: 1, example: '2s' }).default(2_000),
  timeout: duration({ leastMs: 1, example: '1s' }).default(1_000),
  fall: integer(1, 1_000).default(3),
  rise: integer(1, 1_000).default(5),
})

const sharedFate = word(['accepted'], 'is not the one word that goes here').optional()

const vantage = mapping({
  url: httpUrl('Write an address such as https://probe.paris.example').optional(),
  token: secret('VANTAGE_TOKEN').optional(),
  cloud: text('Write who hosts it, in one word; none where nobody does').transform(companyOf),
  sharedFate,
})

// ── DNS hosts ────────────────────────────────────────────────────────────────

const servers = someOf(server(), 'Write a list of addresses, such as ["192.0.2.53"]', 'Write an address, or leave the key out')

const anyHost = {
  zone: zoneName(),
  ttl: duration({ leastMs: 1_000, example: '60s' }).optional(),
  sharedFate,
  nameservers: servers.optional(),
}

const base64 = secret('TSIG_SECRET').refine((value) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value), {
  error: say('is not base64', 'Write the secret as the name server has it'),
})

const endpoint = httpUrl('Write the address of the API').optional()

const dnsHost = byDriver(
  [
    mapping({
      driver: z.literal('rfc2136'),
      ...anyHost,
      server: server(),
      key: text("Write the TSIG key's name").optional(),
      secret: base64.optional(),
      algorithm: word(['hmac-sha256', 'hmac-sha512'], 'no algorithm of this name').optional(),
    }),
    mapping({ driver: z.literal('embedded'), ...anyHost, server: server() }),
    mapping({ driver: z.literal('cloudflare'), ...anyHost, token: secret('CLOUDFLARE_TOKEN'), zoneId: text("Write the zone's id").optional(), endpoint }),
    mapping({
      driver: z.literal('route53'),
      ...anyHost,
      zoneId: text("Write the hosted zone's id").optional(),
      accessKeyId: secret('AWS_ACCESS_KEY_ID').optional(),
      secretAccessKey: secret('AWS_SECRET_ACCESS_KEY').optional(),
      endpoint,
    }),
    mapping({ driver: z.literal('desec'), ...anyHost, token: secret('DESEC_TOKEN'), endpoint }),
    mapping({ driver: z.literal('powerdns'), ...anyHost, url: httpUrl('Write the address of the API'), apiKey: secret('PDNS_API_KEY') }),
    mapping({ driver: z.literal('digitalocean'), ...anyHost, token: secret('DIGITALOCEAN_TOKEN'), endpoint }),
    mapping({ driver: z.literal('hetzner'), ...anyHost, token: secret('HCLOUD_TOKEN'), endpoint }),
  ],
  dnsDriverNames,
)

const dns = mapping({
  names: someOf(dnsName(), 'Write a list of names, such as [shop.example]', 'Write the names that are to be moved').max(askMost.names, {
    error: say(`holds more than ${askMost.names} names`, `Keep ${askMost.names}, and make the others CNAMEs of one of them`),
  }),
  ttl: duration({ leastMs: 1_000, example: '60s' }).default(60_000),
  drift: word(['hold', 'reassert']).default('hold'),
  nameservers: servers.optional(),
  hosts: someOf(dnsHost, 'Write a list of { driver, zone … }', 'Write who hosts the zone, as { driver, zone … }'),
})

// ── The rest ─────────────────────────────────────────────────────────────────

const witness = httpUrl("Write the witness's address").optional()
const tokens = (variable: string) => ({ token: secret(variable), secondToken: secret(`${variable}_2`).optional(), witness, endpoint })

const clouds = mapping({
  aws: mapping({
    region: text('Write a region such as eu-central-1'),
    accessKeyId: secret('AWS_ACCESS_KEY_ID').optional(),
    secretAccessKey: secret('AWS_SECRET_ACCESS_KEY').optional(),
    witness,
    endpoint,
  }).optional(),
  hetzner: mapping(tokens('HCLOUD_TOKEN')).optional(),
  digitalocean: mapping(tokens('DIGITALOCEAN_TOKEN')).optional(),
})

const policy = mapping({
  automatic: flag().default(false),
  confirmCut: duration({ leastMs: 1 }).default(30_000),
  outage: duration({ example: '3m' }).default(180_000),
  appFault: either((value) => value === 'never', z.literal('never'), duration({ example: '10m' })).default(600_000),
  cooldown: duration({ example: '10m' }).default(600_000),
  maxMovesPerHour: integer(1, 1_000).default(3),
  failback: word(['manual', 'automatic']).default('manual'),
})

const events = someOf(word(['move', 'alarm'], 'no event of this name'), 'Write a list such as [move, alarm]', 'Write move, alarm or both')

const notify = mapping({
  url: httpUrl('Write an address such as https://ntfy.example/shop').optional(),
  exec: someOf(text('Write a word of the command'), 'Write a list such as [/usr/local/bin/page-me]', 'Write the command').optional(),
  events: events.optional(),
})

const store = byDriver(
  [
    mapping({ driver: z.literal('sqlite'), path: text('Write the path of a file').optional() }),
    mapping({
      driver: z.literal('etcd'),
      endpoints: someOf(httpUrl('Write an address such as https://192.0.2.10:2379'), 'Write a list of addresses', 'Write the addresses of the etcd members'),
    }),
  ],
  ['sqlite', 'etcd'],
)

const portAlone = z.never({ error: ({ input }) => say('is no address with a port', `Write 127.0.0.1:${Number(input)}`) })
const listen = mapping({ address: listenAddress(), token: secret('LISTEN_TOKEN').optional() })

/** The whole of lifeboat.yaml (CONTRACT.md); unknown keys are errors. */
export const fileSchema = mapping({
  version: z.literal(1, { error: say('is a version that nothing here reads', 'Write 1') }).default(1),
  app: shortName('Write a name such as shop'),
  owner: owner.optional(),
  sites: named(shortName('Write a name'), site, 'Write NAME: { cloud, address } for each site'),
  data: mapping({
    driver: word(['none', 'exec', 'patroni'], 'no driver of this name').default('none'),
    holds: text('Write nothing, or what a move would leave behind, such as "orders, uploads"'),
  }).optional(),
  check,
  vantages: named(shownName('Write a name'), vantage, 'Write NAME: { url, token, cloud } for each vantage, or leave the key out').optional(),
  quorum: integer(1, 1_000).optional(),
  canaries: list(httpUrl('Write an address such as https://one.one.one.one'), 'Write a list of addresses').default([]),
  dns,
  clouds: clouds.default({}),
  policy: policy.prefault({}),
  notify: list(notify, 'Write a list of { url, events } or { exec, events }').optional(),
  heartbeat: mapping({ url: httpUrl('Write the address that is to be called'), every: duration({ leastMs: 1_000, example: '1m' }).default(60_000) }).optional(),
  store: store.default({ driver: 'sqlite' }),
  listen: either(isText, listenAddress().transform((address) => ({ address, token: undefined })), either(isNumber, portAlone, listen)).optional(),
})

/** The file as the schema reads it: durations in milliseconds, names and addresses in canonical form, defaults in place. */
export type File = z.output<typeof fileSchema>
export type FileDnsHost = File['dns']['hosts'][number]
