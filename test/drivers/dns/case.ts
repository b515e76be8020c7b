import { markerName } from '../../../src/core/marker.ts'
import type { Change, HostView, Marker } from '../../../src/core/moving.ts'
import type { HostConfig } from '../../../src/core/types.ts'
import { planChange } from '../../../src/core/zone.ts'
import type { DnsHost, WriteOutcome } from '../../../src/ports.ts'
import type { Rr } from '../../../src/drivers/dns/wire.ts'
import { waitMs } from '../../lab/wait.ts'

// What the tests of the driver suite stand on: a lab for any driver, and a name and an app for each test.

export const zone = 'shop.example'
export const owner = '0123456789abcdef0123456789abcdef'
export const move = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
export const signal = (): AbortSignal => AbortSignal.timeout(waitMs)

export type DriverOptions = { zone?: string; marker: string; names: string[]; server?: string; timeoutMs?: number }

/** A running server with the zone, and drivers for it. */
export type DriverLab = {
  server: string
  driver(options: DriverOptions): DnsHost
  /** A driver whose credential may not write there, and what it says. Null: this kind of host knows no credentials. */
  forbidden: { driver(options: DriverOptions): DnsHost; says: [WriteOutcome['outcome'], RegExp] } | null
  /** A change by another hand; gives the response code. */
  byHand(updates: Rr[]): Promise<number>
  dump(): Promise<string[]>
  serial(): Promise<number>
  stop(): Promise<void>
}

export const only = (change: Change | { refused: string }): Change => {
  if ('refused' in change) throw new Error(change.refused)
  return change
}

export type Case = {
  name: string
  host: HostConfig
  dns: DnsHost
  at(server: string, timeoutMs?: number): DnsHost
  marker(epoch: number, state?: Marker['state'], ofMove?: number): Marker
  read(): Promise<HostView>
  plan(marker: Marker, addresses?: string[] | null, ours?: string[]): Promise<Change>
  write(marker: Marker, addresses?: string[] | null, ours?: string[]): Promise<string>
}

export const readSurely = async (dns: DnsHost): Promise<HostView> => {
  const view = await dns.read(signal())
  if (!view) throw new Error('could not read the host')
  return view
}

export const hostWith = (names: string[]): HostConfig => ({ host: 'lab', driver: 'lab', zone, names, elsewhere: [], ttlS: 60 })

/** A name and an app that no other test of the lab uses. */
export const caseOf = (lab: DriverLab, n: number): Case => {
  const app = `app${n}`
  const name = `t${n}.${zone}`
  const host = hostWith([name])
  const at = (server: string, timeoutMs?: number): DnsHost =>
    lab.driver({ marker: markerName(app, zone), names: [name], server, ...(timeoutMs ? { timeoutMs } : {}) })
  const dns = at(lab.server)
  const plan: Case['plan'] = async (marker, addresses = null, ours = []) =>
    only(planChange({ view: await readSurely(dns), host, app, marker, addresses, ours }))
  return {
    name,
    host,
    dns,
    at,
    plan,
    marker: (epoch, state = 'claimed', ofMove = epoch) => ({ app, owner, epoch, site: 'aws', move: move(ofMove), state }),
    read: () => readSurely(dns),
    write: async (...asked) => (await dns.write(await plan(...asked), signal())).outcome,
  }
}

export const valuesOf = (view: HostView, type: string): string[] => view.sets.filter((set) => set.type === type).flatMap((set) => set.values)
