import { clockDriftMs, evidenceFreshMs, hourMs, roundLeastMs } from './limits.ts'
import { pausesOf } from './ledger.ts'
import { spell } from './spell.ts'
import type { Answer, Config, Evidence, Facts, Ledger, Reading, SiteConfig, SiteWatch, State, Vote, Watch } from './types.ts'
import { freshEvidence, judge } from './verdict.ts'
import { blindVantages, castVotes, failuresOf, healthOf, isEarly, misplacedOf, reachAgain, readyOf, tally } from './votes.ts'
import type { Claim, Verdict } from './words.ts'

/** The watch of a process that has seen nothing. */
export const emptyWatch = (): Watch => ({
  at: null,
  abstains: null,
  blind: {},
  votes: {},
  evidence: [],
  deadlines: {},
  sites: {},
})

/** One round's facts become streaks, evidence, deadlines, and per site its health and verdict. */
export function observe(state: State, facts: Facts, config: Config): State {
  const { watch } = state
  const { ledger } = facts
  const selfDoubt = doubtOfSelf(watch, facts, config)
  const blind = blindVantages(facts)
  const votes = castVotes(watch, facts, config, selfDoubt !== null)
  const allBlind = config.vantages.every((v) => blind[v.vantage] !== undefined)
  const abstains = selfDoubt ?? (allBlind ? 'every vantage has lost its canaries' : null)
  const seen: Watch = {
    at: facts.at,
    abstains,
    blind,
    votes,
    evidence: gather(watch.evidence, facts.readings, facts.at.monoMs),
    deadlines: deadlinesOf(watch, facts.at, ledger, config),
    sites: {},
  }
  for (const site of config.sites) seen.sites[site.site] = look(site, seen, watch.sites[site.site], config)
  return { ledger, watch: seen }
}

/** A laptop that slept, an NTP step, a stopped machine: such a round says nothing about others, nor does any that was under way then. */
function doubtOfSelf(watch: Watch, { at, startedAt }: Facts, config: Config): string | null {
  const before = watch.at && watch.at.monoMs < startedAt.monoMs ? watch.at : startedAt
  const monoMs = at.monoMs - before.monoMs
  const driftMs = Math.abs(at.wallMs - before.wallMs - monoMs)
  if (driftMs > clockDriftMs) return `this machine's clock jumped by ${spell(driftMs)}: it slept, or its clock was set`
  const longestMs = 2 * (config.check.intervalMs + config.check.timeoutMs)
  return monoMs > longestMs ? `a round took ${spell(monoMs)}: this process was held up` : null
}

/** Claims that find nothing out: they end nothing that was read before and confirm nothing; the sentences tell them. */
const soft: readonly Claim[] = ['unknown', 'api-failing']

/**
 * A reading of another claim from the same source ends the earlier one; a soft one only another soft one. What is stale is
 * gone: a reading after that is a first one again, and confirms nothing.
 */
function gather(evidence: Evidence[], readings: Reading[], nowMs: number): Evidence[] {
  let kept = evidence.filter((e) => nowMs - e.lastMs <= evidenceFreshMs)
  for (const { site, source, claim, detail, atMs } of readings) {
    const same = kept.find((e) => e.site === site && e.source === source && e.claim === claim)
    const ended = (e: Evidence) =>
      e.site === site && e.source === source && (!soft.includes(claim) || soft.includes(e.claim))
    kept = kept.filter((e) => !ended(e))
    kept = [...kept, { site, source, claim, detail, firstMs: same?.firstMs ?? atMs, lastMs: atMs }]
  }
  return kept
}

/** Wall deadlines of the ledger become monotonic when this process first reads them, and never longer than they can be. */
function deadlinesOf(watch: Watch, at: Facts['at'], ledger: Ledger, config: Config): Record<string, number> {
  const deadlines: Record<string, number> = {}
  const keep = (key: string, untilWallMs: number, mostMs: number) => {
    const leftMs = Math.min(Math.max(untilWallMs - at.wallMs, 0), mostMs)
    // Never longer, either, than a file allows that was read anew meanwhile.
    deadlines[key] = Math.min(watch.deadlines[key] ?? at.monoMs + leftMs, at.monoMs + mostMs)
  }
  for (const { epoch, startedMs, endedMs } of ledger.past) {
    keep(`cooldown:${epoch}`, endedMs + config.policy.cooldownMs, config.policy.cooldownMs)
    keep(`hour:${epoch}`, startedMs + hourMs, hourMs)
  }
  const goodMs = config.check.rise * config.check.intervalMs
  for (const { site, epoch, atMs } of ledger.given) keep(`given:${site}:${epoch}`, atMs + goodMs, goodMs)
  for (const { untilMs } of pausesOf(ledger)) if (untilMs !== null) keep(`pause:${untilMs}`, untilMs, Infinity)
  return deadlines
}

