import { stripVTControlCharacters } from 'node:util'
import { familyOf } from '../../config/addresses.ts'
import { markerName } from '../../core/marker.ts'
import type { Draft, Site } from './draft.ts'

/** Where each value came from, by its key (`sites.web1`, `check.url`); what is not there has no comment. */
export type Sources = Record<string, string>

/** Keys that YAML would take for something else stand in quotes, and so does whatever is not plainly a word or an IPv4 address. */
const scalar = (value: string): string =>
  (/^[a-z][a-z0-9.-]*$/.test(value) && !/^(null|true|false|yes|no|on|off|y|n)$/.test(value)) || familyOf(value) === 4 ? value : quoted(value)

/** JSON's strings are YAML's too. What looks like a variable is none. */
const quoted = (value: string): string => JSON.stringify(value.replaceAll('${', () => '$${'))

const list = (values: string[]): string => `[${values.map(scalar).join(', ')}]`

/** A stranger's words may end in a comment: one line, printable. */
const commented = (text: string, comment: string | undefined, width = 48): string =>
  comment === undefined ? text : `${text.padEnd(width)}  # ${stripVTControlCharacters(comment).replaceAll(/\p{C}+/gu, ' ')}`

/** The first address goes where it belongs by its family; where both are there, IPv6 is the second. */
function addressesOf({ addresses }: Site): string {
  const [first = '', second] = addresses.length > 1 && familyOf(addresses[0]!) === 6 && familyOf(addresses[1]!) === 4 ? addresses.toReversed() : addresses
  return `address: ${scalar(first)}${second === undefined ? '' : `, addressV6: ${quoted(second)}`}`
}

const siteLine = (site: Site, sources: Sources): string => commented(`  ${scalar(site.site)}: { cloud: ${scalar(site.cloud)}, ${addressesOf(site)} }`, sources[`sites.${site.site}`])

const dataLines = ({ holds }: Draft): string[] => [
  '# What a move would leave behind at the server that is left: nothing, or in words, such as "orders, uploads". lifeboat carries no data.',
  '# Where it holds something, only a cut moves by itself.',
  `data: { driver: none, holds: ${holds === 'nothing' ? holds : quoted(holds)} }`,
]

const checkLines = ({ check: { url, status, tls } }: Draft, sources: Sources): string[] => [
  commented('check:', "asked at each site's own addresses, with this name in SNI and Host"),
  commented(`  url: ${quoted(url)}`, sources['check.url']),
  ...(status === '2xx' ? [commented('  status: 2xx', 'any of them; left out: 200')] : []),
  ...(tls === 'any' ? [commented('  tls: any', sources['check.tls'])] : []),
  commented('  # body: ok', 'a text that the answer must contain, so that a parked page is not taken for yours'),
  commented('  interval: 2s', 'how often each address is asked'),
  commented('  timeout: 1s', 'below interval'),
  commented('  fall: 3', 'failed rounds until it is down'),
  commented('  rise: 5', 'good rounds until it is up again'),
]

const keyLines = (key: string | null): string[] =>
  key === null
    ? [commented('      # key: lifeboat', "the TSIG key's name, where it wants one"), '      # secret: "${TSIG_SECRET}"']
    : [
        commented(`      key: ${scalar(key)}`, "the TSIG key's name there"),
        commented('      secret: "${TSIG_SECRET}"', 'set in lifeboat.env beside this file, or in the environment; never here'),
        commented('      # algorithm: hmac-sha512', 'where the key is one; left out: hmac-sha256'),
      ]

