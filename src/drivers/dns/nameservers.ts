import { getServers } from 'node:dns'
import type { Clock } from '../../clock.ts'
import { parentOf } from '../../core/dns-names.ts'
import type { NameServers } from '../../ports.ts'
import { formatServer, parseServer } from './exchange.ts'
import { ask, recordsIn } from './query.ts'
import { decodeValue, flags, rcodes, rrTypes } from './wire.ts'
import type { Message, Rr } from './wire.ts'

/** For how long a good list is not asked for again; registries change a delegation in hours. */
const freshMs = 600_000
/** Where it was not found out whether the zone has a DS, it is asked again sooner. */
const freshWithoutDsMs = 60_000

const valuesOf = (records: Rr[], name: string, type: 'A' | 'AAAA' | 'NS'): string[] =>
  records.filter((rr) => rr.name === name && rr.type === rrTypes[type]).map((rr) => decodeValue(type, rr.rdata))

const addressesIn = (records: Rr[], name: string): string[] => [...valuesOf(records, name, 'A'), ...valuesOf(records, name, 'AAAA')]

type Walk = {
  recurse: (name: string, type: number) => Promise<Message | null>
  direct: (server: string, name: string, type: number) => Promise<Message | null>
  port: number
}

/** The first answer that any of them gives. Null: none gives one. */
export const firstOf = async <T>(items: string[], ask: (item: string) => Promise<T | null>): Promise<T | null> => {
  for (const item of items) {
    const answer = await ask(item)
    if (answer !== null) return answer
  }
  return null
}

/** An address type that is not answered is unknown, so the list would lack a server without saying so. Null: could not find out. */
const resolve = async (walk: Walk, name: string): Promise<string[] | null> => {
  const answers = await Promise.all([walk.recurse(name, rrTypes.A), walk.recurse(name, rrTypes.AAAA)])
  const found: string[] = []
  for (const [n, answer] of answers.entries()) {
    if (!answer) return null
    found.push(...answer.answers.filter((rr) => rr.type === [rrTypes.A, rrTypes.AAAA][n]).map((rr) => decodeValue(n === 0 ? 'A' : 'AAAA', rr.rdata)))
  }
  return found.map((address) => formatServer(address, walk.port))
}

/** The servers of the nearest zone above: the first name upwards that has an NS set. Null: could not find out. */
const parentServers = async (walk: Walk, zone: string): Promise<string[] | null> => {
  for (let name = zone; name !== ''; ) {
    name = parentOf(name)
    const answer = await walk.recurse(name, rrTypes.NS)
    if (!answer) return null
    const names = valuesOf(answer.answers, name, 'NS')
    if (names.length === 0) continue
    const servers = await Promise.all(names.map((server) => resolve(walk, server)))
    return servers.flatMap((found) => found ?? [])
  }
  return null
}

/** What the parent's servers say of the delegation: a referral, or an answer where they serve the zone themselves. */
const delegation = async (walk: Walk, server: string, zone: string): Promise<{ names: string[]; glue: Rr[] } | null> => {
  const answer = await walk.direct(server, zone, rrTypes.NS)
  if (!answer || answer.rcode !== rcodes.NOERROR) return null
  const own = answer.flags & flags.authoritative ? answer.answers : answer.authorities
  const names = valuesOf(own, zone, 'NS')
  return names.length > 0 ? { names, glue: answer.additionals } : null
}

/** The DS that the parent has for the zone. It alone has authority over that set, also where it serves the zone too (RFC 4035, section 3.1.4.1). */
const dsSetOf = async (walk: Walk, server: string, zone: string): Promise<Rr[] | null> => {
  const answer = await walk.direct(server, zone, rrTypes.DS)
  if (answer?.rcode !== rcodes.NOERROR) return null
  return recordsIn(answer, zone)?.filter((rr) => rr.type === rrTypes.DS) ?? null
}

/** `machines`: the addresses of each name server. */
type Found = { machines: string[][]; ds: Rr[] | null }

const find = async (walk: Walk, zone: string): Promise<Found | null> => {
  const parents = await parentServers(walk, zone)
  const found = parents && (await firstOf(parents, (server) => delegation(walk, server, zone)))
  if (!found) return null
  const machines: string[][] = []
  for (const name of found.names) {
    const glue = addressesIn(found.glue, name).map((address) => formatServer(address, walk.port))
    const addresses = glue.length > 0 ? glue : await resolve(walk, name)
    if (!addresses) return null
    machines.push(addresses)
  }
  if (machines.flat().length === 0) return null
  return { machines, ds: await firstOf(parents, (server) => dsSetOf(walk, server, zone)) }
}

/** `machines`: the same as `of`, with the addresses of one name server together. Where the list is given, each of its addresses is one. */
export type NameServerMachines = { machines(zone: string, signal: AbortSignal): Promise<string[][] | null> }

/** The DS at the parent, as `of` last found out; never one for a zone whose list is given. Null: could not find out. */
export type ParentDs = { dsSet(zone: string): Rr[] | null }

const listed = (servers: string[]): string[] =>
  servers.map((server) => {
    const place = parseServer(server)
    if (!place) throw new Error(`dns.nameservers: not an address: ${server}`)
    return formatServer(place.address, place.port)
  })

/**
 * The name servers that a zone's parent publishes, IPv4 and IPv6, as `IP:port`, and whether it has a DS for it. `override` replaces them for a private zone (null: not
 * for this one). `timeoutMs` bounds one question: several resolvers and parents may have to be asked within a walk's own limit. `resolvers`: whom to ask for the way there, the machine's own by default; `port`: of every name server, 53 by default.
 * The last good list is kept, and returned while the parent cannot be asked.
 */
export const nameServers = (
  options: { override: (zone: string) => string[] | null; timeoutMs: number; resolvers?: string[]; port?: number },
  clock: Clock,
): NameServers & NameServerMachines & ParentDs => {
  const { override, timeoutMs, port = 53 } = options
  const known = new Map<string, Found & { atMs: number }>()
  const walkWith = (signal: AbortSignal): Walk => {
    const resolvers = options.resolvers ?? getServers()
    const usable = (answer: Message | null): Message | null =>
      answer && (answer.rcode === rcodes.NOERROR || answer.rcode === rcodes.NXDOMAIN) ? answer : null
    return {
      recurse: (name, type) => firstOf(resolvers, async (server) => usable(await ask({ server, name, type, timeoutMs, recursive: true }, clock, signal))),
      direct: (server, name, type) => ask({ server, name, type, timeoutMs }, clock, signal),
      port,
    }
  }
  const machines = async (zone: string, signal: AbortSignal): Promise<string[][] | null> => {
    const fixed = override(zone)
    if (fixed) return listed(fixed).map((server) => [server])
    const last = known.get(zone)
    if (last && clock.now().monoMs - last.atMs < (last.ds === null ? freshWithoutDsMs : freshMs)) return last.machines
    const found = await find(walkWith(signal), zone).catch(() => null) // A malformed record: could not find out.
    if (!found) return last?.machines ?? null
    known.set(zone, { machines: found.machines, ds: found.ds ?? last?.ds ?? null, atMs: clock.now().monoMs })
    return found.machines
  }
  const dsSet = (zone: string): Rr[] | null => (override(zone) ? [] : (known.get(zone)?.ds ?? null))
  return {
    machines,
    of: async (zone, signal) => {
      const found = await machines(zone, signal)
      return found && [...new Set(found.flat())].sort()
    },
    ds: (zone) => {
      const set = dsSet(zone)
      return set && set.length > 0
    },
    dsSet,
  }
}
