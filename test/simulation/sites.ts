import type { Ledger } from '../../src/core/types.ts'
import { leaseMs } from '../../src/core/limits.ts'
import type { Data, WriteOutcome } from '../../src/ports.ts'
import type { Network } from './network.ts'
import { newMachine, type Machine, type Process } from './process.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

/** One site as it truly is. `off`: the machine stands still; `unreachable`: it runs, and its cloud lets nothing in or out. */
export type Site = {
  site: string
  cloud: string
  host: 'up' | 'off' | 'unreachable'
  app: 'ok' | 'error' | 'closed' | 'foreign'
  /** What the company's account says. */
  account: 'well' | 'locked' | 'warning'
  guard: Guard
  /** Asks the store for the lease now. */
  ask: () => void
}

/**
 * Who may write, kept by the site itself: it asks the store, counts its lease from the question on a clock that runs through suspend,
 * and refuses an epoch lower than one it has seen. `promoted` is what the database was made the primary of.
 */
export type Guard = { machine: Machine; epoch: number; lease: { epoch: number; untilMs: number } | null; promoted: number; written: number }

export const newSite = (site: string, cloud: string, random: Random): Site => ({
  site,
  cloud,
  host: 'up',
  app: 'ok',
  account: 'well',
  guard: { machine: newMachine(site, random), epoch: 0, lease: null, promoted: 0, written: 0 },
  ask: () => {},
})

const guardMs = (guard: Guard, nowMs: number) => nowMs * guard.machine.rate

/** True: the site acknowledges writes now. */
export const isOpen = ({ host, guard }: Site, nowMs: number): boolean =>
  host !== 'off' && guard.lease !== null && guardMs(guard, nowMs) < guard.lease.untilMs && guard.promoted === guard.lease.epoch

/** Would somebody who may reach it be served? */
export const serves = (site: Site): boolean => site.host === 'up' && site.app === 'ok'

const guardEveryMs = 3_000

/** Asks for the lease, again and again; a grant is made from what the store says when the question arrives there. */
export function runGuard(site: Site, scheduler: Scheduler, network: Network, random: Random, store: () => Ledger | null): void {
  const ask = () => {
    if (site.host === 'up') question()
    scheduler.after(guardEveryMs * random.between(0.8, 1.2), ask)
  }
  const question = () => {
    const { guard } = site
    const askedMs = guardMs(guard, scheduler.nowMs())
    const { thereMs, backMs } = network.fate(`${site.site}>store`, 20_000, false)
    const lateMs = network.delayMs(14_000)
    if (thereMs === null || backMs === null) return
    scheduler.after(thereMs, () => {
      const ledger = store()
      scheduler.after(backMs + lateMs, () => {
        if (ledger && site.host !== 'off') answer(ledger, askedMs)
      })
    })
  }
  const answer = (ledger: Ledger, askedMs: number) => {
    const { guard } = site
    const granted = ledger.trusted && ledger.active === site.site && !ledger.fenced
    if (!granted || ledger.activeEpoch < guard.epoch) return
    guard.epoch = ledger.activeEpoch
    guard.lease = { epoch: guard.epoch, untilMs: askedMs + leaseMs }
  }
  site.ask = question
  scheduler.after(random.between(0, guardEveryMs), ask)
}

/** A standby follows whoever is open; what it has is all that was written there a moment ago. */
export function replicate(sites: Site[], scheduler: Scheduler, network: Network): void {
  const turn = () => {
    const source = sites.find((s) => isOpen(s, scheduler.nowMs()))
    for (const to of sites)
      if (source && to !== source && to.host === 'up' && source.host === 'up' && network.reaches(`${to.site}>${source.site}`)) to.guard.written = source.guard.written
    scheduler.after(700, turn)
  }
  scheduler.after(700, turn)
}

const done: WriteOutcome = { outcome: 'done', detail: '' }

/** The data driver of a controller: asks a site's guard. `promote` opens nothing by itself; it has the site ask for its lease at once. */
export function dataOf(process: Process, sites: Site[], seen: { asked: (what: string, site: string, epoch: number) => void; closed: (process: Process, site: string, epoch: number) => void }, scheduler: Scheduler): Data {
  const at = (name: string) => sites.find((s) => s.site === name)!
  const edge = (name: string) => `${process.machine.name}>${name}`
  const hang = (signal: AbortSignal) => process.clock.sleep(1e9, signal)
  const call = async <T>(name: string, apply: (site: Site) => T, signal: AbortSignal, again: boolean): Promise<T> => {
    const site = at(name)
    if (site.host !== 'up') await hang(signal)
    return process.call({ edge: edge(name), apply: () => apply(site), late: again ? 120_000 : 0, lateChance: 0.15, again }, signal)
  }
  const source = () => Math.max(...sites.map((s) => s.guard.written))
  return {
    read: async (name, signal) => {
      const view = await call(name, (s) => ({ epoch: s.guard.epoch, open: isOpen(s, scheduler.nowMs()), lagBytes: (source() - s.guard.written) * 64 }), signal, false)
      if (!view.open) seen.closed(process, name, view.epoch)
      return view
    },
    demote: (name, epoch, signal) => {
      seen.asked('demote', name, epoch)
      return call(
        name,
        ({ guard }) => {
          guard.epoch = Math.max(guard.epoch, epoch)
          if (guard.lease && guard.lease.epoch < guard.epoch) guard.lease = null
          return done
        },
        signal,
        true,
      )
    },
    promote: (name, epoch, signal) => {
      seen.asked('promote', name, epoch)
      return call(
        name,
        ({ guard, ask }): WriteOutcome => {
          if (epoch < guard.epoch || epoch < guard.promoted) return { outcome: 'refused', detail: 'it knows a later epoch' }
          guard.promoted = epoch
          ask()
          return done
        },
        signal,
        true,
      )
    },
  }
}
