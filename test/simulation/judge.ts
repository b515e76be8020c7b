import { isDeepStrictEqual } from 'node:util'
import { callMs } from '../../src/controller/times.ts'
import { decide } from '../../src/core/decide.ts'
import { pausesOf } from '../../src/core/ledger.ts'
import { fenceWaitMs } from '../../src/core/limits.ts'
import { parseMarker } from '../../src/core/marker.ts'
import type { Change, Entry, HostView } from '../../src/core/moving.ts'
import type { Ledger, Move, Plan, Request } from '../../src/core/types.ts'
import { newBallots, type Ballots } from './ballots.ts'
import type { Process } from './process.ts'
import type { Scenario } from './scenario.ts'
import { isOpen, type Site } from './sites.ts'
import { ledgerIn, type StoreFile } from './store.ts'
import { servedBy, swaps, textsOf, valuesOf, viewOf, type Zone } from './zones.ts'

/** A seed that went red: which invariant, and what was seen. */
export class Violation extends Error {
  constructor(invariant: string, text: string) {
    super(`${invariant}: ${text}`)
  }
}

export const countNames = ['promotes', 'redirects', 'hostsBack', 'crashes', 'lost', 'abandoned', 'superseded', 'executed', 'expired', 'automatic', 'moves', 'acks', 'demotes', 'aside', 'adopted', 'upkept', 'planned'] as const
export type Counts = Record<(typeof countNames)[number], number>
export const noCounts = (): Counts => Object.fromEntries(countNames.map((n) => [n, 0])) as Counts

/** What a person agreed to when they asked. */
export type Agreed = { plan: Plan | null; epoch: number; request: Request }

type Heard = { ballots: Ballots; fence: { active: string; sinceMs: number } | null; closed: { site: string; epoch: number }[] }

/** Looks at everything that happens, with the eyes of nobody in the world. The first fault ends the run. */
export type Judge = ReturnType<typeof newJudge>

