import { parseMarker } from '../../core/marker.ts'
import { markerFor, oursOf } from '../../core/move-hosts.ts'
import type { HostView, RecordSet } from '../../core/moving.ts'
import type { Config, HostConfig } from '../../core/types.ts'
import { foreignValues, planChange, shows, throughUnlisted } from '../../core/zone.ts'
import { exampleMarker, strayCnames } from '../zone-look.ts'
import { listed, type Finding, type Found } from './finding.ts'
import { isAdopted, ownedConfig, replaceable, type Looking } from './looking.ts'

type Seen = { view: HostView; host: HostConfig; looking: Looking }

/** What stands at the listed names and at the marker's, as one DNS host shows it. */
export function recordFindings(found: Found, seen: Seen): Finding[] {
  const { view, host } = seen
  return [
    ...markerFindings(found, seen),
    ...host.names.flatMap((name) => nameFindings(found, name, seen)),
    ...severalFindings(found, seen),
    ...throughUnlisted(view, host).map((sentence) => found.fail(sentence)),
    ...strayFindings(found, seen),
    ...foreignFindings(found, seen),
    ...moveFindings(found, seen),
  ]
}

function markerFindings(found: Found, { view, host, looking }: Seen): Finding[] {
  const config = ownedConfig(looking.settings)
  const claim = planChange({ view, host, app: config.app, marker: exampleMarker(config), addresses: null, ours: [] })
  if ('refused' in claim) return [found.fail(`${claim.refused}. Where it is not needed, delete it there`)]
  const { record, move } = looking.ledger
  const marker = parseMarker(view.txt[0] ?? '')
  const stands = marker && `${claim.txt.name}: epoch ${marker.epoch}, site ${marker.site}, ${marker.state}`
  if (!record) return [stands ? found.warn(`${stands}; and this store knows nothing of it: lifeboat adopt takes it up`) : found.warn(`no marker stands at ${claim.txt.name}: the names are not adopted yet (lifeboat adopt)`)]
  // An open move changes it at this very moment.
  if (move) return [found.ok(stands ?? `no marker stands at ${claim.txt.name}, and a move is under way`)]
  const is = shows(view, host, markerFor(record, config, 'pointed'), record.addresses, oursOf(looking.ledger, config))
  return [is === 'yes' ? found.ok(`${stands}, as the store has it`) : found.fail(wrongs[is](`${stands ?? claim.txt.name}`, record.epoch))]
}

const takeUp = 'Where nobody else does: lifeboat adopt'

const wrongs = {
  'other-addresses': (stands: string) => `${stands}, and the names have other addresses or a longer TTL than lifeboat wrote. To take them back: lifeboat adopt`,
  older: (stands: string, epoch: number) => `${stands}, and the store is at epoch ${epoch}: this host is behind. What leads brings it up (lifeboat watch)`,
  newer: (stands: string, epoch: number) => `${stands}, and the store is at epoch ${epoch}: somebody else acts, or the store is an old copy. ${takeUp}`,
  'other-move': (stands: string) => `${stands}, by another move than the store has: somebody else acts, or the store is an old copy. ${takeUp}`,
  absent: (stands: string) => `the marker is gone: ${stands}. To write it again: lifeboat adopt`,
  foreign: (stands: string) => `another's marker stands there: ${stands}. Where it is not needed, delete it there`,
}

/** The sites that these addresses are of, in their order. */
const sitesAt = (sets: RecordSet[], { settings }: Looking): string[] => {
  const served = sets.flatMap(({ values }) => values)
  return [...new Set(served.flatMap((value) => settings.core.sites.filter(({ addresses }) => addresses.includes(value)).map(({ site }) => site)))]
}

/** Names that point at several sites before an adoption, which then cannot tell which one is active. After it the marker's line says so. */
function severalFindings(found: Found, { view, host, looking }: Seen): Finding[] {
  const sets = view.sets.filter(({ name }) => host.names.includes(name))
  const [first, ...others] = sitesAt(sets, looking)
  if (isAdopted(looking) || others.length === 0) return []
  return [found.warn(`the names point at ${listed([first!, ...others], 9)}, and visitors reach either: lifeboat adopt must be told which one is active (--active ${first}), and takes the others out`)]
}

/** What one name serves, or that it is not there. */
function nameFindings(found: Found, name: string, { view, host, looking }: Seen): Finding[] {
  const sets = view.sets.filter((set) => set.name === name)
  if (sets.length === 0) return [isAdopted(looking) ? found.fail(`${name} has no address. To write it again: lifeboat adopt`) : found.warn(`${name} is not there yet: lifeboat adopt writes it`)]
  const sites = sitesAt(sets, looking)
  const whose = sites.length > 0 ? ` (${sites.join(', ')})` : ''
  const through = sets.find((set) => set.through !== undefined)?.through
  const ttlS = Math.max(...sets.map((set) => set.ttlS))
  // A CNAME to another of the names stays as it is in a move, so its TTL is nobody's wait.
  const follows = sets.some(({ type, values }) => type === 'CNAME' && values.some((value) => [...host.names, ...host.elsewhere].includes(value)))
  return [
    found.ok(`${name} ${sets.map(textOf).join(', ')}${whose}${through ? `, through ${through}` : ''}, TTL ${ttlS} s`),
    ...(ttlS > host.ttlS && !follows ? [found.warn(`${name} is served with TTL ${ttlS} s, and ${host.ttlS} s is configured: answers are kept that long${isAdopted(looking) ? '' : ' until lifeboat adopt lowers it'}`)] : []),
  ]
}

const textOf = ({ type, values }: RecordSet): string => `${type} ${values.join(' ')}`

const strayFindings = (found: Found, { view, looking }: Seen): Finding[] =>
  strayCnames({ hosts: { view }, servers: null }, looking.settings.core).map(({ name, values }) =>
    found.fail(`${name} is a CNAME to ${values.join(', ')}, which is none of the names and no site's: it cannot be moved. Write an A record there in its place`),
  )

function foreignFindings(found: Found, { view, host, looking }: Seen): Finding[] {
  const { core } = looking.settings
  const foreign = foreignValues(view, host, oursOf(looking.ledger, core)).filter(({ type }) => type !== 'CNAME')
  return foreign.map(({ name, type, value }) =>
    found.warn(isAdopted(looking) ? `${name} has ${type} ${value}, which is not lifeboat's: it stays, beside what lifeboat writes` : `${name} has ${type} ${value}, which is no site's: lifeboat adopt takes it out`),
  )
}

/** Sites that the names of this zone cannot be moved to. */
function moveFindings(found: Found, { view, host, looking }: Seen): Finding[] {
  const config: Config = ownedConfig(looking.settings)
  return config.sites.flatMap(({ site, addresses }) => {
    if (addresses.length === 0) return []
    const change = planChange({ view: { ...view, txt: [] }, host, app: config.app, marker: exampleMarker(config), addresses, ours: replaceable(looking, view, host) })
    return 'refused' in change ? [found.fail(`a move to ${site} would be refused: ${change.refused}`)] : []
  })
}
