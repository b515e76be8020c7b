import { standAside } from '../core/ledger.ts'
import { markerName, parseMarker } from '../core/marker.ts'
import { markerFor, oursOf } from '../core/next.ts'
import type { HostView, Marker, ServerView } from '../core/moving.ts'
import type { HostConfig, Ledger } from '../core/types.ts'
import { mend, type Mend, type Note } from '../core/upkeep.ts'
import { quorumOf } from '../core/votes.ts'
import { addressesOf, planChange, shows } from '../core/zone.ts'
import type { WriteOutcome } from '../ports.ts'
import { callMs } from './parts.ts'
import { isLeading, mayAct, say, type Self } from './self.ts'

const configOf = (self: Self, host: string): HostConfig => self.parts.config.dns.hosts.find((h) => h.host === host)!

/** One DNS host as it shows our names now. Null: could not find out. */
export async function readHost(self: Self, host: string, signal: AbortSignal): Promise<HostView | null> {
  const driver = self.parts.hosts.find((h) => h.host === host)
  const view = driver ? await driver.read(self.parts.clock.deadline(callMs.read, signal)).catch(() => null) : null
  signal.throwIfAborted()
  self.hosts = { ...self.hosts, [host]: view }
  return view
}

/** Every name server that the parent publishes, asked directly by as many vantages as must agree. Null: the set is not known. */
export async function readServers(self: Self, signal: AbortSignal): Promise<ServerView[] | null> {
  const { config, nameServers, clock } = self.parts
  const zones = [...new Set(config.dns.hosts.map((h) => h.zone))]
  const lists = await Promise.all(
    zones.map(async (zone) => {
      const servers = await nameServers.of(zone, clock.deadline(callMs.read, signal)).catch(() => null)
      return servers && Promise.all(servers.map((server) => readServer(self, zone, server, signal)))
    }),
  )
  signal.throwIfAborted()
  return (self.servers = lists.some((l) => l === null) ? null : lists.flatMap((l) => l ?? []))
}

async function readServer(self: Self, zone: string, server: string, signal: AbortSignal): Promise<ServerView> {
  const { book } = self
  const { config, vantages, clock, serversOf } = self.parts
  const own = config.dns.hosts.find((h) => h.zone === zone && serversOf[h.host]?.includes(server))
  const names = config.dns.hosts.find((h) => h.zone === zone)!.names
  const dig = { server, zone, marker: markerName(config.app, zone), names, timeoutMs: callMs.read }
  const leaving = config.sites.find((s) => s.site === (book.ledger().move?.from ?? book.ledger().active))
  // The voters of the site that is left: its cloud may have taken its own vantages along.
  const quorum = leaving ? quorumOf(config, leaving) : Math.floor(vantages.length / 2) + 1
  const views = await Promise.all(vantages.map((v) => v.dig(dig, clock.deadline(callMs.read, signal)).catch(() => null)))
  const seen = views.filter((v) => v !== null)
  // The least advanced of the answers counts: a server is confirmed only where a quorum of vantages sees the same there.
  const view = seen.length < Math.min(quorum, vantages.length) ? null : leastAdvanced(seen)
  return { server, zone, host: own?.host ?? (config.dns.hosts.filter((h) => h.zone === zone).length === 1 ? configOf(self, config.dns.hosts.find((h) => h.zone === zone)!.host).host : null), view }
}

const epochIn = (view: HostView): number => parseMarker(view.txt[0] ?? '')?.epoch ?? -1
const pointedIn = (view: HostView): number => (parseMarker(view.txt[0] ?? '')?.state === 'pointed' ? 1 : 0)
const leastAdvanced = (views: HostView[]): HostView =>
  views.reduce((least, view) => (epochIn(view) * 2 + pointedIn(view) < epochIn(least) * 2 + pointedIn(least) ? view : least))

/**
 * Brings a DNS host from a view to a marker and addresses, where it still shows that view. A write that has begun is not stopped with
 * the controller: its own deadline ends it, so that nobody is left guessing whether it landed.
 */
export async function writeHost(
  self: Self,
  { host, view, marker, addresses }: { host: string; view: HostView; marker: Marker; addresses: string[] | null },
): Promise<WriteOutcome> {
  const { config, clock } = self.parts
  const change = planChange({ view, host: configOf(self, host), app: config.app, marker, addresses, ours: oursOf(self.book.ledger(), config) })
  if ('refused' in change) return { outcome: 'refused', detail: change.refused }
  if (!mayAct(self, callMs.write)) return { outcome: 'lost', detail: 'this controller no longer leads' }
  const driver = self.parts.hosts.find((h) => h.host === host)!
  try {
    return await driver.write(change, clock.deadline(callMs.write))
  } catch (thrown) {
    return { outcome: 'unknown', detail: `no answer in ${callMs.write / 1000} s (${thrown instanceof Error ? thrown.name : 'error'})` }
  }
}

/** Reads every DNS host and name server, says what changed, and between moves brings up what is behind. */
export async function tendDns(self: Self, said: Map<string, string>, signal: AbortSignal): Promise<void> {
  const { config, clock } = self.parts
  await Promise.all([...config.dns.hosts.map((h) => readHost(self, h.host, signal)), readServers(self, signal)])
  self.dnsReadMs = clock.now().monoMs
  // Read after DNS: what a move wrote there meanwhile, this controller's or the leader's, is then never newer than the store.
  await self.book.refresh()
  if (isLeading(self)) await lookForOlderStore(self, said)
  for (const host of config.dns.hosts) {
    const ledger = self.book.ledger()
    if (ledger.move) break
    const todo = mend(host, self.hosts[host.host] ?? null, { ...self.state, ledger }, config)
    tell(self, host.host, todo.note, said)
    if (!isLeading(self) || !ledger.trusted) continue
    if (todo.do === 'aside') await stepAside(self, ledger, todo.note)
    if (todo.do === 'write') await bringUp(self, host, todo, said, signal)
  }
  self.dns = reportOf(self)
  self.reportDue = true
}

