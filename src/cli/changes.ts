import { createHash } from 'node:crypto'
import { formatDuration } from '../config/durations.ts'
import type { Check, Settings } from '../config/settings.ts'
import { differenceOf } from '../controller/difference.ts'
import type { Written } from '../core/types.ts'
import { hiddenMark, hide } from './secrets.ts'

/** What differs between two readings of the file, a phrase each, by the file's own keys; where a hidden value is what differs, only that it does. */
export function changesOf(before: Settings, after: Settings): string[] {
  const secrets = [...before.secrets, ...after.secrets]
  const [old, now] = [leavesOf(asWritten(before)), leavesOf(asWritten(after))]
  const [oldShown, nowShown] = [shown(old, secrets), shown(now, secrets)]
  const behind = Object.keys(old).filter((path) => old[path] !== now[path] && oldShown[path] === nowShown[path])
  return [...differenceOf(oldShown, nowShown), ...behind.map((path) => `${path} changed ${hiddenMark}`)]
}

/** What the file says, with nothing in it that may not be printed: it may stand in the store. */
export const writtenOf = (settings: Settings): Written => shown(leavesOf(asWritten(settings)), settings.secrets)

const shown = (leaves: Written, secrets: string[]): Written =>
  Object.fromEntries(Object.entries(leaves).map(([path, text]) => [path, hide(text, secrets) === text ? text : hiddenMark]))

/** Every value by its path. What is null is not set; a list of plain values is one value. */
function leavesOf(written: unknown): Written {
  const leaves: Written = {}
  const walk = (value: unknown, path: string): void => {
    if (value === null || value === undefined) return
    if (typeof value !== 'object') return void (leaves[path] = String(value))
    if (Array.isArray(value) && value.every((each) => typeof each !== 'object')) return void (value.length > 0 && (leaves[path] = value.join(', ')))
    for (const [key, each] of Object.entries(value)) walk(each, Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key)
  }
  walk(written, '')
  return leaves
}

/** The settings in the shape of lifeboat.yaml, what it leaves out with its default: each part of them that a person can change stands here once. */
function asWritten({ core, checks, sites, vantages, canaries, dns, clouds, notify, heartbeat, store, listen }: Settings): Record<string, unknown> {
  const { check, policy } = core
  return {
    app: core.app,
    owner: core.owner,
    // The order of the sites is their preference, and it has no key of its own.
    'order of sites': core.sites.map(({ site }) => site),
    sites: Object.fromEntries(core.sites.map(({ site, cloud, addresses, standby }) => [site, { cloud, address: addresses, standby, ...sites[site] }])),
    data: { driver: core.data.carried ? 'another than none' : 'none', holds: core.data.holds ?? 'nothing' },
    check: {
      ...checkAsWritten(checks.active),
      standby: checks.standby && checkAsWritten(checks.standby),
      interval: formatDuration(check.intervalMs),
      timeout: formatDuration(check.timeoutMs),
      fall: check.fall,
      rise: check.rise,
    },
    vantages: Object.fromEntries(vantages.map(({ vantage, sharedFate, ...each }) => [vantage, { ...each, sharedFate: sharedFate ? 'accepted' : null }])),
    quorum: core.quorum,
    canaries,
    dns: {
      names: core.dns.names,
      drift: core.dns.drift,
      nameservers: dns.nameservers,
      hosts: dns.hosts.map(({ driver, zone, sharedFate, ttlS, nameservers, options }) => ({ driver, zone, sharedFate: sharedFate ? 'accepted' : null, ttl: formatDuration(ttlS * 1_000), nameservers, ...options })),
    },
    clouds,
    policy: {
      automatic: policy.automatic,
      confirmCut: formatDuration(policy.confirmCutMs),
      outage: formatDuration(policy.outageMs),
      appFault: policy.appFaultMs === null ? 'never' : formatDuration(policy.appFaultMs),
      cooldown: formatDuration(policy.cooldownMs),
      maxMovesPerHour: policy.maxMovesPerHour,
      failback: policy.failback,
    },
    notify,
    heartbeat: heartbeat && { url: heartbeat.url, every: formatDuration(heartbeat.everyMs) },
    store,
    listen,
  }
}

/** All checks of one file are of one kind, and differ in their URL alone. */
function checkAsWritten(checks: Check[]): Record<string, unknown> {
  const [first] = checks
  if (first?.kind === 'tcp') return { tcp: first.port }
  if (first?.kind === 'dns') return { dns: { name: first.name, type: first.type } }
  // A certificate is long, and its text says nothing to a person.
  const tls = typeof first?.tls === 'object' ? { ca: `a file with the hash ${createHash('sha256').update(first.tls.ca).digest('hex').slice(0, 12)}` } : first?.tls
  return { url: checks.flatMap((each) => (each.kind === 'http' ? each.url : [])), status: first?.status, body: first?.body, tls }
}