/** Verdicts that share the outage budget while the votes say down: turning from one into another does not start it again. */
const outages: readonly Verdict[] = ['down', 'foreign', 'stopped', 'cut']

function look(site: SiteConfig, watch: Watch, before: SiteWatch | undefined, config: Config): SiteWatch {
  const nowMs = watch.at!.monoMs
  const votes = tally(watch.votes, config, site)
  const health = healthOf(votes)
  const answers = Object.values(watch.votes[site.site] ?? {}).flatMap((v) => v.answers)
  const evidence = freshEvidence(watch, site.site, nowMs)
  const abstains = watch.abstains ?? votersAbstain(site, votes.voters, watch)
  const misplaced = misplacedOf(watch.votes, site.site)
  const early = isEarly(watch.votes, site.site, votes)
  const failures = failuresOf(watch.votes, site.site, votes)
  const again = reachAgain(watch.votes, site.site, votes)
  const excused = evidence.some((e) => e.claim === 'machine-stopped-by-operator')
  const failingSinceMs = health === 'down' && !excused ? (before?.failingSinceMs ?? nowMs) : null
  const failingMs = failingSinceMs === null ? 0 : nowMs - failingSinceMs
  const { verdict, row, why } = judge({ site, tally: votes, health, failures, again, misplaced, early, evidence, failingMs, abstains, config })
  return {
    health,
    sinceMs: before?.health === health ? before.sinceMs : nowMs,
    verdict,
    row,
    verdictSinceMs: verdictSince(verdict, failingSinceMs, before) ?? nowMs,
    failingSinceMs,
    returning: health === 'down' && votes.down.length - again.length < votes.quorum,
    why,
    ready: readyOf(votes),
    certificateUntilMs: soonest(answers) ?? (answers.some(({ kind }) => kind === 'ok') ? null : (before?.certificateUntilMs ?? null)),
  }
}

/** Since when the verdict stands, or the outage that it belongs to; time that an operator's stop or a cut site's serving took is not counted. */
function verdictSince(verdict: Verdict, failingSinceMs: number | null, before: SiteWatch | undefined): number | null {
  if (!before) return null
  const oneOutage = failingSinceMs !== null && before.failingSinceMs !== null && outages.includes(verdict) && outages.includes(before.verdict)
  return before.verdict === verdict || oneOutage ? Math.max(before.verdictSinceMs, failingSinceMs ?? 0) : null
}

/** Only abstaining voters: blind, or not heard of. A site without an address is asked by nobody. */
function votersAbstain({ site, addresses }: SiteConfig, voters: string[], { blind, votes }: Watch): string | null {
  const silent = (v: string) => (votes[site]?.[v]?.answers.length ?? 0) === 0
  if (addresses.length === 0 || voters.length === 0 || !voters.every((v) => blind[v] || silent(v))) return null
  return `no vantage can judge ${site}: ${voters.map((v) => `${v} ${blind[v] ? `is blind (${blind[v]})` : 'does not answer'}`).join(', ')}`
}

const soonest = (answers: Answer[]): number | null => {
  const ends = answers.map((a) => a.certificateUntilMs).filter((ms) => ms !== null)
  return ends.length > 0 ? Math.min(...ends) : null
}

/** A streak that is on its way to another word: rise or fall is not reached yet. */
const turning = ({ says, run }: Vote) => run !== 0 && (says === 'unknown' || (says === 'up') === run < 0)

/**
 * How long after a round's begin the next one begins: the interval, a quarter of it where a streak rises, a twentieth where one falls.
 * Fast down, slow up: the budgets, not the rounds, are there to wait out a restart.
 */
export function roundEveryMs({ votes }: Watch, intervalMs: number): number {
  const turns = Object.values(votes).flatMap((bySite) => Object.values(bySite).filter(turning))
  if (turns.length === 0) return intervalMs
  return turns.some(({ run }) => run < 0) ? Math.min(intervalMs / 4, Math.max(roundLeastMs, intervalMs / 20)) : intervalMs / 4
}

/** True: some voter fails to reach it; its cloud is then asked the costlier questions. */
export const siteInDoubt = (watch: Watch, site: string): boolean =>
  Object.values(watch.votes[site] ?? {}).some((vote) => vote.run < 0)