export function newJudge(scenario: Scenario, world: { sites: Site[]; zones: Zone[]; nowMs: () => number; fileOf: (process: Process) => StoreFile }) {
  const { config } = scenario
  const counts = noCounts()
  const red: Violation[] = []
  const heard = new WeakMap<Process, Heard>()
  const bytes = new Map<string, string>()
  const ids = new Map<number, string>()
  const pointed = new Set<number>()
  const begun = new Set<string>()
  const startsMs: number[] = []
  const ends: { from: string | null; to: string; atMs: number }[] = []
  const agreed = new Map<string, Agreed>()
  const answered = new Map<string, number>()
  let ackedEpoch = 0
  let active: string | null = null
  let unfenced = false
  /** True: two stores, or an old copy: what one store alone promises is not judged any more. */
  let torn = false
  let forgot = false

  const say = (invariant: string, text: string) => void red.push(new Violation(invariant, text))
  const of = (process: Process): Heard => {
    const known = heard.get(process)
    if (known) return known
    const made: Heard = { ballots: newBallots(config), fence: null, closed: [] }
    heard.set(process, made)
    return made
  }

  const judgeStart = (process: Process, before: Ledger, move: Move) => {
    counts.automatic++
    const { ballots } = of(process)
    const nowMs = process.monoMs()
    const entry = world.fileOf(process).entries.findLast((e) => e.event === 'decision' && e.fields.id === move.decision)
    const snapshot = entry?.snapshot
    if (snapshot?.of !== 'decide') say('I6', `no decision ${move.decision} was journaled before epoch ${move.epoch} opened`)
    else {
      const again = decide(snapshot.state, snapshot.config)
      const same = again.kind === 'move' && isDeepStrictEqual({ ...again.plan }, { kind: move.kind, from: move.from, to: move.to, addresses: move.addresses, steps: move.steps })
      if (!same || !isDeepStrictEqual(again, snapshot.decision)) say('I6', `replaying decision ${move.decision} gives ${JSON.stringify(again)}, and ${JSON.stringify(move)} was opened`)
    }
    if (before.pause) say('I6', `epoch ${move.epoch} was started while paused`)
    if (!before.trusted) say('I6', `epoch ${move.epoch} was started from a store that may be an old copy`)
    if (!config.policy.automatic) say('I6', `epoch ${move.epoch} was started, and policy.automatic is false`)
    if (move.kind === 'failover') {
      const why = ballots.forbids(move.from!, move.cause, nowMs) ?? ballots.forbidsTarget(move.to, nowMs)
      if (why) say('I6', `epoch ${move.epoch} (${move.cause}) was started from ${move.from} to ${move.to}: ${why}`)
      if (config.data.holds !== null && !config.data.carried && move.cause !== 'cut') say('I6', `epoch ${move.epoch} leaves data behind for ${move.cause}`)
    }
    if (scenario.bigJumps || forgot) return
    const back = ends.find((e) => e.from === move.to && e.to !== move.to && world.nowMs() - e.atMs < config.policy.cooldownMs * 0.94 - 5_000)
    if (back && move.cause !== 'cut' && move.kind !== 'repoint') say('I7', `epoch ${move.epoch} returns to ${move.to} by itself, left ${Math.round(world.nowMs() - back.atMs)} ms ago`)
  }

  const judgeOpening = (process: Process, before: Ledger, after: Ledger, move: Move) => {
    counts.moves++
    if (move.kind === 'switchover' || move.kind === 'failback') counts.planned++
    if (move.kind === 'adopt') counts.adopted++
    if (move.lifted.unfenced) unfenced = true
    // An epoch that only a dead site knows of is out of sight for whoever takes up a lost store.
    const shown = Math.max(0, ...world.zones.flatMap((z) => textsOf(z).map((t) => parseMarker(t)?.epoch ?? 0)))
    torn ||= forgot && move.kind === 'adopt' && [...ids.keys()].some((epoch) => epoch >= move.epoch && epoch > shown)
    if (!torn && (ids.has(move.epoch) || move.epoch <= Math.max(0, ...ids.keys()))) say('I7', `epoch ${move.epoch} is used again, or is not the highest`)
    if (move.epoch !== after.epoch) say('I7', `epoch ${move.epoch} is opened, and the ledger says ${after.epoch}`)
    ids.set(move.epoch, move.id)
    if (before.move && after.past[0]?.id !== before.move.id) say('I7', `epoch ${move.epoch} is opened while ${before.move.epoch} is open`)
    if (move.cause === 'redirect') counts.redirects++
    else if (move.by === 'lifeboat') judgeStart(process, before, move)
    if (!move.automatic || scenario.bigJumps || forgot) return
    startsMs.push(world.nowMs())
    if (startsMs.length > config.policy.maxMovesPerHour) say('I7', `${startsMs.length} automatic moves within an hour`)
  }

  const judgePromote = (process: Process, before: Ledger, after: Ledger) => {
    counts.promotes++
    const move = after.move
    const from = before.active
    const stays = move === null || move.kind === 'adopt' || move.kind === 'repoint' || move.lifted.unready
    if (!stays && of(process).ballots.unseen(move.to, process.monoMs())) say('I6', `${move.to} is promoted (epoch ${move.epoch}), and no voter saw it well of late`)
    if (!config.data.carried || from === null || from === after.active || !move) return
    const { fence, closed, ballots } = of(process)
    const waited = fence !== null && fence.active === from && process.monoMs() - fence.sinceMs >= fenceWaitMs - 1
    const acknowledged = closed.some((c) => c.site === from && c.epoch >= move.epoch)
    if (!waited && !acknowledged && !move.lifted.unfenced) say('I2', `${after.active} is promoted (epoch ${move.epoch}), and ${from} was neither heard to be fenced nor waited out`)
    const at = (name: string) => world.sites.find((s) => s.site === name)!.guard
    const planned = move.kind === 'switchover' || move.kind === 'failback'
    if (planned && !move.lifted.unfenced && !ballots.saysDown(from, process.monoMs()) && at(after.active!).written < at(from).written) say('I9', `a planned move loses ${at(from).written - at(after.active!).written} acknowledged writes of ${from}`)
    // What the old one had beyond it is another history from now on.
    for (const { guard } of world.sites) guard.written = Math.min(guard.written, at(after.active!).written)
  }

  /** Confirmed is what name servers show. One that was frozen, dead or written by others since it was asked is left out. */
  const judgeEnd = (epoch: number, state: string) => {
    if (!pointed.has(epoch)) say('I4', `epoch ${epoch} is ${state}, and no DNS host ever showed it`)
    if (state !== 'done') return
    for (const zone of world.zones.filter((z) => !z.tampered))
      for (const { server, dead, frozenAtMs } of zone.servers) {
        if (dead || frozenAtMs !== null) continue
        const shown = parseMarker(servedBy(zone, server, world.nowMs())?.txt[0] ?? '')
        if (shown && shown.epoch < epoch) say('I4', `epoch ${epoch} is done, and ${server} shows epoch ${shown.epoch}`)
      }
  }

  /** A command that ends takes its own pause away and nobody else's. */
  const judgeResume = (was: Ledger, after: Ledger, holder: string | undefined) => {
    const left = holder === undefined ? [] : pausesOf(was).filter((pause) => pause.holder !== holder)
    if (!isDeepStrictEqual(pausesOf(after), left)) say('I6', `the pause of ${holder ?? 'everybody'} was ended, and of ${JSON.stringify(pausesOf(was))} stand ${JSON.stringify(pausesOf(after))}`)
  }

  const judgeRequests = (process: Process, was: Ledger, after: Ledger, entries: Entry[]) => {
    for (const { event, fields } of entries) {
      if (event !== 'request' || typeof fields.request !== 'string') continue
      const id = fields.request
      const asked = agreed.get(id)
      if (!asked) continue
      if (fields.reason === 'expired') {
        counts.expired++
        if (answered.has(id)) say('I10', `request ${id} expired after it was answered`)
        continue
      }
      answered.set(id, (answered.get(id) ?? 0) + 1)
      if (answered.get(id)! > 1) say('I10', `request ${id} was answered twice`)
      if (fields.kind === 'refuse') continue
      counts.executed++
      const wallMs = process.clock.now().wallMs
      const { request } = asked
      if (wallMs > request.expiresMs) say('I10', `request ${id} ran ${wallMs - request.expiresMs} ms after it had expired`)
      if (request.what === 'resume') judgeResume(was, after, request.holder)
      if (fields.kind !== 'move') continue
      const { move } = after
      const plan = move && { kind: move.kind, from: move.from, to: move.to, addresses: move.addresses, steps: move.steps }
      if (!isDeepStrictEqual(plan, asked.plan) || move!.epoch !== asked.epoch) say('I10', `request ${id} opened ${JSON.stringify(plan)} as epoch ${move?.epoch}, agreed was ${JSON.stringify(asked.plan)} as ${asked.epoch}`)
    }
  }

  const mayAct = (process: Process, what: string) => {
    const { leader, since } = world.fileOf(process)
    if (leader !== process) say('I5', `${process.name} acts (${what}) and does not lead`)
    else if (since.unclean && process.monoMs() - since.monoMs < callMs.write) say('I5', `${process.name} acts (${what}) while calls of the one before it may be under way`)
  }

  const begunOrSaid = (process: Process, epoch: number, step: string) => {
    if (ledgerIn(world.fileOf(process))?.move?.epoch === epoch && !begun.has(`${epoch} ${step}`)) say('journal', `an effect of ${step} (epoch ${epoch}) precedes its entry`)
  }

  return {
    counts,
    red,
    config,
    agreed,
    ballots: (process: Process) => of(process).ballots,
    /** The store was lost: its history is forgotten; `split`: the old one lives on beside a new one. */
    storeLost: (split: boolean) => {
      forgot = true
      answered.clear()
      active = null
      // Epochs that never left the lost store may be allocated again; where such a one is under way to a DNS host, two moves may bear it.
      const shown = world.zones.flatMap((z) => textsOf(z).map((t) => parseMarker(t)?.epoch ?? 0))
      const known = Math.max(0, ...shown, ...world.sites.map((s) => s.guard.epoch))
      torn ||= split || [...ids.keys()].some((epoch) => epoch > known)
      for (const epoch of ids.keys()) if (epoch > known) ids.delete(epoch)
    },
    /** The site that is active by the store last written. */
    activeNow: () => active,
    read: (process: Process, ledger: Ledger | null) => {
      const mine = of(process)
      if (!ledger?.fenced || ledger.active === null) mine.fence = null
      else if (mine.fence?.active !== ledger.active) mine.fence = { active: ledger.active, sinceMs: process.monoMs() }
    },
    closed: (process: Process, site: string, epoch: number) => void of(process).closed.push({ site, epoch }),
    committed: (process: Process, before: Ledger | null, after: Ledger, entries: Entry[]) => {
      for (const { event, fields } of entries) if (event === 'step' && fields.phase === 'start') begun.add(`${fields.epoch} ${fields.step}`)
      const was = before ?? ({ ...after, epoch: 0, active: null, activeEpoch: 0, fenced: false, move: null, past: [], pause: null } as Ledger)
      judgeRequests(process, was, after, entries)
      if (after.pause === null && after.otherPauses) say('I6', `nothing is paused, and ${JSON.stringify(after.otherPauses)} stand`)
      active = after.active
      if (after.epoch < was.epoch) say('I7', `the ledger's epoch fell from ${was.epoch} to ${after.epoch}`)
      const past = after.past.filter((p) => !was.past.some((q) => q.id === p.id))
      for (const p of past) {
        ends.push({ from: p.from, to: p.to, atMs: world.nowMs() })
        if (p.state === 'abandoned' || p.state === 'superseded') counts[p.state]++
        else judgeEnd(p.epoch, p.state)
      }
      if (after.active !== was.active || after.activeEpoch !== was.activeEpoch) if (after.activeEpoch !== was.activeEpoch) judgePromote(process, was, after)
      if (after.move && after.move.id !== was.move?.id) judgeOpening(process, was, after, after.move)
      if (was.trusted && !after.trusted) counts.aside++
      if (after.given.length < was.given.length && after.move === null && past.length === 0) counts.upkept++
    },
    dnsAsked: (process: Process, zone: Zone, change: Change) => {
      mayAct(process, zone.config.host)
      const marker = parseMarker(change.txt.new[0] ?? '')
      if (!marker) return
      begunOrSaid(process, marker.epoch, marker.state === 'claimed' ? 'claim' : 'point')
      const ledger = ledgerIn(world.fileOf(process))
      if (!ledger) return
      if (marker.state === 'pointed' && ledger.activeEpoch < marker.epoch) say('order', `${zone.config.host} is pointed to ${marker.site} (epoch ${marker.epoch}) before that is the active site`)
      const served = change.sets.flatMap((s) => s.old.filter((value) => ledger.ours.includes(value)))
      const vanished = change.txt.old.length === 0 && ledger.hosts[zone.config.host] !== undefined && ledger.move === null
      if (vanished && served.some((value) => !ledger.record!.addresses.includes(value))) say('I4', `${zone.config.host} lost its marker, serves ${served.join()}, and is written`)
    },
    dataAsked: (process: Process, what: string, site: string, epoch: number) => {
      if (what === 'demote') counts.demotes++
      mayAct(process, `${what} ${site}`)
      begunOrSaid(process, epoch, what === 'demote' ? 'fence' : 'promote')
    },
    zoneChanged: (zone: Zone, before: HostView, byUs: boolean) => {
      const { host, names } = zone.config
      const now = viewOf(zone)
      const has = (view: HostView, name: string) => view.sets.some((s) => s.name === name && s.type !== 'AAAA')
      for (const name of names) if (byUs && has(before, name) && !has(now, name)) say('I3', `${host} answers ${name} with no address`)
      if (!byUs || textsOf(zone).join() === before.txt.join()) return
      if (textsOf(zone).length > 1) return swaps(zone) ? say('I4', `${host} shows two markers`) : undefined
      const marker = parseMarker(textsOf(zone)[0] ?? '')
      if (!marker) return say('I4', `${host} shows no marker any more`)
      if (marker.state === 'pointed') pointed.add(marker.epoch)
      const key = `${marker.epoch} ${marker.state}`
      const site = config.sites.find((s) => s.site === marker.site)!
      const ours = config.sites.flatMap((s) => s.addresses)
      const shown = names.map((n) => ['A', 'AAAA'].flatMap((t) => valuesOf(zone, n, t)).filter((v) => ours.includes(v)).sort())
      const wanted = [...site.addresses].sort()
      if (marker.state === 'pointed' && swaps(zone) && shown.some((s) => s.join() !== wanted.join())) say('I4', `${host} shows ${key} with ${JSON.stringify(shown)} instead of ${wanted}`)
      if (torn) return
      const text = textsOf(zone)[0]!
      if ((bytes.get(key) ?? text) !== text) say('I4', `${key} is "${text}" at ${host} and was "${bytes.get(key)}"`)
      bytes.set(key, text)
      const was = parseMarker(before.txt[0] ?? '')
      if (swaps(zone) && was && was.epoch > marker.epoch) say('I4', `the marker of ${host} fell from epoch ${was.epoch} to ${marker.epoch}`)
    },
    acked: (site: Site) => {
      counts.acks++
      const { epoch } = site.guard.lease!
      if (epoch < ackedEpoch && !unfenced) say('I1', `${site.site} acknowledges a write under epoch ${epoch} after one under ${ackedEpoch}`)
      ackedEpoch = Math.max(ackedEpoch, epoch)
    },
    /** After every event. */
    look: () => {
      if (!config.data.carried || unfenced) return
      const open = world.sites.filter((s) => isOpen(s, world.nowMs()))
      if (open.length > 1) say('I1', `${open.map((s) => `${s.site} (epoch ${s.guard.lease!.epoch})`).join(' and ')} acknowledge writes`)
    },
  }
}
