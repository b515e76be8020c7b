import { formatMarker, parseMarker } from '../../src/core/marker.ts'
import type { Random } from './random.ts'
import { ledgerIn } from './store.ts'
import type { Controller, World } from './world.ts'
import { textsOf } from './zones.ts'

/** What can go wrong. Each begins here, and ends after a while or never. */
type Trouble = { name: string; weight: number; begin: (world: World, random: Random, forMs: number) => void }

const later = (world: World, ms: number, run: () => void) => world.scheduler.after(ms, () => (world.calm ? undefined : run()))

const siteTrouble = (name: string, weight: number, hurt: (site: World['sites'][number]) => void, heal: (site: World['sites'][number]) => void): Trouble => ({
  name,
  weight,
  begin: (world, random, forMs) => {
    const active = world.sites.find((s) => s.site === world.judge.activeNow())
    const site = active && random.chance(0.6) ? active : random.pick(world.sites)
    world.line('fault', `${name} at ${site.site} for ${Math.round(forMs)} ms`)
    hurt(site)
    later(world, forMs, () => {
      world.line('fault', `${name} at ${site.site} ends`)
      heal(site)
    })
  },
})

const alive = (world: World): Controller[] => world.controllers.filter((c) => c.process !== null)

const edges = (world: World): [string, string][] => [
  ...world.controllers.flatMap((c) => [
    ...world.places.map((p): [string, string] => [c.machine.name, p.vantage]),
    ...world.zones.map((z): [string, string] => [c.machine.name, z.config.host]),
    ...world.sites.map((s): [string, string] => [c.machine.name, s.site]),
    [c.machine.name, 'parent'] as [string, string],
  ]),
  ...world.places.flatMap((p) => world.sites.map((s): [string, string] => [p.vantage, s.site])),
  ...world.places.flatMap((p) => world.sites.map((s): [string, string] => [p.vantage, s.site])),
  ...world.sites.map((s): [string, string] => [s.site, 'store']),
  ...world.sites.flatMap((s) => world.sites.filter((o) => o !== s).map((o): [string, string] => [s.site, o.site])),
]

const withController = (run: (world: World, random: Random, controller: Controller, forMs: number) => void): Trouble['begin'] => (world, random, forMs) => {
  const live = alive(world)
  if (live.length > 0) run(world, random, random.pick(live), forMs)
}

