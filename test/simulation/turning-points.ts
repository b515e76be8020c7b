import type { MemoryState } from '../../src/store/memory.ts'
import type { Random } from './random.ts'
import { serves } from './sites.ts'
import { ledgerIn, newStoreFile } from './store.ts'
import type { World } from './world.ts'
import { textsOf } from './zones.ts'

/** The store is gone. `split`: one controller goes on with the file it holds open, another begins beside a new one. `copy`: what stands in its place. */
export function loseStore(world: World, random: Random, copy: MemoryState | null): void {
  const split = world.scenario.storeLoss === 'split'
  world.line('fault', split ? 'the store is lost, and one controller goes on with it' : copy ? 'a copy of earlier stands in the place of the store' : 'the store is lost')
  world.judge.storeLost(split || copy !== null)
  world.file = newStoreFile(copy ?? undefined)
  const old = split ? random.pick(world.controllers) : null
  for (const controller of world.controllers) {
    if (controller === old && world.controllers.length > 1) continue
    controller.process?.kill('the store is lost')
    controller.file = world.file
  }
}

/** What is broken now is broken for good, or heals for good; at least one site, one DNS host and one controller are well. */
export function settleWorld(world: World, random: Random): void {
  world.chaos = false
  world.calm = true
  world.crashiness = 0
  world.network.healAll()
  world.file.failing = false
  for (const account of world.accounts) {
    account.mood = 'truthful'
    account.lies = []
  }
  for (const place of world.places) place.blind = place.silent = false
  const well = random.pick(world.sites)
  for (const site of world.sites) {
    if (site !== well && !serves(site) && random.chance(0.4)) continue
    site.host = 'up'
    site.app = 'ok'
    site.account = 'well'
  }
  const { move = null, active = null } = ledgerIn(world.file) ?? {}
  const target = world.sites.find((s) => s.site === move?.to)
  // The target of a move that is under way dies for good, and another site is well.
  if (target && target.site !== active && random.chance(0.5)) {
    for (const site of world.sites) Object.assign(site, { host: 'up', app: 'ok', account: 'well' })
    target.host = 'off'
  }
  const reachable = random.pick(world.zones)
  // What others wrote can be taken up only while most DNS hosts can be read.
  const bare = world.zones.some((zone) => zone.tampered || textsOf(zone).length !== 1)
  for (const zone of world.zones) {
    if (!bare && zone !== reachable && zone.api !== 'well' && random.chance(0.4) && world.scenario.storeLoss === 'none') continue
    zone.api = 'well'
    for (const s of zone.servers) {
      s.dead = false
      s.frozenAtMs = null
    }
  }
  for (const controller of world.controllers) {
    controller.machine.wallOffMs = random.between(-500, 500)
    if (controller.file !== world.file) {
      controller.gone = true
      controller.process?.kill('its store is of no use any more')
    }
    // A machine that was lost is replaced where no other is left.
    if (world.controllers.every((c) => c.gone)) {
      controller.gone = false
      controller.file = world.file
    }
    world.start(controller)
  }
  world.line('fault', `all is settled: ${world.sites.map((s) => `${s.site} ${s.host}/${s.app}/${s.account}`).join(', ')}; ${world.zones.map((z) => `${z.config.host} ${z.api}`).join(', ')}`)
}
