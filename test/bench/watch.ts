// What `lifeboat watch` costs at the default pace over three sites, and whether a day of it leaves anything behind.
import { execa } from 'execa'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { debian } from '../lab/debian.ts'
import { knotWith } from '../lab/servers.ts'
import type { Bench, BenchOptions, Figure } from './frame.ts'
import { startWatching, type Watching } from './watching.ts'

const zone = 'bench.example'
const sites = { one: '127.0.0.71', two: '127.0.0.72', three: '127.0.0.73' }
const hours = [1, 6, 12, 24]
/** Two rounds. */
const windowMs = 4_000

/** Time that the process has had on a core. */
const coreMs = async (pid: number): Promise<number> => {
  const tasks = await readdir(`/proc/${pid}/task`)
  const texts = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8')))
  return texts.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1e6, 0)
}

const residentMb = async (pid: number): Promise<number> => Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

const cost = async ({ pid }: Watching, { runs, say }: BenchOptions): Promise<Figure[]> => {
  await sleep(30_000) // What a start compiles is over.
  const [cores, residents]: [number[], number[]] = [[], []]
  for (let n = 0; n < runs; n++) {
    const [beforeMs, startMs] = [await coreMs(pid), performance.now()]
    await sleep(windowMs)
    cores.push(((await coreMs(pid)) - beforeMs) / (performance.now() - startMs) * 100)
    residents.push(await residentMb(pid))
  }
  say(`${cores.map((core) => core.toFixed(2)).join(', ')} % of a core in ${windowMs / 1000} s each; ${residents.at(-1)?.toFixed(0)} MB`)
  return [
    { what: 'lifeboat watch, 3 sites every 2 s: of a core', unit: '%', values: cores, goal: { of: 'median', most: 1 }, beside: null },
    { what: 'lifeboat watch, 3 sites every 2 s: resident', unit: 'MB', values: residents, goal: { of: 'p99', most: 160 }, beside: null },
  ]
}

type Hour = { hour: number; rounds: number; lines: number; heapMb: number; storeMb: number }

/** The store that `watch` made goes on for a simulated day, in a process of its own. */
const day = async ({ folder, env }: Watching, { say }: BenchOptions): Promise<Figure[]> => {
  const run = execa(process.execPath, ['--expose-gc', join(import.meta.dirname, 'watch/day.ts'), join(folder, 'lifeboat.yaml'), ...hours.map(String)], { cwd: folder, env })
  const seen: Hour[] = []
  for await (const line of run) {
    seen.push(JSON.parse(line) as Hour)
    say(`after ${seen.at(-1)!.hour} h: ${line}`)
  }
  const of = (hour: number, what: 'heapMb' | 'storeMb'): number[] => seen.filter((each) => each.hour === hour).map((each) => each[what])
  const rows = (what: 'heapMb' | 'storeMb', name: string, slackMb: number): Figure[] => {
    const [early, late] = [`${name} after 6 simulated hours`, `${name} after 24`]
    const [most = NaN] = of(6, what).map((mb) => Math.ceil(mb + slackMb))
    return [
      { what: early, unit: 'MB', values: of(6, what), goal: null, beside: null },
      { what: late, unit: 'MB', values: of(24, what), goal: { of: 'median', most }, beside: early },
    ]
  }
  // What the collector leaves differs by a few; SQLite's log beside the store has grown to its bound of 4 within the first hours.
  return [...rows('heapMb', 'heap of a watch', 5), ...rows('storeMb', 'store of a watch', 0.1)]
}

export const bench: Bench = {
  name: 'watch',
  needs: null,
  run: async (options) => {
    const unpacked = await debian(['knot'])
    if (!unpacked) throw new Error('Knot could not be had')
    const knot = await knotWith(unpacked, [zone])
    try {
      const watching = await startWatching({ zone, names: [zone, `www.${zone}`], server: knot.server, sites, check: 'interval: 2s', policy: 'outage: 3m' })
      try {
        const figures = await cost(watching, options)
        await watching.end()
        return [...figures, ...(await day(watching, options))]
      } finally {
        await watching.stop()
      }
    } finally {
      await knot.stop()
    }
  },
}
