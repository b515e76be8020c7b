import { decide } from '../core/decide.ts'
import { sentenceOf } from '../core/explain.ts'
import { openMove } from '../core/ledger.ts'
import { observe } from '../core/observe.ts'
import type { Entry } from '../core/moving.ts'
import type { Decision, Facts, Probe, SiteWatch, State, Time } from '../core/types.ts'
import { upkeep } from '../core/upkeep.ts'
import { isEarly, tally } from '../core/votes.ts'
import { reasons } from '../core/words.ts'
import type { Question, Sight } from '../ports.ts'
import type { Parts } from './parts.ts'
import { turnMs } from './times.ts'
import { isLeading, isStale, mayAct, orNull, say, type Self } from './self.ts'

/** What one round asked and heard. `sight` null: that vantage did not answer. */
type Heard = { startedAt: Time; asked: Question[]; sights: { vantage: string; sight: Sight | null; atMs: number }[] }

/** The first half of a round: asks every vantage. Rejects only when the signal aborts. */
export async function hear(self: Self, signal: AbortSignal): Promise<Heard> {
  const { config, clock } = self.parts
  const startedAt = clock.now()
  const asked = questionsOf(self.parts, self.book.ledger().active)
  // A vantage that hangs must not make the round so long that this observer takes itself for held up.
  const wayMs = Math.min(turnMs.backOff, config.check.intervalMs)
  const limit = clock.deadline(config.check.timeoutMs + wayMs, signal)
  const ask = { questions: asked, canaries: self.parts.canaries, timeoutMs: config.check.timeoutMs }
  const sights = await Promise.all(
    self.parts.vantages.map(async (v) => {
      const sight = await orNull(self, 'vantage', v.vantage, limit, v.probe(ask, limit))
      return { vantage: v.vantage, sight, atMs: clock.now().monoMs }
    }),
  )
  signal.throwIfAborted()
  return { startedAt, asked, sights }
}

/** Its second half: observes, decides, and says what changed. */
export async function count(self: Self, { startedAt, asked, sights }: Heard, ownMoves: boolean): Promise<void> {
  const { config, clock } = self.parts
  // A store that cannot be read now does not make the observer blind: the round counts, and starts nothing.
  const unread: unknown = await self.book.refresh().then(() => null, (thrown: unknown) => thrown)
  const before = self.state
  const readings = self.readings.splice(0)
  self.state = observe(before, { ...factsOf(sights, asked), at: clock.now(), startedAt, readings, ledger: self.book.ledger() }, config)
  self.rounds += 1
  sayChanges(self, before)
  if (unread !== null) throw unread
  if (!isLeading(self)) return
  await keepUp(self)
  // Who leads reads DNS before it says anything: a marker there may be ahead of its store.
  if (self.dnsReadMs !== null) await decideNow(self, ownMoves)
}

/** What is asked at every address of every site. `active` null: no site is, and each is asked as the active one is. */
export function questionsOf({ config, checks }: Pick<Parts, 'config' | 'checks'>, active: string | null): Question[] {
  return config.sites.flatMap(({ site, addresses }) => {
    const list = active === null || site === active ? checks.active : (checks.standby ?? checks.active)
    return addresses.flatMap((address) =>
      list.map((check): Question => {
        const to = { site, address, timeoutMs: config.check.timeoutMs }
        return check.kind === 'http' ? { ...to, ...check, names: config.dns.names } : { ...to, ...check }
      }),
    )
  })
}

function factsOf(sights: Heard['sights'], asked: Question[]): Pick<Facts, 'probes' | 'canaries'> {
  const probes: Probe[] = []
  const canaries: Facts['canaries'] = []
  for (const { vantage, sight, atMs } of sights) {
    if (!sight) continue
    canaries.push({ vantage, ...sight.canaries })
    for (const site of new Set(asked.map((q) => q.site)))
      probes.push({ vantage, site, atMs, answers: sight.answers.filter((_, i) => asked[i]?.site === site) })
  }
  return { probes, canaries }
}