const dnsLines = ({ names, zone, nameservers, ttl, server, key }: Draft, sources: Sources): string[] => [
  'dns:',
  commented(`  names: ${list(names)}`, 'what is moved; all else in the zone stays as it is'),
  commented(`  ttl: ${ttl}`, sources['dns.ttl']),
  nameservers === null
    ? commented('  # nameservers: ["192.0.2.53:53"]', 'for a private zone; left out: those that the parent publishes')
    : commented(`  nameservers: ${list(nameservers)}`, 'as given; where every change must be seen. Left out: those that the parent publishes'),
  '  hosts:',
  commented('    - driver: rfc2136', 'dynamic updates: Knot, BIND, PowerDNS'),
  commented(`      zone: ${scalar(zone)}`, sources['dns.zone']),
  commented(`      server: ${quoted(server)}`, sources['dns.server']),
  ...keyLines(key),
  '    # A second DNS host with the same zone, at another company:',
  `    # - { driver: rfc2136, zone: ${scalar(zone)}, server: "192.0.2.54:53", key: lifeboat, secret: "\${TSIG_SECRET_2}" }`,
]

const cloudLines = ({ sites }: Draft): string[] =>
  sites.some(({ cloud }) => cloud === 'digitalocean')
    ? ['', 'clouds:', commented('  digitalocean: { token: "${DIGITALOCEAN_TOKEN}" }', 'a read-only token of the account; set in lifeboat.env too')]
    : []

const policyLines = [
  'policy:',
  commented('  automatic: false', 'it says what it would do, and does nothing. true, once it has said the right thing for some days'),
  commented('  outage: 3m', 'how long a site is down, with nobody saying why, before its names move; longer than a reboot'),
  commented('  appFault: 10m', 'the same where its machine is well and only the app fails; or never'),
]

const laterLines = [
  '# ── For later: take the # away ──────────────────────────────────────────────',
  '# Places to look from. This process alone votes until then, and what it cannot reach looks down: have three, none of them at a site.',
  '# On each of the others: LIFEBOAT_VANTAGE_TOKEN=… lifeboat vantage --listen 0.0.0.0:8687',
  '# vantages:',
  commented('#   here:  { cloud: none }', 'who runs this machine, in one word'),
  '#   paris: { url: "https://probe.paris.example", token: "${PARIS_TOKEN}", cloud: scaleway }',
  '#   tokyo: { url: "https://probe.tokyo.example", token: "${TOKYO_TOKEN}", cloud: sakura }',
  '# Targets that prove this machine is well: without one, its own lost connection looks like a lost site.',
  '# canaries: [https://one.one.one.one, https://dns.google]',
  '# Who is told of moves and alarms; to try it: lifeboat notify',
  '# notify:',
  '#   - { url: "${NTFY_URL}", events: [move, alarm] }           # an address of ntfy, Slack or Discord, or of your own',
  '#   - { exec: [/usr/local/bin/page-me], events: [alarm] }     # JSON on standard input',
  '# Who misses lifeboat itself when it falls silent:',
  '# heartbeat: { url: "${HEARTBEAT_URL}", every: 1m }',
  '# Status, metrics and health over HTTP:',
  '# listen: 127.0.0.1:8686',
]

/** The file's text; the same draft always gives the same. */
export const fileText = (draft: Draft, sources: Sources): string =>
  [
    `# Written by lifeboat init${sources.file === undefined ? '' : ` on ${sources.file}`}. Beside each line stands where it came from, or what to choose.`,
    '# After a change: lifeboat check',
    'version: 1',
    commented(`app: ${scalar(draft.app)}`, `names its store, and in DNS the TXT ${markerName(draft.app, draft.zone)}`),
    commented(`owner: ${quoted(draft.owner)}`, sources.owner ?? 'fresh; tells two apps of one name apart, so it stays as it is'),
    '',
    '# The most preferred first. cloud: who runs the machine (aws, digitalocean, hetzner), or none. Of digitalocean the account is asked as well.',
    'sites:',
    ...draft.sites.map((site) => siteLine(site, sources)),
    '',
    ...dataLines(draft),
    '',
    ...checkLines(draft, sources),
    '',
    ...dnsLines(draft, sources),
    ...cloudLines(draft),
    '',
    ...policyLines,
    '',
    ...laterLines,
    '',
  ].join('\n')
