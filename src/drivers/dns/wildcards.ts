import { parentOf } from '../../core/dns-names.ts'
import { parseMarker } from '../../core/marker.ts'
import type { HostView } from '../../core/moving.ts'
import type { Dig } from '../../ports.ts'
import { rrTypes } from './wire.ts'
import type { Rr } from './wire.ts'

// Records that a name has only through a wildcard are told from its own by what a name below it answers: a wildcard never answers for a
// name below one that exists, nor below another wildcard (RFC 4592, sections 2.2.1 and 3.3.1). Null everywhere: could not find out.

/** Asks for a set. */
export type Ask = (name: string, type: number) => Promise<Rr[] | null>

/** Longest name below which another may still stand. */
const nameMost = 249

/** The wildcard that gives a name its set. Null: none, it stands there itself, or could not find out. */
const wildcardOf = async (ask: Ask, { name, type, zone }: { name: string; type: number; zone: string }): Promise<string | null> => {
  let found: string | null = null
  for (let at = name; at !== zone && at.length <= nameMost; at = parentOf(at)) {
    const below = await ask(`x.*.${at}`, type)
    if (!below) return null
    if (below.length === 0) break
    found = `*.${parentOf(at)}`
  }
  return found
}

/** The parents of the listed names below which a wildcard gives addresses. */
export const wildParents = async (ask: Ask, { names, zone }: Dig): Promise<string[]> => {
  const parents = [...new Set(names.filter((name) => name !== zone).map(parentOf))]
  const found = await Promise.all(parents.map(async (parent) => Promise.all([rrTypes.A, rrTypes.AAAA].map((type) => ask(`*.${parent}`, type)))))
  return parents.filter((_, n) => found[n]!.some((records) => records && records.length > 0))
}

/** The view with the wildcards in it: each set that is there only through one names it, and a marker's name that answers with a wildcard's text has none. `wild`: as `wildParents` found them. */
export const throughWildcards = async (ask: Ask, view: HostView, { zone, marker }: Dig, wild: string[]): Promise<HostView> => {
  const names = [...new Set(view.sets.map(({ name }) => name))].filter((name) => name !== zone && wild.includes(parentOf(name)))
  const typeAt = (name: string): number => rrTypes[view.sets.find((set) => set.name === name)!.type as 'A' | 'AAAA' | 'CNAME']
  const wildcards = await Promise.all(names.map(async (name) => [name, await wildcardOf(ask, { name, type: typeAt(name), zone })] as const))
  const through = Object.fromEntries(wildcards)
  const sets = view.sets.map((set) => (through[set.name] ? { ...set, through: through[set.name]! } : set))
  const strange = view.txt.length > 0 && view.txt.every((text) => parseMarker(text) === null)
  const texts = strange ? await wildcardOf(ask, { name: marker, type: rrTypes.TXT, zone }) : null
  return texts === null ? { ...view, sets } : { ...view, sets, txt: [], txtTtlS: null }
}
