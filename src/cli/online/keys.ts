import { callMs } from '../../controller/times.ts'
import type { DnsHostSettings } from '../../config/settings.ts'
import { markerName } from '../../core/marker.ts'
import type { HostView } from '../../core/moving.ts'
import { spell } from '../../core/spell.ts'
import type { HostConfig } from '../../core/types.ts'
import { planChange } from '../../core/zone.ts'
import { knowsKey, tryPowers } from '../../drivers/dns/trial.ts'
import type { Power, TrialOptions, Tried } from '../../drivers/dns/trial.ts'
import { tsigAlgorithms } from '../../drivers/dns/tsig.ts'
import type { TsigAlgorithm, TsigKey } from '../../drivers/dns/tsig.ts'
import { keyOf } from '../wiring.ts'
import { exampleMarker } from '../zone-look.ts'
import { listed, type Finding, type Found } from './finding.ts'
import { ownedConfig, replaceable, type Looking } from './looking.ts'

/** From here on somebody should set a clock; at 300 s no change is taken any more (RFC 8945, section 10). */
const clockWarnS = 10

/** Every set that a move to any site would write or delete, each once. `view` null: as far as the file says. */
export function neededPowers(looking: Looking, host: HostConfig, view: HostView | null): Power[] {
  const config = ownedConfig(looking.settings)
  const seen = view ?? { txt: [], txtTtlS: null, sets: [], serial: null }
  const sets = config.sites.flatMap(({ addresses }) => {
    const change = planChange({ view: seen, host, app: config.app, marker: exampleMarker(config), addresses, ours: replaceable(looking, seen, host) })
    return 'refused' in change ? [] : change.sets.filter(({ old, new: now }) => old.length + now.length > 0)
  })
  const powers: Power[] = [...sets.map(({ name, type }): Power => ({ name, type })), { name: markerName(config.app, host.zone), type: 'TXT' }]
  return powers.filter(({ name, type }, i) => powers.findIndex((other) => other.name === name && other.type === type) === i)
}

/** `A at shop.example, AAAA at shop.example`, with names of one and the same types together. */
export function powersText(powers: Power[]): string {
  const typesAt = (name: string): string => listed(powers.filter((power) => power.name === name).map(({ type }) => type))
  const names = [...new Set(powers.map(({ name }) => name))]
  const kinds = [...new Set(names.map(typesAt))]
  return kinds.map((types) => `${types} at ${listed(names.filter((name) => typesAt(name) === types))}`).join(', ')
}

/** What the key of a DNS host is good for, found out without a write. */
export async function keyFindings(found: Found, of: { settings: DnsHostSettings; host: HostConfig; view: HostView | null }, looking: Looking): Promise<Finding[]> {
  const { clock, limit } = looking
  const { zone, options } = of.settings
  const needed = neededPowers(looking, of.host, of.view)
  const trial: TrialOptions = { server: options.server ?? '', zone, key: keyOf(of.settings), timeoutMs: callMs.read }
  const { key } = trial
  const beyond = powersBeyond(zone, clock.id().slice(0, 8))
  const [tried, unsigned] = await Promise.all([
    tryPowers(trial, [needed, ...beyond.map((power) => [power])], clock, limit),
    tryPowers({ ...trial, key: null }, [needed], clock, limit),
  ])
  const [own, keyless] = [tried[0]!, unsigned[0]!]
  if (own.is === 'silent') return [found.unknown(`what may be written: ${own.detail}`)]
  if (own.is === 'ignored') return [found.fail(`${own.detail}: two writers at once would not be noticed`)]
  if (own.is !== 'allowed') return [await refusalOf(found, { trial, needed, own }, looking)]
  if (!key) return [found.ok('takes changes without a key, from whoever reaches it')]
  const more = beyond.filter((_, i) => tried[i + 1]?.is === 'allowed')
  const untold = tried.find(({ is }) => is !== 'allowed' && is !== 'refused')
  return [...powerFindings(found, key, { zone, needed, more, keyless, untold }), ...clockFindings(found, trial.server, own.aheadS)]
}

