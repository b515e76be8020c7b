// Telling people, beside the rounds and the moves: one loop makes the messages that are due, one per channel sends them, in order. Only
// the leader tells. Where nobody leads, nobody does: messages that were made wait in the ledger for the next leader, and the heartbeat
// falls silent.

import { alarmsOf, type Standing } from '../core/alarms.ts'
import type { Entry } from '../core/moving.ts'
import type { Telling, Waiting } from '../core/messages.ts'
import { freshTelling, taken, tell, type News } from '../core/telling.ts'
import { wayOn } from '../core/way-on.ts'
import { Said } from '../errors.ts'
import type { Channel, Delivery, Journal, StoredEntry } from '../ports.ts'
import { heartbeatTurn } from './heartbeat.ts'
import type { Parts } from './parts.ts'
import { isLeading, isStale, orNull, say, type Self } from './self.ts'

/** A channel's own deadline ends its try sooner. */
const sendMs = 15_000
/** What the end of this process waits at most for what still waits to be told. */
const lastMs = 3_000
/** The pause after a failed try: twice as long each time, up to the second figure. */
const [againMs, againMostMs] = [1_000, 60_000]
/** What the other side may ask us to wait. */
const askedMostMs = 600_000
/** How many entries of the journal are read at once. */
const entriesMost = 200
/** How many decisions are looked through for that of a move: they carry snapshots, and it is among the latest. */
const decisionsMost = 20

/** What this process remembers of the making: up to where it has read the journal, and since when what is wrong is so, monotonic. */
type Memory = { seq: number; since: Map<string, number> }
/** What it remembers of one channel. `took`: the message that it took last, whether the ledger knows it yet or not. */
type Way = { channel: Channel; tries: number; notBeforeMs: number; took: string | null }

/** The turns that tell people, and what is done when all turns have ended. */
export type Tellers = { turns: (() => Promise<void>)[]; last(): Promise<void> }

/** `watches`: false for one command's process, whose life proves nothing. */
export function tellersOf(self: Self, watches: boolean, signal: AbortSignal): Tellers {
  const { tells, heartbeat, clock } = self.parts
  const turns = watches && heartbeat ? [heartbeatTurn(self, heartbeat, signal)] : []
  if (!tells || tells.channels.length === 0) return { turns, last: async () => {} }
  const memory: Memory = { seq: 0, since: new Map() }
  const ways = tells.channels.map((channel): Way => ({ channel, tries: 0, notBeforeMs: 0, took: null }))
  const send = (way: Way) => async () => void (await sendNext(self, way, signal))
  const last = async () => {
    const limit = clock.deadline(lastMs)
    await makeMessages(self, tells, memory)
    await Promise.all(ways.map((way) => sendAll(self, way, limit)))
  }
  return { turns: [...turns, () => makeMessages(self, tells, memory), ...ways.map(send)], last: () => orSaid(self, last) }
}

/** The end is no time for the store's troubles: what could not be told now waits in it. */
async function orSaid(self: Self, run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (thrown) {
    if (!(thrown instanceof Said) && !(thrown instanceof DOMException)) throw thrown
    say(self, 'warn', 'notify', `what still was to be told waits for the next leader: ${thrown.message}`)
  }
}

// ── Making ───────────────────────────────────────────────────────────────────

type Tells = NonNullable<Parts['tells']>

async function makeMessages(self: Self, tells: Tells, memory: Memory): Promise<void> {
  if (!isLeading(self) || self.book.view() === null) return
  const { telling } = self.book.ledger()
  if (!telling) return begin(self, tells)
  const news = await newsOf(self, tells, Math.max(telling.seq, memory.seq), memory)
  const read = () => (memory.seq = Math.max(memory.seq, news.entries.at(-1)?.seq ?? 0))
  if (!isWorthKeeping(telling, tell(telling, news))) return void read()
  let lost: string[] = []
  const changed = await self.book.change((now) => {
    const before = now.telling ?? freshTelling(0)
    const after = tell(before, news)
    lost = tells.channels.map(({ channel }) => channel).filter((channel) => (after.lost[channel] ?? 0) > (before.lost[channel] ?? 0))
    return { ledger: { ...now, telling: after }, entries: lost.map((channel) => self.book.entry('notify', givenUp(channel), { channel })) }
  })
  if (!changed) return
  read()
  for (const channel of lost) say(self, 'error', 'notify', givenUp(channel), { channel })
  self.reportDue = true
}

const givenUp = (channel: string): string => `${channel} was not told for too long: its oldest message is given up`

/** What happened before anybody was to be told is told to nobody. */
async function begin(self: Self, { journal }: Tells): Promise<void> {
  const seq = (await journal.entries({ most: 1 }))[0]?.seq ?? 0
  await self.book.change((now) => (now.telling ? null : { ledger: { ...now, telling: freshTelling(seq) }, entries: [] }))
}

/** An entry of the journal of which there is nothing to tell is no reason to write the ledger: after a restart it is read again. Many are. */
const isWorthKeeping = (before: Telling, after: Telling): boolean =>
  after.seq - before.seq >= entriesMost || JSON.stringify({ ...before, seq: 0 }) !== JSON.stringify({ ...after, seq: 0 })

