import type { Config, Plan } from './types.ts'
import { steps, type MoveKind } from './words.ts'

/** The file's entry for a site. Undefined: there is none. */
export const siteOf = (config: Config, site: string) => config.sites.find((s) => s.site === site)

/** The move as it would be frozen: every kind has every step; one with nothing to do says so. */
export const planOf = (kind: MoveKind, from: string | null, to: string, config: Config): Plan => ({
  kind,
  from,
  to,
  addresses: [...(siteOf(config, to)?.addresses ?? [])].sort(),
  steps: [...steps],
})

/** True: both sites are well and nothing may be lost. */
export const isPlanned = ({ kind }: Pick<Plan, 'kind'>): boolean =>
  kind === 'switchover' || kind === 'failback' || kind === 'evacuate'

/** True: data stands at the sites that no driver carries, so a move leaves it behind. */
export const leavesData = (config: Config): boolean => config.data.holds !== null && !config.data.carried

/**
 * A short fingerprint (FNV-1a, 64 bits, hex) of what a person agreed to: the plan and its epoch. It guards
 * against a plan that changed meanwhile, not against an enemy.
 */
export const planHash = (plan: Plan, epoch: number): string => {
  let hash = 0xcbf29ce484222325n
  for (const c of JSON.stringify([plan.kind, plan.from, plan.to, plan.addresses, plan.steps, epoch])) {
    hash ^= BigInt(c.codePointAt(0)!)
    hash = BigInt.asUintN(64, hash * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}
