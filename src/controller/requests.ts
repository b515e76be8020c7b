import { admit } from '../core/admit.ts'
import { planName, sentenceOf } from '../core/explain.ts'
import { openMove } from '../core/ledger.ts'
import { requestMostMs } from '../core/limits.ts'
import type { Entry } from '../core/moving.ts'
import type { Decision, Ledger, Request } from '../core/types.ts'
import { isStale, say, type Self } from './self.ts'

/** Takes every request that waits, each in the one commit that carries it out or refuses it. */
export async function takeRequests(self: Self): Promise<void> {
  const view = await self.book.refresh()
  for (const request of view.requests) {
    if (request.what === 'move' && (!isWarm(self) || isStale(self))) continue
    await take(self, request)
  }
}

/** Enough rounds to know who is well: a move that is asked for earlier waits, and expires if that takes too long. */
export const isWarm = ({ rounds, parts }: Self): boolean => rounds > Math.max(parts.config.check.rise, parts.config.check.fall)

async function take(self: Self, request: Request): Promise<void> {
  let taken: Taken | null = null
  const ledger = await self.book.change((now) => {
    taken = null
    const leftMs = request.expiresMs - self.parts.clock.now().wallMs
    if (leftMs <= 0) return null
    // A clock that was set back would let it live on: it is taken out, and never runs.
    if (leftMs > requestMostMs) {
      const fields = { request: request.id, what: request.what, by: request.by, kind: 'refuse', reason: 'expired' }
      return { ledger: now, entries: [self.book.entry('request', "this machine's clock was set back since it was asked: it has expired and never runs", fields)] }
    }
    return (taken = carriedOut(self, now, request))
  }, request.id)
  if (ledger && taken) tellOf(self, request, { ...(taken as Taken), ledger })
}

type Taken = { decision: Decision; msg: string; ledger: Ledger; entries: Entry[] }

/** What becomes of it by the ledger as it is now, and what is journaled of that. */
function carriedOut(self: Self, now: Ledger, request: Request): Taken {
  const { config, clock } = self.parts
  const state = { ledger: now, watch: self.state.watch }
  const decision = admit(state, config, request)
  const msg = sentenceOf(decision, state, config)
  const ledger = decision.kind === 'set' ? decision.ledger : decision.kind === 'move' ? opened(self, now, decision, request, clock.id()) : now
  const fields: Entry['fields'] = {
    request: request.id, what: request.what, by: request.by, kind: decision.kind, reason: decision.reason, epoch: decision.kind === 'move' ? ledger.epoch : null,
  }
  const entries = [self.book.entry('request', msg, fields, { of: 'admit', state, config, request, decision })]
  if (decision.kind === 'move') {
    const { plan } = decision
    entries.push(
      self.book.entry('move', `${planName(plan)} is opened as epoch ${ledger.epoch}`, {
        epoch: ledger.epoch, kind: plan.kind, from: plan.from, to: plan.to, by: request.by, reason: 'request', state: 'open',
      }),
    )
  }
  return { decision, msg, ledger, entries }
}

/** Once it stands in the store. */
function tellOf(self: Self, request: Request, { decision, msg, ledger }: Taken): void {
  self.state = { ...self.state, ledger }
  self.reportDue = true
  if (ledger.leaving) self.dnsReadMs = null // So that our marker goes at once.
  if (ledger.move && decision.kind === 'move') {
    self.moveOpened.ring()
    const { epoch, kind, from, to, by } = ledger.move
    say(self, 'info', 'move', `${planName(ledger.move)} is opened as epoch ${epoch}`, { epoch, kind, from, to, by, reason: 'request', state: 'open' })
  }
  say(self, decision.kind === 'move' ? 'warn' : 'info', 'decision', msg, { kind: decision.kind, request: request.id, by: request.by, reason: decision.reason })
}

function opened(self: Self, now: Ledger, decision: Extract<Decision, { kind: 'move' }>, request: Request, id: string) {
  const { plan, by, lifted } = decision
  const found = request.what === 'adopt' ? { found: { seenEpoch: request.seenEpoch, oldValues: request.oldValues, oldTtlS: request.oldTtlS } } : {}
  const owned = request.what === 'adopt' ? { ...now, owner: self.parts.config.owner } : now
  return openMove(owned, { plan, id, decision: request.id.slice(0, 8), by, cause: 'request', lifted, automatic: false, ...found }, self.parts.clock.now())
}
