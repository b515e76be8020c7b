// A day of `watch` in minutes, in a process of its own: the real controller, probes, store and files over real sites, on a clock that is
// stepped forward whenever nothing is under way. Prints one line of JSON for each hour that was asked for. Needs --expose-gc.
import { statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { runController } from '../../../src/controller.ts'
import type { Parts } from '../../../src/controller/parts.ts'
import { loadSettings } from '../../../src/config/loading.ts'
import { openSqlite } from '../../../src/store/sqlite.ts'
import { wire } from '../../../src/cli/wiring.ts'
import { fastClock } from '../../lab/fast-clock.ts'

const [file = '', ...hours] = process.argv.slice(2)
const stepMs = 250

const settings = loadSettings({ env: process.env, cwd: process.cwd(), file })
const clock = fastClock(1)
const store = await openSqlite({ path: settings.store.path, app: settings.core.app, clock })
let lines = 0
const wired = wire(settings, { store, journal: store, clock, log: () => void lines++, command: 'watch' })

let underWay = 0
const counted = async <T>(call: Promise<T>): Promise<T> => {
  underWay++
  try {
    return await call
  } finally {
    underWay--
  }
}
const parts: Parts = {
  ...wired,
  vantages: wired.vantages.map((each) => ({ ...each, probe: (ask, signal) => counted(each.probe(ask, signal)), dig: (dig, signal) => counted(each.dig(dig, signal)) })),
  hosts: wired.hosts.map((each) => ({ ...each, read: (signal, known) => counted(each.read(signal, known)) })),
}
const stop = new AbortController()
let rounds = 0
const running = runController(parts, { ownMoves: true, onTurn: (self) => (rounds = self.rounds) }, stop.signal)

/** Waits until every loop sleeps. */
const settle = async (): Promise<void> => {
  for (let calm = 0; calm < 3; calm = underWay === 0 ? calm + 1 : 0) await setImmediate()
}

const megabytes = (bytes: number): number => bytes / 1_048_576
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
const startMs = clock.now().monoMs
for (const hour of hours.map(Number)) {
  while (clock.now().monoMs - startMs < hour * 3_600_000) {
    await settle()
    clock.skip(stepMs)
  }
  await settle()
  global.gc?.()
  await setImmediate() // What was collected lets go of more.
  global.gc?.()
  const { path } = settings.store
  process.stdout.write(`${JSON.stringify({ hour, rounds, lines, heapMb: megabytes(process.memoryUsage().heapUsed), storeMb: megabytes(sizeOf(path) + sizeOf(`${path}-wal`)) })}\n`)
}
stop.abort(new Error('the day is over'))
await running
await store.close()
process.exit(0)