const troubles: Trouble[] = [
  siteTrouble('outage', 5, (s) => void (s.host = 'off'), (s) => void (s.host = 'up')),
  siteTrouble('null-route', 3, (s) => void (s.host = 'unreachable'), (s) => void (s.host = 'up')),
  siteTrouble('cut', 5, (s) => { s.host = 'unreachable'; s.account = 'locked' }, (s) => { s.host = 'up'; s.account = 'well' }),
  siteTrouble('app error', 4, (s) => void (s.app = 'error'), (s) => void (s.app = 'ok')),
  siteTrouble('port closed', 2, (s) => void (s.app = 'closed'), (s) => void (s.app = 'ok')),
  siteTrouble('stranger', 1, (s) => void (s.app = 'foreign'), (s) => void (s.app = 'ok')),
  siteTrouble('locked, serving', 2, (s) => void (s.account = 'locked'), (s) => void (s.account = 'well')),
  siteTrouble('warning', 1, (s) => void (s.account = 'warning'), (s) => void (s.account = 'well')),
  {
    name: 'account lies',
    weight: 3,
    begin: (world, random, forMs) => {
      const account = world.accounts.length > 0 ? random.pick(world.accounts) : null
      if (!account) return
      account.mood = random.pick(['silent', 'failing', 'flapping', 'truthful'] as const)
      if (account.mood === 'truthful') account.lies.push('account-locked')
      world.line('fault', `${account.cloud}'s API is ${account.mood}, lies ${account.lies.join()}`)
      later(world, forMs, () => void (account.mood = 'truthful'))
    },
  },
  {
    name: 'the second site dies too',
    weight: 4,
    begin: (world, _random, forMs) => {
      const target = world.sites.find((s) => s.site === ledgerIn(world.file)?.move?.to)
      if (!target) return
      world.line('fault', `${target.site}, the target of the open move, is off for ${Math.round(forMs)} ms`)
      target.host = 'off'
      later(world, forMs, () => void (target.host = 'up'))
    },
  },
  {
    name: 'partition',
    weight: 12,
    begin: (world, random, forMs) => {
      const [from, to] = random.pick(edges(world))
      const how = random.pick(['there', 'back', 'both'] as const)
      world.line('fault', `${from} > ${to} is cut (${how}) for ${Math.round(forMs)} ms`)
      world.network.cut(from, to, how)
      later(world, forMs, () => world.network.heal(from, to))
    },
  },
  {
    name: 'eclipse',
    weight: 4,
    begin: (world, random, forMs) => {
      const site = random.pick(world.sites)
      const places = world.places.filter(() => random.chance(0.7))
      const blind = random.chance(0.4)
      world.line('fault', `${site.site} is out of reach of ${places.map((p) => p.vantage).join()} for ${Math.round(forMs)} ms${blind ? ', which are blind' : ''}`)
      for (const place of places) {
        if (blind) place.blind = true
        else world.network.cut(place.vantage, site.site, 'both')
        later(world, forMs, () => {
          if (blind) place.blind = false
          else world.network.heal(place.vantage, site.site)
        })
      }
    },
  },
  {
    name: 'vantage',
    weight: 5,
    begin: (world, random, forMs) => {
      const place = random.pick(world.places)
      const how = random.pick(['blind', 'silent'] as const)
      world.line('fault', `${place.vantage} is ${how} for ${Math.round(forMs)} ms`)
      place[how] = true
      later(world, forMs, () => void (place[how] = false))
    },
  },
  {
    name: 'dns host',
    weight: 6,
    begin: (world, random, forMs) => {
      const zone = random.pick(world.zones)
      const servers = random.chance(0.5)
      world.line('fault', `${zone.config.host} dies for ${Math.round(forMs)} ms${servers ? ', servers too' : ''}`)
      zone.api = random.pick(['hangs', 'refuses'] as const)
      if (servers) for (const s of zone.servers) s.dead = true
      later(world, forMs, () => {
        world.judge.counts.hostsBack++
        world.line('fault', `${zone.config.host} is back`)
        zone.api = 'well'
        for (const s of zone.servers) s.dead = false
      })
    },
  },
  {
    name: 'frozen server',
    weight: 2,
    begin: (world, random, forMs) => {
      const server = random.pick(random.pick(world.zones).servers)
      server.frozenAtMs = world.scheduler.nowMs()
      world.line('fault', `${server.server} is frozen for ${Math.round(forMs)} ms`)
      later(world, forMs, () => void (server.frozenAtMs = null))
    },
  },
  {
    name: 'somebody else writes',
    weight: 4,
    begin: (world, random) => {
      const zone = random.pick(world.zones)
      const name = random.pick(zone.config.names)
      const luck = random.next()
      zone.tampered = true
      if (luck < 0.4) {
        const value = random.pick(world.scenario.config.sites).addresses[0]!
        const id = zone.records.find((r) => r.type === 'A' && r.name === name)?.id
        world.change(zone, `${name} → ${value}`, false, () => void (zone.records = zone.records.map((r) => (r.id === id ? { ...r, value } : r))))
      } else if (luck < 0.7) {
        world.change(zone, `${name} also at 198.51.100.7`, false, () => void zone.records.push({ id: zone.nextId++, name, type: 'A', value: '198.51.100.7', ttlS: 30 }))
      } else if (luck < 0.8) {
        const { app, owner, sites } = world.scenario.config
        const epoch = Math.max(0, ...world.zones.flatMap((z) => textsOf(z).map((t) => parseMarker(t)?.epoch ?? 0))) + 1
        const value = formatMarker({ app, owner: owner!, epoch, site: random.pick(sites).site, move: random.uuid(), state: 'claimed' })
        world.change(zone, `another controller claims epoch ${epoch}`, false, () => void (zone.records = zone.records.map((r) => (r.type === 'TXT' ? { ...r, value } : r))))
      } else if (world.scenario.storeLoss === 'none') {
        // With the store lost too, nobody would know the epoch.
        const value = random.pick(world.scenario.config.sites).addresses[0]!
        const restored = random.chance(0.5)
        world.change(zone, restored ? `an old copy of the zone, ${value} and no TXT` : 'the TXT is deleted', false, () => {
          zone.records = zone.records.filter((r) => r.type !== 'TXT').map((r) => (restored && r.type === 'A' ? { ...r, value } : r))
        })
      }
    },
  },
  {
    name: 'crash',
    weight: 6,
    begin: withController((_world, _random, controller) => controller.process!.kill('SIGKILL')),
  },
  {
    name: 'lost for good',
    weight: 1,
    begin: withController((world, _random, controller) => {
      if (world.controllers.filter((c) => !c.gone).length < 2 || world.file !== controller.file) return
      world.line('fault', `${controller.name} is lost for good`)
      controller.gone = true
      controller.process!.kill('its machine burns')
    }),
  },
  { name: 'end in order', weight: 2, begin: withController((world, _random, controller) => { world.line('fault', `${controller.name} is told to end`); controller.process!.deliver(() => controller.stop!.abort(new Error('asked to end'))) }) },
  {
    name: 'stop',
    weight: 6,
    begin: withController((world, random, controller, forMs) => {
      const ms = Math.min(forMs, 60_000)
      const suspend = random.chance(0.4)
      world.line('fault', `${controller.process!.name} is ${suspend ? 'suspended' : 'stopped'} for ${Math.round(ms)} ms`)
      world.judge.ballots(controller.process!).disturbed(controller.process!.monoMs())
      controller.process!.stop(ms, suspend)
      const { process } = controller
      world.scheduler.after(ms + 1, () => world.judge.ballots(process!).disturbed(process!.monoMs()))
    }),
  },
  {
    name: 'wall clock',
    weight: 3,
    begin: withController((world, random, controller) => {
      const ms = (world.scenario.bigJumps ? random.pick([-3_600_000, -90_000, 120_000]) : random.pick([-4_000, -2_500, 2_500, 4_000])) * random.between(0.5, 1)
      world.line('fault', `the wall clock of ${controller.machine.name} jumps by ${Math.round(ms)} ms`)
      controller.machine.wallOffMs += ms
      world.judge.ballots(controller.process!).disturbed(controller.process!.monoMs())
      // NTP puts a large jump right again.
      later(world, random.span(5_000, 90_000), () => {
        controller.machine.wallOffMs -= ms
        if (controller.process) world.judge.ballots(controller.process).disturbed(controller.process.monoMs())
      })
    }),
  },
  {
    name: 'crashy',
    weight: 8,
    begin: (world, random, forMs) => {
      world.crashiness = random.span(0.002, 0.06)
      world.line('fault', `every await may crash (${world.crashiness.toFixed(3)}) for ${Math.round(forMs)} ms`)
      later(world, Math.min(forMs, 40_000), () => void (world.crashiness = 0))
    },
  },
  {
    name: 'full disk',
    weight: 3,
    begin: (world, _random, forMs) => {
      const { file } = world
      file.failing = true
      world.line('fault', `the store's disk is full for ${Math.round(forMs)} ms`)
      world.scheduler.after(Math.min(forMs, 20_000), () => void (file.failing = false))
    },
  },
]

const total = troubles.reduce((sum, t) => sum + t.weight, 0)

function pick(random: Random): Trouble {
  let luck = random.next() * total
  return troubles.find((t) => (luck -= t.weight) < 0) ?? troubles[0]!
}

/** Begins one trouble after another until it is told to end. */
export function runTroubles(world: World, random: Random): void {
  const turn = () => {
    if (!world.chaos) return
    pick(random).begin(world, random, random.span(1_500, 120_000))
    world.scheduler.after(random.span(800, 25_000), turn)
  }
  turn()
}
