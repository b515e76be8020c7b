import { turnMs } from '../../src/controller/times.ts'
import type { Config, Reading } from '../../src/core/types.ts'
import type { Claim } from '../../src/core/words.ts'
import type { Sight } from '../../src/ports.ts'

/**
 * What one controller process was truly told, counted by other code than the product's. Where it is in doubt about the moment of a round
 * it is lenient, so that what it denies is a fault.
 */
export type Ballots = {
  heard(vantage: string, sight: Sight, sites: string[], nowMs: number): void
  read(readings: Reading[]): void
  /** A stop or a jump of a clock. */
  disturbed(nowMs: number): void
  /** Why a failover from this site may not start by itself now. Null: it may. */
  forbids(site: string, cause: string, nowMs: number): string | null
  /** Why this site may not be a target now. Null: it may. */
  forbidsTarget(site: string, nowMs: number): string | null
  saysDown(site: string, nowMs: number): boolean
  /** Not even a while ago did any voter see it well. */
  unseen(site: string, nowMs: number): boolean
}

type Vote = { by: string; run: number; says: 'up' | 'down' | null; atMs: number }

/** More than a round that waits for its last vantage. */
const slackMs = 2_200
const locks: Claim[] = ['account-locked', 'machine-locked', 'machine-blocked']

export function newBallots(config: Config): Ballots {
  const { fall, rise, intervalMs, timeoutMs } = config.check
  const roundMs = timeoutMs + Math.min(turnMs.backOff, intervalMs)
  const freshMs = 2 * intervalMs + timeoutMs + slackMs
  const votes = new Map<string, Vote>()
  /** When a voter last saw a site well. */
  const upMs = new Map<string, number>()
  const down = new Map<string, { sinceMs: number; notSinceMs: number | null }>()
  const claims = new Map<string, { claim: Claim; firstMs: number; lastMs: number }>()
  let disturbedMs = -Infinity

  const votersOf = (site: string) => {
    const { cloud } = config.sites.find((s) => s.site === site)!
    return config.vantages.filter((v) => cloud === 'none' || v.cloud !== cloud).map((v) => v.vantage)
  }
  const fresh = (site: string, nowMs: number) =>
    votersOf(site).flatMap((v) => {
      const vote = votes.get(`${v} ${site}`)
      return vote && nowMs - vote.atMs <= freshMs ? [vote] : []
    })
  const isDown = (site: string, nowMs: number) => {
    const voters = votersOf(site).length
    const quorum = config.quorum ?? (voters - (voters % 2)) / 2 + 1
    return fresh(site, nowMs).filter((v) => v.says === 'down').length >= quorum
  }

  const count = (by: string, site: string, sense: 'good' | 'bad' | 'none', nowMs: number) => {
    const key = `${by} ${site}`
    const kept = votes.get(key)
    const before: Vote = kept && nowMs - kept.atMs <= freshMs ? kept : { by, run: 0, says: null, atMs: nowMs }
    if (sense === 'none') return void votes.delete(key)
    const run = sense === 'good' ? Math.max(before.run, 0) + 1 : Math.min(before.run, 0) - 1
    const says = run >= rise ? 'up' : run <= -fall ? 'down' : before.says
    votes.set(key, { by, run, says, atMs: nowMs })
    if (says === 'up') upMs.set(key, nowMs)
  }

  const follow = (site: string, nowMs: number) => {
    const known = down.get(site)
    if (isDown(site, nowMs)) {
      const goesOn = known && (known.notSinceMs === null || nowMs - known.notSinceMs < slackMs)
      down.set(site, { sinceMs: goesOn ? known.sinceMs : nowMs, notSinceMs: null })
    } else if (known && known.notSinceMs === null) known.notSinceMs = nowMs
  }

  const cutWasReadTwice = (site: string, nowMs: number) =>
    [...claims].some(([key, c]) => key.startsWith(`${site} `) && locks.includes(c.claim) && c.lastMs - c.firstMs >= config.policy.confirmCutMs - 1 && nowMs - c.lastMs < 105_000)

  return {
    heard: (vantage, { answers, canaries }, sites, nowMs) => {
      const blind = canaries.asked > 0 && canaries.well * 2 < canaries.asked
      const per = config.sites.map((s) => s.addresses.length)
      let from = 0
      for (const [i, { site }] of config.sites.entries()) {
        if (!sites.includes(site)) continue
        const own = answers.slice(from, (from += per[i]!))
        count(vantage, site, blind ? 'none' : own.every((a) => a.kind === 'ok') ? 'good' : 'bad', nowMs)
        follow(site, nowMs)
      }
    },
    read: (readings) => {
      for (const { site, source, claim, atMs } of readings) {
        if (claim === 'unknown' || claim === 'api-failing') continue
        const key = `${site} ${source}`
        const known = claims.get(key)
        claims.set(key, { claim, firstMs: known?.claim === claim ? known.firstMs : atMs, lastMs: atMs })
      }
    },
    disturbed: (nowMs) => void (disturbedMs = nowMs),
    saysDown: (site, nowMs) => {
      const { notSinceMs } = down.get(site) ?? { notSinceMs: null }
      return isDown(site, nowMs) || (notSinceMs !== null && nowMs - notSinceMs < slackMs)
    },
    // A round may be one vote's life old, and rest on votes as old again.
    unseen: (site, nowMs) => votersOf(site).every((v) => nowMs - (upMs.get(`${v} ${site}`) ?? -Infinity) > 2 * freshMs - slackMs),
    forbids: (site, cause, nowMs) => {
      const known = down.get(site)
      if (!isDown(site, nowMs) && !(known?.notSinceMs != null && nowMs - known.notSinceMs < slackMs)) return `its voters did not say down: ${JSON.stringify([...votes])}`
      const forMs = nowMs - (known?.sinceMs ?? nowMs) + slackMs
      if (cause === 'cut') return cutWasReadTwice(site, nowMs) ? null : 'no cut was read twice, policy.confirmCut apart'
      const budgetMs = cause === 'app-fault' ? config.policy.appFaultMs! : config.policy.outageMs
      return forMs >= budgetMs ? null : `it was down for ${Math.round(forMs)} ms only, of ${budgetMs}`
    },
    forbidsTarget: (site, nowMs) => {
      // A round counts when its last vantage has answered or is waited for no more: what another of them said is heard before.
      const lately = (v: string) => nowMs - (upMs.get(`${v} ${site}`) ?? -Infinity) <= roundMs
      const all = fresh(site, nowMs)
      if (!votersOf(site).some(lately) && !all.some((vote) => vote.says === 'up')) return `no voter saw it well ${rise} times in a row`
      const calm = nowMs - disturbedMs > 20_000
      // Lenient here is to forget a voter early.
      return calm && all.some((vote) => !lately(vote.by) && vote.says === 'down' && vote.run <= -fall && nowMs - vote.atMs < freshMs - 2 * slackMs) ? 'a voter sees it down' : null
    },
  }
}
