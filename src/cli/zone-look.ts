import { newSelf, type Self } from '../controller/self.ts'
import { readHost, readServers } from '../controller/hosts.ts'
import type { Settings } from '../config/settings.ts'
import { parseMarker } from '../core/marker.ts'
import { markerFor } from '../core/move-hosts.ts'
import type { HostView, Marker, RecordSet, ServerView } from '../core/moving.ts'
import type { Config } from '../core/types.ts'
import { verb } from '../core/verb.ts'
import { addressesOf } from '../core/zone.ts'
import { exits, Said } from '../errors.ts'
import type { Store } from '../ports.ts'
import { asker, type Cli } from './cli.ts'
import type { Ground } from './ground.ts'
import { wire } from './wiring.ts'

/** What DNS shows of our names now. A view that is null could not be read. */
export type ZoneLook = {
  hosts: Record<string, HostView | null>
  /** Null: the parent's name servers could not be found out. */
  servers: ServerView[] | null
}

/** The store of whoever only looks: nothing of it may be asked for. */
export const noneNeeded: Store = (() => {
  const refuse = () => Promise.reject(new Error('looking needs no store'))
  return { read: refuse, commit: refuse, ask: refuse, lead: refuse }
})()

const lookingOnly = (cli: Cli, settings: Settings): Self => newSelf(wire(settings, { store: noneNeeded, clock: cli.clock, log: () => {}, command: 'adopt' }))

/** Longer than a walk to the name servers and a reading of all of them takes. */
const lookMsMost = 20_000

/** Asks every name server that the parents publish once. Null: they could not be found out. */
export const lookAtServers = async (cli: Cli, ground: Ground): Promise<ServerView[] | null> =>
  'controller' in ground ? (await lookAtZones(cli, ground)).servers : readServers(lookingOnly(cli, ground), cli.stop())

/** Reads every DNS host and every name server once, without a store; a controller elsewhere does it there. Throws Said where fewer than half of the hosts answer. */
export async function lookAtZones(cli: Cli, ground: Ground): Promise<ZoneLook> {
  const { hosts } = ground.core.dns
  if ('controller' in ground) return ground.controller.call<ZoneLook>('/zones', { post: { by: asker(cli) }, mostMs: lookMsMost, signal: cli.stop() })
  const self = lookingOnly(cli, ground)
  const [servers] = await Promise.all([readServers(self, cli.stop()), ...hosts.map(({ host }) => readHost(self, host, cli.stop()))])
  const silent = hosts.filter(({ host }) => !self.hosts[host]).map(({ host }) => host)
  if (silent.length * 2 > hosts.length || silent.length === hosts.length)
    throw new Said(`${silent.join(', ')} ${verb(silent, 'does', 'do')} not answer, so what stands in DNS could not be found out: nothing was done. Try again when most of the DNS hosts answer`, exits.unfinished)
  return { hosts: self.hosts, servers: servers as ServerView[] | null }
}

const viewsOf = ({ hosts, servers }: ZoneLook): HostView[] => [...Object.values(hosts), ...(servers ?? []).map(({ view }) => view)].filter((view) => view !== null)

/** Every marker of ours that any host or name server shows, the highest epoch first, and pointed before claimed. */
export const markersOf = (look: ZoneLook, { app, owner }: Config): Marker[] =>
  viewsOf(look)
    .flatMap(({ txt }) => txt.flatMap((text) => parseMarker(text) ?? []))
    .filter((marker) => marker.app === app && marker.owner === owner)
    .sort((a, b) => b.epoch - a.epoch || (a.state === 'pointed' ? -1 : 1))

/** A marker such as ours would be, to see what a write would come to. */
export const exampleMarker = (core: Config): Marker => markerFor({ epoch: 1, site: core.sites[0]!.site, move: '00000000-0000-0000-0000-000000000000', addresses: [] }, core, 'claimed')

/** Every address that the names serve at any host or name server. */
export const servedOf = (look: ZoneLook, { dns }: Config): string[] => [...new Set(viewsOf(look).flatMap((view) => addressesOf(view, dns.names)))].sort()

/** The longest TTL that the names are served with. Null: none was read. */
export const longestTtlS = (look: ZoneLook, { dns }: Config): number | null => {
  const ttls = viewsOf(look).flatMap(({ sets }) => sets.filter((set) => isOurs(set, dns.names)).map(({ ttlS }) => ttlS))
  return ttls.length > 0 ? Math.max(...ttls) : null
}

const isOurs = ({ name, type }: RecordSet, names: string[]): boolean => names.includes(name) && ['A', 'AAAA', 'CNAME'].includes(type)

/** Listed names that are a CNAME to something that is neither listed nor a site's hostname. */
export const strayCnames = (look: ZoneLook, { dns, sites }: Config): RecordSet[] => {
  const known = [...dns.names, ...sites.flatMap(({ addresses }) => addresses)]
  const stray = viewsOf(look).flatMap(({ sets }) => sets.filter(({ name, type, values }) => dns.names.includes(name) && type === 'CNAME' && values.some((value) => !known.includes(value))))
  return stray.filter(({ name }, i) => stray.findIndex((other) => other.name === name) === i)
}
