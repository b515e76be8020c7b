import type { Answer, Config, Facts, Probe, SiteConfig, Vote, Watch } from './types.ts'
import type { Health } from './words.ts'

/** The vantages that may vote on a site: those that are not at its cloud. `none` is nobody's cloud, itself included. */
export const votersOf = (config: Pick<Config, 'vantages'>, site: Pick<SiteConfig, 'cloud'>): string[] =>
  config.vantages.filter((v) => v.cloud === 'none' || v.cloud !== site.cloud).map((v) => v.vantage)

/** How many voters must agree: as configured, or the majority. It never shrinks by abstention. */
export const quorumOf = (config: Pick<Config, 'vantages' | 'quorum'>, site: Pick<SiteConfig, 'cloud'>): number =>
  config.quorum ?? Math.floor(votersOf(config, site).length / 2) + 1

/** Answers older than this abstain. */
export const voteFreshMs = (config: Config): number => 2 * config.check.intervalMs + config.check.timeoutMs

/** Vantages whose canaries say that it is the vantage that is unwell, with the sentence. */
export const blindVantages = (facts: Facts): Record<string, string> => {
  const blind: Record<string, string> = {}
  for (const { vantage, well, asked } of facts.canaries)
    if (asked > 0 && well * 2 < asked) blind[vantage] = `${well} of ${asked} canaries answer it`
  return blind
}

const noVote = (atMs: number): Vote => ({ says: 'unknown', run: 0, answers: [], failure: null, atMs })

type Sense = 'good' | 'bad' | 'none'

/** Every address must answer well; another site's answer, or no way to ask, is no vote at all. */
const senseOf = (answers: Answer[]): Sense => {
  const asked = answers.filter((a) => a.kind !== 'unable')
  if (asked.length === 0 || asked.some((a) => a.kind === 'other-site')) return 'none'
  return asked.every((a) => a.kind === 'ok') ? 'good' : 'bad'
}

const count = (vote: Vote, probe: Probe, config: Config): Vote => {
  const sense = senseOf(probe.answers)
  if (sense === 'none') return { ...noVote(probe.atMs), answers: probe.answers }
  const run = sense === 'good' ? Math.max(vote.run, 0) + 1 : Math.min(vote.run, 0) - 1
  const says: Health = run >= config.check.rise ? 'up' : run <= -config.check.fall ? 'down' : vote.says
  const failed = probe.answers.find((a) => a.kind !== 'ok' && a.kind !== 'unable') ?? null
  const failure = says === 'up' && run > 0 ? null : (failed ?? vote.failure)
  return { says, run, answers: probe.answers, failure, atMs: probe.atMs }
}

/** Each vantage's streaks on each site after this round. `reset`: the round does not count, and all streaks end. */
export const castVotes = (watch: Watch, facts: Facts, config: Config, reset: boolean): Watch['votes'] => {
  const now = facts.at.monoMs
  const blind = blindVantages(facts)
  const votes: Watch['votes'] = {}
  for (const { site } of config.sites) {
    const mine: Record<string, Vote> = (votes[site] = {})
    for (const { vantage } of config.vantages) {
      const before = watch.votes[site]?.[vantage] ?? noVote(now)
      const probe = facts.probes.find((p) => p.site === site && p.vantage === vantage)
      if (reset || blind[vantage]) mine[vantage] = noVote(now)
      else if (probe && now - probe.atMs <= voteFreshMs(config)) mine[vantage] = count(before, probe, config)
      else mine[vantage] = now - before.atMs <= voteFreshMs(config) ? before : noVote(before.atMs)
    }
  }
  return votes
}

/** A site's voters by what they say, and how many must agree. */
export type Tally = { voters: string[]; quorum: number; up: string[]; down: string[]; unknown: string[] }

/** How the voters of a site stand. */
export const tally = (votes: Watch['votes'], config: Config, site: SiteConfig): Tally => {
  const voters = votersOf(config, site)
  const saying = (health: Health) => voters.filter((v) => (votes[site.site]?.[v]?.says ?? 'unknown') === health)
  return { voters, quorum: quorumOf(config, site), up: saying('up'), down: saying('down'), unknown: saying('unknown') }
}

/** The site is unknown only since its voters have not asked often enough yet: none says down, and enough say up, or have begun to count. */
export const isEarly = (votes: Watch['votes'], site: string, { up, down, unknown, quorum }: Tally): boolean => {
  const begun = unknown.filter((vantage) => (votes[site]?.[vantage]?.run ?? 0) !== 0)
  return down.length === 0 && up.length < quorum && up.length + begun.length >= quorum
}

/** The last failed answers of the voters that say down. */
export const failuresOf = (votes: Watch['votes'], site: string, { down }: Tally): Answer[] =>
  down.flatMap((vantage) => votes[site]?.[vantage]?.failure ?? [])

/** An answer of another site of ours at one of this site's addresses, in the last round. Null: there is none. */
export const misplacedOf = (votes: Watch['votes'], site: string): Answer | null =>
  Object.values(votes[site] ?? {}).flatMap(({ answers }) => answers).find(({ kind }) => kind === 'other-site') ?? null

/** The voters that say down and reached the site in their last round. */
export const reachAgain = (votes: Watch['votes'], site: string, { down }: Tally): string[] =>
  down.filter((vantage) => (votes[site]?.[vantage]?.run ?? 0) > 0)

/** The site's health by quorum: both or neither is unknown. */
export const healthOf = ({ up, down, quorum }: Tally): Health => {
  const isUp = up.length >= quorum
  const isDown = down.length >= quorum
  return isUp === isDown ? 'unknown' : isUp ? 'up' : 'down'
}

/** A target is asked less: at least one voter says up, and none says down. Null: nobody says anything. */
export const readyOf = ({ up, down }: Tally): boolean | null =>
  down.length > 0 ? false : up.length > 0 ? true : null
