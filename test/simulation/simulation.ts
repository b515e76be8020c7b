import { parseMarker } from '../../src/core/marker.ts'
import { textOf } from '../../src/errors.ts'
import type { Counts } from './judge.ts'
import { Violation } from './judge.ts'
import { newPerson } from './person.ts'
import { randomOf } from './random.ts'
import { scenarioOf } from './scenario.ts'
import { isOpen, serves } from './sites.ts'
import { copyOf, ledgerIn } from './store.ts'
import type { MemoryState } from '../../src/store/memory.ts'
import { runTroubles } from './troubles.ts'
import { loseStore, settleWorld } from './turning-points.ts'
import { newWorld, type World } from './world.ts'
import { textsOf, viewOf } from './zones.ts'

export type Result = { seed: number; red: Violation | null; counts: Counts; lastLines: string[] }

/** What a failing seed prints: the last that happened, what was broken, and the one command that shows it again. */
export const transcriptOf = ({ seed, red, lastLines }: Result): string =>
  [...lastLines.slice(-60), `seed ${seed} is red. ${red?.message}`, `to see it again: npm run sim -- --seed ${seed} --trace`].join('\n')

const calmBeginsMs = 25_000
const restMs = 75_000

/** Runs one seed to its end or its first fault. `print` gets every line as it happens. */
export async function simulate(seed: number, print?: (line: string) => void): Promise<Result> {
  const scenario = scenarioOf(seed)
  const lastLines: string[] = []
  let world: World
  const line = (who: string, text: string) => {
    const at = (world?.scheduler.nowMs() ?? 0) / 1000
    const told = `${at.toFixed(3).padStart(9)}  ${who.padEnd(12)} ${text}`
    print?.(told)
    lastLines.push(told)
    if (lastLines.length > 120) lastLines.shift()
  }
  world = newWorld(scenario, line)
  line('seed', `${seed}: ${JSON.stringify({ ...scenario.config, app: undefined, owner: undefined, dns: scenario.config.dns.hosts.map((h) => h.host), drift: scenario.config.dns.drift })} ${JSON.stringify({ ...scenario, config: undefined })}`)
  const { scheduler, judge } = world
  const person = newPerson(world, randomOf(seed, 'person'))
  const luck = randomOf(seed, 'troubles')
  const anySite = (chance: number) => (luck.chance(chance) ? luck.pick(scenario.config.sites).site : undefined)
  const isRed = () => judge.red.length > 0
  const by = (untilMs: number, stop: () => boolean = isRed) => scheduler.run(untilMs, judge.look, stop)
  const said = (what: Promise<unknown>) => void what.catch((thrown: unknown) => line('person', textOf(thrown)))

  for (const controller of world.controllers) scheduler.after(luck.span(1, 2_000), () => world.start(controller))
  scheduler.after(3_000, () => {
    scheduler.woke()
    said(person.adopt())
  })
  await by(luck.between(6_000, calmBeginsMs))
  world.chaos = true
  runTroubles(world, luck)
  const chaosEndsMs = scheduler.nowMs() + scenario.chaosMs
  if (scenario.storeLoss !== 'none') {
    const lostMs = chaosEndsMs - scenario.chaosMs * luck.between(0.2, 0.8)
    let copy: MemoryState | null = null
    if (scenario.storeLoss === 'old') scheduler.at(lostMs - luck.span(2_000, 90_000), () => void (copy = copyOf(world.file)))
    scheduler.at(lostMs, () => loseStore(world, luck, copy))
    // Somebody is quick to take it up, and may name another site than the one that was active.
    scheduler.at(lostMs + luck.span(2_000, 30_000), () => {
      scheduler.woke()
      said(person.adopt(anySite(0.5)))
    })
  }
  const whim = () => {
    if (!world.chaos) return
    scheduler.woke()
    said(judge.activeNow() === null || luck.chance(0.05) ? person.adopt(anySite(0.2)) : person.dabble())
    scheduler.after(luck.span(4_000, 90_000), whim)
  }
  const force = () => {
    if (!world.chaos) return
    scheduler.woke()
    said(person.duel())
    scheduler.after(luck.between(10_000, 25_000), force)
  }
  if (scenario.duel) force()
  if (scenario.requests) scheduler.after(luck.span(1_000, 60_000), whim)
  await by(chaosEndsMs)

  if (!isRed()) settleWorld(world, luck)
  let restsSinceMs: number | null = null
  let why: string | null = null
  const tendEvery = () => {
    scheduler.woke()
    said(person.tend())
    scheduler.after(11_000, tendEvery)
  }
  scheduler.after(8_000, tendEvery)
  const measure = () => {
    why = unrestOf(world)
    restsSinceMs = why === null ? (restsSinceMs ?? scheduler.nowMs()) : null
    scheduler.after(500, measure)
  }
  measure()
  const rests = () => restsSinceMs !== null && scheduler.nowMs() - restsSinceMs >= restMs
  const endsMs = scheduler.nowMs() + scenario.quietMs
  await by(endsMs, () => isRed() || rests())
  if (!isRed() && !rests()) judge.red.push(new Violation('I8', `${scenario.quietMs / 1000} s after the last fault ${why ?? 'it was not at rest for long'}`))
  const result: Result = { seed, red: judge.red[0] ?? null, counts: { ...judge.counts }, lastLines: [...lastLines] }
  await release(world)
  return result
}

/** Lets go of all that a world holds on to, so that a run of thousands of seeds keeps none of them. */
async function release(world: World): Promise<void> {
  world.line = () => {}
  for (const controller of world.controllers) {
    controller.gone = true
    controller.process?.kill('the simulation ends')
  }
  for (const stop of world.stops) stop.abort(new Error('the simulation ends'))
  await world.scheduler.run(world.scheduler.nowMs(), () => {}, () => true)
}

/** What still keeps the world from being as it should be, when faults have stopped. Null: nothing. */
function unrestOf(world: World): string | null {
  const { config } = world.scenario
  const ledger = ledgerIn(world.file)
  if (!ledger?.record) return 'the names are not adopted'
  if (!ledger.trusted) return 'the store is not trusted'
  if (ledger.move) return `a move is open: ${JSON.stringify(ledger.move)}`
  const active = world.sites.find((s) => s.site === ledger.active)!
  const record = ledger.record
  if (!serves(active)) return `${active.site} is active and does not serve`
  if (record.site !== active.site || record.epoch !== ledger.activeEpoch) return `the record names ${record.site} (epoch ${record.epoch}), and ${active.site} is active under ${ledger.activeEpoch}`
  const open = world.sites.filter((s) => isOpen(s, world.scheduler.nowMs())).map((s) => s.site)
  if (config.data.carried && open.join() !== active.site) return `${open.join(' and ') || 'nobody'} acknowledges writes, and ${active.site} is active`
  const ours = config.sites.flatMap((s) => s.addresses)
  for (const zone of world.zones.filter((z) => z.api === 'well')) {
    const marker = parseMarker(textsOf(zone)[0] ?? '')
    if (!marker || marker.epoch !== record.epoch || marker.state !== 'pointed' || marker.move !== record.move) return `${zone.config.host} shows "${textsOf(zone).join()}" and not epoch ${record.epoch}`
    for (const name of zone.config.names) {
      const shown = viewOf(zone).sets.filter((s) => s.name === name).flatMap((s) => s.values).filter((v) => ours.includes(v)).sort()
      if (shown.join() !== [...record.addresses].sort().join()) return `${zone.config.host} answers ${name} with ${shown.join()} and not with ${record.addresses.join()}`
    }
  }
  return null
}
