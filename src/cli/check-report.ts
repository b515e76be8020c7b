import { isServerAt } from '../config/addresses.ts'
import { dnsDrivers, type DnsDriver } from '../config/companies.ts'
import { formatDuration } from '../config/durations.ts'
import type { Check, DnsHostSettings, Settings } from '../config/settings.ts'
import type { Config, SiteConfig } from '../core/types.ts'
import { channelName } from '../drivers/channels/forms.ts'
import { verb } from '../core/verb.ts'
import { quorumOf, votersOf } from '../core/votes.ts'
import { columns } from './columns.ts'

const several = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

const aligned = (rows: string[][]): string[] => columns(rows).map((row) => `  ${row}`)

// ── What is watched ──────────────────────────────────────────────────────────

const tlsOf = (check: Check): string => {
  if (check.kind !== 'http' || !check.url.startsWith('https:')) return ''
  return check.tls === 'public' ? ', a public certificate' : check.tls === 'any' ? ', any certificate' : ", a certificate of check.tls.ca's"
}

const checkOf = (check: Check): string => {
  if (check.kind === 'tcp') return `port ${check.port} accepts a connection`
  if (check.kind === 'dns') return `${check.name} ${check.type} is answered`
  return `GET ${check.url} gives ${check.status.join(' or ')}${check.body === null ? '' : ` with ${JSON.stringify(check.body)}`}${tlsOf(check)}`
}

const whereOf = (addresses: string[], stack: string | undefined): string =>
  stack === undefined ? addresses.join(', ') : `${addresses.join(', ') || 'no address yet'} (stack ${stack})`

const watched = ({ core, checks }: Settings): string[] => {
  const { intervalMs, timeoutMs, fall, rise } = core.check
  return [
    `${core.app}: ${several(core.sites.length, 'site')}, the most preferred first`,
    ...aligned(core.sites.map(({ site, cloud, addresses, stack }) => [site, cloud === 'none' ? 'no cloud' : cloud, whereOf(addresses, stack)])),
    '',
    `Each address is asked every ${formatDuration(intervalMs)}, and must answer within ${formatDuration(timeoutMs)}; down after ${several(fall, 'failed round')}, up after ${several(rise, 'good one')}`,
    ...checks.active.map((check) => `  ${checkOf(check)}`),
    ...(checks.standby ?? []).map((check) => `  where the site is not active: ${checkOf(check)}`),
  ]
}

const votes = ({ core }: Settings): string[] => [
  'Who votes on whom',
  ...aligned(
    core.sites.map((site) => {
      const voters = votersOf(core, site)
      const alone = voters.length === 1 ? ': one vantage alone, weak' : ''
      return [site.site, `${quorumOf(core, site)} of ${voters.length} must agree${alone}`, voters.join(', ')]
    }),
  ),
]

const names = ({ core }: Settings): string[] => [
  `${several(core.dns.names.length, 'name')} in DNS; what somebody else changes there ${core.dns.drift === 'hold' ? 'stays, with an alarm' : 'is written back'}`,
  ...aligned(core.dns.hosts.map(({ host, ttlS, names: at }) => [host, `TTL ${formatDuration(ttlS * 1_000)}`, at.join(', ')])),
]

const policy = ({ core: { policy, data } }: Settings): string => {
  const appFault = policy.appFaultMs === null ? 'never' : `after ${formatDuration(policy.appFaultMs)}`
  const when = `a cut moves after ${formatDuration(policy.confirmCutMs)}, an outage after ${formatDuration(policy.outageMs)}, the app's own fault ${appFault}`
  const held = data.holds !== null && !data.carried
  const what = held ? `only a cut moves without a person, since a move would leave behind: ${data.holds}` : `${when}; a move leaves nothing behind`
  return policy.automatic ? `It moves by itself: ${what}` : `It does nothing by itself (policy.automatic is false) and says what it would do: ${what}`
}

const told = ({ notify, heartbeat }: Settings): string[] => [
  notify.length === 0 ? 'Nobody is told of moves and alarms (notify)' : 'Who is told of what; to try it: lifeboat notify',
  ...aligned(notify.map(({ url, events }, i) => [channelName(i, url), events.join(', ')])),
  heartbeat ? `Every ${formatDuration(heartbeat.everyMs)} a heartbeat is sent while rounds are on time` : 'Nobody misses this process when it falls silent (heartbeat)',
]

// ── What each loss leaves ────────────────────────────────────────────────────

