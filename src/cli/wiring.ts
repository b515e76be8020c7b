// Settings become the parts that a controller stands on: the one place where concrete drivers are named.

import { hostname } from 'node:os'
import type { Clock } from '../clock.ts'
import type { DnsHostSettings, Settings } from '../config/settings.ts'
import type { Parts } from '../controller/parts.ts'
import { callMs } from '../controller/times.ts'
import { markerName } from '../core/marker.ts'
import { execChannel } from '../drivers/channels/exec.ts'
import { channelName, formOf } from '../drivers/channels/forms.ts'
import { httpHeartbeat } from '../drivers/channels/heartbeat.ts'
import { httpChannel } from '../drivers/channels/http.ts'
import { digitalocean } from '../drivers/clouds/digitalocean.ts'
import { none } from '../drivers/clouds/none.ts'
import { embedded } from '../drivers/dns/embedded.ts'
import { nameServers } from '../drivers/dns/nameservers.ts'
import { digHost } from '../drivers/dns/query.ts'
import { rfc2136 } from '../drivers/dns/rfc2136.ts'
import { tsigKey, type TsigAlgorithm, type TsigKey } from '../drivers/dns/tsig.ts'
import { holdOpen } from '../drivers/probes/held.ts'
import { hereVantage } from '../drivers/vantages/here.ts'
import { remoteVantage } from '../drivers/vantages/remote.ts'
import type { Channel, Cloud, DnsHost, Journal, Log, Stack, Store, Vantage } from '../ports.ts'
import { version } from '../version.ts'
import { writtenOf } from './changes.ts'

/** The channels of the file, in its order. */
export const channelsOf = ({ notify, folder }: Settings, clock: Clock): Channel[] =>
  notify.map(({ url, exec, events }, i) => {
    const common = { channel: channelName(i, url), events, clock }
    return url === null ? execChannel({ ...common, argv: exec ?? [], folder }) : httpChannel({ ...common, url, form: formOf(new URL(url)), version })
  })

type Means = { settings: Settings; clock: Clock; log: Log }

type Wiring = { store: Store; journal?: Journal; stacks?: Stack[]; clock: Clock; log: Log; command: string; sinceMs?: number }

/**
 * `command`: as others read who leads. `journal`: for a process that may lead, so that it tells people; left out: it tells nobody.
 * `stacks`: for one that reads them again and again; left out: it goes by what was read.
 * `sinceMs`: since when this process runs, wall clock; left out: it begins now.
 */
export function wire(settings: Settings, { store, journal, stacks, clock, log, command, sinceMs = clock.now().wallMs }: Wiring): Parts {
  const means = { settings, clock, log }
  return {
    config: settings.core,
    configHash: settings.hash,
    written: writtenOf(settings),
    checks: settings.checks,
    canaries: settings.canaries,
    clock,
    store,
    log,
    vantages: settings.vantages.map((each) => vantageOf(each, means)),
    held: holdOpen({ clock }),
    clouds: [...new Set(settings.core.sites.map(({ cloud }) => cloud))].map((cloud) => cloudOf(cloud, means)),
    hosts: settings.dns.hosts.map((each) => dnsHostOf(each, means)),
    nameServers: nameServersOf(settings, clock),
    serversOf: Object.fromEntries(settings.dns.hosts.map((each) => [each.host, serversOf(each)])),
    data: null,
    ...(stacks ? { stacks } : {}),
    ...(journal ? { tells: { channels: channelsOf(settings, clock), journal } } : {}),
    ...(settings.heartbeat ? { heartbeat: httpHeartbeat({ ...settings.heartbeat, clock, version }) } : {}),
    leader: { id: `${hostname()}-${process.pid}`, pid: process.pid, machine: hostname(), sinceMs, command },
  }
}

function vantageOf({ vantage, url, token }: Settings['vantages'][number], { clock, log }: Means): Vantage {
  if (url === null) return localVantage(vantage, clock)
  return remoteVantage({ vantage, url, token: token ?? '', clock, log })
}

/** The vantage that is this process, for the controller and for `lifeboat vantage`. */
export const localVantage = (vantage: string, clock: Clock): Vantage =>
  hereVantage({ vantage, clock, version, digHost: (dig, signal) => digHost(dig, clock, signal, 'both') })

const cloudDrivers: Record<string, (means: Means) => Cloud> = {
  digitalocean: ({ settings, clock }) => {
    const { token = '', secondToken, witness, endpoint } = settings.clouds.digitalocean ?? {}
    const sites = settings.core.sites
      .filter(({ cloud }) => cloud === 'digitalocean')
      .map(({ site, addresses }) => ({ site, addresses, machineId: settings.sites[site]?.machineId ?? null }))
    return digitalocean({ sites, token, secondToken: secondToken ?? null, witness: witness ?? null, ...(endpoint === undefined ? {} : { endpoint }), clock })
  },
}

/** A site at a cloud whose driver is not built is watched without account evidence; the file's rules warn of it. */
const cloudOf = (cloud: string, means: Means): Cloud => (cloudDrivers[cloud] ?? none)(means)

function dnsHostOf({ host, driver, zone, options }: DnsHostSettings, { settings, clock }: Means): DnsHost {
  const names = settings.core.dns.hosts.find((each) => each.host === host)?.names ?? []
  const common = { host, zone, marker: markerName(settings.core.app, zone), names, server: options.server ?? '', timeoutMs: callMs.read }
  if (driver === 'embedded') return embedded(common, clock)
  if (driver !== 'rfc2136') throw new Error(`no driver for the DNS host ${driver}`)
  return rfc2136({ ...common, key: keyOf({ options }) }, clock)
}

/** The key that a name server's changes are signed with. Null: they are not. */
export const keyOf = ({ options: { key, secret, algorithm } }: Pick<DnsHostSettings, 'options'>): TsigKey | null =>
  key === undefined ? null : tsigKey(key, secret ?? '', algorithm as TsigAlgorithm)

/** One question on the way to a zone's name servers; a walk asks several. */
const questionMs = 400

/** The name servers of the file's zones, as confirm asks them. */
export const nameServersOf = (settings: Settings, clock: Clock) => nameServers({ override: (zone) => nameserversOf(settings, zone), timeoutMs: questionMs }, clock)

/** Which name servers stand in for the parent's list in a zone: those of its hosts, else dns.nameservers without the other zones' own servers. */
function nameserversOf({ dns }: Settings, zone: string): string[] | null {
  const own = dns.hosts.filter((each) => each.zone === zone)
  const named = own.flatMap(({ nameservers }) => nameservers ?? [])
  if (named.length > 0) return [...new Set(named)]
  const servers = (hosts: DnsHostSettings[]) => hosts.map(({ options }) => options.server)
  const others = servers(dns.hosts.filter((each) => each.zone !== zone && !servers(own).includes(each.options.server)))
  return dns.nameservers?.filter((server) => !others.includes(server)) ?? null
}

/** A host's own server is one of its name servers, where the parent or the file lists it at all. */
const serversOf = ({ options: { server }, nameservers }: DnsHostSettings): string[] => [...(server === undefined ? [] : [server]), ...(nameservers ?? [])]
