import { z } from 'zod'
import { oneLine } from '../core/one-line.ts'
import type { Request } from '../core/types.ts'
import type { AskedKind } from '../core/words.ts'
import { Said } from '../errors.ts'
import type { Journal } from '../ports.ts'

// What is posted, and asked of /journal. The ends are two processes that may run different versions: what one does not know is refused.

const common = { id: z.string().min(1).max(64), by: z.string().max(200).transform(oneLine), expiresMs: z.number() }
const lifted = z.strictObject({ force: z.boolean(), unready: z.boolean(), unfenced: z.boolean(), acceptLoss: z.boolean() })
const kinds = ['failover', 'switchover', 'failback'] as const satisfies AskedKind[]
const holder = z.string().min(1).max(64).optional()

const requestShape: z.ZodType<Request> = z.discriminatedUnion('what', [
  z.strictObject({ ...common, what: z.literal('move'), kind: z.enum(kinds), to: z.string().nullable(), lifted, planHash: z.string() }),
  z.strictObject({
    ...common,
    what: z.literal('adopt'),
    to: z.string(),
    seenEpoch: z.number().int(),
    oldValues: z.array(z.string()),
    oldTtlS: z.number().nullable(),
    planHash: z.string(),
  }),
  z.strictObject({ ...common, what: z.literal('pause'), untilMs: z.number().nullable(), why: z.string().transform(oneLine), holder }),
  z.strictObject({ ...common, what: z.literal('resume'), holder }),
  z.strictObject({ ...common, what: z.literal('rejoin'), site: z.string() }),
  z.strictObject({ ...common, what: z.literal('release'), site: z.string(), release: z.string().regex(/^[0-9a-f]{12}$/), pushedMs: z.number() }),
  z.strictObject({ ...common, what: z.literal('disown'), epoch: z.number().int() }),
])

const askerShape = z.strictObject({ by: common.by })

/** How much of the journal one question may ask for. */
const entriesMost = 10_000

const queryShape = z.strictObject({
  event: z.string().optional(),
  epoch: z.coerce.number().int().optional(),
  afterSeq: z.coerce.number().int().optional(),
  most: z.coerce.number().int().min(1).max(entriesMost).default(100),
})

/** A person's request as core knows it. Throws Said where it is none. */
export function requestOf(body: unknown): Request {
  const { data } = requestShape.safeParse(body)
  if (!data) throw new Said('it is no request that this version of lifeboat knows')
  return data
}

/** Who asks, of a page that takes nothing else. Throws Said where that is not said. */
export function askerOf(body: unknown): string {
  const { data } = askerShape.safeParse(body)
  if (!data) throw new Said('it takes {"by": NAME} and nothing else')
  return data.by
}

/** `?event=decision&epoch=7&afterSeq=12&most=100`, all of them optional. Throws Said where it is something else. */
export function queryOf(query: URLSearchParams): Parameters<Journal['entries']>[0] {
  const { data } = queryShape.safeParse(Object.fromEntries(query))
  if (!data) throw new Said(`/journal takes event, epoch, afterSeq and most, of which it gives at most ${entriesMost}`)
  const { event, epoch, afterSeq, most } = data
  return { most, ...(event === undefined ? {} : { event }), ...(epoch === undefined ? {} : { epoch }), ...(afterSeq === undefined ? {} : { afterSeq }) }
}
