// How long an app is lost: from the cut to the first changed answer. Two sites, three vantages (the controller's own and two elsewhere), a
// controller and Knot on a network of their own; policy.outage 0s, so that nothing but the looking is measured.
import { execa } from 'execa'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { debian } from '../lab/debian.ts'
import { hosts, yamlOf } from '../real/setting.ts'
import { startWorld } from '../real/world.ts'
import type { World } from '../real/world.ts'
import { cuts, timeCut } from './detect/cuts.ts'
import type { Cut } from './detect/cuts.ts'
import { openEye } from './detect/eye.ts'
import { peersBeside } from './detect/peers.ts'
import { peerHosts } from './detect/programs.ts'
import type { Bench, BenchOptions, Figure } from './frame.ts'

type Pace = {
  name: string
  check: { interval: string; timeout: string; fall: number }
  intervalMs: number
  /** How long the active site has to have been held before it is cut. */
  heldMs: number
  goalsMs: Partial<Record<Cut, number>>
  /** The row of a peer. */
  beside: string
}

const paces: Pace[] = [
  { name: '10 probes/s, fall 2', check: { interval: '100ms', timeout: '90ms', fall: 2 }, intervalMs: 100, heldMs: 0, goalsMs: { kill: 350, blackhole: 600 }, beside: 'HAProxy, inter 100ms fall 2' },
  { name: '1 probe/s, fall 3', check: { interval: '1s', timeout: '300ms', fall: 3 }, intervalMs: 1_000, heldMs: 0, goalsMs: { kill: 1_400, blackhole: 1_900 }, beside: 'HAProxy, inter 1s fastinter 100ms fall 3' },
  { name: '1 probe per 2 s, fall 3, held open', check: { interval: '2s', timeout: '1s', fall: 3 }, intervalMs: 2_000, heldMs: 6_000, goalsMs: { kill: 500 }, beside: 'PowerDNS Lua, ifurlup every 1 s' },
]

/** The world's file with this pace: the controller looks for itself too, and waits for nothing. */
const fileOf = ({ check: { interval, timeout, fall } }: Pace): string =>
  yamlOf('apart')
    .replace(/interval: .*\n/, `interval: ${interval}\n`)
    .replace(/timeout: .*\n/, `timeout: ${timeout}\n`)
    .replace(/fall: .*\n/, `fall: ${fall}\n`)
    .replace(/ {2}oslo: .*\n/, '  here: { cloud: ovh }\n')
    .replace(/outage: .*\n/, 'outage: 0s\n')
    .replace(/appFault: .*\n/, 'appFault: 0s\n')
    .replace(/cooldown: .*\n/, 'cooldown: 0s\n')
    .replace(/maxMovesPerHour: .*\n/, 'maxMovesPerHour: 1000\n')

/** On a machine that is busy with other things, a failback may meet a site that just failed a round. */
const heal = async (world: World, tries = 4): Promise<void> => {
  await world.heal().catch((error: unknown) => (tries > 1 ? heal(world, tries - 1) : Promise.reject(error)))
}

/** Adds its figures to those that there are, so that an error costs only what comes after it. */
const measure = async (world: World, pace: Pace, { runs, say }: BenchOptions, figures: Figure[]): Promise<void> => {
  const eye = await openEye(world.net, 'customer', { dns: { server: `${hosts.knot}:53`, name: 'shop.example' } })
  try {
    for (const cut of cuts.filter((each) => pace.goalsMs[each] !== undefined)) {
      const values: number[] = []
      figures.push({ what: `${pace.name}: ${cut}`, unit: 'ms', values, goal: { of: 'p99', most: pace.goalsMs[cut]! }, beside: `${pace.beside}: ${cut}` })
      while (values.length < runs) {
        await sleep(pace.heldMs)
        values.push(...(await timeCut(world, [{ eye, shows: hosts }], { cut, intervalMs: pace.intervalMs })))
        say(`${pace.name}, ${cut}: ${Math.round(values.at(-1)!)} ms (${values.length} of ${runs})`)
        await heal(world)
      }
    }
  } finally {
    await eye.stop()
  }
}

const sayKnot = async ({ uses }: BenchOptions): Promise<void> => {
  const unpacked = await debian(['knot'])
  if (unpacked === null) throw new Error('knot could not be unpacked')
  const { stdout } = await execa(join(unpacked.root, 'usr/sbin/knotd'), ['-V'], { env: unpacked.env })
  uses(`Knot ${/version ([\d.]+)/.exec(stdout)?.[1] ?? '?'}`)
}

export const bench: Bench = {
  name: 'detect',
  needs: 'root',
  run: async (options) => {
    await sayKnot(options)
    const figures: Figure[] = []
    const on = async (pace: Pace, work: (world: World) => Promise<void>): Promise<void> => {
      try {
        const world = await startWorld({ yaml: () => fileOf(pace), clocks: false, others: { customer: '192.0.2.90', ...peerHosts } })
        await work(world).finally(() => world.stop())
      } catch (error) {
        options.failed(`detect, ${pace.name}`, error)
      }
    }
    for (const pace of paces) await on(pace, (world) => measure(world, pace, options, figures))
    await on(paces.at(-1)!, (world) => peersBeside(world, options, figures))
    return figures
  },
}
