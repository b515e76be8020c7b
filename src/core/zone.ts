import { formatMarker, markerName, parseMarker } from './marker.ts'
import type { Change, HostView, Marker, RecordSet } from './moving.ts'
import type { HostConfig } from './types.ts'

type Type = 'A' | 'AAAA' | 'CNAME'
const types: Type[] = ['A', 'AAAA', 'CNAME']

const typeOf = (address: string): Type => (address.includes(':') ? 'AAAA' : /^[0-9.]+$/.test(address) ? 'A' : 'CNAME')

const setAt = (view: HostView, name: string, type: Type): RecordSet | undefined =>
  view.sets.find((set) => set.name === name && set.type === type)

const valuesAt = (view: HostView, name: string, type: Type): string[] => setAt(view, name, type)?.values ?? []

const same = (one: string[], other: string[]): boolean =>
  one.length === other.length && one.every((value) => other.includes(value))

const throughOf = (view: HostView, name: string): string | null => view.sets.find((set) => set.name === name)?.through ?? null

/** The listed name that a name follows, here or in another zone: the one that it is a CNAME to, or the wildcard that it is there through. Null: none. */
const followed = (view: HostView, { names, elsewhere }: HostConfig, name: string): string | null => {
  const through = throughOf(view, name)
  if (through !== null && names.includes(through)) return through
  return valuesAt(view, name, 'CNAME').find((target) => target !== name && [...names, ...elsewhere].includes(target)) ?? null
}

/** Listed names that are there only through a wildcard which is not listed, each as a sentence. They are never written: that would take all else that the wildcard gives away from them. */
export const throughUnlisted = (view: HostView, host: HostConfig): string[] =>
  host.names.flatMap((name) => {
    const through = throughOf(view, name)
    return through === null || followed(view, host, name) !== null ? [] : [`${name} is there only through ${through}, which is the name to list in its place`]
  })

/** Every name of the zone follows one of another zone, so that its marker is all that a move brings there. */
const followsElsewhere = (view: HostView, host: HostConfig): boolean => {
  const targets = host.names.map((name) => followed(view, host, name))
  return targets.every((target) => target !== null) && targets.some((target) => host.elsewhere.includes(target!))
}

/** A value at a listed name that is not ours: it stays. `bars`: because of it nothing of ours can stand at the name, which is left out of every change. */
export type ForeignValue = { name: string; type: string; value: string; bars: boolean }

/**
 * What others wrote at the listed names, for an alarm. A CNAME of theirs bars the name, and so does an address of theirs where
 * ours is a CNAME (`toHostname`): servers ignore one beside the other, without an error (measured 2026-11 on BIND and Knot).
 */
export const foreignValues = (view: HostView, host: HostConfig, ours: string[], toHostname = false): ForeignValue[] =>
  host.names
    .filter((name) => followed(view, host, name) === null && throughOf(view, name) === null)
    .flatMap((name) => view.sets.filter((set) => set.name === name))
    .flatMap(({ name, type, values }) =>
      values
        .filter((value) => !ours.includes(value))
        .map((value) => ({ name, type, value, bars: type === 'CNAME' || toHostname })),
    )

/** The listed names that a change brings to the addresses: all but those that follow another listed name, those that only a wildcard gives, and those that a foreign value bars. */
const movedNames = (view: HostView, host: HostConfig, addresses: string[], ours: string[]): string[] => {
  const toHostname = addresses.some((address) => typeOf(address) === 'CNAME')
  const barred = foreignValues(view, host, [...ours, ...addresses], toHostname).filter(({ bars }) => bars)
  return host.names.filter((name) => followed(view, host, name) === null && throughOf(view, name) === null && !barred.some((value) => value.name === name))
}

const wanted = (view: HostView, name: string, type: Type, addresses: string[], ours: string[]): string[] => {
  const next = addresses.filter((address) => typeOf(address) === type)
  const foreign = valuesAt(view, name, type).filter((value) => !ours.includes(value) && !next.includes(value))
  return [...foreign, ...next].sort()
}

/** The marker that stands at this host. `absent`: none · `foreign`: another owner's, two, or a text that is not ours to replace. */
const markerSeen = (view: HostView, app: string, owner: string): Marker | 'absent' | 'foreign' => {
  if (view.txt.length === 0) return 'absent'
  const seen = view.txt.length === 1 ? parseMarker(view.txt[0] ?? '') : null
  return seen && seen.owner === owner && seen.app === app ? seen : 'foreign'
}

/** What stands at the marker's name in the place of ours. */
export const foreignTxt = (view: HostView, name: string): string => {
  if (view.txt.length > 1) return `${view.txt.length} TXT records stand at ${name}, and only one may`
  const seen = parseMarker(view.txt[0] ?? '')
  if (!seen) return `the TXT at ${name} is not a marker of lifeboat's`
  return `the TXT at ${name} belongs to another owner (app ${seen.app}, owner ${seen.owner})`
}

const setsOf = (view: HostView, host: HostConfig, names: string[], addresses: string[], ours: string[]): Change['sets'] =>
  names.flatMap((name) =>
    types.map((type) => {
      const set = setAt(view, name, type)
      const old = [...(set?.values ?? [])].sort()
      return { name, type, ttlS: host.ttlS, old, oldTtlS: set?.ttlS ?? null, new: wanted(view, name, type, addresses, ours) }
    }),
  )

