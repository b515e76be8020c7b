import { z } from 'zod'
import { askMost } from '../../core/limits.ts'
import type { HostView } from '../../core/moving.ts'
import { answers } from '../../core/words.ts'
import type { AnswerKind } from '../../core/words.ts'
import type { Ask, Dig, Question, Sight } from '../../ports.ts'

// What crosses the wire between a controller and a vantage, checked at both ends. Unknown keys are dropped, so that a newer
// controller may say more than an older vantage knows.

const name = z.string().min(1).max(255)
const timeoutMs = z.number().int().min(1).max(askMost.timeoutMs)
const port = z.number().int().min(1).max(65535)
const url = z.url({ protocol: /^https?$/ }).max(askMost.urlLength)
const names = z.array(name).max(askMost.names)
const about = { site: name, address: name, timeoutMs }

const question: z.ZodType<Question> = z.discriminatedUnion('kind', [
  z.object({
    ...about,
    kind: z.literal('http'),
    url,
    status: z.array(z.union([z.number(), z.string().max(3)])).max(askMost.statuses),
    body: z.string().max(askMost.bodyLength).nullable(),
    tls: z.union([z.literal('public'), z.literal('any'), z.object({ ca: z.string().max(askMost.caLength) })]),
    names,
  }),
  z.object({ ...about, kind: z.literal('tcp'), port }),
  z.object({ ...about, kind: z.literal('dns'), name, type: z.string().regex(/^[A-Z0-9]{1,16}$/), port: port.optional() }),
])

/** What a controller asks of a vantage in a round. */
export const askShape: z.ZodType<Ask> = z.object({
  questions: z.array(question).max(askMost.questions),
  canaries: z.array(url).max(askMost.canaries),
  timeoutMs,
})

/** What a controller asks of a vantage about a name server. */
export const digShape: z.ZodType<Dig> = z.object({
  server: name,
  zone: name,
  marker: name,
  names,
  timeoutMs,
  dnssec: z.boolean().optional(),
})

const answer = z.object({
  kind: z.enum(Object.keys(answers) as [AnswerKind, ...AnswerKind[]]),
  address: name,
  detail: z.string().max(1000),
  ms: z.number().nonnegative(),
  certificateUntilMs: z.number().nullable(),
})

/** What this very ask is answered with: as many answers as questions, in their order. */
export const sightShapeFor = (ask: Ask): z.ZodType<Sight> =>
  z
    .object({
      answers: z.array(answer).length(ask.questions.length),
      canaries: z.object({ well: z.number().int().min(0).max(ask.canaries.length), asked: z.literal(ask.canaries.length) }),
      version: z.string().regex(/^[\w.+-]{1,40}$/).optional(),
    })
    .refine((sight) => sight.answers.every(({ address }, at) => address === ask.questions[at]?.address))

const signed = z.object({ sinceMs: z.number(), untilMs: z.number() })

/** What a vantage saw at a name server. Null: no answer. */
export const viewShape: z.ZodType<HostView | null> = z
  .object({
    txt: z.array(z.string()),
    txtTtlS: z.number().nullable(),
    sets: z.array(z.object({ name: z.string(), type: z.string(), ttlS: z.number(), values: z.array(z.string()), signed: signed.nullable().optional(), through: z.string().optional() })),
    serial: z.number().nullable(),
    signers: z.object({ signs: z.array(z.string()), publishes: z.array(z.string()) }).optional(),
  })
  .nullable()
