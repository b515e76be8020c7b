// What every store holds to, whatever it is made of.

import { requestMostMs } from '../core/limits.ts'
import { Said } from '../errors.ts'
import type { Entry } from '../core/moving.ts'
import type { Request } from '../core/types.ts'

/** What the journal keeps. */
export type Retention = {
  /** The newest entries, and those of an open move. */
  entriesMax: number
  /** The newest snapshots, which are large, and those of an open move. */
  snapshotsMax: number
  /** Old ones are removed with every so many-th commit. */
  everyCommits: number
}
/** What is kept of the journal: entries, snapshots, and how many commits lie between two clean-ups. */
export const retention: Retention = { entriesMax: 100_000, snapshotsMax: 1_000, everyCommits: 256 }

/** The epoch that an entry belongs to. Null: none. */
export const epochOf = ({ fields }: Entry): number | null => (typeof fields.epoch === 'number' ? fields.epoch : null)

/** Throws Said where this request may not be put there. */
export const refuseUntimely = (request: Request, nowMs: number): void => {
  const aheadMs = request.expiresMs - nowMs
  if (aheadMs <= 0) throw new Said(`request ${request.id} has expired already; ask again`)
  if (!(aheadMs <= requestMostMs)) {
    const inS = Math.ceil(aheadMs / 1000)
    throw new Said(`request ${request.id} would expire in ${inS} s; it must within ${requestMostMs / 1000} s. Is this machine's clock right?`)
  }
}

/** The journal's word on a request that nobody took in time. */
export const expiryOf = (request: Request, nowMs: number): Entry => ({
  event: 'request',
  atMs: nowMs,
  msg: `request "${request.what}" by ${request.by} expired before a controller took it; it never runs`,
  fields: { request: request.id, what: request.what, by: request.by, reason: 'expired' },
})
