import { siteInDoubt } from '../core/observe.ts'
import type { Reading } from '../core/types.ts'
import { cuts, freshEvidence } from '../core/verdict.ts'
import type { Cloud } from '../ports.ts'
import { say, type Self } from './self.ts'

const tickMs = 100

/**
 * Polls one cloud for ever: every `pollMs`, at once when one of its sites comes into doubt, and every policy.confirmCut
 * while a site is in doubt or a cut stands in evidence, to be confirmed or found lifted; never sooner than the driver allows.
 */
export async function poll(self: Self, cloud: Cloud, signal: AbortSignal): Promise<void> {
  const { clock } = self.parts
  const sites = self.parts.config.sites.filter((s) => s.cloud === cloud.cloud).map((s) => s.site)
  const said = new Map<string, string>()
  let lastMs = -Infinity
  let doubted = false
  for (;;) {
    const doubt = sites.some((site) => siteInDoubt(self.state.watch, site))
    const elapsedMs = clock.now().monoMs - lastMs
    const urgent = doubt || sites.some((site) => cutStands(self, site))
    const againMs = urgent ? Math.min(cloud.pollMs, Math.max(cloud.pollFloorMs, self.parts.config.policy.confirmCutMs)) : cloud.pollMs
    const first = doubt && !doubted && elapsedMs >= cloud.pollFloorMs
    if (elapsedMs >= againMs || first) {
      lastMs = clock.now().monoMs
      doubted = doubt
      const readings = await cloud.poll(doubt, signal)
      self.readings.push(...readings)
      sayNew(self, readings, said)
    } else if (!doubt) doubted = false
    await clock.sleep(tickMs, signal)
  }
}

const cutStands = (self: Self, site: string): boolean =>
  freshEvidence(self.state.watch, site, self.parts.clock.now().monoMs).some((e) => cuts.includes(e.claim))

/** A claim is logged when it changes, not at every poll. */
function sayNew(self: Self, readings: Reading[], said: Map<string, string>): void {
  for (const { site, source, claim, detail, scope, code, http } of readings) {
    const key = `${site} ${source}`
    if (said.get(key) === `${claim} ${detail}`) continue
    said.set(key, `${claim} ${detail}`)
    const well = claim === 'account-well' || claim === 'machine-running'
    say(self, well ? 'info' : 'warn', 'evidence', `${site}: ${detail}`, { site, source, claim, scope, code, http })
  }
}
