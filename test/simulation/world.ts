import { runController } from '../../src/controller.ts'
import type { Parts } from '../../src/controller/parts.ts'
import { textOf } from '../../src/errors.ts'
import { atomicHost, recordHost, type Lands } from './dns-hosts.ts'
import { newJudge, Violation, type Judge } from './judge.ts'
import { newNetwork, type Network } from './network.ts'
import { newMachine, newProcess, type Machine, type Process } from './process.ts'
import { randomOf, type Random } from './random.ts'
import type { Scenario } from './scenario.ts'
import { newScheduler, type Scheduler } from './scheduler.ts'
import { dataOf, isOpen, newSite, replicate, runGuard, serves, type Site } from './sites.ts'
import { ledgerIn, newStoreFile, storeOf, type StoreFile } from './store.ts'
import { cloudOf, nameServersOf, vantageOf, type Account, type Place } from './vantages.ts'
import { newZone, servedBy, swaps, viewOf, type Zone } from './zones.ts'

/** One controller: its machine stays, its processes come and go. */
export type Controller = { name: string; machine: Machine; process: Process | null; stop: AbortController | null; file: StoreFile; gone: boolean }

export type World = {
  scenario: Scenario
  scheduler: Scheduler
  network: Network
  random: Random
  judge: Judge
  sites: Site[]
  zones: Zone[]
  places: Place[]
  accounts: Account[]
  controllers: Controller[]
  /** Of every process that ever ran: an AbortSignal.any that is never aborted is never collected. */
  stops: AbortController[]
  /** The store that counts; `null` leader: nobody. */
  file: StoreFile
  files: WeakMap<Process, StoreFile>
  /** How likely a process dies at any one of its awaits. */
  crashiness: number
  /** Troubles may begin. */
  chaos: boolean
  /** The world is set for good: the noise of the network ends too. */
  calm: boolean
  line: (who: string, text: string) => void
  change: (zone: Zone, why: string, byUs: boolean, run: () => void) => void
  start: (controller: Controller) => void
}

export function newWorld(scenario: Scenario, line: (who: string, text: string) => void): World {
  const { seed, config } = scenario
  const scheduler = newScheduler()
  const rng = (label: string) => randomOf(seed, label)
  const noisy = () => scenario.noisy && !world.calm
  const network = newNetwork(rng('network'), noisy)
  const sites = config.sites.map((s) => newSite(s.site, s.cloud, rng(`site ${s.site}`)))
  const old = config.sites[0]!.addresses.map((value) => ({ value, type: value.includes(':') ? 'AAAA' : 'A' }))
  const zones = config.dns.hosts.map((host, i) => {
    const records = host.names.flatMap((name) => old.map(({ value, type }) => ({ name, type, value, ttlS: 60 })))
    const servers = [1, 2].slice(0, 1 + rng(`servers ${i}`).below(2)).map((n) => ({ server: `ns${n}.${host.driver}`, lagMs: rng(`lag ${i} ${n}`).span(1, 4_000), dead: false, frozenAtMs: null }))
    return newZone(host, config.app, records, servers)
  })
  const file = newStoreFile()
  const files = new WeakMap<Process, StoreFile>()
  const world: World = {
    scenario,
    scheduler,
    network,
    random: rng('world'),
    judge: newJudge(scenario, { sites, zones, nowMs: scheduler.nowMs, fileOf: (process) => files.get(process)! }),
    files,
    sites,
    zones,
    places: config.vantages.map(({ vantage, cloud }) => ({ vantage, cloud, blind: false, silent: false })),
    accounts: [...new Set(config.sites.map((s) => s.cloud))].filter((c) => c !== 'none').map((cloud) => ({ cloud, mood: 'truthful', lies: [] })),
    controllers: [],
    stops: [],
    file,
    crashiness: 0,
    chaos: false,
    calm: false,
    line,
    change: (zone, why, byUs, run) => {
      const before = viewOf(zone)
      run()
      // No zone holds a record twice.
      zone.records = zone.records.filter((r, i, all) => all.findIndex((o) => o.name === r.name && o.type === r.type && o.value === r.value) === i)
      zone.nextId++
      line(zone.config.host, `${byUs ? '' : 'by others: '}${why}: ${viewOf(zone).sets.map((s) => `${s.name} ${s.type} ${s.values.join()}`).join('; ')}`)
      zone.history.push({ sinceMs: scheduler.nowMs(), view: viewOf(zone) })
      world.judge.zoneChanged(zone, before, byUs)
    },
    start: (controller) => startController(world, controller),
  }
  world.controllers = Array.from({ length: scenario.controllers }, (_, i) => {
    const name = `ctl-${i + 1}`
    return { name, machine: newMachine(name, rng(name)), process: null, stop: null, file, gone: false }
  })
  for (const site of config.data.carried ? sites : []) runGuard(site, scheduler, network, rng(`guard ${site.site}`), () => ledgerIn(world.file))
  if (config.data.carried) replicate(sites, scheduler, network)
  runClient(world, rng('client'))
  return world
}

