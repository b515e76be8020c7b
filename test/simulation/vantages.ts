import type { HostView } from '../../src/core/moving.ts'
import type { Answer, Reading } from '../../src/core/types.ts'
import type { Claim } from '../../src/core/words.ts'
import type { Ask, Cloud, NameServers, Sight, Vantage } from '../../src/ports.ts'
import type { Network } from './network.ts'
import type { Process } from './process.ts'
import type { Random } from './random.ts'
import type { Site } from './sites.ts'
import type { Scheduler } from './scheduler.ts'
import { servedBy, type Zone } from './zones.ts'

/** A place to probe from. `blind`: its own network is gone, though it still answers; `silent`: it answers nobody. */
export type Place = { vantage: string; cloud: string; blind: boolean; silent: boolean }

const answerOf = (kind: Answer['kind'], address: string, detail: string): Answer => ({ kind, address, detail, ms: 5, certificateUntilMs: null })

/** What a probe from this place sees now, truthfully. */
export function probeSees(site: Site, address: string, place: Place, network: Network, random: Random, noisy: boolean): Answer {
  const silent = answerOf('silent', address, 'no answer in 1 s')
  if (place.blind || !network.reaches(`${place.vantage}>${site.site}`) || (noisy && random.chance(0.02))) return silent
  if (site.host !== 'up') return silent
  if (site.app === 'closed') return answerOf('refused', address, 'the port refuses')
  if (site.app === 'foreign') return answerOf('foreign', address, 'a certificate for other names')
  return site.app === 'ok' ? answerOf('ok', address, 'HTTP 200') : answerOf('app', address, 'HTTP 503')
}

/** What was heard of the answers is handed to the judge when the controller hears it, and not before what that vantage was asked earlier has ended: rounds count in the order in which they begin. */
export type Heard = (place: Place, sight: Sight, sites: string[]) => void

export function vantageOf(place: Place, process: Process, world: { sites: Site[]; zones: Zone[]; network: Network; random: Random; noisy: () => boolean; scheduler: Scheduler }, heard: Heard): Vantage {
  const edge = `${process.machine.name}>${place.vantage}`
  const isDead = () => place.silent || world.sites.some((s) => s.cloud === place.cloud && s.cloud !== 'none' && s.host === 'unreachable')
  const hang = (signal: AbortSignal) => process.clock.sleep(1e9, signal)
  const inOrder: { tell: (() => void) | null }[] = []
  const tellThose = () => {
    while (inOrder[0]?.tell) inOrder.shift()!.tell!()
  }
  return {
    vantage: place.vantage,
    probe: async (ask, signal) => {
      const turn: (typeof inOrder)[number] = { tell: null }
      inOrder.push(turn)
      const { sight, asked } = await answered(ask, signal).catch((thrown: unknown) => {
        turn.tell = () => {}
        tellThose()
        throw thrown
      })
      turn.tell = () => heard(place, sight, asked)
      tellThose()
      return sight
    },
    dig: async (dig, signal): Promise<HostView | null> => {
      if (isDead()) await hang(signal)
      const zone = world.zones.find((z) => z.servers.some((s) => s.server === dig.server))
      return process.call({ edge, apply: () => (zone && !place.blind ? servedBy(zone, dig.server, world.scheduler.nowMs()) : null) }, signal)
    },
  }

  async function answered(ask: Ask, signal: AbortSignal): Promise<{ sight: Sight; asked: string[] }> {
    if (isDead()) await hang(signal)
    const asked = [...new Set(ask.questions.map((q) => q.site))]
    const sight = await process.call(
      {
        edge,
        apply: (): Sight => ({
          answers: ask.questions.map((q) => probeSees(world.sites.find((s) => s.site === q.site)!, q.address, place, world.network, world.random, world.noisy())),
          canaries: { asked: ask.canaries.length, well: place.blind ? 0 : ask.canaries.length },
        }),
      },
      signal,
    )
    // A time-out of the probe itself is answered by the vantage within the time it was given.
    if (sight.answers.some((a) => a.kind === 'silent')) await process.clock.sleep(ask.timeoutMs * 0.9, signal)
    return { sight, asked }
  }
}

/** What a company's API answers: the truth, or one of its lies. */
export type Account = { cloud: string; mood: 'truthful' | 'silent' | 'failing' | 'flapping'; lies: Claim[] }

/** The readings of a poll are handed to the judge, at the moment when the controller hears them. */
export function cloudOf(account: Account, process: Process, sites: Site[], heard: (readings: Reading[]) => void, random: Random): Cloud {
  const truth = (site: Site): Claim => (site.account === 'locked' ? 'account-locked' : site.account === 'warning' ? 'account-warning' : 'account-well')
  const claimOf = (site: Site): Claim => {
    if (account.mood === 'silent') return 'unknown'
    if (account.mood === 'failing') return 'api-failing'
    const lie = account.lies.shift()
    if (lie) return lie
    return account.mood === 'flapping' && random.chance(0.5) ? random.pick(['account-locked', 'account-well', 'unknown'] as const) : truth(site)
  }
  const machine = (site: Site): Claim | null =>
    account.mood !== 'truthful' ? null : site.host === 'up' ? 'machine-running' : site.host === 'off' ? 'machine-stopped' : null
  return {
    cloud: account.cloud,
    pollMs: 10_000,
    pollFloorMs: 2_000,
    poll: async (_doubt, signal) => {
      const read = process.call(
        {
          edge: `${process.machine.name}>${account.cloud}-api`,
          apply: () =>
            sites
              .filter((s) => s.cloud === account.cloud)
              .flatMap((s) => [
                { site: s.site, source: 'account', claim: claimOf(s) },
                { site: s.site, source: 'machine', claim: machine(s) ?? ('unknown' as Claim) },
              ]),
        },
        process.clock.deadline(3_000, signal),
      )
      const found = await read.catch(() => {
        signal.throwIfAborted()
        return []
      })
      const readings = found.map(({ site, source, claim }): Reading => ({ site, source, claim, scope: 'account', detail: `${source}: ${claim}`, code: null, http: null, atMs: process.monoMs() }))
      heard(readings)
      return readings
    },
  }
}

export const nameServersOf = (process: Process, zones: Zone[]): NameServers => ({
  of: (_zone, signal) => process.call({ edge: `${process.machine.name}>parent`, apply: () => zones.flatMap((z) => z.servers.map((s) => s.server)) }, signal),
  ds: () => false,
})
