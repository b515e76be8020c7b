import { hostLostAfterMs, pointAgainMs, pointTriesMost } from './limits.ts'
import type { Effect, HostView, Marker, ServerView, World } from './moving.ts'
import type { Config, HostConfig, Ledger, Move, Placement } from './types.ts'
import { isEarlier } from './serial.ts'
import { signatureFault } from './signatures.ts'
import { shows, stillServes, type Shown } from './zone.ts'

// A move at its DNS hosts: what each shows of it, what may be written there, and when it counts as served or lost.

/** Addresses at our names that count as ours: those written or adopted, and every site's. */
export const oursOf = (ledger: Ledger, config: Config): string[] => [
  ...new Set([...ledger.ours, ...config.sites.flatMap((s) => s.addresses)]),
]

/** The marker that a placement or a move stands for at every DNS host. */
export const markerFor = (of: Placement, config: Config, state: Marker['state']): Marker => ({
  app: config.app,
  owner: config.owner!,
  epoch: of.epoch,
  site: of.site,
  move: of.move,
  state,
})

const markerOf = (move: Move, config: Config, state: Marker['state']): Marker =>
  markerFor({ epoch: move.epoch, move: move.id, site: move.to, addresses: move.addresses }, config, state)

/** What a host's view shows of the move; null: it could not be read. */
export const standsAt = (host: HostConfig, move: Move, world: World, config: Config, state: Marker['state']): Shown | null => {
  const view = world.hosts[host.host]
  const addresses = state === 'pointed' ? move.addresses : null
  return view ? shows(view, host, markerOf(move, config, state), addresses, oursOf(world.ledger, config)) : null
}

/** A claim is a mirror for the day when the store is lost. One try a host: one that is dead or refuses stands in no way. */
export function claimAt(host: HostConfig, move: Move, world: World, config: Config): Effect[] {
  const view = world.hosts[host.host]
  if (!view || (world.failed[host.host] ?? 0) > 0) return []
  const stands = standsAt(host, move, world, config, 'claimed')
  const claimable = stands === 'older' || (stands === 'absent' && mayClaimAbsent(host, view, move, world.ledger))
  const marker = markerOf(move, config, 'claimed')
  return claimable ? [{ do: 'write', host: host.host, view, marker, addresses: null }] : []
}

/** A marker that vanished where we wrote one is unknown: it is written again only where the addresses are as last confirmed, or already those of this move. */
function mayClaimAbsent(host: HostConfig, view: HostView, move: Move, ledger: Ledger): boolean {
  if (move.kind === 'adopt' || ledger.hosts[host.host] === undefined) return true
  return [ledger.record?.addresses ?? [], move.addresses].some((addresses) => stillServes(view, host, addresses, ledger.ours))
}

/** Brings one host to the move's marker and addresses, where it may be written. */
export function pointAt(host: HostConfig, move: Move, world: World, config: Config): Effect[] {
  const view = world.hosts[host.host]
  if (!view || !mayTry(host, move, world, config)) return []
  const stands = standsAt(host, move, world, config, 'pointed')
  const writable =
    stands === 'older' ||
    stands === 'other-addresses' ||
    (stands === 'absent' && mayClaimAbsent(host, view, move, world.ledger))
  const marker = markerOf(move, config, 'pointed')
  return writable ? [{ do: 'write', host: host.host, view, marker, addresses: move.addresses }] : []
}

/** A host that refuses is left as a debt once another one shows the move; until then it is tried again and again, ever slower. */
function mayTry(host: HostConfig, move: Move, world: World, config: Config): boolean {
  const failed = world.failed[host.host] ?? 0
  if (failed < pointTriesMost) return true
  const shown = config.dns.hosts.some((h) => standsAt(h, move, world, config, 'pointed') === 'yes')
  return !shown && (world.stepForMs.point ?? 0) >= failed * pointAgainMs
}

/** With which serial each host was first seen to show the move. A host that was written again since starts anew; one that could not be read keeps what is known. */
export function serialsShown(move: Move, world: World, config: Config): Record<string, number> {
  const serialOf = ({ host }: HostConfig, stands: Shown | null): number | null => {
    const known = world.serials[host] ?? null
    if (stands === null) return known
    return stands === 'yes' ? (known ?? world.hosts[host]?.serial ?? null) : null
  }
  const serials = config.dns.hosts.map((host) => [host.host, serialOf(host, standsAt(host, move, world, config, 'pointed'))] as const)
  return Object.fromEntries(serials.filter((each): each is [string, number] => each[1] !== null))
}