async function newsOf(self: Self, { channels, journal }: Tells, afterSeq: number, { since }: Memory): Promise<News> {
  const { config, clock } = self.parts
  const ledger = self.book.ledger()
  const { wallMs, monoMs } = clock.now()
  const entries = await journal.entries({ afterSeq, most: entriesMost })
  const state = { ledger, watch: self.state.watch }
  const standing = alarmsOf({ state, decision: isStale(self) ? null : self.decision, dns: self.dnsReadMs === null ? null : self.dns }, config)
  return {
    app: config.app,
    epoch: ledger.epoch,
    wallMs,
    next: wayOn(state, { wallMs, watched: true, config }) ?? 'to look: lifeboat status',
    entries: [...(await decisionsOf(entries, journal)), ...entries],
    standing: patient(standing, since, monoMs),
    channels,
  }
}

/** The decisions that moves were opened by, where they were journaled before. */
async function decisionsOf(entries: StoredEntry[], journal: Journal): Promise<StoredEntry[]> {
  const isThere = (id: Entry['fields'][string] | undefined) => entries.some(({ event, fields }) => event === 'decision' && fields.id === id)
  const missing = entries.filter(({ event, fields }) => event === 'move' && fields.state === 'open' && fields.decision !== undefined && !isThere(fields.decision))
  if (missing.length === 0) return []
  const decisions = await journal.entries({ event: 'decision', most: decisionsMost })
  return decisions.filter(({ fields }) => missing.some((move) => move.fields.decision === fields.id)).reverse()
}

/** Leaves out what has not stood for as long as its patience asks. */
function patient(standing: Record<string, Standing>, since: Map<string, number>, monoMs: number): Record<string, Standing> {
  const keys = new Set<string>()
  const stood = Object.entries(standing).map(([source, found]): [string, Standing] => {
    if (found === null || 'calm' in found) return [source, found]
    const key = `${source} ${found.what}`
    keys.add(key)
    if (!since.has(key)) since.set(key, monoMs)
    return [source, monoMs - since.get(key)! >= found.patienceMs ? found : null]
  })
  for (const key of since.keys()) if (!keys.has(key)) since.delete(key)
  return Object.fromEntries(stood)
}

// ── Sending ──────────────────────────────────────────────────────────────────

async function sendAll(self: Self, way: Way, limit: AbortSignal): Promise<void> {
  while (await sendNext(self, way, limit)) limit.throwIfAborted()
}

/** True: a message was taken, so the next may follow. */
async function sendNext(self: Self, way: Way, signal: AbortSignal): Promise<boolean> {
  const { clock } = self.parts
  const { channel } = way.channel
  const due = self.book.ledger().telling?.outbox.find(({ to }) => to.includes(channel))
  const startedMs = clock.now().monoMs
  if (!due || !isLeading(self) || startedMs < way.notBeforeMs) return false
  // The ledger could not be told of it: that is tried again, and not the sending.
  if (way.took === due.message.id) return forget(self, channel, due)
  const limit = clock.deadline(sendMs, signal)
  const delivery = await orNull(self, 'notify', channel, limit, way.channel.send(due.message, limit))
  signal.throwIfAborted()
  if (delivery?.outcome !== 'done') return failed(self, way, delivery ?? { outcome: 'unknown', detail: 'no answer', againMs: null })
  const { id, sentence } = due.message
  way.tries = 0
  way.took = id
  self.untold = self.untold.filter((each) => each.channel !== channel)
  self.reportDue = true
  say(self, 'info', 'notify', `${channel} was told: ${sentence}`, { channel, id, ms: Math.round(clock.now().monoMs - startedMs) })
  return forget(self, channel, due)
}

/** False: others wrote the ledger again and again, and it is tried anew. */
const forget = async (self: Self, channel: string, { message }: Waiting): Promise<boolean> =>
  (await self.book.change((now) => (now.telling ? { ledger: { ...now, telling: taken(now.telling, message.id, channel) }, entries: [] } : null))) !== null

/** Said once per reason. */
function failed(self: Self, way: Way, { detail, againMs: askedMs }: Delivery): false {
  const { clock } = self.parts
  const { channel } = way.channel
  const now = clock.now()
  const backOffMs = Math.min(againMostMs, againMs * 2 ** way.tries) * (0.75 + clock.random() / 2)
  way.tries += 1
  way.notBeforeMs = now.monoMs + Math.max(backOffMs, Math.min(askedMs ?? 0, askedMostMs))
  const before = self.untold.find((each) => each.channel === channel)
  if (before?.why === detail) return false
  say(self, 'warn', 'notify', `${channel} could not be told: ${detail}. It is tried again`, { channel })
  self.untold = [...self.untold.filter((each) => each.channel !== channel), { channel, sinceMs: before?.sinceMs ?? Math.round(now.wallMs), why: detail }]
  self.reportDue = true
  return false
}
