// What stands in DNS at the names, read and never written.

import type { Clock } from '../../clock.ts'
import { callMs } from '../../controller/times.ts'
import { isIn, parentOf } from '../../core/dns-names.ts'
import type { HostView } from '../../core/moving.ts'
import { formatServer, parseServer } from '../../drivers/dns/exchange.ts'
import { firstOf, nameServers } from '../../drivers/dns/nameservers.ts'
import { ask, digHost, questionsMost, recordsIn } from '../../drivers/dns/query.ts'
import { decodeName, decodeValue, rcodes, rrTypes } from '../../drivers/dns/wire.ts'
import type { Message, Rr } from '../../drivers/dns/wire.ts'
import { inParallel } from '../../drivers/parallel.ts'

/** Whom to ask. `servers`: the zone's own, where they are given; nobody else is asked then. `resolvers` and `port`: as the machine has them, and 53. */
export type Whom = { servers: string[] | null; resolvers: string[]; port: number; clock: Clock; signal: AbortSignal }

/** `servers` null: who serves the zone could not be found out. */
export type ZoneFound = { zone: string; soa: Rr; servers: string[] | null }

/** `view` null: no answer with authority. */
export type Shown = { server: string; view: HostView | null }

export type ZoneSeen = {
  zone: string
  servers: string[]
  shown: Shown[]
  /** Of the first server that answers. */
  view: HostView
  /** Types of records at each name that a move leaves alone. */
  beside: Record<string, string[]>
  /** Targets of CNAMEs at the names, within the zone, that do not exist. */
  missing: string[]
  /** The server that the zone itself calls its primary. `server` null: it is not found, or does not answer for the zone. */
  primary: { name: string; server: string | null }
}

const questionMs = 1_000
/** A walk through several resolvers and parents. */
const walkMs = 10_000

/** What a resolver says of a name. Null: it does not find out, and the next may. */
const resolved = (answer: Message | null, name: string): Rr[] | null =>
  answer?.rcode === rcodes.NOERROR || answer?.rcode === rcodes.NXDOMAIN ? answer.answers.filter((rr) => rr.name === name) : null

/** The records by the first that finds them out; null: none does. `heard`: one has answered at least. */
async function recordsAt(name: string, type: number, { servers, resolvers, clock, signal }: Whom): Promise<{ heard: boolean; records: Rr[] | null }> {
  let heard = false
  const records = await firstOf(servers ?? resolvers, async (server) => {
    const answer = await ask({ server, name, type, timeoutMs: questionMs, recursive: servers === null }, clock, signal)
    signal.throwIfAborted()
    heard ||= answer !== null
    return servers === null ? resolved(answer, name) : recordsIn(answer, name)
  })
  return { heard, records: records && records.filter((rr) => rr.type === type) }
}

/** The nearest zone upwards of a name, or why there is none, as a sentence. */
export async function findZone(name: string, whom: Whom): Promise<ZoneFound | string> {
  const asked = (whom.servers ?? whom.resolvers).join(', ') || 'no resolver'
  let heard = false
  for (let at = name.replace(/^\*\./, ''); at !== ''; at = parentOf(at)) {
    const found = await recordsAt(at, rrTypes.SOA, whom)
    heard ||= found.heard
    const soa = found.records?.[0]
    // What a resolver knows by one label is a registry's: nothing of ours stands there.
    if (!soa || (whom.servers === null && !at.includes('.'))) continue
    return { zone: at, soa, servers: await serversOf(at, whom) }
  }
  if (!heard) return `The zone of ${name} could not be found out: ${whom.servers ? asked : `the resolver of this machine (${asked})`} does not answer`
  return whom.servers ? `${asked} does not answer with authority for a zone of ${name}` : `${name} is in no zone that the resolver of this machine (${asked}) knows`
}

