import { isIn } from '../../core/dns-names.ts'
import { canonicalName, ipOfServer, isLoopback } from '../addresses.ts'
import { dnsDrivers } from '../companies.ts'
import { formatDuration } from '../durations.ts'
import type { Fault } from '../faults.ts'
import { pairs } from '../lists.ts'
import type { FileDnsHost } from '../schema.ts'
import type { Rule } from './rule.ts'

/** The zone that a name lives in: the longest of those listed. Null: none. */
export const zoneOf = (name: string, hosts: { zone: string }[]): string | null =>
  hosts.map(({ zone }) => zone).filter((zone) => isIn(name, zone)).sort((a, b) => b.length - a.length)[0] ?? null

/** What a DNS host is called in logs and in the journal. */
export const hostIdOf = (host: FileDnsHost): string =>
  'server' in host ? `${host.driver}/${host.server}/${host.zone}` : `${host.driver}/${host.zone}`

export const nameTwice: Rule = {
  reads: ['dns.names'],
  judge: ({ dns }) =>
    pairs([...dns.names.entries()])
      .filter(([[, one], [, other]]) => one === other)
      .map(([[first], [second]]) => ({ path: ['dns', 'names', second], what: `is dns.names[${first}] again`, instead: 'Delete one of the two' })),
}

export const nameInNoZone: Rule = {
  // Of a host whose driver is unknown the zone stands as it was written, if it does; it counts all the same.
  reads: ['dns.names', 'dns.hosts.*.zone'],
  judge: ({ dns }, tree) => {
    const zones = dns.hosts.map((_, i) => tree.valueAt(['dns', 'hosts', i, 'zone']))
    const known = zones.flatMap((zone) => (typeof zone === 'string' ? (canonicalName(zone) ?? []) : []))
    if (known.length < zones.length) return []
    return [...dns.names.entries()]
      .filter(([, name]) => zoneOf(name, known.map((zone) => ({ zone }))) === null)
      .map(([i]) => ({ path: ['dns', 'names', i], what: "is in no DNS host's zone", instead: 'Add the host of its zone to dns.hosts, or correct the name' }))
  },
}

/** Told only where every name has its zone: else it is most likely the other half of that mistake. */
export const zoneWithoutName: Rule = {
  reads: ['dns.names', 'dns.hosts.*.zone', 'dns.hosts.*.driver'],
  judge: ({ dns }) =>
    dns.names.some((name) => zoneOf(name, dns.hosts) === null)
      ? []
      : [...dns.hosts.entries()]
          .filter(([, { zone }]) => !dns.names.some((name) => zoneOf(name, dns.hosts) === zone))
          .map(([i]) => ({
            path: ['dns', 'hosts', i, 'zone'],
            what: 'is the zone of none of dns.names',
            instead: 'Add a name of it to dns.names, or delete this host',
          })),
}

/** Who serves a zone of one label the root says, and it knows no private one: nothing written there could be confirmed. */
export const privateZoneWithoutServers: Rule = {
  reads: ['dns.nameservers', 'dns.hosts.*.zone', 'dns.hosts.*.nameservers'],
  warns: true,
  judge: ({ dns }) => {
    const named = dns.hosts.filter(({ nameservers }) => nameservers !== undefined).map(({ zone }) => zone)
    return [...dns.hosts.entries()]
      .filter(([, { zone }]) => !zone.includes('.') && dns.nameservers === undefined && !named.includes(zone))
      .map(([i]) => ({
        path: ['dns', 'hosts', i, 'zone'],
        what: 'is of one label, and the root, which is asked for its name servers, knows no private zone',
        instead: 'Write nameservers: with those that serve it, here or under dns',
      }))
  },
}

export const hostTwice: Rule = {
  reads: ['dns.hosts.*.zone', 'dns.hosts.*.driver', 'dns.hosts.*.server'],
  judge: ({ dns }) =>
    pairs([...dns.hosts.entries()])
      .filter(([[, one], [, other]]) => hostIdOf(one) === hostIdOf(other))
      .map(([[first], [second]]) => ({ path: ['dns', 'hosts', second], what: `is dns.hosts[${first}] again`, got: null, instead: 'Delete one of the two' })),
}

/** Overruled by a `ttl` at the host itself. */
export const ttlBelowMinimum: Rule = {
  reads: ['dns.ttl', 'dns.hosts.*.ttl', 'dns.hosts.*.driver'],
  judge: ({ dns }) =>
    [...dns.hosts.entries()].flatMap(([i, { driver, ttl }]) => {
      const leastMs = dnsDrivers[driver].ttlMinS * 1_000
      if (ttl !== undefined || dns.ttl >= leastMs) return []
      const least = formatDuration(leastMs)
      const instead = `Write dns.ttl: ${least}, or ttl: at this host to overrule its minimum`
      return [
        [
          {
            path: ['dns', 'ttl'],
            what: `is below the minimum of dns.hosts[${i}], ${least}`,
            instead: `Write ${least} or more, or ttl: at that host to overrule its minimum`,
          },
          { path: ['dns', 'hosts', i, 'driver'], what: `has a minimum TTL of ${least}, and dns.ttl is below it`, instead },
        ],
      ]
    }),
}

export const keyAndSecret: Rule = {
  reads: ['dns.hosts.*.key', 'dns.hosts.*.secret', 'dns.hosts.*.server', 'dns.hosts.*.driver', 'dns.hosts.*.algorithm'],
  judge: ({ dns }) =>
    [...dns.hosts.entries()].flatMap(([i, host]): Fault[] => {
      if (host.driver !== 'rfc2136') return []
      const { key, secret, algorithm } = host
      const at = (option: keyof typeof host, what: string, instead: string): Fault[] => [{ path: ['dns', 'hosts', i, option], what, instead }]
      if (key !== undefined && secret === undefined) return at('key', 'has no secret beside it', 'Write secret: "${TSIG_SECRET}"')
      if (key === undefined && secret !== undefined) return at('secret', 'has no key beside it', 'Write key: with the name of the TSIG key')
      if (key !== undefined) return []
      if (!isLoopback(ipOfServer(host.server))) return at('server', 'is off loopback and has no TSIG key', 'Write key: and secret: as the name server has them')
      return algorithm === undefined ? [] : at('algorithm', 'means nothing without key and secret', 'Write both, or leave algorithm out')
    }),
}

export const embeddedOffLoopback: Rule = {
  reads: ['dns.hosts.*.server', 'dns.hosts.*.driver'],
  judge: ({ dns }) =>
    [...dns.hosts.entries()]
      .filter(([, host]) => host.driver === 'embedded' && !isLoopback(ipOfServer(host.server)))
      .map(([i]) => ({
        path: ['dns', 'hosts', i, 'server'],
        what: 'is off loopback, and the embedded server takes changes from anybody',
        instead: 'Write an address such as 127.0.0.1:5353',
      })),
}
