import { expect } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import type { Clock } from '../../../src/clock.ts'
import type { Reading } from '../../../src/core/types.ts'
import { startSimDigitalOcean } from '../../../src/demo/sim-digitalocean.ts'
import type { SimDigitalOcean, SimState } from '../../../src/demo/sim-digitalocean.ts'
import { digitalocean } from '../../../src/drivers/clouds/digitalocean.ts'
import type { DigitalOceanOptions } from '../../../src/drivers/clouds/digitalocean.ts'
import type { Cloud } from '../../../src/ports.ts'
import { openApi } from '../../lab/openapi.ts'

export const token = 'first-key-of-the-test'
export const second = 'second-key-of-the-test'

/** What is read where all is well. */
export const well = 'account account-well account active/200: account status is active'
export const running = 'droplet machine-running resource active/200: droplet 4711 is active'

/** The droplet of the site, and the site where its id is not in the file. */
export const ours = { id: 4711, addresses: ['127.0.0.11'] }
export const byAddress = { sites: [{ site: 'do', addresses: ['127.0.0.11'], machineId: null }] }

/** The machine's clock, moved by hand; its deadlines come `faster` times sooner, and are kept in `deadlinesMs` as they were asked for. */
export const handClock = ({ faster = 1 } = {}) => {
  const moved = { monoMs: 0, wallMs: 0 }
  const deadlinesMs: number[] = []
  const clock: Clock = {
    ...machineClock,
    now: () => ({ monoMs: machineClock.now().monoMs + moved.monoMs, wallMs: machineClock.now().wallMs + moved.wallMs }),
    deadline: (ms, parent) => {
      deadlinesMs.push(ms)
      return machineClock.deadline(ms / faster, parent)
    },
  }
  const pass = (ms: number) => {
    moved.monoMs += ms
    moved.wallMs += ms
  }
  return { clock, deadlinesMs, pass }
}

const description = openApi(new URL('../../specs/digitalocean.json', import.meta.url))

/** Sentences on what is not as DigitalOcean's description has it; answers that lie on purpose are left out. */
export const faults = (sim: SimDigitalOcean): string[] =>
  sim.exchanges.flatMap((each) => description.faults({ ...each, answer: each.lies ? null : each.answer }))

export type World = { sim: SimDigitalOcean; cloud: Cloud; hand: ReturnType<typeof handClock>; poll: (doubt?: boolean) => Promise<string[]> }

/** Runs `body` with a simulated DigitalOcean and a driver that asks it, and holds every exchange against the description. */
export const withSim = async (
  given: { state?: Partial<SimState>; options?: Partial<DigitalOceanOptions>; faster?: number },
  body: (world: World) => Promise<void>,
): Promise<void> => {
  const hand = handClock({ faster: given.faster ?? 1 })
  const droplets = [{ id: 4711, addresses: ['127.0.0.11', '::ffff:7f00:b'] }]
  const sim = await startSimDigitalOcean({ tokens: [token, second], droplets, clock: hand.clock, ...given.state })
  const sites = [{ site: 'do', addresses: ['127.0.0.11'], machineId: '4711' }]
  const cloud = digitalocean({ sites, token, secondToken: null, witness: null, endpoint: sim.url, clock: hand.clock, ...given.options })
  try {
    await body({ sim, cloud, hand, poll: async (doubt = false) => (await cloud.poll(doubt, AbortSignal.timeout(20_000))).map((each) => sentence(each, sim)) })
    expect(faults(sim)).toEqual([])
  } finally {
    await sim.stop()
  }
}

/** `source claim scope code/http: detail`; checks what holds of every reading. */
const sentence = (each: Reading, sim: SimDigitalOcean): string => {
  const text = JSON.stringify(each)
  for (const secret of [token, second, 'dop_v1_']) expect(text).not.toContain(secret)
  expect(each.site).toBe('do')
  const detail = each.detail.replaceAll(new URL(sim.url).host, 'HOST')
  return `${each.source} ${each.claim} ${each.scope} ${each.code}/${each.http}: ${detail}`
}
