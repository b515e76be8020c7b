import { nothingLifted, startsThisHour } from '../core/decide.ts'
import { planName } from '../core/explain.ts'
import { servedBy, serialsShown } from '../core/move-hosts.ts'
import { closeMove, openMove, standAside } from '../core/ledger.ts'
import { pointTriesMost } from '../core/limits.ts'
import { looksAtServers, next, sourceIsDown } from '../core/next.ts'
import { planOf } from '../core/plan.ts'
import { spell } from '../core/spell.ts'
import { endOf, stepOf } from '../core/step-sentences.ts'
import type { Effect, Entry, HostView, Next, World } from '../core/moving.ts'
import type { Move } from '../core/types.ts'
import type { Step } from '../core/words.ts'
import type { WriteOutcome } from '../ports.ts'
import { callMs, turnMs } from './times.ts'
import { isStale, mayAct, orNull, say, type Self } from './self.ts'
import { readClaimed, readHost, readServers, writeHost } from './hosts.ts'

/** What this process remembers of the move that it runs; nothing of it is needed to resume. */
type Run = {
  id: string
  failed: Record<string, number>
  /** Since when this process has been at each step, monotonic. */
  since: Partial<Record<Step, number>>
  closed: Set<Step>
  at: Step | null
  fencedSinceMs: number | null
  /** DNS hosts that did not answer this move's last read: they are read beside it, and nothing waits for them. */
  silent: Map<string, Promise<unknown>>
  /** Per DNS host why its last write came to nothing. */
  refusals: Record<string, string>
  serials: World['serials']
  /** What was last said that it waits for. */
  waitsFor: string
  /** Effects that were asked for. */
  did: Set<string>
  /** What the last effects changed: the ledger alone, the markers alone, what the names point to, or something else. The next look goes by it. */
  changed: 'nothing' | 'ledger' | 'markers' | 'names'
  /** When the last look began, monotonic. */
  lookedMs: number
}

const newRun = (id: string): Run => ({
  id, failed: {}, since: {}, closed: new Set(), at: null, fencedSinceMs: null, silent: new Map(), refusals: {}, serials: {}, did: new Set(), waitsFor: '', changed: 'nothing', lookedMs: 0,
})

/** Carries the open move to its end: look at the world, take the first step whose goal is not seen, look again. */
export async function runMove(self: Self, signal: AbortSignal): Promise<void> {
  const { clock } = self.parts
  let run: Run | null = null
  for (;;) {
    signal.throwIfAborted()
    if (self.lease === null) return
    const move = (await self.book.refresh()).ledger?.move
    if (!move) return
    if (run?.id !== move.id) run = newRun(move.id)
    if (!mayAct(self, callMs.write)) {
      await clock.sleep(turnMs.backOff, signal)
      continue
    }
    const world = await look(self, move, run, signal)
    const found = next(move, world, self.parts.config)
    const from = run.at
    const entries = recordSteps(self, move, run, world, found)
    if (found.kind === 'done') return await finish(self, move, run, { world, debts: found.debts, entries })
    if (found.kind === 'abort') {
      await leave(self, move, world, found)
      continue
    }
    if (!changesLedgerAlone(found)) await self.book.note(entries)
    if (found.kind === 'wait') await sayWaiting(self, move, run, world, found)
    const pauseMs = found.kind === 'wait' ? waitMs(world, found) : await act(self, run, found, entries)
    if (pauseMs > 0 && run.at === from) await clock.sleep(pauseMs, signal)
  }
}

/** A step that only changes the ledger: what the journal says of it lands in the same commit. */
const changesLedgerAlone = (found: Next): boolean => found.kind === 'step' && found.effects.every((effect) => effect.do === 'commit')

/** How long to wait for the next look. Most name servers take a change over within milliseconds, so confirm looks again soon, and then ever later. */
const waitMs = ({ stepForMs }: World, { step }: Extract<Next, { kind: 'wait' }>): number =>
  step === 'confirm' ? Math.min(turnMs.move, Math.max(turnMs.confirm, stepForMs.confirm ?? 0)) : turnMs.move

