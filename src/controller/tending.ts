import { leftHost, standAside } from '../core/ledger.ts'
import { parseMarker } from '../core/marker.ts'
import { oursOf } from '../core/move-hosts.ts'
import type { HostConfig, Ledger } from '../core/types.ts'
import { mend, type Mend, type Note } from '../core/upkeep.ts'
import { shows } from '../core/zone.ts'
import { callMs } from './times.ts'
import { readHost, readServers, writeChange, writeHost } from './hosts.ts'
import { hostsFor } from './report.ts'
import { isLeading, mayAct, say, type Self } from './self.ts'

/** Reads every DNS host and name server, says what changed, and between moves brings up what is behind. */
export async function tendDns(self: Self, said: Map<string, string>, signal: AbortSignal): Promise<void> {
  const { config, clock } = self.parts
  await Promise.all([...config.dns.hosts.map((h) => readHost(self, h.host, signal)), readServers(self, signal)])
  self.dnsReadMs = clock.now().monoMs
  // Read after DNS: what a move wrote there meanwhile, this controller's or the leader's, is then never newer than the store.
  const { leaving } = (await self.book.refresh()).ledger ?? {}
  for (const host of config.dns.hosts) {
    const ledger = self.book.ledger()
    if (ledger.move) break
    const todo = mend(host, self.hosts[host.host] ?? null, { ...self.state, ledger }, config)
    if (todo.do !== 'remove') tell(self, host.host, todo.note, said)
    if (!isLeading(self) || !ledger.trusted) continue
    if (todo.do === 'aside') await stepAside(self, ledger, todo.note)
    if (todo.do === 'write') await bringUp(self, host, todo, said, signal)
    if (todo.do === 'remove') await takeOut(self, host, todo, said, signal)
  }
  // Let go of while this was under way: the hosts that it had passed by are still to be looked at.
  if (!leaving && self.book.ledger().leaving) self.dnsReadMs = null
  if (isLeading(self)) await lookForOlderStore(self, said)
  self.dns = hostsFor(self)
  self.reportDue = true
}

/** Each state of a host is said once, when it changes. */
function tell(self: Self, host: string, note: Note | null, said: Map<string, string>): void {
  const msg = note?.msg ?? ''
  self.notes = { ...self.notes, [note?.host ?? host]: note?.level === 'warn' ? msg : '' }
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
  const { marker, addresses, drift, over, note } = todo
  const { outcome, detail } = await writeHost(self, { host: host.host, view, marker, addresses, over })
  const after = await readHost(self, host.host, signal)
  const stands = after !== null && shows(after, host, marker, addresses, oursOf(self.book.ledger(), self.parts.config)) === 'yes'
  const told = stands ? `shows epoch ${marker.epoch}` : `${outcome}: ${outcome === 'done' ? 'and nothing of it is seen' : detail}`
  const isNew = said.get(`write ${host.host}`) !== told
  said.set(`write ${host.host}`, stands ? '' : told)
  if (isNew) say(self, stands ? 'info' : 'warn', 'dns', `${host.host}: ${told}`, { host: host.host, outcome })
  if (stands) self.dnsReadMs = null // Its name servers were read before the write.
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

/** Removes our marker where the names were let go of, and believes what is read there afterwards. Until it is gone, it is tried whenever DNS is read. */
async function takeOut(self: Self, host: HostConfig, { change, note }: Extract<Mend, { do: 'remove' }>, said: Map<string, string>, signal: AbortSignal): Promise<void> {
  if (change) {
    // A new leader may not write yet: it looks again at once, not in a minute.
    if (!mayAct(self, callMs.write)) return void (self.dnsReadMs = null)
    const { outcome, detail } = await writeChange(self, host.host, change)
    const after = await readHost(self, host.host, signal)
    if (after === null || after.txt.length > 0) {
      const msg = `${host.host}: our TXT may still stand there: ${outcome}: ${outcome === 'done' ? 'and nothing of it is seen' : detail}`
      return tell(self, host.host, { ...note, level: 'warn', msg }, said)
    }
  }
  await self.book.change((ledger) => ({ ledger: leftHost(ledger, host.host), entries: [self.book.entry('dns', note.msg, { host: host.host, outcome: 'done' })] }))
  tell(self, host.host, note, said)
  said.delete(host.host) // It is no fault that could be over.
}
