// A house to try the core in: three sites at three companies, three vantages elsewhere, and rounds that take two seconds.
import { freshLedger } from '../../src/core/ledger.ts'
import { emptyWatch, observe } from '../../src/core/observe.ts'
import { planOf } from '../../src/core/plan.ts'
import type { HostView, World } from '../../src/core/moving.ts'
import type { Answer, Config, Facts, HostConfig, Ledger, Move, Past, Reading, State, Time } from '../../src/core/types.ts'
import type { AnswerKind, Claim, MoveKind } from '../../src/core/words.ts'

export const owner = '5f0c9a7be2d14c3f8a60b1d29e7c4f11'
export const moveId = '0b8a3a52-1c5e-4c0a-9b1e-2f6d1a7c9e01'
export const day = Date.UTC(2026, 10, 25, 3, 0, 0)

export const hostOf = (n: number, more: Partial<HostConfig> = {}): HostConfig => ({
  host: `dns${n}`, driver: 'embedded', zone: 'shop.example', names: ['shop.example', 'www.shop.example'], elsewhere: [], ttlS: 60, ...more,
})

type More = Partial<Omit<Config, 'policy' | 'check' | 'data' | 'dns'>> & {
  policy?: Partial<Config['policy']>
  check?: Partial<Config['check']>
  data?: Partial<Config['data']>
  dns?: Partial<Config['dns']>
}

/** CONTRACT.md's defaults, and automatic moves on. */
export const configOf = ({ policy, check, data, dns, ...more }: More = {}): Config => ({
  app: 'shop',
  owner,
  sites: [
    { site: 'aws', cloud: 'aws', addresses: ['192.0.2.1'], standby: 'hot' },
    { site: 'hetzner', cloud: 'hetzner', addresses: ['192.0.2.2'], standby: 'hot' },
    { site: 'spare', cloud: 'digitalocean', addresses: ['192.0.2.3'], standby: 'hot' },
  ],
  check: { intervalMs: 2_000, timeoutMs: 1_000, fall: 3, rise: 5, ...check },
  vantages: [
    { vantage: 'here', cloud: 'ovh' },
    { vantage: 'paris', cloud: 'scaleway' },
    { vantage: 'tokyo', cloud: 'sakura' },
  ],
  quorum: null,
  data: { holds: null, carried: false, ...data },
  dns: { names: ['shop.example', 'www.shop.example'], drift: 'hold', hosts: [hostOf(1)], ...dns },
  policy: {
    automatic: true, confirmCutMs: 30_000, outageMs: 180_000, appFaultMs: 600_000, cooldownMs: 600_000, maxMovesPerHour: 3, failback: 'manual', ...policy,
  },
  ...more,
})

/** Adopted at epoch 7, aws active, as CONTRACT.md's screen shows it before the cut. */
export const ledgerOf = (config: Config, more: Partial<Ledger> = {}): Ledger => {
  const active = more.active === undefined ? 'aws' : more.active
  const addresses = config.sites.find((s) => s.site === active)?.addresses ?? []
  return {
    ...freshLedger(config),
    epoch: 7,
    active,
    activeEpoch: 7,
    record: { epoch: 7, move: moveId, site: active ?? 'aws', addresses },
    ours: config.sites.flatMap((s) => s.addresses),
    hosts: Object.fromEntries(config.dns.hosts.map((h) => [h.host, 7])),
    servedTtlS: 60,
    ...more,
  }
}

export const pastOf = (epoch: number, from: string, to: string, more: Partial<Past> = {}): Past => ({
  epoch, id: moveId, kind: 'failover', from, to, by: 'lifeboat', cause: 'outage', startedMs: day, endedMs: day, state: 'done', automatic: true, debts: [], ...more,
})

export const moveOf = (config: Config, kind: MoveKind = 'failover', from: string | null = 'aws', to = 'hetzner', more: Partial<Move> = {}): Move => ({
  ...planOf(kind, from, to, config),
  epoch: 8, id: '7d1f3c1e-5a52-4d0e-8c0b-3f1f6a7b9c02', by: 'lifeboat', cause: 'outage', decision: 'd1', startedMs: day,
  lifted: { force: false, unready: false, unfenced: false, acceptLoss: false }, promoteTried: false, automatic: true, ...more,
})

const details: Record<AnswerKind, string> = {
  ok: 'HTTP 200',
  app: 'HTTP 503',
  foreign: 'its certificate is valid for other.example only',
  refused: 'connection refused',
  silent: 'no answer in 1 s',
  'other-site': 'site hetzner answers here',
  unable: 'no IPv6 here',
}
export const answerOf = (kind: AnswerKind, address = '192.0.2.1'): Answer => ({ kind, address, detail: details[kind], ms: 12, certificateUntilMs: null })