/**
 * What a name server lacks although it may show the move, as a clause. Null: nothing. Its serial is held against that of the host it
 * belongs to alone: two hosts of one zone count each for itself.
 */
const lacks = (of: ServerView, { serials, at }: World): string | null => {
  const { server, host, view, ds } = of
  const ours = host === null ? undefined : serials[host]
  const serial = view?.serial ?? null
  if (ours !== undefined && serial !== null && isEarlier(serial, ours)) return `${server} is behind (SOA serial ${serial}, and ${host} had ${ours})`
  const fault = view && ds ? signatureFault(view, at.wallMs) : null
  return fault && `${server} ${fault}`
}

/** Does one of the parent's name servers show the move? */
const showsMove = (server: ServerView, move: Move, world: World, config: Config): boolean => {
  const { view, host, zone } = server
  const of = config.dns.hosts.find((h) => h.host === host) ?? config.dns.hosts.find((h) => h.zone === zone)
  if (!view || !of || lacks(server, world) !== null) return false
  return shows(view, of, markerOf(move, config, 'pointed'), move.addresses, oursOf(world.ledger, config)) === 'yes'
}

/** `served`, `lost`, or null: neither yet. */
export function settled(host: HostConfig, move: Move, world: World, config: Config): 'served' | 'lost' | null {
  const servers = (world.servers ?? []).filter((s) => s.zone === host.zone && (s.host === host.host || s.host === null))
  const written = standsAt(host, move, world, config, 'pointed') === 'yes'
  const every = (of: ServerView[]) => of.length > 0 && of.every((s) => showsMove(s, move, world, config))
  if (written && every(servers)) return 'served'
  if ((world.stepForMs.confirm ?? 0) < hostLostAfterMs) return null
  // A name server that is silent serves nothing stale; one that answers otherwise does.
  return written && every(servers.filter((s) => s.view !== null)) ? 'served' : 'lost'
}

/** The hosts that the move leaves behind. */
export const debtsOf = (move: Move, world: World, config: Config): string[] =>
  config.dns.hosts.filter((host) => settled(host, move, world, config) !== 'served').map((h) => h.host)

/** How many of the parent's name servers show the move, of how many, and as a sentence with what the others lack. */
export const servedBy = (move: Move, world: World, config: Config): { showing: number; servers: number; sentence: string } => {
  const servers = world.servers ?? []
  const showing = servers.filter((s) => showsMove(s, move, world, config)).length
  const unknown = [...new Set(servers.filter(({ ds }) => ds === null).map(({ zone }) => `whether ${zone} is signed could not be found out`))]
  const lacking = [...servers.flatMap((s) => lacks(s, world) ?? []), ...unknown]
  const counted = servers.length === 0 ? 'which name servers there are could not be found out' : `${showing} of ${servers.length} name servers show it`
  return { showing, servers: servers.length, sentence: [counted, ...lacking].join('; ') }
}

/** The DNS hosts that show the move, as claimed or pointed, and those that do not, each with why. */
export function taken(move: Move, world: World, config: Config, state: Marker['state']): { by: string[]; not: string[] } {
  const { hosts } = config.dns
  const stands = (host: HostConfig) => standsAt(host, move, world, config, state)
  // Whatever a write came to that was made before the marker went.
  const isAdopts = (host: HostConfig) => stands(host) === 'absent' && !mayClaimAbsent(host, world.hosts[host.host]!, move, world.ledger)
  return {
    by: hosts.filter((host) => stands(host) === 'yes').map((h) => h.host),
    not: hosts.filter((host) => stands(host) !== 'yes').map((host) => `${host.host} ${isAdopts(host) ? 'lost our TXT and serves other addresses, so only lifeboat adopt may write there' : whyNotTaken(stands(host), world.refusals[host.host])}`),
  }
}

function whyNotTaken(stands: Shown | null, refusal: string | undefined): string {
  if (stands === null) return 'gives no usable answer'
  if (stands === 'foreign') return 'has a TXT at the marker\'s name that is not ours'
  return refusal === undefined ? 'does not show it' : `does not take it (${refusal})`
}