/** What lifeboat never writes. `word` makes a name that nobody has. */
const powersBeyond = (zone: string, word: string): Power[] => [
  { name: zone, type: 'MX' },
  { name: zone, type: 'NS' },
  { name: `lifeboat-check-${word}.${zone}`, type: 'A' },
  { name: `lifeboat-check-${word}.${zone}`, type: 'TXT' },
]

const whereIn = 'update-type and update-owner-name in Knot, update-policy in BIND'

const beyondText = (more: Power[], zone: string): string => {
  const at = more.filter(({ name }) => name === zone).map(({ type }) => type)
  const elsewhere = more.filter(({ name }) => name !== zone).map(({ type }) => type)
  return [...(at.length > 0 ? [`${listed(at)} at ${zone}`] : []), ...(elsewhere.length > 0 ? [`${listed(elsewhere)} at names that are not listed`] : [])].join(', and ')
}

/** `untold`: a trial that told nothing. */
type Powers = { zone: string; needed: Power[]; more: Power[]; keyless: Tried; untold: Tried | undefined }

function powerFindings(found: Found, { name }: TsigKey, { zone, needed, more, keyless, untold }: Powers): Finding[] {
  // Where nobody's trial comes as far, that the key's does says nothing of what it may write.
  if (keyless.is !== 'refused')
    return [
      found.ok(`knows the key "${name}", with this secret`),
      found.warn(`what the key "${name}" may write, and whether it takes one at all, cannot be told without a write: this server looks at that last (as PowerDNS does with a policy script)`),
    ]
  const enough = found.ok(`the key "${name}" may write all that a move needs: ${powersText(needed)}`)
  if (untold && 'detail' in untold) return [enough, found.unknown(`whether the key "${name}" may write more than that: ${untold.detail}`)]
  return [
    enough,
    more.length > 0
      ? found.warn(`the key "${name}" may write more than a move needs: ${beyondText(more, zone)}. Whoever gets hold of it may too; narrow it there (${whereIn})`)
      : found.ok(`the key "${name}" may write nothing else that was tried (MX, NS, names that are not listed)`),
  ]
}

type Trial = { trial: TrialOptions; needed: Power[] }

/** Why a trial was not allowed: the key may not write that, the server has another algorithm for it, or what the server says. */
async function refusalOf(found: Found, { own, ...of }: Trial & { own: Exclude<Tried, { is: 'allowed' }> }, looking: Looking): Promise<Finding> {
  const { key } = of.trial
  const known = key ? await algorithmsOf(of.trial, key, looking) : []
  if (key && known.length > 0 && !known.includes(key.algorithm))
    return found.fail(`knows the key "${key.name}" with ${known[0]}, and the file says ${key.algorithm}: write algorithm: ${known[0]} there`)
  if (own.is !== 'refused') return found.unknown(`what may be written: ${own.detail}`)
  if (!key) return found.fail(`${own.detail}: write key and secret into dns.hosts`)
  return found.fail(known.length > 0 ? await deniedText(of, key, looking) : own.detail)
}

/** Under which algorithms the server knows the key, with this secret. */
async function algorithmsOf(trial: TrialOptions, key: TsigKey, { clock, limit }: Looking): Promise<TsigAlgorithm[]> {
  const known = await Promise.all(tsigAlgorithms.map((algorithm) => knowsKey(trial, { ...key, algorithm }, clock, limit)))
  return tsigAlgorithms.filter((_, i) => known[i] === true)
}

async function deniedText({ trial, needed }: Trial, { name }: TsigKey, { clock, limit }: Looking): Promise<string> {
  const tried = await tryPowers(trial, needed.map((power) => [power]), clock, limit)
  const denied = needed.filter((_, i) => tried[i]?.is === 'refused')
  return `the key "${name}" is right, and may not write what a move needs: ${powersText(denied.length > 0 ? denied : needed)}. Allow it there (${whereIn})`
}

function clockFindings(found: Found, server: string, aheadS: number | null): Finding[] {
  if (aheadS === null) return []
  if (Math.abs(aheadS) < clockWarnS) return [found.ok(`its clock is ours, to ${clockWarnS} s`)]
  return [found.warn(`our clock is ${spell(Math.abs(aheadS) * 1_000)} ${aheadS > 0 ? 'ahead of' : 'behind'} that of ${server}, which takes no change beyond 5 min: set both by NTP`)]
}
