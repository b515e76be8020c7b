import { resolve } from 'node:path'
import type { Config } from '../core/types.ts'
import { checksOf } from './checks.ts'
import { hiddenTexts } from './hidden.ts'
import { entriesOf } from './lists.ts'
import { hostIdOf, zoneOf } from './rules/dns.ts'
import { acceptedFates } from './rules/fates.ts'
import type { File, FileDnsHost } from './schema.ts'
import type { DnsHostSettings, Settings } from './settings.ts'
import type { Tree } from './tree.ts'

/** A mapping in the order of the file. JavaScript moves keys that look like numbers to the front, and order is preference. */
const inOrder = <V>(record: Record<string, V>, tree: Tree, key: string): [string, V][] =>
  entriesOf(record).sort(([one], [other]) => tree.spotOf([key, one]).offset - tree.spotOf([key, other]).offset)

const present = (record: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(record).filter((entry): entry is [string, string] => entry[1] !== undefined))

// ── DNS ──────────────────────────────────────────────────────────────────────

const ttlSOf = (host: FileDnsHost, { dns }: File): number => Math.round((host.ttl ?? dns.ttl) / 1_000)

const hostSettings = (host: FileDnsHost, file: File): DnsHostSettings => {
  const { driver, zone, ttl: _, sharedFate, nameservers = null, ...own } = host
  const algorithm = host.driver === 'rfc2136' && host.key !== undefined ? { algorithm: host.algorithm ?? 'hmac-sha256' } : {}
  return {
    host: hostIdOf(host),
    driver,
    zone,
    sharedFate: sharedFate !== undefined,
    ttlS: ttlSOf(host, file),
    nameservers,
    options: present({ ...own, ...algorithm }),
  }
}

const coreDns = (file: File): Config['dns'] => ({
  names: file.dns.names,
  drift: file.dns.drift,
  hosts: file.dns.hosts.map((host) => ({
    host: hostIdOf(host),
    driver: host.driver,
    zone: host.zone,
    names: file.dns.names.filter((name) => zoneOf(name, file.dns.hosts) === host.zone),
    elsewhere: file.dns.names.filter((name) => zoneOf(name, file.dns.hosts) !== host.zone),
    ttlS: ttlSOf(host, file),
  })),
})

// ── The whole ────────────────────────────────────────────────────────────────

const corePolicy = ({ policy }: File): Config['policy'] => ({
  automatic: policy.automatic,
  confirmCutMs: policy.confirmCut,
  outageMs: policy.outage,
  appFaultMs: policy.appFault === 'never' ? null : policy.appFault,
  cooldownMs: policy.cooldown,
  maxMovesPerHour: policy.maxMovesPerHour,
  failback: policy.failback,
})

const coreOf = (file: File, tree: Tree, vantages: Settings['vantages']): Config => ({
  app: file.app,
  owner: file.owner ?? null,
  sites: inOrder(file.sites, tree, 'sites').map(([site, { cloud, address, addressV6, standby, stack }]) => ({
    site,
    cloud,
    addresses: [address, addressV6].filter((text) => text !== undefined),
    standby,
    ...(stack === undefined ? {} : { stack }),
  })),
  check: { intervalMs: file.check.interval, timeoutMs: file.check.timeout, fall: file.check.fall, rise: file.check.rise },
  vantages: vantages.map(({ vantage, cloud }) => ({ vantage, cloud })),
  quorum: file.quorum ?? null,
  data: {
    holds: file.data === undefined || file.data.holds === 'nothing' ? null : file.data.holds,
    carried: file.data !== undefined && file.data.driver !== 'none',
  },
  dns: coreDns(file),
  policy: corePolicy(file),
})

const vantagesOf = (file: File, tree: Tree): Settings['vantages'] =>
  file.vantages
    ? inOrder(file.vantages, tree, 'vantages').map(([vantage, { cloud, url = null, token = null, sharedFate }]) => ({ vantage, cloud, url, token, sharedFate: sharedFate !== undefined }))
    : [{ vantage: 'here', cloud: 'none', url: null, token: null, sharedFate: false }]

/** Settings out of a file that is sound. `caPem`: the text of `check.tls.ca`; null where none is named. */
export const assemble = (file: File, tree: Tree, around: { path: string; folder: string; hash: string; caPem: string | null; warnings: string[] }): Settings => {
  const vantages = vantagesOf(file, tree)
  const store = file.store.driver === 'sqlite' ? file.store.path : undefined
  return {
    file: around.path,
    folder: around.folder,
    hash: around.hash,
    core: coreOf(file, tree, vantages),
    checks: checksOf(file, around.caPem),
    sites: Object.fromEntries(
      entriesOf(file.sites).map(([site, { machineId, stack, dir, outputs = {} }]) => [site, { machineId: machineId ?? null, stack: stack ?? null, dir: dir ?? null, outputs: present(outputs) }]),
    ),
    vantages,
    canaries: file.canaries,
    dns: { hosts: file.dns.hosts.map((host) => hostSettings(host, file)), nameservers: file.dns.nameservers ?? null },
    clouds: Object.fromEntries(entriesOf(file.clouds).flatMap(([cloud, entry]) => (entry ? [[cloud, present(entry)]] : []))),
    notify: (file.notify ?? []).map(({ url = null, exec = null, events = ['move', 'alarm'] }) => ({ url, exec, events })),
    heartbeat: file.heartbeat ? { url: file.heartbeat.url, everyMs: file.heartbeat.every } : null,
    listen: file.listen ? { address: file.listen.address, token: file.listen.token ?? null } : null,
    store: { driver: 'sqlite', path: resolve(around.folder, store ?? `.lifeboat/${file.app}.db`) },
    secrets: hiddenTexts(file, tree),
    sharedFates: acceptedFates(file),
    warnings: around.warnings,
  }
}
