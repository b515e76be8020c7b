// How long a move takes, from the decision to the moment when it is confirmed at the name server: a real `lifeboat watch` with its store on
// this disk, two sites on loopback and one real name server. The times are those of its own journal. Beside it what it cannot be faster
// than: the same change by hand, and writing to this disk.
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { machineClock } from '../../src/clock.ts'
import { askByTcp } from '../../src/drivers/dns/query.ts'
import { rrTypes } from '../../src/drivers/dns/wire.ts'
import { readEntries } from '../../src/store/entries.ts'
import { debian, type Unpacked } from '../lab/debian.ts'
import { addition, deletion } from '../lab/hand.ts'
import { bindWith, knotWith, powerDnsWith, type Started } from '../lab/servers.ts'
import type { Bench, BenchOptions, Figure } from './frame.ts'
import { startWatching } from './watching.ts'

const zones = ['bench.example', 'hand.example'] as const
const sites = { one: '127.0.0.71', two: '127.0.0.72' }

type Kind = { name: string; packages: string[]; with(unpacked: Unpacked, zones: string[]): Promise<Started>; goalsMs: Record<number, number> }

const kinds: Kind[] = [
  { name: 'Knot', packages: ['knot'], with: knotWith, goalsMs: { 2: 20, 64: 50 } },
  { name: 'BIND', packages: ['bind9', 'bind9-utils'], with: bindWith, goalsMs: { 64: 50 } },
  { name: 'PowerDNS', packages: ['pdns-server', 'pdns-backend-sqlite3'], with: powerDnsWith, goalsMs: { 64: 200 } },
]

/** Knot 3.2.6 holds an update back until a second has passed since the one before, where that had ended already (measured 2026-11): moves come hours apart, so the runs keep that distance. */
const calmMs = 1_300

const namesIn = (zone: string, count: number): string[] => [zone, ...Array.from({ length: count - 1 }, (_, n) => `n${n}.${zone}`)]

/** From the decision to confirmed, of each failover in a store's journal. */
const actTimes = async (store: string): Promise<number[]> => {
  const entries = await readEntries(store)
  const opened = entries.filter(({ event, fields }) => event === 'move' && fields.state === 'open' && fields.kind === 'failover')
  return opened.map(({ fields: { decision, epoch } }) => {
    const decided = entries.find(({ event, fields }) => event === 'decision' && fields.id === decision)
    const confirmed = entries.find(({ event, fields }) => event === 'step' && fields.epoch === epoch && fields.step === 'confirm' && fields.phase === 'end')
    return Number(confirmed?.fields.endedMs) - Number(decided?.atMs)
  })
}

/** Takes the active site off the air again and again, and waits each time until the other is confirmed. */
const moves = async (server: Started, names: string[], { runs, say }: BenchOptions): Promise<number[]> => {
  const check = 'interval: 400ms, timeout: 300ms, fall: 2, rise: 2'
  const watching = await startWatching({ zone: zones[0], names, server: server.server, sites, check, policy: 'outage: 0s, appFault: 0s, cooldown: 0s, maxMovesPerHour: 1000' })
  try {
    for (let n = 0; n < runs; n++) {
      const active = n % 2 === 0 ? 'one' : 'two'
      await sleep(calmMs)
      await watching.cut(active)
      await watching.line('the failover is done', ({ event, state }) => event === 'move' && String(state).startsWith('done'))
      await watching.mend(active)
      await watching.line(`${active} stands by`, ({ site, msg }) => site === active && msg.includes('stands by'))
    }
    const times = await actTimes(watching.store)
    say(`${names.length} names: ${times.join(', ')} ms`)
    return times
  } finally {
    await watching.stop()
  }
}

/** The same change by another hand: one update without prerequisites, and one look. */
const byHand = async (server: Started, names: string[], { runs }: BenchOptions): Promise<number[]> => {
  const times: number[] = []
  for (let n = 0; n < runs; n++) {
    await sleep(calmMs)
    const startMs = performance.now()
    const code = await server.byHand(zones[1], names.flatMap((name) => [deletion(name, 'A'), addition(name, 60, 'A', n % 2 === 0 ? sites.two : sites.one)]))
    const answer = await askByTcp({ server: server.server, name: names[0]!, type: rrTypes.A, timeoutMs: 2_000 }, machineClock, AbortSignal.timeout(5_000))
    if (code !== 0 || answer?.answers.length !== 1) throw new Error(`the update by hand came to ${code}, and ${answer?.answers.length} records`)
    times.push(performance.now() - startMs)
  }
  return times
}

/** One page written to the disk that the stores of this bench are on. */
const toDisk = ({ runs }: BenchOptions): number[] => {
  const folder = mkdtempSync(join(tmpdir(), 'lifeboat-bench-'))
  const file = openSync(join(folder, 'page'), 'w')
  try {
    return Array.from({ length: runs }, () => {
      const startMs = performance.now()
      writeSync(file, Buffer.alloc(4096), 0, 4096, 0)
      fsyncSync(file)
      return performance.now() - startMs
    })
  } finally {
    closeSync(file)
    rmSync(folder, { recursive: true })
  }
}

const figuresOn = async ({ name, packages, with: start, goalsMs }: Kind, options: BenchOptions): Promise<Figure[]> => {
  const unpacked = await debian(packages)
  if (!unpacked) throw new Error(`${name} could not be had`)
  const figures: Figure[] = []
  for (const [count, most] of Object.entries(goalsMs)) {
    const hand = `${count} names by hand at ${name}: one update, one look`
    const server = await start(unpacked, [...zones])
    try {
      const values = await moves(server, namesIn(zones[0], Number(count)), options)
      figures.push({ what: `act: ${count} names at ${name}, from the decision to confirmed`, unit: 'ms', values, goal: { of: 'median', most }, beside: hand })
      figures.push({ what: hand, unit: 'ms', values: await byHand(server, namesIn(zones[1], Number(count)), options), goal: null, beside: null })
    } finally {
      await server.stop()
    }
  }
  return figures
}

export const bench: Bench = {
  name: 'act',
  needs: null,
  run: async (options) => {
    const figures: Figure[] = []
    for (const kind of kinds) figures.push(...(await figuresOn(kind, options)))
    return [...figures, { what: "one page to the store's disk (fsync)", unit: 'ms', values: toDisk(options), goal: null, beside: null }]
  },
}
