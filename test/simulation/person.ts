import { nothingLifted } from '../../src/core/decide.ts'
import { requested } from '../../src/core/admit.ts'
import { freshLedger } from '../../src/core/ledger.ts'
import { emptyWatch } from '../../src/core/observe.ts'
import { planHash, planOf } from '../../src/core/plan.ts'
import { parseMarker } from '../../src/core/marker.ts'
import type { Lifted, Request, State } from '../../src/core/types.ts'
import type { AskedKind } from '../../src/core/words.ts'
import type { StoreView } from '../../src/ports.ts'
import { memoryClient } from '../../src/store/memory.ts'
import { epochWallMs } from './process.ts'
import type { Random } from './random.ts'
import { serves } from './sites.ts'
import type { World } from './world.ts'
import { textsOf, valuesOf, viewOf, type Zone } from './zones.ts'

/** Somebody at a terminal beside the store: sees what `status` shows, and asks. */
export type Person = {
  /** Anything at all, by chance; right or stale. */
  dabble(): Promise<void>
  /** Forces a failover away from a site that no controller can reach for a while. */
  duel(): Promise<void>
  /** What the alarms ask for, so that the world can come to rest. */
  tend(): Promise<void>
  /** Takes the names over as they are served now. False: too little can be read. */
  adopt(site?: string): Promise<boolean>
}

type Asking = { what: 'move'; kind: AskedKind; to: string | null; lifted: Lifted } | { what: 'pause'; untilMs: number | null; why: string; holder?: string } | { what: 'resume'; holder?: string } | { what: 'rejoin'; site: string }