function startController(world: World, controller: Controller): void {
  if (controller.process !== null || controller.gone) return
  const { scheduler, network, scenario, judge } = world
  const { config } = scenario
  const noisy = () => scenario.noisy && !world.calm
  const generation = world.random.uuid().slice(0, 4)
  const random = randomOf(scenario.seed, `${controller.name} ${generation}`)
  const process: Process = newProcess(`${controller.name}#${generation}`, controller.machine, scheduler, network, random, {
    mishap: () => {
      if (!world.chaos || world.crashiness === 0 || !random.chance(world.crashiness)) return null
      if (random.chance(0.7)) return { crash: true }
      judge.ballots(process).disturbed(process.monoMs())
      return { crash: false, ms: random.span(500, 45_000), suspend: random.chance(0.4) }
    },
    killed: (dead, why) => {
      world.line(dead.name, `dies: ${why}`)
      judge.counts.crashes++
      controller.process = null
      void store.close()
      if (!controller.gone) scheduler.after(world.random.span(200, 15_000), () => world.start(controller))
    },
    line: world.line,
  })
  controller.process = process
  controller.stop = new AbortController()
  world.stops.push(controller.stop)
  const { file } = controller
  world.files.set(process, file)
  const store = storeOf(process, file, scheduler, random, noisy, {
    committed: (who, before, after, entries) => {
      for (const e of entries) world.line(who.name, `journal: ${e.msg}`)
      judge.committed(who, before, after, entries)
    },
    read: (who, ledger) => judge.read(who, ledger),
    lost: () => void judge.counts.lost++,
  })
  const lands: Lands = {
    change: (zone, why, run) => world.change(zone, `${process.name}: ${why}`, true, run),
    lost: () => void judge.counts.lost++,
    asked: (who, zone, change) => {
      world.line(who.name, `asks ${zone.config.host}: ${change.txt.new.join()} ${change.sets.filter((s) => s.new.length + s.old.length > 0).map((s) => `${s.name} ${s.old.join()} → ${s.new.join()}`).join('; ')}`)
      judge.dnsAsked(who, zone, change)
    },
  }
  const ballots = judge.ballots(process)
  const parts: Parts = {
    config,
    configHash: 'simulated',
    written: {},
    checks: { active: [{ kind: 'tcp', port: 443 }], standby: null },
    canaries: Array.from({ length: scenario.canaries }, (_, i) => `https://canary-${i}.example`),
    clock: process.clock,
    store,
    log: (entry) => {
      world.line(process.name, `${entry.level} ${entry.event}: ${entry.msg}`)
      // Between a decision and its start, the worst moment to be stopped.
      if (world.chaos && entry.event === 'decision' && entry.kind === 'move' && random.chance(0.15)) {
        const ms = random.between(5_000, 45_000)
        world.line(process.name, `is stopped after its decision for ${Math.round(ms)} ms`)
        judge.ballots(process).disturbed(process.monoMs())
        process.stop(ms, random.chance(0.3))
      }
    },
    vantages: world.places.map((place) => vantageOf(place, process, { ...world, noisy, random }, (at, sight, asked) => ballots.heard(at.vantage, sight, asked, process.monoMs()))),
    clouds: world.accounts.map((account) => cloudOf(account, process, world.sites, (readings) => ballots.read(readings), random)),
    hosts: world.zones.map((zone) => (swaps(zone) ? atomicHost(process, zone, lands) : recordHost(process, zone, lands))),
    nameServers: nameServersOf(process, world.zones),
    serversOf: Object.fromEntries(world.zones.map((z) => [z.config.host, z.servers.map((s) => s.server)])),
    data: config.data.carried
      ? dataOf(process, world.sites, {
          asked: (what, site, epoch) => {
                  world.line(process.name, `asks ${site}: ${what} ${epoch}`)
            judge.dataAsked(process, what, site, epoch)
          },
          closed: (who, site, epoch) => judge.closed(who, site, epoch),
        }, scheduler)
      : null,
    leader: { id: process.name, pid: 1, machine: controller.machine.name, sinceMs: 0, command: 'watch' },
  }
  world.line(process.name, 'starts')
  const { stop } = controller
  scheduler.woke()
  runController(parts, { ownMoves: true }, stop.signal).then(
    () => {
      world.line(process.name, 'ended in order')
      if (controller.process === process) controller.process = null
      void store.close()
      if (!controller.gone) scheduler.after(world.random.span(200, 10_000), () => world.start(controller))
    },
    (thrown: unknown) => {
      if (process.alive()) judge.red.push(new Violation('bug', `the controller threw ${textOf(thrown)}\n${thrown instanceof Error ? thrown.stack : ''}`))
    },
  )
}

/** A customer: goes where a name server sent it, for as long as it likes, and writes there. */
function runClient(world: World, random: Random): void {
  const { scheduler, zones, sites, scenario } = world
  let address: string | null = null
  let untilMs = 0
  const turn = () => {
    const nowMs = scheduler.nowMs()
    if (nowMs >= untilMs) {
      const zone = random.pick(zones)
      const view = servedBy(zone, random.pick(zone.servers).server, nowMs)
      address = view?.sets.find((s) => s.type === 'A')?.values[0] ?? address
      untilMs = nowMs + random.span(500, 60_000)
    }
    const site = sites.find((s) => scenario.config.sites.find((c) => c.site === s.site)!.addresses.includes(address ?? ''))
    if (site && serves(site) && isOpen(site, nowMs)) {
      site.guard.written++
      world.judge.acked(site)
    }
    scheduler.after(random.between(300, 1_200), turn)
  }
  if (scenario.config.data.carried) scheduler.after(100, turn)
}
