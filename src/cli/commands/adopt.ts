import { freshLedger } from '../../core/ledger.ts'
import { parseMarker } from '../../core/marker.ts'
import { markerFor, oursOf } from '../../core/move-hosts.ts'
import { planHash, planOf } from '../../core/plan.ts'
import type { HostView, Marker } from '../../core/moving.ts'
import type { Config, HostConfig, Ledger, Plan } from '../../core/types.ts'
import { planName } from '../../core/explain.ts'
import { verb } from '../../core/verb.ts'
import { foreignValues, planChange, shows, throughUnlisted } from '../../core/zone.ts'
import { exits, Said } from '../../errors.ts'
import { ask } from '../ask.ts'
import type { Cli } from '../cli.ts'
import { columns } from '../columns.ts'
import { groundOf, type Ground } from '../ground.ts'
import { agree } from '../question.ts'
import { refuseOtherSigners } from '../signers.ts'
import { refuseMisfit } from '../misfit.ts'
import { hasStore, reading } from '../store.ts'
import { clockTime } from '../times.ts'
import { exampleMarker, longestTtlS, lookAtZones, markersOf, servedOf, strayCnames, type ZoneLook } from '../zone-look.ts'

/** Takes over the names, or takes them up again. `active` null: DNS says which site it is. */
export async function adopt(cli: Cli, { active }: { active: string | null }): Promise<number> {
  const ground = await groundOf(cli)
  refuseNoOwner(cli, ground)
  const ledger = hasStore(ground) ? await readLedger(cli, ground) : freshLedger(ground.core)
  refuseMisfit(ledger, ground)
  refuseUntimely(ledger, active, ground.core)
  const look = await lookAtZones(cli, ground)
  refuseUnderWildcard(look, ground.core)
  refuseStrangers(look, ledger, ground.core)
  refuseOtherSigners(look.servers, ground.core)
  const to = active ?? activeBy(look, ledger, ground.core)
  if (active === null && inOrder(look, ledger, ground.core)) {
    cli.out(`${ground.core.dns.names.join(', ')} ${verb(ground.core.dns.names, 'is', 'are')} adopted already, ${ledger.active} is active in epoch ${ledger.epoch}, and every DNS host shows it`)
    return exits.done
  }
  return take(cli, ground, look, to)
}

function refuseNoOwner({ clock }: Cli, { core, file }: Ground): void {
  if (core.owner === null) throw new Said(`${file} has no owner, which tells two apps of one name apart. Put this line into it, then adopt again:\nowner: "${clock.id().replaceAll('-', '')}"`)
}

async function readLedger(cli: Cli, ground: Ground): Promise<Ledger> {
  const { ledger } = await reading(cli, ground, (store) => store.read())
  return ledger ?? freshLedger(ground.core)
}

function refuseUntimely(ledger: Ledger, active: string | null, { sites }: Config): void {
  if (active !== null && !sites.some(({ site }) => site === active)) throw new Said(`There is no site ${active}; there are ${sites.map(({ site }) => site).join(', ')}`)
  // Once its target is the active site, a move can wait for nothing but DNS, and where a marker was lost only an adoption may write there.
  if (ledger.move && !ledger.move.promoteTried) throw new Said(`refuse: ${planName(ledger.move)} is under way (epoch ${ledger.move.epoch}). When it has ended, adopt again; to follow it: lifeboat status --watch`, exits.refused)
  if (active !== null && ledger.record !== null && ledger.trusted && active !== ledger.active)
    throw new Said(`refuse: the names are adopted, and ${ledger.active} is active. To move to ${active}: lifeboat switchover ${active}`, exits.refused)
}

/** A name without records of its own, that only a wildcard answers for. */
function refuseUnderWildcard({ hosts }: ZoneLook, { dns }: Config): void {
  const [through] = dns.hosts.flatMap((host) => (hosts[host.host] ? throughUnlisted(hosts[host.host]!, host) : []))
  if (through !== undefined) throw new Said(`${through}. Nothing was written. Change dns.names, then adopt again; to move this name alone, write an A record at it first`)
}

/** What is not ours to take: another's marker, two of them, a CNAME to elsewhere. */
function refuseStrangers(look: ZoneLook, ledger: Ledger, core: Config): void {
  const [stray] = strayCnames(look, core)
  if (stray) throw new Said(`refuse: ${stray.name} is a CNAME to ${stray.values.join(', ')}, which is none of the names and no site's: it may not be replaced by itself. Write an A record there in its place, then adopt again`, exits.refused)
  for (const host of core.dns.hosts) {
    const view = look.hosts[host.host]
    // A claim is judged by the marker alone, so a foreign one shows here before anything is written.
    const claim = view && planChange({ view, host, app: core.app, marker: exampleMarker(core), addresses: null, ours: oursOf(ledger, core) })
    if (claim && 'refused' in claim) throw new Said(`refuse: ${host.host}: ${claim.refused}. Nothing was written. Where it is not needed, delete it there, then adopt again`, exits.refused)
  }
}

/** The site that the highest pointed marker names, where the store does not know better; else the one whose addresses are served. */
function activeBy(look: ZoneLook, ledger: Ledger, core: Config): string {
  const sites = core.sites.map(({ site }) => site)
  const pointed = markersOf(look, core).find(({ state }) => state === 'pointed')
  const known = ledger.record !== null && ledger.trusted && ledger.epoch >= (pointed?.epoch ?? 0)
  if (known && ledger.active !== null) return ledger.active
  if (pointed && !sites.includes(pointed.site)) throw new Said(`DNS says that ${pointed.site} is active (epoch ${pointed.epoch}), and the file does not list it. Put it back, or say which site is active: lifeboat adopt --active SITE`)
  return pointed?.site ?? servedSite(servedOf(look, core), core)
}

