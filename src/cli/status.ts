import { freshLedger, pausesAt } from '../core/ledger.ts'
import { copyOf } from '../core/stacks.ts'
import type { Ledger, Pause, SiteConfig } from '../core/types.ts'
import type { Health, HostState, Role, Verdict } from '../core/words.ts'
import type { Journal, Leader, Report, StoreView } from '../ports.ts'
import type { Ground } from './ground.ts'
import { openMoveOf, type MoveRun } from './moves.ts'

/** `lifeboat status --json` (CONTRACT.md): null is "none" or "could not find out", as that page says of each. */
export type Status = {
  app: string
  atMs: number
  active: string | null
  epoch: number
  paused: Omit<Pause, 'holder'> | null
  cooldownUntilMs: number | null
  move: MoveRun | null
  /** What the open move has been waiting for, a sentence. */
  waits: string | null
  leader: Leader | null
  adopted: boolean
  /** What is lost together with a site, and was accepted in the file (`sharedFate`), a sentence each. */
  sharedFates: string[]
  sites: SiteStatus[]
  decision: { id: string; kind: string; reason: string; sentence: string } | null
  /** `detail`: what is wrong with the host, a sentence; empty where nothing is. */
  dns: { host: string; state: HostState | null; epoch: number | null; addresses: string[] | null; staleUntilMs: number | null; detail: string | null }[]
  /** Channels that have not taken what they should. `waiting`: what is tried again; `lost`: given up since it last took one. Null: no try has failed yet, or no controller says. */
  untold: { channel: string; waiting: number; lost: number; sinceMs: number | null; why: string | null }[]
}

export type SiteStatus = {
  site: string
  cloud: string
  role: Role
  standby: 'hot' | 'cold'
  addresses: string[]
  health: Health
  verdict: Verdict | null
  ready: boolean | null
  certificateUntilMs: number | null
  sinceMs: number | null
  why: string | null
  /** The Pulumi stack that its addresses come from. Null: they stand in the file. */
  stack: StackStatus | null
  /** What the last push brought there. Null: could not find out, since none was told. */
  release: { id: string; pushedMs: number } | null
}

/** `readMs`: when it was last read well; null: never. `unreadSinceMs`, `why`: since when it cannot be read, and why; null: it can, or no controller says. */
export type StackStatus = { stack: string; readMs: number | null; unreadSinceMs: number | null; why: string | null }

/** What the store knows; of what only a controller can see, nothing where none lives: never a health that was. */
export async function statusOf({ ground, view, live, journal, nowMs }: { ground: Ground; view: StoreView; live: Report | null; journal: Journal; nowMs: number }): Promise<Status> {
  const { core } = ground
  const ledger = view.ledger ?? freshLedger(core)
  return {
    app: core.app,
    atMs: nowMs,
    active: ledger.active,
    epoch: ledger.epoch,
    paused: pausedBy(ledger, nowMs),
    cooldownUntilMs: cooldownUntilMs(ledger, core.policy.cooldownMs, nowMs),
    move: await openMoveOf(ledger, journal),
    waits: (ledger.move && live?.waits) ?? null,
    leader: live?.leader ?? null,
    adopted: ledger.record !== null,
    sharedFates: ground.sharedFates,
    sites: core.sites.map((site) => siteStatus(site, ledger, live)),
    decision: live?.decision ?? null,
    dns: core.dns.hosts.map(({ host }) => dnsStatus(host, ledger, live, nowMs)),
    untold: untoldOf(ledger, live),
  }
}

/** The pause that ends last. Null: none stands. */
function pausedBy(ledger: Ledger, nowMs: number): Status['paused'] {
  const [pause] = pausesAt(ledger, nowMs)
  return pause ? { untilMs: pause.untilMs, by: pause.by, why: pause.why } : null
}

/** While a controller lives, a message that waits is on its way until a try has failed. A controller knows of its own tries alone; what waits in the store is older than they are. */
function untoldOf({ telling }: Ledger, live: Report | null): Status['untold'] {
  const { outbox = [], lost = {} } = telling ?? {}
  const failing = live?.untold ?? []
  const behind = [...failing.map(({ channel }) => channel), ...Object.keys(lost), ...(live ? [] : outbox.flatMap(({ to }) => to))]
  return [...new Set(behind)].sort().map((channel) => {
    const failed = failing.find((each) => each.channel === channel)
    const waiting = outbox.filter(({ to }) => to.includes(channel))
    const sinceMs = failed ? Math.round(Math.min(failed.sinceMs, ...waiting.map(({ message }) => message.atMs))) : null
    return { channel, waiting: waiting.length, lost: lost[channel] ?? 0, sinceMs, why: failed?.why ?? null }
  })
}

/** Null: no site was left within the cooldown. */
function cooldownUntilMs(ledger: Ledger, cooldownMs: number, nowMs: number): number | null {
  const ends = ledger.past.filter(({ from, to }) => from !== null && from !== to).map(({ endedMs }) => endedMs + cooldownMs)
  const last = Math.max(0, ...ends)
  return last > nowMs ? last : null
}

/** What a site is to the app now, by the ledger. */
function roleOf({ site, standby, addresses }: SiteConfig, ledger: Ledger): Role {
  if (site === ledger.active) return 'active'
  if (ledger.given.some((given) => given.site === site)) return 'fenced'
  return standby === 'cold' && addresses.length === 0 ? 'cold' : 'standby'
}

function siteStatus(site: SiteConfig, ledger: Ledger, live: Report | null): SiteStatus {
  const seen = live?.watch.sites[site.site]
  const pushed = ledger.releases?.[site.site]
  return {
    site: site.site,
    cloud: site.cloud,
    role: roleOf(site, ledger),
    standby: site.standby,
    addresses: site.addresses,
    health: seen?.health ?? 'unknown',
    verdict: seen?.verdict ?? null,
    ready: seen?.ready ?? null,
    certificateUntilMs: seen?.certificateUntilMs ?? null,
    sinceMs: live && seen ? Math.round(live.atWallMs - (live.atMonoMs - seen.sinceMs)) : null,
    why: seen?.why ?? null,
    stack: stackStatus(site, ledger, live),
    release: pushed ? { id: pushed.release, pushedMs: Math.round(pushed.pushedMs) } : null,
  }
}

function stackStatus(site: SiteConfig, { stacks }: Ledger, live: Report | null): StackStatus | null {
  if (site.stack === undefined) return null
  const failing = live?.unread?.find((each) => each.site === site.site)
  return { stack: site.stack, readMs: copyOf(site, stacks)?.readMs ?? null, unreadSinceMs: failing?.sinceMs ?? null, why: failing?.why ?? null }
}

function dnsStatus(host: string, ledger: Ledger, live: Report | null, nowMs: number): Status['dns'][number] {
  const seen = live?.dns.find((each) => each.host === host)
  const staleUntilMs = ledger.staleUntilMs !== null && ledger.staleUntilMs > nowMs ? Math.round(ledger.staleUntilMs) : null
  return { host, state: seen?.state ?? null, epoch: seen?.epoch ?? null, addresses: seen?.addresses ?? null, staleUntilMs, detail: seen?.detail ?? null }
}