async function look(self: Self, move: Move, run: Run, signal: AbortSignal): Promise<World> {
  const { config, clock, data } = self.parts
  const { changed } = run
  run.changed = 'nothing'
  run.lookedMs = clock.now().monoMs
  const views = async () => {
    // What was read before this process changed something else is as good as if it were read now: a write lands only where it still stands.
    if (changed !== 'ledger') await Promise.all(config.dns.hosts.map((h) => viewOf(self, h.host, run, signal, changed === 'markers')))
    return self.hosts
  }
  const limit = clock.deadline(callMs.read, signal)
  const dataOf = async (site: string) =>
    [site, data ? await orNull(self, 'step', `the data at ${site}`, limit, data.read(site, limit)) : null] as const
  const [hosts, servers, sites] = await Promise.all([
    views(),
    looksAtServers(run.at) || changed === 'names' ? readServers(self, signal) : null,
    Promise.all([...new Set([move.from ?? move.to, move.to])].map(dataOf)),
  ])
  signal.throwIfAborted()
  const { ledger } = await self.book.refresh().then(() => ({ ledger: self.book.ledger() }))
  const at = clock.now()
  run.fencedSinceMs = ledger.fenced ? (run.fencedSinceMs ?? at.monoMs) : null
  const entries = Object.entries(run.since).map(([step, ms]) => [step, at.monoMs - ms])
  const world: World = {
    at,
    ledger,
    sites: isStale(self) ? {} : self.state.watch.sites,
    data: Object.fromEntries(sites),
    hosts,
    failed: { ...run.failed },
    refusals: { ...run.refusals },
    servers,
    serials: run.serials,
    fencedForMs: run.fencedSinceMs === null ? null : at.monoMs - run.fencedSinceMs,
    startsThisHour: self.state.watch.at ? startsThisHour({ ledger, watch: self.state.watch }) : 0,
    stepForMs: Object.fromEntries(entries),
  }
  run.serials = serialsShown(move, world, config)
  return { ...world, serials: run.serials }
}

/** A dead DNS host costs a move one read; after that it is read beside the move until it answers. */
async function viewOf(self: Self, host: string, run: Run, signal: AbortSignal, markerAlone: boolean): Promise<void> {
  const waiting = run.silent.get(host)
  if (waiting) return
  const before = markerAlone && self.hosts[host]
  const read = before ? readClaimed(self, host, { before, move: run.id }, signal) : readHost(self, host, signal)
  const known = host in self.hosts && self.hosts[host] === null
  const beside = read.then(
    (view: HostView | null) => void (view !== null || !known ? run.silent.delete(host) : retry(self, host, run, signal)),
    () => void run.silent.delete(host),
  )
  if (known) run.silent.set(host, beside)
  else await read
}

function retry(self: Self, host: string, run: Run, signal: AbortSignal): void {
  const again = self.parts.clock.sleep(turnMs.backOff, signal).then(
    () => void run.silent.delete(host),
    () => void run.silent.delete(host),
  )
  run.silent.set(host, again)
}