function servedSite(served: string[], { sites, dns }: Config): string {
  const names = dns.names.join(', ')
  const say = 'Say which site is active: lifeboat adopt --active SITE'
  if (served.length === 0) throw new Said(`${names} ${verb(dns.names, 'has', 'have')} no address in DNS. ${say}`)
  const fits = sites.filter(({ addresses }) => served.every((address) => addresses.includes(address)))
  if (!fits[0]) throw new Said(`DNS serves ${served.join(', ')}, and that is not one site's. ${say}`)
  return fits[0].site
}

/** Adopted, trusted, and every DNS host shows the record. */
const inOrder = (look: ZoneLook, ledger: Ledger, core: Config): boolean =>
  ledger.record !== null && ledger.trusted && core.dns.hosts.every((host) => hostInOrder(host, look.hosts[host.host] ?? null, ledger, core))

/** It shows the record, and nothing of anybody else's beside it. */
function hostInOrder(host: HostConfig, view: HostView | null, ledger: Ledger, core: Config): boolean {
  const { record } = ledger
  if (view === null || record === null) return false
  const ours = oursOf(ledger, core)
  return shows(view, host, markerFor(record, core, 'pointed'), record.addresses, ours) === 'yes' && foreignValues(view, host, ours).length === 0
}

function take(cli: Cli, ground: Ground, look: ZoneLook, to: string): Promise<number> {
  const { core } = ground
  const seenEpoch = Math.max(0, ...markersOf(look, core).map(({ epoch }) => epoch))
  const oldValues = servedOf(look, core)
  const oldTtlS = longestTtlS(look, core)
  return ask(cli, ground, {
    command: 'adopt',
    warm: false,
    creates: true,
    wish: async ({ ledger }) => {
      const plan = planOf('adopt', ledger.active, to, core)
      if (plan.addresses.length === 0) throw new Said(`${to} has no address yet, so the names cannot point there. Create it (lifeboat up ${to}), or name another: lifeboat adopt --active SITE`)
      const epoch = Math.max(ledger.epoch, seenEpoch) + 1
      for (const line of showing({ cli, core, look, plan, epoch, ledger, oldValues, oldTtlS })) cli.out(line)
      await agree(cli, 'Take them over?')
      return { what: 'adopt', to, seenEpoch, oldValues, oldTtlS, planHash: planHash(plan, epoch) }
    },
  })
}

type Showing = { cli: Cli; core: Config; look: ZoneLook; plan: Plan; epoch: number; ledger: Ledger; oldValues: string[]; oldTtlS: number | null }

/** Each name at each host: what is served, for how long, and what it becomes. Throws Said where a host may not be changed so. */
function showing({ cli, core, look, plan, epoch, ledger, oldValues, oldTtlS }: Showing): string[] {
  const ours = [...oursOf(ledger, core), ...oldValues]
  const marker = markerFor({ epoch, site: plan.to, move: exampleMarker(core).move, addresses: plan.addresses }, core, 'pointed')
  const rows = core.dns.hosts.flatMap((host) => {
    const view = look.hosts[host.host]
    if (!view) return [[`  ${host.host}`, 'does not answer: it is a debt until it does', '']]
    const change = planChange({ view, host, app: core.app, marker, addresses: plan.addresses, ours })
    if ('refused' in change) throw new Said(`refuse: ${host.host}: ${change.refused}. Nothing was written. Change that there, then adopt again`, exits.refused)
    const sets = change.sets.filter(({ old, new: now }) => old.length > 0 || now.length > 0)
    const following = host.names.filter((name) => !change.sets.some((set) => set.name === name))
    return [
      ...sets.map(({ name, type, old, oldTtlS: ttlS, new: now, ttlS: newTtlS }) => [`  ${name}`, `${type} ${list(old)}${ttlS === null ? '' : ` (TTL ${ttlS} s)`} → ${list(now)}${now.length === 0 ? '' : ` (TTL ${newTtlS} s)`}`, host.host]),
      ...following.map((name) => [`  ${name}`, `${leadOf(view, name)}, and follows it`, host.host]),
      [`  ${change.txt.name}`, `TXT ${list(change.txt.old.map(shortened))} → ${shortMarker({ app: core.app, epoch, site: plan.to })}`, host.host],
    ]
  })
  const until = oldTtlS === null ? [] : [`Answers as they are now may be kept elsewhere until ${clockTime(cli.clock.now().wallMs + oldTtlS * 1000)} UTC, counted from now (TTL ${oldTtlS} s)`]
  const others = 'Where another tool writes these names (Pulumi, Terraform, external-dns), take them out there, or it writes them back at its next run'
  return [`${plan.to} is active, and lifeboat takes over ${core.dns.names.join(', ')} as epoch ${epoch}:`, ...columns(rows), ...until, others]
}

const leadOf = ({ sets }: HostView, name: string): string => {
  const through = sets.find((set) => set.name === name)?.through
  return through === undefined ? 'is a CNAME to another of the names' : `is there only through ${through}`
}

const shortMarker = ({ app, epoch, site }: Pick<Marker, 'app' | 'epoch' | 'site'>): string => `app=${app} epoch=${epoch} site=${site}`

/** A marker by what tells it from the new one; any other text as it is. */
function shortened(text: string): string {
  const marker = parseMarker(text)
  return marker ? shortMarker(marker) : text
}

const list = (values: string[]): string => (values.length > 0 ? values.join(', ') : 'none')
