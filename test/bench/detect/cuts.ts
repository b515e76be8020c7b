import { setTimeout as sleep } from 'node:timers/promises'
import { cut as lossOf } from '../../lab/net.ts'
import type { Site } from '../../real/setting.ts'
import type { World } from '../../real/world.ts'
import type { Eye } from './eye.ts'

/** `kill`: the site's process ends, so its host refuses · `blackhole`: whatever is sent from and to its host is lost. */
export const cuts = ['kill', 'blackhole'] as const
export type Cut = (typeof cuts)[number]

const make: Record<Cut, (world: World, site: Site) => Promise<unknown>> = {
  kill: (world, site) => world.kill(site),
  blackhole: (world, site) => world.net.lose(...lossOf(site)),
}

/** Undoes a cut at the site itself. */
export const unmake: Record<Cut, (world: World, site: Site) => Promise<unknown>> = {
  kill: (world, site) => world.revive(site),
  blackhole: (world) => world.net.lose(),
}

/** Cuts alpha at a random moment of an interval, and gives the ms from just before the cut to the first answer in which `changed` stands. */
export const timeCut = async (world: World, eye: Eye, { cut, intervalMs, changed }: { cut: Cut; intervalMs: number; changed: string }): Promise<number> => {
  await sleep(Math.random() * intervalMs)
  eye.watch()
  const fromNs = process.hrtime.bigint()
  await make[cut](world, 'alpha')
  return Number((await eye.since(changed, 60_000)) - fromNs) / 1e6
}
