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

/** An eye, and what stands in its answer while it is led to alpha, and to beta. */
export type Looks = { eye: Eye; shows: Record<Site, string> }

/** Cuts alpha at a random moment of an interval, once every eye is led there, and gives the ms from just before the cut to the first changed answer of each. */
export const timeCut = async (world: World, looks: Looks[], { cut, intervalMs }: { cut: Cut; intervalMs: number }): Promise<number[]> => {
  do {
    await Promise.all(looks.map(({ eye, shows }) => eye.shows(shows.alpha, 120_000)))
    await sleep(Math.random() * intervalMs)
  } while (!looks.every(({ eye, shows }) => eye.last().includes(shows.alpha)))
  for (const { eye } of looks) eye.watch()
  const fromNs = process.hrtime.bigint()
  await make[cut](world, 'alpha')
  return Promise.all(looks.map(async ({ eye, shows }) => Number((await eye.since(shows.beta, 60_000)) - fromNs) / 1e6))
}