/** Health and verdicts, and vantages that went blind or came back: each said once, when it changes. */
function sayChanges(self: Self, { watch: before }: State): void {
  const { watch } = self.state
  const { config } = self.parts
  for (const [site, seen] of Object.entries(watch.sites)) {
    const was: SiteWatch | undefined = before.sites[site]
    if (was?.health === seen.health && was.verdict === seen.verdict) continue
    const early = config.sites.some((s) => s.site === site && isEarly(watch.votes, site, tally(watch.votes, config, s)))
    const level = early || (seen.health === 'up' && seen.verdict === 'well') ? 'info' : 'warn'
    say(self, level, 'health', `${site} is ${seen.health}: ${seen.why}`, { site, health: seen.health, verdict: seen.verdict })
    self.reportDue = true
  }
  for (const { vantage } of config.vantages) {
    const blind = watch.blind[vantage]
    if ((before.blind[vantage] === undefined) === (blind === undefined)) continue
    const msg = blind ? `${vantage} is blind (${blind}): it abstains` : `${vantage} sees again`
    say(self, blind ? 'warn' : 'info', 'vantage', msg, { vantage })
    self.reportDue = true
  }
}

async function keepUp(self: Self): Promise<void> {
  const due = upkeep(self.state, self.parts.config)
  if (!due) return
  const entries = due.notes.map((n) => self.book.entry(n.event, n.msg, { site: n.site }))
  const ledger = await self.book.change((now) => {
    const made = upkeep({ ledger: now, watch: self.state.watch }, self.parts.config)
    return made && { ledger: made.ledger, entries }
  })
  if (!ledger) return
  self.state = { ...self.state, ledger }
  for (const n of due.notes) say(self, n.level, n.event, n.msg, { site: n.site })
}

const nameOf = (d: Decision): string =>
  JSON.stringify([d.kind, d.reason, d.site, d.kind === 'refuse' ? d.would : d.kind === 'move' ? d.plan : null])

async function decideNow(self: Self, ownMoves: boolean): Promise<void> {
  const { config, clock } = self.parts
  const decision = decide(self.state, config)
  const sentence = sentenceOf(decision, self.state, config)
  const changed = self.decision === null || nameOf(self.decision) !== nameOf(decision)
  if (!changed) {
    self.decision = { ...self.decision!, sentence }
    if (decision.kind !== 'move') return
  } else {
    const id = clock.id().slice(0, 8)
    const { alarm } = reasons[decision.reason]
    const { kind, reason, site } = decision
    const fields = { id, kind, reason, site, verdict: self.state.watch.sites[site ?? '']?.verdict ?? null }
    const snapshot = { of: 'decide' as const, state: self.state, config, decision }
    // First the journal: where it cannot be written, the decision is made anew in the next round, and starts nothing now.
    if (!(await self.book.note([self.book.entry('decision', sentence, fields, snapshot)]))) return
    self.decision = { ...decision, id, sentence }
    self.reportDue = true
    say(self, alarm ? 'warn' : 'info', 'decision', sentence, fields)
  }
  if (decision.kind === 'move' && ownMoves && mayAct(self, 0)) await start(self, decision)
}

/** Opens the move that was decided, where the same is decided on the ledger as it is by now: a person may have asked for something meanwhile. */
async function start(self: Self, decision: Extract<Decision, { kind: 'move' }>): Promise<void> {
  const { clock, config } = self.parts
  const id = clock.id()
  const { plan, by, reason: cause, lifted, automatic } = decision
  const entryOf = (epoch: number): Entry =>
    self.book.entry('move', `${plan.kind} ${plan.from} → ${plan.to} is opened as epoch ${epoch}`, {
      epoch, kind: plan.kind, from: plan.from, to: plan.to, by, reason: cause, decision: self.decision!.id, state: 'open',
    })
  const opened = await self.book.change((now) => {
    if (nameOf(decide({ ledger: now, watch: self.state.watch }, config)) !== nameOf(decision) || isStale(self)) return null
    const ledger = openMove(now, { plan, id, decision: self.decision!.id, by, cause, lifted, automatic }, clock.now())
    return { ledger, entries: [entryOf(ledger.epoch)] }
  })
  if (!opened) return
  self.moveOpened.ring()
  const { msg, fields } = entryOf(opened.epoch)
  say(self, 'warn', 'move', msg, fields)
}