export function newPerson(world: World, random: Random): Person {
  const { scheduler, scenario, judge } = world
  const { config } = scenario
  const nowMs = () => Math.round(epochWallMs + scheduler.nowMs())
  const clock = { now: () => ({ monoMs: scheduler.nowMs(), wallMs: nowMs() }) } as Parameters<typeof memoryClient>[1]['clock']
  const client = () => memoryClient(world.file.state, { clock })
  const stateOf = (view: StoreView): State => ({ ledger: view.ledger ?? freshLedger(config), watch: view.report?.watch ?? emptyWatch() })

  const send = async (request: Request, agreed: { plan: ReturnType<typeof planOf> | null; epoch: number }) => {
    judge.agreed.set(request.id, { ...agreed, request })
    world.line('person', `asks ${JSON.stringify(request)}`)
    await client().ask({ request })
  }

  const ask = async (asking: Asking, stale: boolean) => {
    const view = await client().read()
    const state = stateOf(view)
    const base = { id: random.uuid(), by: 'someone', expiresMs: nowMs() + Math.round(random.between(5_000, 59_000)) }
    if (asking.what !== 'move') return send({ ...base, ...asking }, { plan: null, epoch: 0 })
    const plan = requested(state, config, asking)
    if ('reason' in plan) return world.line('person', `sees no plan: ${plan.reason}`)
    const epoch = state.ledger.epoch + 1
    const hash = stale ? planHash(plan, epoch - 1) : planHash(plan, epoch)
    await send({ ...base, ...asking, planHash: hash }, { plan, epoch: stale ? -1 : epoch })
  }

  const anyMove = (): Asking => {
    const lifted = { ...nothingLifted, force: random.chance(0.4), unready: random.chance(0.2), acceptLoss: random.chance(0.5), unfenced: random.chance(0.03) }
    const to = random.chance(0.3) ? null : random.pick(config.sites).site
    return { what: 'move', kind: random.pick(['failover', 'switchover', 'switchover', 'failback'] as const), to, lifted }
  }

  const readable = (zone: Zone) => zone.api === 'well'

  const adopt = async (site?: string): Promise<boolean> => {
    if (world.zones.filter(readable).length * 2 <= world.zones.length) return false
    const view = await client().read()
    const ledger = view.ledger ?? freshLedger(config)
    const markers = world.zones.filter(readable).flatMap((z) => viewOf(z).txt.flatMap((t) => parseMarker(t) ?? []))
    const told = world.sites.filter((s) => s.host === 'up').map((s) => s.guard.epoch)
    const seenEpoch = Math.max(0, ...markers.map((m) => m.epoch), ...told)
    const placed = markers.filter((m) => m.state === 'pointed').sort((a, b) => b.epoch - a.epoch)[0]
    const served = world.zones.filter(readable).flatMap((z) => z.config.names.flatMap((n) => ['A', 'AAAA'].flatMap((t) => valuesOf(z, n, t))))
    const to = site ?? placed?.site ?? ledger.active ?? config.sites.find((s) => s.addresses.some((a) => served.includes(a)))?.site ?? config.sites[0]!.site
    const plan = planOf('adopt', ledger.active, to, config)
    const epoch = Math.max(ledger.epoch, seenEpoch) + 1
    const base = { id: random.uuid(), by: 'someone', expiresMs: nowMs() + 45_000 }
    await send({ ...base, what: 'adopt', to, seenEpoch, oldValues: [...new Set(served)], oldTtlS: 60, planHash: planHash(plan, epoch) }, { plan, epoch })
    return true
  }

  const tend = async () => {
    const view = await client().read()
    const { ledger, watch } = stateOf(view)
    if (view.requests.length > 0) return
    for (const zone of world.zones.filter((z) => readable(z) && textsOf(z).length > 1)) {
      const newest = zone.records.filter((r) => r.type === 'TXT').sort((a, b) => (parseMarker(b.value)?.epoch ?? 0) - (parseMarker(a.value)?.epoch ?? 0))[0]
      world.change(zone, 'the surplus TXT is deleted', false, () => void (zone.records = zone.records.filter((r) => r.type !== 'TXT' || r === newest)))
    }
    const isLong = ledger.move !== null && nowMs() - ledger.move.startedMs >= 240_000
    if (ledger.record === null || !ledger.trusted) {
      // Where nothing is adopted yet, an adoption is also the way from a site that died meanwhile.
      if (ledger.move === null) await adopt()
      else if (isLong) await adopt(world.sites.find(serves)?.site)
      return
    }
    // A pause never stops a move that is open.
    if (ledger.pause && ledger.move === null) return ask({ what: 'resume' }, false)
    const given = ledger.given.find((g) => serves(world.sites.find((s) => s.site === g.site)!))
    if (given) return ask({ what: 'rejoin', site: given.site }, false)
    if (ledger.move !== null && !isLong) return
    const active = world.sites.find((s) => s.site === ledger.active)!
    const lifted = { ...nothingLifted, acceptLoss: true }
    const waits = ledger.move !== null || (view.report && view.report.decision?.kind !== 'hold')
    // Where a lost cloud took vantages along, nobody but a person can tell; what is unknown bars no failover.
    const health = watch.sites[active.site]?.health ?? 'unknown'
    const unwell = !serves(active) && health !== 'up'
    // Before promote it is lifeboat's own task to turn a move to a better end.
    const mayTurn = ledger.move === null || ledger.move.to === ledger.active
    if (unwell && mayTurn && (waits || random.chance(health === 'down' ? 0.2 : 0.05))) return ask({ what: 'move', kind: 'failover', to: null, lifted }, false)
    // A marker that somebody deleted while the names moved is written again by nothing else.
    const bare = world.zones.some((z) => readable(z) && textsOf(z).length === 0)
    if (ledger.move !== null) return void (bare && (await adopt()))
    const drifted = world.zones.some((z) => readable(z) && (textsOf(z).length === 0 || !servesAll(z, ledger.record!.addresses)))
    if (drifted && random.chance(0.2)) await adopt()
  }

  const servesAll = (zone: Zone, addresses: string[]) => zone.config.names.every((n) => addresses.every((a) => viewOf(zone).sets.some((s) => s.name === n && s.values.includes(a))))

  /** Two commands that pause, beside what a person does by hand. */
  const heldBy = (isOne: boolean, isOther: boolean) => (isOne ? { holder: 'one' } : isOther ? { holder: 'other' } : {})

  const dabble = async () => {
    const luck = random.next()
    const view = await client().read()
    const given = view.ledger?.given[0]?.site
    const stale = random.chance(0.15)
    if (luck < 0.55) return ask(anyMove(), stale)
    if (luck < 0.7) return ask({ what: 'pause', untilMs: random.chance(0.3) ? null : nowMs() + Math.round(random.span(5_000, 90_000)), why: 'work', ...heldBy(luck < 0.6, luck < 0.65) }, false)
    if (luck < 0.85) return ask({ what: 'resume', ...heldBy(luck < 0.76, luck < 0.82) }, false)
    if (given) await ask({ what: 'rejoin', site: given }, false)
  }
  const duel = async () => {
    const { ledger } = await client().read()
    if (!ledger?.active || ledger.move || ledger.pause) return
    for (const { machine } of world.controllers) {
      world.network.cut(machine.name, ledger.active, 'both')
      const { active } = ledger
      scheduler.after(random.between(25_000, 50_000), () => world.network.heal(machine.name, active))
    }
    for (const { site } of ledger.given) await ask({ what: 'rejoin', site }, false)
    const to = random.pick(config.sites.filter((s) => s.site !== ledger.active)).site
    await ask({ what: 'move', kind: 'failover', to, lifted: { force: true, unready: true, unfenced: false, acceptLoss: true } }, false)
  }
  return { dabble, duel, tend, adopt }
}