/** `takes`: is what stands at this company lost? A site at no cloud is lost by itself. */
type Loss = { name: string; takes: (at: { company: string | null; site?: string }) => boolean }

const companyOfHost = (driver: string): string | null => dnsDrivers[driver as DnsDriver].company

const lossesOf = ({ sites, vantages, dns }: Config): Loss[] => {
  const companies = [...sites.map(({ cloud }) => cloud), ...vantages.map(({ cloud }) => cloud), ...dns.hosts.map(({ driver }) => companyOfHost(driver))]
  const named = [...new Set(companies)].filter((company) => company !== null && company !== 'none')
  const alone = sites.filter(({ cloud }) => cloud === 'none')
  return [
    ...named.map((name): Loss => ({ name: `${name}`, takes: ({ company }) => company === name })),
    ...alone.map(({ site: name }): Loss => ({ name: `${name}'s host`, takes: ({ site }) => site === name })),
  ]
}

const sitesLeft = (left: SiteConfig[]): string =>
  left.length === 0 ? 'NO SITE stays' : `${left.map(({ site }) => site).join(', ')} ${verb(left, 'stays', 'stay')}`

/** Can the sites that are left still be called up or down, and the lost one down? */
const votesLeft = (core: Config, loss: Loss): string => {
  const silent = core.vantages.filter(({ cloud }) => loss.takes({ company: cloud })).map(({ vantage }) => vantage)
  const short = core.sites.flatMap((site) => {
    const left = votersOf(core, site).filter((voter) => !silent.includes(voter)).length
    return left < quorumOf(core, site) ? [`${site.site} (${left} of ${quorumOf(core, site)})`] : []
  })
  const who = silent.length === 0 ? 'every vantage stays' : `${silent.join(', ')} no longer ${verb(silent, 'votes', 'vote')}`
  return short.length === 0 ? `${who}, quorum is reached` : `${who}, and NO QUORUM is reached on ${short.join(', ')}`
}

const hostsLeft = ({ core: { dns, sites }, dns: { hosts } }: Settings, loss: Loss): string => {
  const gone = sites.filter(({ cloud, site }) => loss.takes({ company: cloud, site })).flatMap(({ addresses }) => addresses)
  const isLost = ({ driver, options: { server } }: DnsHostSettings) =>
    loss.takes({ company: companyOfHost(driver) }) || (server !== undefined && isServerAt(server, gone))
  const lostIds = hosts.filter(isLost).map(({ host }) => host)
  const lost = dns.hosts.filter(({ host }) => lostIds.includes(host))
  if (lost.length === 0) return 'names can be moved'
  // Moved at some hosts is moved for some askers; a zone whose every host is lost is stuck.
  const stuck = dns.names.filter((name) => dns.hosts.filter((host) => host.names.includes(name)).every((host) => lost.includes(host)))
  return stuck.length > 0 ? `NO DNS HOST stays for ${stuck.join(', ')}` : `${lost.map(({ host }) => host).join(', ')} is lost, the other DNS hosts move the names`
}

const here = ({ vantages }: Settings, loss: Loss): string =>
  vantages.some(({ url, cloud }) => url === null && loss.takes({ company: cloud })) ? '; THIS CONTROLLER is lost with it' : ''

const losses = (settings: Settings): string[] => {
  const { core } = settings
  const rows = lossesOf(core).map((loss) => {
    const left = core.sites.filter(({ cloud, site }) => !loss.takes({ company: cloud, site }))
    return [`without ${loss.name}:`, `${sitesLeft(left)};`, `${votesLeft(core, loss)};`, `${hostsLeft(settings, loss)}${here(settings, loss)}`]
  })
  return ['What each loss would leave', ...aligned(rows)]
}

const shared = ({ sharedFates }: Settings): string[] => (sharedFates.length === 0 ? [] : ['', 'Shared fate, accepted', ...sharedFates.map((fate) => `  ${fate}`)])

/** What `lifeboat check` prints of a config that is sound: what is watched, who votes on whom, what each company's loss leaves, and the warnings. */
export const describe = (settings: Settings): string[] => {
  const { warnings } = settings
  return [
    ...watched(settings),
    '',
    ...votes(settings),
    '',
    ...names(settings),
    '',
    policy(settings),
    '',
    ...told(settings),
    '',
    ...losses(settings),
    ...shared(settings),
    ...(warnings.length > 0 ? ['', several(warnings.length, 'warning'), ...warnings.map((warning) => `  ${warning}`)] : []),
  ]
}