const told: Partial<Record<Claim, string>> = {
  'account-well': 'account status is active',
  'account-locked': 'account status is locked',
  'account-warning': 'account status is warning',
  'machine-running': 'the machine runs',
  'machine-locked': 'the machine is locked',
  'machine-gone': 'the machine is gone: two endpoints say 404',
  'machine-stopped': 'the machine is off',
  'machine-stopped-by-operator': 'the machine is off by power_off of ana',
  'credentials-refused': 'both tokens are refused (HTTP 401), and a bogus one as it should be',
  'api-failing': 'the API answers HTTP 503',
  'clock-off': "our clock is 7 min ahead of the cloud's",
  unknown: 'the account could not be read (HTTP 401)',
}
export const readingOf = (site: string, claim: Claim, atMs: number, source = 'account'): Reading => ({
  site, source, scope: 'account', claim, detail: told[claim] ?? claim, code: null, http: null, atMs,
})

/** How many canaries each vantage asks. */
export const canariesAsked = 2

/** What the vantages see of a site: one word for all of them, or a word each; null: that vantage does not answer. */
export type Sight = AnswerKind | null | Record<string, AnswerKind | null>
export type Round = {
  sees?: Record<string, Sight>
  readings?: { site: string; claim: Claim; source?: string }[]
  /** Canaries that answer each vantage, of `canariesAsked`. */
  canaries?: Record<string, number>
  /** Time from the round before; the wall's may differ. */
  afterMs?: number
  wallMs?: number
}

export type Story = {
  config: Config
  state: State
  at: Time
  round(round?: Round): State
  /** Rounds until this much time has passed. */
  pass(ms: number, round?: Round): State
}

export const factsOf = (config: Config, ledger: Ledger, at: Time, { sees = {}, readings = [], canaries = {} }: Round = {}): Facts => {
  const one = (site: string, vantage: string): AnswerKind | null => {
    const sight = sees[site] === undefined ? 'ok' : sees[site]
    return sight === null || typeof sight === 'string' ? sight : sight[vantage] === undefined ? 'ok' : sight[vantage]
  }
  return {
    at,
    startedAt: { monoMs: at.monoMs - 50, wallMs: at.wallMs - 50 },
    probes: config.sites.flatMap(({ site, addresses }) =>
      config.vantages.flatMap(({ vantage }) => {
        const kind = one(site, vantage)
        return kind === null || addresses.length === 0 ? [] : [{ vantage, site, atMs: at.monoMs, answers: addresses.map((a) => answerOf(kind, a)) }]
      }),
    ),
    canaries: config.vantages.map(({ vantage }) => ({ vantage, well: canaries[vantage] ?? canariesAsked, asked: canariesAsked })),
    readings: readings.map(({ site, claim, source }) => readingOf(site, claim, at.monoMs, source)),
    ledger,
  }
}

/** Starts with nothing seen, or where `warm`, with every site well for a while. */
export const storyOf = (config: Config = configOf(), ledger: Ledger = ledgerOf(config), warm = true): Story => {
  const story: Story = {
    config,
    state: { ledger, watch: emptyWatch() },
    at: { monoMs: 1_000_000, wallMs: day },
    round(round = {}) {
      const afterMs = round.afterMs ?? config.check.intervalMs
      story.at = { monoMs: story.at.monoMs + afterMs, wallMs: story.at.wallMs + (round.wallMs ?? afterMs) }
      return (story.state = observe(story.state, factsOf(config, story.state.ledger, story.at, round), config))
    },
    pass(ms, round = {}) {
      const untilMs = story.at.monoMs + ms
      while (story.at.monoMs < untilMs) story.round(round)
      return story.state
    },
  }
  if (warm) story.pass(config.check.rise * config.check.intervalMs)
  return story
}

/** A DNS host that shows a marker and addresses at both names. */
export const viewOf = (txt: string[], addresses: string[], names = ['shop.example', 'www.shop.example']): HostView => ({
  txt,
  txtTtlS: 60,
  serial: 1,
  sets: names.flatMap((name) => (addresses.length > 0 ? [{ name, type: 'A', ttlS: 60, values: addresses }] : [])),
})

export const markerText = (epoch: number, site: string, state: 'claimed' | 'pointed', move: string = moveId): string =>
  `v=lifeboat1 app=shop owner=${owner} epoch=${epoch} site=${site} move=${move} state=${state}`

export const worldOf = (story: Story, more: Partial<World> = {}): World => ({
  at: story.at,
  ledger: story.state.ledger,
  sites: story.state.watch.sites,
  data: {},
  hosts: Object.fromEntries(story.config.dns.hosts.map((h) => [h.host, viewOf([markerText(7, 'aws', 'pointed')], ['192.0.2.1'])])),
  failed: {}, refusals: {}, serials: {},
  servers: null,
  fencedForMs: null,
  startsThisHour: 0,
  stepForMs: {},
  ...more,
})

/** Every object in it frozen, so that a function that changes its input throws. */
export const freeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) freeze(inner)
  }
  return value
}