/** Why these sets may not be written: a name would be without an address, or lose its IPv4. Null: they may. */
const emptied = (sets: Change['sets'], names: string[]): string | null => {
  for (const name of names) {
    const [a, aaaa, cname] = types.map((type) => sets.find((set) => set.name === name && set.type === type))
    if (!a?.new.length && !aaaa?.new.length && !cname?.new.length) return `${name} would be left without an address`
    if (a?.old.length && !a.new.length && !cname?.new.length) return `${name} has an IPv4 address, and the target has none`
  }
  return null
}

const misfit = (host: HostConfig, addresses: string[]): string | null => {
  const hostnames = addresses.filter((address) => typeOf(address) === 'CNAME')
  if (hostnames.length === 0) return null
  if (addresses.length > 1) return `a target is one hostname or IP addresses, not both (got ${addresses.join(', ')})`
  return host.names.includes(host.zone) ? `${host.zone} is an apex and cannot be a CNAME to ${hostnames[0]}` : null
}

const unmovable = (view: HostView, host: HostConfig, ours: string[]): string => {
  const bars = foreignValues(view, host, ours, true).map(({ name, type, value }) => `${name} has ${type} ${value}, which is not ours`)
  return `no name in ${host.zone} can be moved: ${[...throughUnlisted(view, host), ...bars].join(', ') || 'each is a CNAME to another of them'}`
}

/**
 * The one change that brings a DNS host, as read, to a marker and its addresses (DNS.md, "Whose record it is").
 * `addresses` null: only the marker (a claim). `ours`: values that count as ours, and so are replaced. Every set that must not
 * have changed meanwhile is in it, `old` equal to `new` where it stays. A name that a foreign value bars is left out (`foreignValues` says so).
 */
export const planChange = (asked: {
  view: HostView
  host: HostConfig
  app: string
  marker: Marker
  addresses: string[] | null
  ours: string[]
}): Change | { refused: string } => {
  const { view, host, app, marker, addresses, ours } = asked
  const name = markerName(app, host.zone)
  if (markerSeen(view, app, marker.owner) === 'foreign') return { refused: foreignTxt(view, name) }
  const txt = { name, ttlS: host.ttlS, old: view.txt, oldTtlS: view.txtTtlS, new: [formatMarker(marker)] }
  if (addresses === null) return { zone: host.zone, txt, sets: [] }

  const bad = misfit(host, addresses)
  if (bad) return { refused: bad }
  const names = movedNames(view, host, addresses, ours)
  if (names.length === 0 && !followsElsewhere(view, host)) return { refused: unmovable(view, host, [...ours, ...addresses]) }
  const sets = setsOf(view, host, names, addresses, ours)
  const empty = emptied(sets, names)
  return empty ? { refused: empty } : { zone: host.zone, txt, sets }
}

/** The one change that takes our marker out of a DNS host, as read, and leaves its records. Null: it shows none. */
export const planRemoval = ({ view, host, app, owner }: { view: HostView; host: HostConfig; app: string; owner: string }): Change | { refused: string } | null => {
  const name = markerName(app, host.zone)
  const seen = markerSeen(view, app, owner)
  if (seen === 'absent') return null
  if (seen === 'foreign') return { refused: foreignTxt(view, name) }
  return { zone: host.zone, txt: { name, ttlS: host.ttlS, old: view.txt, oldTtlS: view.txtTtlS, new: [] }, sets: [] }
}

/** How a view stands against what it should show. */
export type Shown = 'yes' | 'other-addresses' | 'older' | 'newer' | 'other-move' | 'absent' | 'foreign'

const markerShows = (view: HostView, wantedMarker: Marker): Shown => {
  const seen = markerSeen(view, wantedMarker.app, wantedMarker.owner)
  if (seen === 'absent' || seen === 'foreign') return seen
  if (seen.epoch !== wantedMarker.epoch) return seen.epoch < wantedMarker.epoch ? 'older' : 'newer'
  if (seen.move !== wantedMarker.move || seen.site !== wantedMarker.site) return 'other-move'
  return seen.state === 'claimed' && wantedMarker.state === 'pointed' ? 'older' : 'yes'
}

/**
 * Does a DNS host or name server show this marker and these addresses? Where the marker's epochs are equal, `older` means claimed
 * where it should be pointed; pointed is more than claimed. `addresses` null: only the marker counts. `other-addresses`: at some name that
 * can be moved the values of ours are not exactly these, or a TTL is above the configured one. Foreign values are tolerated.
 */
export const shows = (view: HostView, host: HostConfig, marker: Marker, addresses: string[] | null, ours: string[]): Shown => {
  const seen = markerShows(view, marker)
  if (seen !== 'yes' || addresses === null) return seen
  const sets = setsOf(view, host, movedNames(view, host, addresses, ours), addresses, ours)
  const exact = (sets.length > 0 || followsElsewhere(view, host)) && sets.every((set) => same(set.old, set.new) && (set.oldTtlS ?? 0) <= set.ttlS)
  return exact ? 'yes' : 'other-addresses'
}

/** Does a host that lost our marker still serve what it did: these addresses, of those that count as ours? One whose names all follow another zone's serves nothing of its own. */
export const stillServes = (view: HostView, host: HostConfig, addresses: string[], ours: string[]): boolean =>
  followsElsewhere(view, host) || addressesOf(view, host.names, ours).join() === [...addresses].sort().join()

/** Every address (or CNAME target off the list) that the listed names serve, sorted, each once; with `ours`, only those that count as ours. */
export const addressesOf = (view: HostView, names: string[], ours?: string[]): string[] => {
  const values = view.sets
    .filter((set) => names.includes(set.name) && types.some((type) => type === set.type))
    .flatMap((set) => set.values)
    .filter((value) => !names.includes(value) && (!ours || ours.includes(value)))
  return [...new Set(values)].sort()
}
