import { z } from 'zod'

// The JSON of CONTRACT.md, strictly: what is not null there may not be null here.

const ms = z.int().positive()
const words = z.string().min(1)
const step = z.strictObject({
  step: z.enum(['ready', 'claim', 'drain', 'fence', 'caught-up', 'promote', 'shift', 'point', 'confirm']),
  target: words,
  startedMs: ms,
  endedMs: ms.nullable(),
  outcome: z.enum(['done', 'nothing', 'waiting', 'unknown', 'lost', 'refused', 'abandoned']),
  detail: z.string(),
})

const move = z.strictObject({
  epoch: z.int().positive(),
  kind: z.enum(['failover', 'switchover', 'evacuate', 'failback', 'repoint', 'adopt']),
  from: words.nullable(),
  to: words,
  by: words,
  reason: words,
  decision: words.nullable(),
  startedMs: ms,
  endedMs: ms.nullable(),
  state: z.enum(['open', 'done', 'done-with-debts', 'abandoned', 'superseded']),
  steps: z.array(step),
})

export const historyShape = z.array(move)

export const planShape = z.strictObject({
  kind: z.enum(['failover', 'switchover', 'failback']),
  from: words,
  to: words,
  epoch: z.int().positive(),
  steps: z.array(z.strictObject({ step: step.shape.step, target: words, sentence: words, undo: words.nullable() })).length(9),
  pointOfNoReturn: step.shape.step.nullable(),
  loses: words,
  releases: words.nullable(),
})

const site = z.strictObject({
  site: words,
  cloud: words,
  role: z.enum(['active', 'standby', 'fenced', 'cold']),
  standby: z.enum(['hot', 'cold']),
  addresses: z.array(words),
  health: z.enum(['up', 'down', 'unknown']),
  verdict: words.nullable(),
  ready: z.boolean().nullable(),
  certificateUntilMs: ms.nullable(),
  sinceMs: ms.nullable(),
  why: words.nullable(),
  stack: z.strictObject({ stack: words, readMs: ms.nullable(), unreadSinceMs: ms.nullable(), why: words.nullable() }).nullable(),
  release: z.strictObject({ id: words, pushedMs: ms }).nullable(),
})

export const statusShape = z.strictObject({
  app: words,
  atMs: ms,
  active: words.nullable(),
  epoch: z.int().nonnegative(),
  paused: z.strictObject({ untilMs: ms.nullable(), by: words, why: z.string() }).nullable(),
  cooldownUntilMs: ms.nullable(),
  move: move.nullable(),
  waits: words.nullable(),
  leader: z.strictObject({ id: words, pid: z.int().positive(), machine: words, sinceMs: ms, command: words }).nullable(),
  adopted: z.boolean(),
  sharedFates: z.array(words),
  sites: z.array(site),
  decision: z.strictObject({ id: words, kind: z.enum(['hold', 'refuse', 'move']), reason: words, sentence: words }).nullable(),
  dns: z.array(z.strictObject({ host: words, state: z.enum(['written', 'served', 'lost']).nullable(), epoch: z.int().nullable(), addresses: z.array(words).nullable(), staleUntilMs: ms.nullable(), detail: z.string().nullable() })),
  untold: z.array(z.strictObject({ channel: words, waiting: z.int().nonnegative(), lost: z.int().nonnegative(), sinceMs: ms.nullable(), why: words.nullable() })),
})

/** A line of `watch`: `time`, `level`, `event`, `msg` in this order, then its own fields. */
export const lineShape = z.looseObject({
  time: z.iso.datetime(),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  event: z.enum(['start', 'config', 'health', 'evidence', 'decision', 'step', 'move', 'vantage', 'leader', 'dns', 'notify', 'stop']),
  msg: words,
})