/** As `IP:port`. Null: could not find out. */
async function serversOf(zone: string, { servers, resolvers, port, clock, signal }: Whom): Promise<string[] | null> {
  const walk = nameServers({ override: () => servers, resolvers, port, timeoutMs: questionMs }, clock)
  const found = await walk.of(zone, clock.deadline(walkMs, signal))
  signal.throwIfAborted()
  return found
}

/** What the zone's servers show of the names, and of the marker's name. Null: none of them answers with authority. */
export async function lookAtZone({ zone, soa, servers }: { zone: string; soa: Rr; servers: string[] }, at: { names: string[]; marker: string }, whom: Whom): Promise<ZoneSeen | null> {
  const { clock, signal } = whom
  const shown = await Promise.all(servers.map(async (server): Promise<Shown> => ({ server, view: await digHost({ server, zone, ...at, timeoutMs: callMs.read }, clock, signal) })))
  signal.throwIfAborted()
  const first = shown.find(({ view }) => view !== null)
  if (!first?.view) return null
  const targets = first.view.sets.flatMap(({ type, values }) => (type === 'CNAME' ? values.filter((target) => isIn(target, zone)) : []))
  return { zone, servers, shown, view: first.view, beside: await besideOf(first.server, at.names, whom), missing: await missingOf(first.server, targets, whom), primary: await primaryOf(soa, { zone, servers }, whom) }
}

const othersTypes = ['NS', 'MX', 'TXT', 'CAA', 'HTTPS', 'SVCB', 'SRV'] as const

async function besideOf(server: string, names: string[], { clock, signal }: Whom): Promise<Record<string, string[]>> {
  const asked = names.flatMap((name) => othersTypes.map((type) => ({ name, type })))
  const there = await inParallel(asked, questionsMost, async ({ name, type }) => {
    const records = recordsIn(await ask({ server, name, type: rrTypes[type], timeoutMs: questionMs }, clock, signal), name)
    return records?.some((rr) => rr.type === rrTypes[type]) ?? false
  })
  return Object.fromEntries(names.map((name) => [name, asked.filter((each, i) => each.name === name && there[i]).map(({ type }) => type)]))
}

/** Those of these names that the server says do not exist: not what is delegated, nor what it does not answer. */
async function missingOf(server: string, names: string[], { clock, signal }: Whom): Promise<string[]> {
  const asked = [...new Set(names)]
  const answers = await inParallel(asked, questionsMost, (name) => ask({ server, name, type: rrTypes.A, timeoutMs: questionMs }, clock, signal))
  return asked.filter((_, i) => answers[i]?.rcode === rcodes.NXDOMAIN)
}

/** An address of another length is malformed. */
const lengths = { A: 4, AAAA: 16 }

/** The primary by the zone's SOA, at the port that one of its name servers has there. */
async function primaryOf(soa: Rr, { zone, servers }: { zone: string; servers: string[] }, whom: Whom): Promise<ZoneSeen['primary']> {
  const { name } = decodeName(soa.rdata, 0)
  // The zone's own servers know a name within it; what is elsewhere only resolvers do.
  const own = isIn(name, zone) ? { ...whom, servers } : whom
  const found = await Promise.all((['A', 'AAAA'] as const).map(async (type) => {
    const records = (await recordsAt(name, rrTypes[type], own)).records ?? []
    return records.filter(({ rdata }) => rdata.length === lengths[type]).map(({ rdata }) => decodeValue(type, rdata))
  }))
  for (const address of found.flat()) {
    const server = servers.find((each) => parseServer(each)?.address === address) ?? formatServer(address, whom.port)
    if (await answersFor(zone, server, whom)) return { name, server }
  }
  return { name, server: null }
}

/** Does the server answer for the zone with authority? */
export async function answersFor(zone: string, server: string, { clock, signal }: Pick<Whom, 'clock' | 'signal'>): Promise<boolean> {
  const records = recordsIn(await ask({ server, name: zone, type: rrTypes.SOA, timeoutMs: questionMs }, clock, signal), zone)
  signal.throwIfAborted()
  return records?.some((rr) => rr.type === rrTypes.SOA) ?? false
}
