import type { Config, SiteConfig } from '../../src/core/types.ts'
import { randomOf } from './random.ts'

/** What a seed stands for: the configuration, and which kinds of trouble there will be. */
export type Scenario = {
  seed: number
  config: Config
  canaries: number
  controllers: number
  /** How long troubles begin, and how long all may take to be well again afterwards. */
  chaosMs: number
  quietMs: number
  noisy: boolean
  /** Wall clocks jump by more than a minute: what is counted on wall deadlines is not judged. */
  bigJumps: boolean
  /** The store is lost once: `gone` with every controller; `split`: one goes on with what it had; `old`: a copy of earlier stands in its place. */
  storeLoss: 'none' | 'gone' | 'split' | 'old'
  requests: boolean
  /** Somebody forces one failover after another while the controllers cannot reach the site that is left: every fence is waited out. */
  duel: boolean
}

const allSites: SiteConfig[] = [
  { site: 'aws', cloud: 'aws', addresses: ['192.0.2.1'], standby: 'hot' },
  { site: 'hetzner', cloud: 'hetzner', addresses: ['192.0.2.2'], standby: 'hot' },
  { site: 'attic', cloud: 'none', addresses: ['192.0.2.3'], standby: 'hot' },
]

const allVantages = [
  { vantage: 'here', cloud: 'ovh' },
  { vantage: 'paris', cloud: 'scaleway' },
  { vantage: 'tokyo', cloud: 'sakura' },
]

export function scenarioOf(seed: number): Scenario {
  const random = randomOf(seed, 'scenario')
  const carried = random.chance(0.5)
  const sites = allSites.slice(0, 2 + random.below(2)).map((site, i) => (random.chance(0.4) ? { ...site, addresses: [...site.addresses, `2001:db8::${i + 1}`] } : site))
  const vantages = allVantages.slice(0, 1 + random.below(3)).map((v) => ({ ...v }))
  // A vantage at a site's cloud has no vote there, and dies with it.
  if (vantages.length > 1 && random.chance(0.6)) vantages.at(-1)!.cloud = random.pick(sites).cloud
  const names = ['shop.example', 'www.shop.example']
  const host = (driver: string) => ({ host: `${driver}/shop.example`, driver, zone: 'shop.example', names, elsewhere: [], ttlS: 30 })
  const both = [host('swaps'), host('records')]
  const hosts = random.chance(0.65) ? both : [random.pick(both)]
  const fall = 2 + random.below(2)
  const loss = random.next()
  const storeLoss = loss < 0.08 ? 'gone' : carried || loss > 0.24 ? 'none' : loss < 0.16 ? 'split' : 'old'
  const rise = fall + 1 + random.below(2)
  const canaries = random.chance(0.8) ? 2 : 0
  const config: Config = {
    app: 'shop',
    owner: '5f0c9a7be2d14c3f8a60b1d29e7c4f11',
    sites,
    check: { intervalMs: 2_000, timeoutMs: 1_000, fall, rise },
    vantages,
    quorum: null,
    data: { holds: carried ? 'orders' : random.chance(0.25) ? 'orders' : null, carried },
    dns: { names, drift: random.chance(0.5) ? 'hold' : 'reassert', hosts },
    policy: {
      automatic: random.chance(0.85),
      confirmCutMs: 6_000,
      outageMs: random.pick([12_000, 20_000, 40_000]),
      appFaultMs: random.pick([30_000, 60_000, null]),
      cooldownMs: random.pick([60_000, 120_000]),
      maxMovesPerHour: 2 + random.below(3),
      failback: random.chance(0.3) ? 'automatic' : 'manual',
    },
  }
  return {
    seed,
    config,
    canaries,
    controllers: storeLoss === 'split' ? 2 : 1 + random.below(2),
    chaosMs: random.between(120_000, 330_000),
    quietMs: 900_000,
    noisy: random.chance(0.8),
    bigJumps: random.chance(0.1),
    storeLoss,
    requests: random.chance(0.7),
    duel: carried && storeLoss === 'none' && random.chance(0.25),
  }
}