/** Says the steps that this look found passed, and gives what the journal says of them and of the one that it found itself at. */
function recordSteps(self: Self, move: Move, run: Run, world: World, found: Next): Entry[] {
  const { config } = self.parts
  if (found.kind === 'abort') return []
  const here = found.kind === 'done' ? null : found.step
  const passed = move.steps.slice(0, here === null ? undefined : move.steps.indexOf(here)).filter((s) => !run.closed.has(s))
  const moved = run.at !== here
  if (!moved && passed.length === 0) return []
  const snapshot = { of: 'next' as const, move, world, config, next: found }
  const entries: Entry[] = passed.map((step) => {
    const { target } = stepOf(step, move, config)
    const { sentence, outcome } = endOf(step, move, world, config)
    // The very look that found the names pointed may have found them served.
    const sinceMs = run.since[step] ?? (looksAtServers(step) ? run.lookedMs : world.at.monoMs)
    const ms = Math.round(world.at.monoMs - sinceMs)
    const msg = outcome === 'nothing' ? `${step}: ${sentence}` : `${step}: ${sentence}, in ${spell(ms)}`
    run.closed.add(step)
    say(self, outcome === 'unknown' ? 'warn' : 'info', 'step', msg, { epoch: move.epoch, step, outcome, ms })
    const times = { startedMs: world.at.wallMs - ms, endedMs: world.at.wallMs }
    return self.book.entry('step', msg, { epoch: move.epoch, step, target, outcome, phase: 'end', ...times, detail: outcome === 'done' ? '' : sentence })
  })
  if (here !== null && moved) {
    // A step taken up again after an abort of the look before it starts anew only once.
    run.since[here] ??= world.at.monoMs
    const told = stepOf(here, move, config)
    const begins = { epoch: move.epoch, step: here, target: told.target, outcome: 'waiting', phase: 'start', startedMs: world.at.wallMs, detail: '' }
    entries.push(self.book.entry('step', `${here} begins: ${told.sentence}`, begins, snapshot))
  } else if (found.kind === 'done') entries.at(-1)!.snapshot = snapshot
  run.at = here
  if (moved) self.waits = null
  self.reportDue = true
  return entries
}

/** A wait that lasts is said, and again when it is for something else; figures that only count say nothing new. */
async function sayWaiting(self: Self, { epoch }: Move, run: Run, world: World, { step, why }: Extract<Next, { kind: 'wait' }>): Promise<void> {
  const what = `${step} ${why.replaceAll(/\d+ s\b/g, '')}`
  if ((world.stepForMs[step] ?? 0) < turnMs.report || run.waitsFor === what) return
  run.waitsFor = what
  const msg = `${step} waits: ${why}`
  self.waits = msg
  self.reportDue = true
  say(self, 'warn', 'step', msg, { epoch, step, outcome: 'waiting' })
  await self.book.note([self.book.entry('step', msg, { epoch, step, outcome: 'waiting', phase: 'wait', startedMs: world.at.wallMs })])
}

const changedAt: Partial<Record<Step, Run['changed']>> = { claim: 'markers', point: 'names' }

/** Carries out a step's effects side by side. Returns how long to wait before the next look: not at all where each was done for the first time. `entries` go with a commit. */
async function act(self: Self, run: Run, found: Extract<Next, { kind: 'step' }>, entries: Entry[]): Promise<number> {
  const { step, effects } = found
  const outcomes = await Promise.all(effects.map((effect) => carryOut(self, run, effect, entries)))
  if (outcomes.every(({ outcome }) => outcome === 'done')) run.changed = changesLedgerAlone(found) ? 'ledger' : changedAt[step] ?? 'nothing'
  let pauseMs = 0
  for (const [i, { outcome, detail }] of outcomes.entries()) {
    const effect = effects[i]!
    const name = nameOf(effect)
    // Done, and the look after it saw nothing of it: a site that does not open yet, or a host whose "done" is empty.
    const again = run.did.has(name)
    run.did.add(name)
    if (outcome === 'done' && !again) continue
    pauseMs = Math.max(pauseMs, turnMs.move)
    if (effect.do !== 'write') continue
    // Lost twice is no race: the host shows what it does not hold, as a name that is there only through a wildcard.
    if (outcome !== 'lost' || again) run.failed[effect.host] = (run.failed[effect.host] ?? 0) + 1
    if ((run.failed[effect.host] ?? 0) > pointTriesMost) pauseMs = turnMs.lead
    const told = outcome === 'done' ? 'done, and nothing of it is seen' : `${outcome}: ${detail}`
    if (run.refusals[effect.host] === told) continue
    run.refusals[effect.host] = told
    say(self, 'warn', 'dns', `${step} at ${effect.host}: ${told}`, { host: effect.host, step, outcome })
  }
  return pauseMs
}

const nameOf = (effect: Effect): string =>
  effect.do === 'write' ? `${effect.host} ${effect.marker.state}` : effect.do === 'commit' ? `fenced ${effect.ledger.fenced}` : `${effect.do} ${effect.site}`

