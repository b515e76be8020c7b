import { plightOf } from './explain.ts'
import { hostLostAfterMs } from './limits.ts'
import type { Config, Decision, SiteConfig, State } from './types.ts'
import { misplacedOf, tally } from './votes.ts'
import { reasons, type Reason, type Verdict } from './words.ts'

/** Something wrong that lasts. `what` names it without figures that only count. `patienceMs`: it is told once it has stood for this long. */
export type Alarm = { what: string; sentence: string; reason: Reason | null; patienceMs: number }

/** How it stands at one source of alarms: something is wrong there, or all is well (`calm`, a sentence). Null: could not find out, or in doubt. */
export type Standing = Alarm | { calm: string } | null

/** All that alarms are seen in. `dns` null: not read yet. `addresses` null: the host could not be read. */
export type Scene = {
  state: State
  decision: (Decision & { sentence: string }) | null
  dns: { host: string; addresses: string[] | null; detail: string }[] | null
}

/** A single round that was held up, or a deployment that mixed addresses up for a moment, is no alarm yet. */
const passingMs = 30_000

/** A decision that settles nothing: what was wrong before it may be so still. */
const unsettled: readonly Reason[] = ['starting', 'blip', 'outage-budget', 'app-fault-budget', 'cut-unconfirmed', 'move-open']

/** The same text where only figures differ. */
export const withoutFigures = (text: string): string => text.replaceAll(/\d+/g, '#')

/** Each source of alarms, and how it stands there: what is decided, each DNS host, each site that stands by, the addresses of each site, who may vote on it. */
export function alarmsOf(scene: Scene, config: Config): Record<string, Standing> {
  const { active, record } = scene.state.ledger
  const standbys = record === null || active === null ? [] : config.sites.filter(({ site, addresses }) => site !== active && addresses.length > 0)
  return {
    decision: decided(scene),
    ...Object.fromEntries(config.dns.hosts.map(({ host }) => [`dns ${host}`, atHost(host, scene)])),
    ...Object.fromEntries(standbys.map((site) => [`site ${site.site}`, atStandby(site, scene, config)])),
    ...Object.fromEntries(config.sites.map(({ site }) => [`addresses ${site}`, atAddresses(site, scene)])),
    ...Object.fromEntries(config.sites.filter(({ site }) => site === active).map((site) => [`voters ${site.site}`, atVoters(site, scene, config)])),
  }
}

/** A move is told by itself, with its end. */
function decided({ decision }: Scene): Standing {
  if (decision === null || decision.kind === 'move' || unsettled.includes(decision.reason)) return null
  const { reason, site, sentence } = decision
  if (!reasons[reason].alarm) return { calm: sentence.replace(/^hold: /, '') }
  return { what: `${reason} ${site ?? ''}`, sentence, reason, patienceMs: reason === 'abstain' ? passingMs : 0 }
}

/** While a move is open the hosts change under it; where the store is not trusted, that is the alarm. */
function atHost(host: string, { dns, state: { ledger } }: Scene): Standing {
  const seen = dns?.find((each) => each.host === host)
  if (!seen || ledger.move || !ledger.trusted) return null
  if (!seen.detail) return { calm: `${host} shows what it should` }
  return { what: withoutFigures(seen.detail), sentence: seen.detail, reason: null, patienceMs: seen.addresses === null ? hostLostAfterMs : 0 }
}

/** Another site of ours answers there: that is no vote, so the site is known to be neither up nor down, and nothing moves. */
function atAddresses(site: string, { state: { watch } }: Scene): Standing {
  const misplaced = misplacedOf(watch.votes, site)
  if (misplaced) return { what: 'other-site', sentence: `${misplaced.address} is ${site}'s, and ${misplaced.detail}: that counts for neither up nor down, so nothing moves by it`, reason: null, patienceMs: passingMs }
  return watch.sites[site]?.health === 'up' ? { calm: `${site} answers at its own address again` } : null
}

/** Where too few voters say anything of the active site, nothing would move, whatever became of it. Where none of them does, the decision abstains and says so already. */
function atVoters(site: SiteConfig, { state: { watch } }: Scene, config: Config): Standing {
  const { voters, quorum, up, down, unknown } = tally(watch.votes, config, site)
  if (unknown.length === voters.length || misplacedOf(watch.votes, site.site)) return null
  if (up.length + down.length >= quorum) return { calm: `enough voters see ${site.site} again` }
  const sentence = `${unknown.join(', ')} of ${voters.length} voters can say nothing of ${site.site}, and ${quorum} must agree: nothing moves by itself`
  return { what: 'too few voters', sentence, reason: null, patienceMs: passingMs }
}

/** What would keep a site from taking over, while nobody needs it yet: its company acts or warns, or it is out of order. */
const ofItsCompany: readonly Verdict[] = ['cut', 'notice']
const ofItself: readonly Verdict[] = ['stopped', 'foreign', 'app-fault', 'down']

/** A site that was given up is known to be lost: the message of its move said so. */
function atStandby({ site }: SiteConfig, { state: { ledger, watch } }: Scene, { policy }: Config): Standing {
  const seen = watch.sites[site]
  if (!seen || ledger.move || ledger.given.some((given) => given.site === site)) return null
  const { verdict, why } = seen
  const alarm = { what: verdict, sentence: `${plightOf(site, { verdict, why })}. It stands by, and could not take over`, reason: null }
  if (ofItsCompany.includes(verdict)) return { ...alarm, patienceMs: 0 }
  if (ofItself.includes(verdict)) return { ...alarm, patienceMs: policy.outageMs }
  return seen.health === 'up' ? { calm: `${site} stands by again` } : null
}
