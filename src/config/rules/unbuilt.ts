import { cloudNames, clouds, dnsDriverNames, dnsDrivers } from '../companies.ts'
import type { Fault } from '../faults.ts'
import type { Path } from '../paths.ts'
import type { Tree } from '../tree.ts'

/** What the schema knows and nothing here runs yet. A line goes when its part is built. */
type Unbuilt = { at: string; what: string; instead: string; when?: (value: unknown) => boolean }

const isOneOf = (words: readonly string[]) => (value: unknown) => typeof value === 'string' && words.includes(value)

/** Anything else is wrong by its type, and may be a secret that lost its key. */
const isMapping = (value: unknown) => typeof value === 'object' && value !== null

const unbuiltDns = dnsDriverNames.filter((driver) => !dnsDrivers[driver].built)
const unbuiltClouds = cloudNames.filter((cloud) => !clouds[cloud].built)

const unbuilt: Unbuilt[] = [
  { at: 'sites.*.standby', when: isOneOf(['cold']), what: 'a cold site cannot be created yet', instead: 'Leave it out, and have the site stand ready' },
  ...unbuiltClouds.map((cloud) => ({
    at: `clouds.${cloud}`,
    when: isMapping,
    what: 'this cloud cannot be asked yet',
    instead: 'Leave the entry out: its sites are watched without account evidence',
  })),
  { at: 'data.driver', when: isOneOf(['exec', 'patroni']), what: 'data cannot be carried yet', instead: 'Write none, and in holds what a move would leave behind' },
  { at: 'check.secondOpinion', what: 'public probes cannot be asked yet', instead: 'Leave it out, and add a vantage' },
  { at: 'dns.hosts.*.driver', when: isOneOf(unbuiltDns), what: 'this DNS host cannot be written yet', instead: 'Write rfc2136 for a name server of your own' },
  { at: 'store.driver', when: isOneOf(['etcd']), what: 'etcd cannot be used yet', instead: 'Write sqlite' },
]

const matches = (tree: Tree, steps: string[], path: Path = []): Path[] => {
  const [step, ...rest] = steps
  const here = tree.valueAt(path)
  if (step === undefined) return here === undefined ? [] : [path]
  if (step !== '*') return matches(tree, rest, [...path, step])
  if (Array.isArray(here)) return here.flatMap((_, i) => matches(tree, rest, [...path, i]))
  return typeof here === 'object' && here !== null ? Object.keys(here).flatMap((key) => matches(tree, rest, [...path, key])) : []
}

/** Every place that names a part which is not built yet; looked for in the bare data, so that no other fault hides it. */
export const notYet = (tree: Tree): Fault[] =>
  unbuilt.flatMap(({ at, what, instead, when }) =>
    matches(tree, at.split('.'))
      .filter((path) => !when || when(tree.valueAt(path)))
      .map((path) => ({ path, what: `not yet: ${what}`, instead })),
  )
