import { Counter, Gauge, Registry } from 'prom-client'
import { pausesAt } from '../core/ledger.ts'
import type { Config, Ledger, Time, Watch } from '../core/types.ts'
import { moveKinds, moveStates } from '../core/words.ts'

/** What a scrape is made from. `watch` and `leading` are this process's own, which began at `sinceMs`, wall clock. */
export type Seen = { config: Config; ledger: Ledger; watch: Watch; leading: boolean; sinceMs: number; now: Time }

const gaugesOf = (registry: Registry) => {
  const gauge = (name: string, help: string, labelNames: string[] = []) => new Gauge({ name: `lifeboat_${name}`, help, labelNames, registers: [registry] })
  return {
    protected: gauge('protected', '1: automatic moves are on, the names are adopted, this controller leads by a store that is no old copy, and nothing is paused'),
    leading: gauge('leading', '1: this controller leads'),
    paused: gauge('paused', '1: automatic moves are paused'),
    siteUp: gauge('site_up', '1: up, 0: down; no line: unknown', ['site']),
    siteActive: gauge('site_active', '1: the active site by the ledger; while a move is under way the names may not point there yet', ['site']),
    standbyReady: gauge('standby_ready', '1: a site that is not active could take over; no line: could not find out', ['site']),
    certificate: gauge('certificate_expiry_seconds', 'Seconds until the certificate that the site serves ends', ['site']),
    epoch: gauge('epoch', 'The highest epoch that was allocated'),
    lastRound: gauge('last_round_timestamp_seconds', 'When the last round ended, Unix time'),
    probe: gauge('probe_duration_seconds', 'The slowest probe of the last round', ['site', 'vantage']),
  }
}

const movesOf = (registry: Registry) => {
  const moves = new Counter({ name: 'lifeboat_moves_total', help: 'Moves that ended since this process began', labelNames: ['kind', 'outcome'], registers: [registry] })
  // A series that begins at its first move would show no increase by it.
  for (const kind of Object.keys(moveKinds)) for (const outcome of Object.keys(moveStates)) if (outcome !== 'open') moves.inc({ kind, outcome }, 0)
  return moves
}

/** The names and labels are CONTRACT.md's: other people's dashboards rest on them. A value that could not be found out has no line. */
export function metrics() {
  const registry = new Registry()
  const gauges = gaugesOf(registry)
  const moves = movesOf(registry)
  let countedTo = 0

  const countMoves = ({ past }: Ledger, sinceMs: number): void => {
    for (const { kind, state } of past.filter(({ epoch, endedMs }) => epoch > countedTo && endedMs >= sinceMs)) moves.inc({ kind, outcome: state })
    countedTo = Math.max(countedTo, ...past.map(({ epoch }) => epoch))
  }

  const setSites = ({ config, ledger, watch, now }: Seen): void => {
    for (const { site } of config.sites) {
      const seen = watch.sites[site]
      gauges.siteActive.set({ site }, bit(site === ledger.active))
      if (seen && seen.health !== 'unknown') gauges.siteUp.set({ site }, bit(seen.health === 'up'))
      if (seen && seen.ready !== null && site !== ledger.active) gauges.standbyReady.set({ site }, bit(seen.ready))
      if (seen && seen.certificateUntilMs !== null) gauges.certificate.set({ site }, (seen.certificateUntilMs - now.wallMs) / 1000)
      for (const [vantage, { answers }] of Object.entries(watch.votes[site] ?? {}))
        if (answers.length > 0) gauges.probe.set({ site, vantage }, Math.max(...answers.map(({ ms }) => ms)) / 1000)
    }
  }

  return {
    /** Prometheus's text format. */
    contentType: registry.contentType,
    text: (seen: Seen): Promise<string> => {
      const { config, ledger, watch, leading, sinceMs, now } = seen
      const paused = pausesAt(ledger, now.wallMs).length > 0
      for (const each of Object.values(gauges)) each.reset()
      gauges.leading.set(bit(leading))
      gauges.paused.set(bit(paused))
      gauges.protected.set(bit(config.policy.automatic && ledger.record !== null && ledger.trusted && leading && !paused))
      gauges.epoch.set(ledger.epoch)
      if (watch.at) gauges.lastRound.set(watch.at.wallMs / 1000)
      setSites(seen)
      countMoves(ledger, sinceMs)
      return registry.metrics()
    },
  }
}

const bit = (yes: boolean): number => (yes ? 1 : 0)
