import { markerName, parseMarker } from '../core/marker.ts'
import { oursOf } from '../core/move-hosts.ts'
import type { Change, HostView, Marker, ServerView } from '../core/moving.ts'
import type { HostConfig } from '../core/types.ts'
import { isEarlier } from '../core/serial.ts'
import { signedUntilMs } from '../core/signatures.ts'
import { quorumOf } from '../core/votes.ts'
import { planChange } from '../core/zone.ts'
import type { WriteOutcome } from '../ports.ts'
import { callMs } from './times.ts'
import { mayAct, orNull, type Self } from './self.ts'

const configOf = (self: Self, host: string): HostConfig => self.parts.config.dns.hosts.find((h) => h.host === host)!

/** One DNS host as it shows our names now; with `known`, of which the marker alone is read anew. Null: could not find out. */
export async function readHost(self: Self, host: string, signal: AbortSignal, known?: HostView): Promise<HostView | null> {
  const driver = self.parts.hosts.find((h) => h.host === host)
  const limit = self.parts.clock.deadline(callMs.read, signal)
  const view = driver ? await orNull(self, 'dns', `reading ${host}`, limit, driver.read(limit, known)) : null
  signal.throwIfAborted()
  self.hosts = { ...self.hosts, [host]: view }
  return view
}

/**
 * One DNS host after a move's claim: of what was seen before it the marker alone is read anew. One that is not as claimed says that
 * somebody else writes there: then all is read, since a claim of a marker that is gone lands whatever the names show.
 */
export async function readClaimed(self: Self, host: string, { before, move }: { before: HostView; move: string }, signal: AbortSignal): Promise<HostView | null> {
  const view = await readHost(self, host, signal, before)
  const isOurs = view?.txt.length === 1 && parseMarker(view.txt[0]!)?.move === move
  return view === null || isOurs ? view : readHost(self, host, signal)
}

/** Every name server that the parent publishes, asked directly by as many vantages as must agree. Null: the set is not known. */
export async function readServers(self: Self, signal: AbortSignal): Promise<ServerView[] | null> {
  const { config, nameServers, clock } = self.parts
  const zones = [...new Set(config.dns.hosts.map((h) => h.zone))]
  const lists = await Promise.all(
    zones.map(async (zone) => {
      const limit = clock.deadline(callMs.walk, signal)
      const servers = await orNull(self, 'dns', `the name servers of ${zone}`, limit, nameServers.of(zone, limit))
      return servers && Promise.all(servers.map((server) => readServer(self, zone, server, nameServers.ds(zone), signal)))
    }),
  )
  signal.throwIfAborted()
  return (self.servers = lists.some((l) => l === null) ? null : lists.flatMap((l) => l ?? []))
}

async function readServer(self: Self, zone: string, server: string, ds: boolean | null, signal: AbortSignal): Promise<ServerView> {
  const { book, parts } = self
  const { config, vantages, clock, serversOf } = parts
  const hosts = config.dns.hosts.filter((h) => h.zone === zone)
  const own = hosts.length === 1 ? hosts[0] : hosts.find((h) => serversOf[h.host]?.includes(server))
  const { names } = hosts[0]!
  const dig = { server, zone, marker: markerName(config.app, zone), names, timeoutMs: callMs.read, dnssec: ds === true }
  const leaving = config.sites.find((s) => s.site === (book.ledger().move?.from ?? book.ledger().active))
  // The voters of the site that is left: its cloud may have taken its own vantages along.
  const quorum = leaving ? quorumOf(config, leaving) : Math.floor(vantages.length / 2) + 1
  const limit = clock.deadline(callMs.read, signal)
  const views = await Promise.all(vantages.map((v) => orNull(self, 'dns', `${v.vantage} asking ${server}`, limit, v.dig(dig, limit))))
  const seen = views.filter((v) => v !== null)
  // The least advanced of the answers counts: a server is confirmed only where a quorum of vantages sees the same there.
  const view = seen.length < Math.min(quorum, vantages.length) ? null : leastAdvanced(seen)
  return { server, zone, host: own?.host ?? null, ds, view }
}

const placeOf = ({ txt }: HostView): number => {
  const marker = parseMarker(txt[0] ?? '')
  return marker ? marker.epoch * 2 + Number(marker.state === 'pointed') : -1
}

/** Which of two answers of one name server comes first: by epoch, claimed before pointed, then by the zone's serial, then by its signatures. */
const isLess = (one: HostView, other: HostView): boolean => {
  if (placeOf(one) !== placeOf(other)) return placeOf(one) < placeOf(other)
  if (one.serial !== null && other.serial !== null && one.serial !== other.serial) return isEarlier(one.serial, other.serial)
  return signedUntilMs(one) < signedUntilMs(other)
}
const leastAdvanced = (views: HostView[]): HostView => views.reduce((least, view) => (isLess(view, least) ? view : least))

/**
 * Brings a DNS host from a view to a marker and addresses, where it still shows that view. `over`: values of others that it replaces too. A write that has begun is not stopped with
 * the controller: its own deadline ends it, so that nobody is left guessing whether it landed.
 */
export async function writeHost(
  self: Self,
  { host, view, marker, addresses, over = [] }: { host: string; view: HostView; marker: Marker; addresses: string[] | null; over?: string[] },
): Promise<WriteOutcome> {
  const { config } = self.parts
  const change = planChange({ view, host: configOf(self, host), app: config.app, marker, addresses, ours: [...oursOf(self.book.ledger(), config), ...over] })
  return 'refused' in change ? { outcome: 'refused', detail: change.refused } : writeChange(self, host, change)
}

/** Makes a change at a DNS host, where that still shows what the change was made from. */
export async function writeChange(self: Self, host: string, change: Change): Promise<WriteOutcome> {
  const { clock } = self.parts
  if (!mayAct(self, callMs.write)) return { outcome: 'lost', detail: 'this controller no longer leads' }
  const driver = self.parts.hosts.find((h) => h.host === host)!
  const limit = clock.deadline(callMs.write)
  const written = await orNull(self, 'dns', `writing ${host}`, limit, driver.write(change, limit))
  return written ?? { outcome: 'unknown', detail: `no answer in ${callMs.write / 1000} s` }
}