/** Each state of a host is said once, when it changes. */
function tell(self: Self, host: string, note: Note | null, said: Map<string, string>): void {
  const msg = note?.msg ?? ''
  if ((said.get(host) ?? '') === msg) return
  const had = said.get(host)
  said.set(host, msg)
  if (note) say(self, note.level, 'dns', note.msg, { host })
  else if (had) say(self, 'info', 'dns', `${host} shows what it should`, { host })
}

/** A marker of ours that this store knows nothing of: the store is new, lost or an old copy, so it never acts by itself. */
async function lookForOlderStore(self: Self, said: Map<string, string>): Promise<void> {
  const { config } = self.parts
  const found = config.dns.hosts.flatMap(({ host }) => {
    const marker = parseMarker(self.hosts[host]?.txt[0] ?? '')
    return marker && marker.app === config.app && marker.owner === config.owner ? [{ host, marker }] : []
  })
  const newest = found.sort((a, b) => b.marker.epoch - a.marker.epoch)[0]
  // An adoption under way has no record yet, and knows its epoch before it claims.
  const knowsNothing = ({ record, epoch }: Ledger) => record === null && (newest?.marker.epoch ?? 0) > epoch
  if (!newest || !knowsNothing(self.book.ledger())) return
  const { host, marker } = newest
  const msg = `${host} says epoch ${marker.epoch}, ${marker.site} is active (${marker.state}), and this store knows nothing of it: it may be new, lost or an old copy. It watches, and acts after: lifeboat adopt`
  tell(self, 'older-store', { event: 'dns', level: 'warn', site: marker.site, host, msg }, said)
  if (!self.book.ledger().trusted) return
  await self.book.change((ledger) =>
    knowsNothing(ledger) ? { ledger: { ...ledger, trusted: false }, entries: [self.book.entry('dns', msg, { host, epoch: marker.epoch })] } : null,
  )
}

async function stepAside(self: Self, { epoch }: Ledger, note: Note): Promise<void> {
  await self.book.change((ledger) => {
    if (ledger.epoch !== epoch) return null
    return { ledger: standAside(ledger, self.parts.clock.now()), entries: [self.book.entry('dns', note.msg, { host: note.host })] }
  })
}

/** Writes the record to a host that is behind, and believes what is read there afterwards. A try that comes to the same as the one before it is neither said nor journaled again. */
async function bringUp(self: Self, host: HostConfig, todo: Extract<Mend, { do: 'write' }>, said: Map<string, string>, signal: AbortSignal): Promise<void> {
  const view = self.hosts[host.host]
  if (!view) return
  const { marker, addresses, drift, note } = todo
  const { outcome, detail } = await writeHost(self, { host: host.host, view, marker, addresses })
  const after = await readHost(self, host.host, signal)
  const stands = after !== null && shows(after, host, marker, addresses, oursOf(self.book.ledger(), self.parts.config)) === 'yes'
  const told = stands ? `shows epoch ${marker.epoch}` : `${outcome}: ${outcome === 'done' ? 'and nothing of it is seen' : detail}`
  const isNew = said.get(`write ${host.host}`) !== told
  said.set(`write ${host.host}`, stands ? '' : told)
  if (isNew) say(self, stands ? 'info' : 'warn', 'dns', `${host.host}: ${told}`, { host: host.host, outcome })
  if (!isNew && !drift) return
  await self.book.change((ledger) => ({
    ledger: {
      ...ledger,
      hosts: stands ? { ...ledger.hosts, [host.host]: marker.epoch } : ledger.hosts,
      reassertsMs: drift ? [self.parts.clock.now().wallMs, ...ledger.reassertsMs].slice(0, 10) : ledger.reassertsMs,
    },
    entries: [self.book.entry('dns', note.msg, { host: host.host, outcome, detail: stands ? detail : told })],
  }))
}

/** Each DNS host for `status`, held against the ledger's record. */
function reportOf(self: Self): Self['dns'] {
  const { config } = self.parts
  const ledger = self.book.ledger()
  return config.dns.hosts.map((host) => {
    const view = self.hosts[host.host] ?? null
    const epoch = view ? (parseMarker(view.txt[0] ?? '')?.epoch ?? null) : null
    const addresses = view ? addressesOf(view, host.names) : null
    const stands = (v: HostView | null) =>
      v && ledger.record && config.owner
        ? shows(v, host, markerFor(ledger.record, config, 'pointed'), ledger.record.addresses, oursOf(ledger, config))
        : null
    const servers = (self.servers ?? []).filter((s) => s.zone === host.zone && (s.host === host.host || s.host === null) && s.view)
    const served = servers.length > 0 && servers.every((s) => stands(s.view) === 'yes')
    const shown = stands(view)
    const state = view === null ? 'lost' : shown === null ? null : shown !== 'yes' ? 'lost' : served ? 'served' : 'written'
    const detail = view === null ? 'does not answer' : shown === 'yes' ? '' : shown === null ? 'not adopted' : shown
    return { host: host.host, state, epoch, addresses, staleUntilMs: ledger.staleUntilMs, detail }
  })
}
