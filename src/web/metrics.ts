import { Counter, Gauge, Registry } from 'prom-client'
import { pausesAt } from '../core/ledger.ts'
import type { Config, Ledger, Time, Watch } from '../core/types.ts'

/** What a scrape is made from. `watch` and `leading` are this process's own. */
export type Seen = { config: Config; ledger: Ledger; watch: Watch; leading: boolean; now: Time }

/** The names and labels are CONTRACT.md's: other people's dashboards rest on them. A value that could not be found out has no line. */
export function metrics() {
  const registry = new Registry()
  const gauge = (name: string, help: string, labelNames: string[] = []) => new Gauge({ name: `lifeboat_${name}`, help, labelNames, registers: [registry] })
  const gauges = {
    protected: gauge('protected', '1: automatic moves are on, the names are adopted, this controller leads and nothing is paused'),
    leading: gauge('leading', '1: this controller leads'),
    paused: gauge('paused', '1: automatic moves are paused'),
    siteUp: gauge('site_up', '1: up, 0: down; no line: unknown', ['site']),
    siteActive: gauge('site_active', '1: the app is served from here', ['site']),
    standbyReady: gauge('standby_ready', '1: a site that is not active could take over; no line: could not find out', ['site']),
    certificate: gauge('certificate_expiry_seconds', 'Seconds until the certificate that the site serves ends', ['site']),
    epoch: gauge('epoch', 'The highest epoch that was allocated'),
    lastRound: gauge('last_round_timestamp_seconds', 'When the last round ended, Unix time'),
    probe: gauge('probe_duration_seconds', 'The slowest probe of the last round', ['site', 'vantage']),
  }
  const moves = new Counter({ name: 'lifeboat_moves_total', help: 'Moves that ended since it was first asked', labelNames: ['kind', 'outcome'], registers: [registry] })
  let countedTo: number | null = null

  const countMoves = ({ past }: Ledger): void => {
    const newest = Math.max(0, ...past.map(({ epoch }) => epoch))
    // What ended before the first scrape is in history, and no event of this counter's life.
    for (const { kind, state } of past.filter(({ epoch }) => countedTo !== null && epoch > countedTo)) moves.inc({ kind, outcome: state })
    countedTo = Math.max(countedTo ?? 0, newest)
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
      const { config, ledger, watch, leading, now } = seen
      const paused = pausesAt(ledger, now.wallMs).length > 0
      for (const each of Object.values(gauges)) each.reset()
      gauges.leading.set(bit(leading))
      gauges.paused.set(bit(paused))
      gauges.protected.set(bit(config.policy.automatic && ledger.record !== null && leading && !paused))
      gauges.epoch.set(ledger.epoch)
      if (watch.at) gauges.lastRound.set(watch.at.wallMs / 1000)
      setSites(seen)
      countMoves(ledger)
      return registry.metrics()
    },
  }
}

const bit = (yes: boolean): number => (yes ? 1 : 0)
