import { expect, test } from 'vitest'
import { parseMarker } from '../../../src/core/marker.ts'
import type { Marker } from '../../../src/core/moving.ts'
import type { Rr } from '../../../src/drivers/dns/wire.ts'
import { addition } from '../../lab/hand.ts'
import { startPoller } from '../../lab/poller.ts'
import type { Polled } from '../../lab/poller.ts'
import { newRig, one } from '../../lab/rig.ts'
import type { Controller, Rig, RigOptions } from '../../lab/rig.ts'
import type { Started } from '../../lab/servers.ts'

// What the tests of the move suite stand on: a zone for each, a controller over it, and what every server holds.

export const mx = Buffer.from('000a046d61696c07696e76616c696400', 'hex')
const caa = Buffer.from('0005697373756563612e6578616d706c65', 'hex')

/** Records of others at a name, which no move may touch. */
export const beside = (name: string): Rr[] => [addition(name, 300, 'MX', mx), addition(name, 300, 'TXT', 'V=spf1 "quoted" \\ -all'), addition(name, 300, 'CAA', caa)]

export type Case = {
  rig: Rig
  zone: string
  /** The first listed name. */
  www: string
  /** A change by another hand, at every server or at one. */
  hand(updates: Rr[], at?: number): Promise<void>
  /** The values at a name, per server. */
  values(name?: string, type?: 'A' | 'AAAA' | 'CNAME'): Promise<string[][]>
  /** The marker at each server. */
  markers(): Promise<(Marker | null)[]>
  /** The zone's serial at each server: one more for each change that landed. */
  serials(): Promise<number[]>
  /** Starts a controller, and adopts with `one` active, unless told otherwise. */
  adopted(to?: string, oldValues?: string[]): Promise<Controller>
  /** Fails over to a site although the active one is well, once it stands by. */
  failover(to: string): Promise<void>
  /** Asks every server for the name about 1,000 times a second until it is called again. */
  poll(names?: string[], type?: 'A' | 'AAAA'): (seen?: string) => Promise<Polled>
}

/** Alone a test takes a few seconds; several run beside one another, and the machine may be busy. */
const testMs = 90_000

type Line = { name: string; type: string; value: string; text: string }
const bare = (name: string): string => name.replace(/\.$/, '')
const lineOf = (text: string): Line => {
  const [name = '', , type = '', ...rest] = text.split(/\s+/)
  return { name: bare(name), type, value: rest.join(' '), text }
}
const isMarker = ({ name }: Line): boolean => name.startsWith('_lifeboat-')

export type CaseOptions = Omit<RigOptions, 'servers' | 'zone' | 'names'> & {
  /** Without the zone; the first is the case's `www`. */
  names?: (zone: string) => string[]
  /** What stands there before; `beside` the first name unless given. */
  records?: (www: string, zone: string) => Rr[]
}

/** Runs one test over a rig of its own. Whatever it did, records that are not of the listed names or ours stay as they were. */
export const moveTest = (title: string, lab: () => { servers: Started[]; zone: string }, given: CaseOptions | (() => CaseOptions), run: (c: Case) => Promise<void>): void => {
  test(title, async () => {
    const options = typeof given === 'function' ? given() : given
    const { servers, zone } = lab()
    const names = (options.names ?? ((z) => [`www.${z}`]))(zone)
    const www = names[0]!
    const rig = await newRig({ ...options, servers, zone, names })
    const dump = async (): Promise<Line[][]> => Promise.all(servers.map(async (s) => (await s.dump(zone)).map(lineOf)))
    const others = async () =>
      (await dump()).map((lines) => lines.filter((l) => !isMarker(l) && !(names.includes(l.name) && ['A', 'AAAA', 'CNAME'].includes(l.type))).map((l) => l.text))
    const hand: Case['hand'] = async (updates, at) => {
      for (const [n, server] of servers.entries()) if (at === undefined || at === n) expect(await server.byHand(zone, updates)).toBe(0)
    }
    const markersOf = (lines: Line[]) => lines.filter(isMarker).map((l) => parseMarker(/"?(v=lifeboat1[^"]*)"?/.exec(l.value)?.[1] ?? ''))
    await hand(options.records ? options.records(www, zone) : [addition(www, 60, 'A', one), ...beside(www)])
    const before = await others()
    try {
      await run({
        rig, zone, www, hand,
        values: async (name = www, type = 'A') =>
          (await dump()).map((lines) => lines.filter((l) => l.name === name && l.type === type).map((l) => bare(l.value)).sort()),
        markers: async () => (await dump()).map((lines) => markersOf(lines)[0] ?? null),
        serials: async () => {
          const views = await Promise.all(servers.map((s) => s.driver({ zone, names: [], marker: `_lifeboat-shop.${zone}`, server: s.server }).read(AbortSignal.timeout(10_000))))
          return views.map((view) => view?.serial ?? -1)
        },
        adopted: async (to = 'one', oldValues = [one]) => {
          const controller = rig.start()
          await rig.askAdopt(to, oldValues)
          await rig.ended(1)
          await rig.seen()
          await rig.until('DNS is read after it', () => controller.self()!.dnsReadMs !== null)
          return controller
        },
        failover: async (to) => {
          await rig.until(`${to} stands by`, async () => !(await rig.ledger()).given.some((g) => g.site === to))
          await rig.askMove('failover', to, { force: true, unready: true })
        },
        poll: (polled = names, type = 'A') => {
          const pollers = servers.map((s) => startPoller(s.server, polled, type))
          return async (seen) => {
            const all = await Promise.all(pollers.map((p) => p.stop(seen)))
            for (const each of all) expect(each.answered).toBeGreaterThan(20)
            return {
              asked: all.reduce((sum, p) => sum + p.asked, 0),
              answered: all.reduce((sum, p) => sum + p.answered, 0),
              empty: all.flatMap((p) => p.empty),
              values: new Set(all.flatMap((p) => [...p.values])),
            }
          }
        },
      })
    } finally {
      await rig.stop()
    }
    expect(await others()).toEqual(before)
  }, testMs)
}

export type Suite = {
  move(title: string, options: CaseOptions, run: (c: Case) => Promise<void>): void
  /** The value for every server; and one for the first, another for the rest. */
  all<T>(value: T): T[]
  first<T>(value: T, rest: T): T[]
  /** True: there is one DNS host only. */
  alone(): boolean
  /** Fails over (to `two`, as epoch 2) where the first host takes nothing: alone it keeps the move open, beside another it becomes a debt. */
  failoverWithoutFirst(c: Case, to?: string, epoch?: number): Promise<void>
}

export const suiteOf = (move: Suite['move'], serversCount: () => number): Suite => {
  const alone = (): boolean => serversCount() === 1
  const first = <T>(value: T, rest: T): T[] => Array.from({ length: serversCount() }, (_, n) => (n === 0 ? value : rest))
  return {
    move,
    first,
    all: (value) => first(value, value),
    alone,
    failoverWithoutFirst: async ({ rig, failover }, to = 'two', epoch = 2) => {
      await failover(to)
      const passed = alone() ? 'shift' : 'point'
      await rig.until(`${passed} is over`, () => rig.controllers.at(-1)!.lines.some((l) => l.step === passed && l.epoch === epoch && l.event === 'step'))
      await rig.skip(95_000)
      if (alone()) expect((await rig.ledger()).move).toMatchObject({ epoch, to })
      else expect((await rig.ended(epoch)).past[0]).toMatchObject({ epoch, state: 'done-with-debts', debts: [rig.hosts[0]!.host] })
    },
  }
}