async function carryOut(self: Self, run: Run, effect: Effect, entries: Entry[]): Promise<WriteOutcome> {
  const { clock, data } = self.parts
  switch (effect.do) {
    case 'commit': {
      const { epoch, active, activeEpoch, fenced, move } = effect.ledger
      const changed = await self.book.change((now) =>
        now.move?.id === run.id && now.epoch === epoch ? { ledger: { ...now, active, activeEpoch, fenced, move }, entries } : null,
      )
      if (changed) return { outcome: 'done', detail: '' }
      await self.book.note(entries)
      return { outcome: 'lost', detail: 'the ledger changed meanwhile' }
    }
    case 'write':
      return writeHost(self, effect)
    case 'demote':
    case 'promote': {
      if (!data || !mayAct(self, callMs.data)) return { outcome: 'lost', detail: 'this controller no longer leads' }
      const limit = clock.deadline(callMs.data)
      const asked = data[effect.do](effect.site, effect.epoch, limit)
      return (await orNull(self, 'step', `${effect.do} at ${effect.site}`, limit, asked)) ?? { outcome: 'unknown', detail: 'no answer' }
    }
  }
}

async function finish(self: Self, move: Move, run: Run, { world, debts, entries }: { world: World; debts: string[]; entries: Entry[] }): Promise<void> {
  const { config, clock } = self.parts
  const at = clock.now()
  const confirmMs = run.since.confirm === undefined ? 0 : at.monoMs - run.since.confirm
  const ending = { debts, pointedMs: at.wallMs - confirmMs, sourceDown: sourceIsDown(move, world) }
  const { showing, servers } = servedBy(move, world, config)
  const owed = debts.length > 0 ? `; still to be brought up: ${debts.join(', ')}` : ''
  const confirmed = showing > 0 ? `is confirmed at ${showing} of ${servers} name servers` : 'has ended unconfirmed: no name server was seen to show it'
  const msg = `${planName(move)} ${confirmed}, in ${spell(at.wallMs - move.startedMs)}${owed}`
  const { epoch, kind, from, to, by, cause: reason } = move
  const fields = { epoch, kind, from, to, by, reason, state: debts.length > 0 ? 'done-with-debts' : 'done', ms: at.wallMs - move.startedMs }
  const closed = await self.book.change((now) =>
    now.move?.id === move.id ? { ledger: closeMove(now, now.move, ending, config, at), entries: [...entries, self.book.entry('move', msg, fields)] } : null,
  )
  if (!closed) return void (await self.book.note(entries))
  self.state = { ...self.state, ledger: closed }
  self.dnsReadMs = null
  say(self, debts.length > 0 ? 'warn' : 'info', 'move', msg, fields)
}

/** Closes the move where it stands: another controller acts, or another site is the better end of it. */
async function leave(self: Self, move: Move, world: World, abort: Extract<Next, { kind: 'abort' }>): Promise<void> {
  const { config, clock } = self.parts
  const { as, to, why } = abort
  const fields = { epoch: move.epoch, kind: move.kind, from: move.from, to: move.to, state: as, by: move.by }
  const snapshot = { of: 'next' as const, move, world, config, next: abort }
  const msg = `${planName(move)} is ${as}: ${why}`
  const plan = to === null ? null : planOf(abort.move, world.ledger.active, to, config)
  const afterPromote = move.promoteTried
  await self.book.change((now) => {
    if (now.move?.id !== move.id) return null
    const entries = [self.book.entry('move', msg, fields, snapshot)]
    if (plan === null) return { ledger: standAside(now, clock.now()), entries }
    const by = afterPromote ? 'lifeboat' : move.by
    const { decision } = move
    const opening = { plan, id: clock.id(), decision, by, cause: 'redirect' as const, lifted: nothingLifted, automatic: afterPromote }
    const opened = openMove(now, opening, clock.now())
    entries.push(
      self.book.entry('move', `${planName(plan)} is opened as epoch ${opened.epoch}`, {
        epoch: opened.epoch, kind: plan.kind, from: plan.from, to: plan.to, by, reason: 'redirect', decision, state: 'open',
      }),
    )
    return { ledger: opened, entries }
  })
  say(self, 'warn', 'move', msg, fields)
}

