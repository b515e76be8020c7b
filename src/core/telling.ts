import { withoutFigures, type Alarm, type Standing } from './alarms.ts'
import type { Episode, Message, Telling, Waiting } from './messages.ts'
import type { Entry } from './moving.ts'
import { reasons, type Reason, type Tell } from './words.ts'

// What people are told: each event once. Everything here is part of the ledger, so that a restart or a new leader tells nothing again
// and loses nothing: a message is made in the one commit that remembers it as told, and waits there until each channel took it.

/** What is there to be told of, and to whom. */
export type News = {
  app: string
  epoch: number
  wallMs: number
  next: string
  /** Of the journal, oldest first; those up to `seq` are told already, and say why a move was opened. */
  entries: (Entry & { seq: number })[]
  /** What has stood for as long as its patience asks. */
  standing: Record<string, Standing>
  channels: { channel: string; events: Tell[] }[]
}

/** What is over for this long is told as over; what comes back sooner was never over. */
export const overAfterMs = 300_000
/** A message that no channel took for this long is given up. */
export const waitsMostMs = 86_400_000
/** How many messages wait at most; the oldest are given up. */
export const waitsMost = 32

/** Nothing of what was journaled before is told. */
export const freshTelling = (seq: number): Telling => ({ seq, made: 0, episodes: [], outbox: [], lost: {} })

/** Makes the messages that are due. */
export function tell(before: Telling, news: News): Telling {
  const told = news.entries.filter(({ seq }) => seq > before.seq).reduce((telling, entry) => tellEntry(telling, entry, news), kept(before, news))
  const stood = Object.entries(news.standing).reduce((telling, [source, standing]) => tellStanding(telling, source, standing, news), told)
  return giveUp({ ...stood, seq: Math.max(before.seq, news.entries.at(-1)?.seq ?? 0) }, news)
}

/** A channel took a message. */
export const taken = (telling: Telling, id: string, channel: string): Telling => ({
  ...telling,
  outbox: telling.outbox.map((each) => (each.message.id === id ? without(each, channel) : each)).filter(({ to }) => to.length > 0),
  lost: Object.fromEntries(Object.entries(telling.lost).filter(([name]) => name !== channel)),
})

const without = ({ message, to }: Waiting, channel: string): Waiting => ({ message, to: to.filter((name) => name !== channel) })

/** What the file no longer names is neither waited for nor remembered. */
function kept(telling: Telling, { standing, channels }: News): Telling {
  const known = (channel: string) => channels.some((each) => each.channel === channel)
  return {
    ...telling,
    episodes: telling.episodes.filter(({ source }) => source in standing || source.startsWith('move ')),
    outbox: telling.outbox.map(({ message, to }) => ({ message, to: to.filter(known) })).filter(({ to }) => to.length > 0),
    lost: Object.fromEntries(Object.entries(telling.lost).filter(([channel]) => known(channel))),
  }
}

// ── Moves ────────────────────────────────────────────────────────────────────

function tellEntry(telling: Telling, entry: Entry, news: News): Telling {
  const { event, atMs, msg, fields } = entry
  const source = `move ${fields.epoch}`
  const reason = typeof fields.reason === 'string' ? fields.reason : null
  if (event === 'step' && fields.phase === 'wait') return once(telling, source, { what: withoutFigures(msg), sentence: msg, reason: null }, ['move'], news)
  if (event !== 'move') return telling
  const isAlarm = fields.state === 'superseded' || (fields.state === 'open' && reasons[reason as Reason]?.alarm)
  const sentence = fields.state === 'open' ? whyOpened(entry, news) : msg
  return add(drop(telling, source), { events: isAlarm ? ['move', 'alarm'] : ['move'], over: false, atMs, reason, sentence }, news)
}

/** The sentence of the decision, or of the request, that opened it; of one that was turned to another site what is journaled of that. */
function whyOpened({ msg, fields }: Entry, { entries }: News): string {
  if (fields.reason === 'redirect') return msg
  const why = entries.find((each) =>
    fields.reason === 'request' ? each.event === 'request' && each.fields.epoch === fields.epoch : each.event === 'decision' && each.fields.id === fields.decision,
  )
  return why?.msg ?? msg
}

// ── What lasts ───────────────────────────────────────────────────────────────

function tellStanding(telling: Telling, source: string, standing: Standing, news: News): Telling {
  if (standing === null) return telling
  if (!('calm' in standing)) return once(telling, source, standing, ['alarm'], news)
  const episode = telling.episodes.find((each) => each.source === source)
  if (!episode) return telling
  if (episode.overSinceMs === null) return put(telling, { ...episode, overSinceMs: news.wallMs })
  if (news.wallMs - episode.overSinceMs < overAfterMs) return telling
  return add(drop(telling, source), { events: ['alarm'], over: true, atMs: news.wallMs, reason: null, sentence: `over: ${standing.calm}` }, news)
}

/** Told unless it was said already in this episode. */
function once(telling: Telling, source: string, { what, sentence, reason }: Pick<Alarm, 'what' | 'sentence' | 'reason'>, events: Tell[], news: News): Telling {
  const episode = telling.episodes.find((each) => each.source === source) ?? { source, said: [], overSinceMs: null }
  if (episode.said.includes(what)) return episode.overSinceMs === null ? telling : put(telling, { ...episode, overSinceMs: null })
  return add(put(telling, { source, said: [...episode.said, what].slice(-waitsMost), overSinceMs: null }), { events, over: false, atMs: news.wallMs, reason, sentence }, news)
}

const drop = (telling: Telling, source: string): Telling => ({ ...telling, episodes: telling.episodes.filter((each) => each.source !== source) })

const put = (telling: Telling, episode: Episode): Telling => ({ ...telling, episodes: [...drop(telling, episode.source).episodes, episode] })

// ── Messages ─────────────────────────────────────────────────────────────────

/** Puts a message where it waits; nothing where no channel asked for its events, or where nobody was to be told when it happened, long ago. */
function add(telling: Telling, { events, ...rest }: Omit<Message, 'id' | 'app' | 'epoch' | 'next'>, { app, epoch, wallMs, next, channels }: News): Telling {
  const to = channels.filter((channel) => channel.events.some((each) => events.includes(each))).map(({ channel }) => channel)
  if (to.length === 0 || wallMs - rest.atMs > waitsMostMs) return telling
  const made = telling.made + 1
  const message: Message = { id: `${app}-${made}`, app, epoch, events, ...rest, next }
  return { ...telling, made, outbox: [...telling.outbox, { message, to }] }
}

function giveUp(telling: Telling, { wallMs }: News): Telling {
  const fresh = telling.outbox.filter(({ message }) => wallMs - message.atMs <= waitsMostMs).slice(-waitsMost)
  const gone = telling.outbox.filter((each) => !fresh.includes(each)).flatMap(({ to }) => to)
  if (gone.length === 0) return telling
  const lost = gone.reduce<Record<string, number>>((counts, channel) => ({ ...counts, [channel]: (counts[channel] ?? 0) + 1 }), telling.lost)
  return { ...telling, outbox: fresh, lost }
}
