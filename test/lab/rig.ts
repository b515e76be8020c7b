import { runController } from '../../src/controller.ts'
import type { RunOptions } from '../../src/controller.ts'
import type { Parts } from '../../src/controller/parts.ts'
import type { Self } from '../../src/controller/self.ts'
import { markerName } from '../../src/core/marker.ts'
import { planHash, planOf } from '../../src/core/plan.ts'
import type { Answer, Config, Ledger, Lifted, Request } from '../../src/core/types.ts'
import { digHost } from '../../src/drivers/dns/query.ts'
import type { TsigKey } from '../../src/drivers/dns/tsig.ts'
import type { Rr } from '../../src/drivers/dns/wire.ts'
import { machineClock } from '../../src/clock.ts'
import type { DnsHost, Journal, LogLine, NameServers, Store, Vantage } from '../../src/ports.ts'
import { memoryClient, memoryState } from '../../src/store/memory.ts'
import { fastClock } from './fast-clock.ts'
import type { FastClock } from './fast-clock.ts'
import { startFaulty } from './faulty.ts'
import type { Fault, Faulty } from './faulty.ts'
import { until } from './wait.ts'

// The real controller over real DNS servers; sites' answers are scripted, time is fast, and each process can crash.

export const owner = '0123456789abcdef0123456789abcdef'

/** A running DNS server for many zones. */
export type DnsServer = {
  kind: string
  server: string
  key: TsigKey | null
  driver(options: { zone: string; marker: string; names: string[]; server: string }): DnsHost
  /** A change by another hand; gives the response code. */
  byHand(zone: string, updates: Rr[]): Promise<number>
  dump(zone: string): Promise<string[]>
}

export type RigOptions = {
  servers: DnsServer[]
  zone: string
  names: string[]
  /** In order of preference. */
  sites?: Record<string, string[]>
  app?: string
  /** How fast its clock runs; 20 unless given. */
  speed?: number
  change?: (config: Config) => Config
  /** Which name servers the parent publishes; each host's own server unless given. */
  nameServers?: NameServers
  /** One client of one shared store per process; in memory unless given. */
  store?: (clock: FastClock) => () => Client
}
export type Client = Store & Journal & { close(): Promise<void> }

/** `dead`: neither reads nor writes are answered. */
export type RigHost = {
  host: string
  of: DnsServer
  way: Faulty
  fault(fault: Fault | 'dead' | null): void
  dead: boolean
  /** How often a controller read it. */
  reads: number
}

export type Controller = {
  id: string
  lines: LogLine[]
  self(): Self | null
  said(text: string | RegExp): boolean
  /** Ends it in order. */
  stop(): Promise<void>
  /** Ends it as SIGKILL would: it lets go of nothing, and none of its calls goes on but what is under way at a server. */
  crash(): void
  ended: Promise<unknown>
}

export type Rig = {
  config: Config
  clock: FastClock
  hosts: RigHost[]
  /** Which sites answer well. */
  up: Record<string, boolean>
  /** Called around every write of any controller; may crash it. */
  onWrite: ((when: 'before' | 'after', host: string) => void | Promise<void>) | null
  controllers: Controller[]
  /** `file`: the hash of its file, what that says and who is told; the same for all, and nobody, unless given. `as`: a `watch` unless given. */
  start(id?: string, file?: Pick<Parts, 'configHash' | 'written' | 'tells' | 'heartbeat'>, as?: Pick<RunOptions, 'ownMoves' | 'isLast'>): Controller
  client: Client
  ledger(): Promise<Ledger>
  ask(request: Asked): Promise<string>
  askMove(kind: 'failover' | 'switchover' | 'failback', to: string, lifted?: Partial<Lifted>): Promise<string>
  askAdopt(to: string, oldValues: string[], more?: { seenEpoch?: number; oldTtlS?: number }): Promise<string>
  /** Waits until it is so; `what` says what, where it never comes. */
  until(what: string, fits: () => boolean | Promise<boolean>): Promise<void>
  /** Waits until no move is open and the newest that ended has this epoch. */
  ended(epoch: number): Promise<Ledger>
  /** Waits until every site is seen as scripted, and no clock is in doubt. */
  seen(): Promise<void>
  /** Steps every clock forward, and waits until the sites are seen again. */
  skip(ms: number): Promise<void>
  stop(): Promise<void>
}

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
export type Asked = Without<Request, 'id' | 'by' | 'expiresMs'>

/** A parent that publishes these name servers, and has a DS for the zone or not. */
export const listed = (servers: string[], ds: boolean | null = false): NameServers => ({ of: async () => servers, ds: () => ds })

const nobody = '127.0.0.1:1'

const configOf = ({ servers, zone, names, sites = twoSites, app = 'shop' }: RigOptions): Config => ({
  app,
  owner,
  sites: Object.entries(sites).map(([site, addresses]) => ({ site, cloud: 'none', addresses, standby: 'hot' })),
  check: { intervalMs: 10_000, timeoutMs: 5_000, fall: 2, rise: 2 },
  vantages: [{ vantage: 'here', cloud: 'none' }, { vantage: 'paris', cloud: 'scaleway' }],
  quorum: null,
  data: { holds: null, carried: false },
  dns: {
    names,
    drift: 'hold',
    hosts: servers.map(({ kind }) => ({ host: `${kind}/${zone}`, driver: kind, zone, names, elsewhere: [], ttlS: 60 })),
  },
  policy: { automatic: false, confirmCutMs: 30_000, outageMs: 30_000, appFaultMs: null, cooldownMs: 60_000, maxMovesPerHour: 3, failback: 'manual' },
})

export const one = '127.0.0.11'
export const two = '127.0.0.12'
const twoSites = { one: [one], two: [two] }

const answerOf = (address: string, well: boolean): Answer => ({
  kind: well ? 'ok' : 'silent', address, detail: well ? 'HTTP 200' : 'no answer in 1 s', ms: 1, certificateUntilMs: null,
})

const nothing: Lifted = { force: false, unready: false, unfenced: false, acceptLoss: false }

export const newRig = async (options: RigOptions): Promise<Rig> => {
  const { servers, zone, names } = options
  const config = (options.change ?? ((same) => same))(configOf(options))
  const clock = fastClock(options.speed ?? 20)
  const state = memoryState()
  const connect = options.store?.(clock) ?? (() => memoryClient(state, { clock }))
  const client = connect()
  const hosts = await Promise.all(
    servers.map(async (of): Promise<RigHost> => {
      const way = await startFaulty(of.server, of.key)
      const host: RigHost = {
        host: `${of.kind}/${zone}`,
        of,
        way,
        dead: false,
        reads: 0,
        fault: (fault) => {
          host.dead = fault === 'dead'
          way.fault = fault === 'dead' ? null : fault
        },
      }
      return host
    }),
  )

  const dnsHostOf = (host: RigHost, controller: () => Controller): DnsHost => {
    const marker = markerName(config.app, zone)
    const at = (server: string): DnsHost => host.of.driver({ zone, marker, names, server })
    const [direct, by, none] = [at(host.of.server), at(host.way.server), at(nobody)]
    return {
      ...direct,
      host: host.host,
      read: (signal, known) => {
        host.reads++
        return (host.dead ? none : direct).read(signal, known)
      },
      write: async (change, signal) => {
        await rig.onWrite?.('before', host.host)
        if (crashed.has(controller())) throw new Error('crashed')
        const outcome = await (host.dead ? none : by).write(change, signal)
        await rig.onWrite?.('after', host.host)
        return outcome
      },
    }
  }
  const vantageOf = (vantage: string): Vantage => ({
    vantage,
    probe: async ({ questions }) => ({ answers: questions.map((q) => answerOf(q.address, rig.up[q.site] ?? false)), canaries: { well: 0, asked: 0 } }),
    dig: (dig, signal) => {
      const dead = hosts.some((h) => h.dead && h.of.server === dig.server)
      return digHost({ ...dig, server: dead ? nobody : dig.server, timeoutMs: 1500 }, machineClock, signal, 'both')
    },
  })
  const crashed = new Set<Controller>()

  const start: Rig['start'] = (id = `ctl-${rig.controllers.length + 1}`, file = { configHash: 'lab', written: {} }, as = { ownMoves: true }) => {
    const abort = new AbortController()
    const store = connect()
    const lines: LogLine[] = []
    let seenSelf: Self | null = null
    const parts: Parts = {
      config, ...file, checks: { active: [{ kind: 'tcp', port: 80 }], standby: null }, canaries: [], clock, store,
      log: (line) => void lines.push(line),
      vantages: config.vantages.map((v) => vantageOf(v.vantage)),
      clouds: [],
      hosts: hosts.map((host) => dnsHostOf(host, () => controller)),
      nameServers: options.nameServers ?? listed(servers.map(({ server }) => server)),
      serversOf: Object.fromEntries(hosts.map((h) => [h.host, [h.of.server]])),
      data: null,
      leader: { id, pid: process.pid, machine: 'lab', sinceMs: clock.now().wallMs, command: 'watch' },
    }
    const running = runController(parts, { ...as, onTurn: (self) => (seenSelf = self) }, abort.signal)
    const controller: Controller = {
      id,
      lines,
      self: () => seenSelf,
      said: (text) => lines.some(({ msg }) => (typeof text === 'string' ? msg.includes(text) : text.test(msg))),
      stop: async () => {
        abort.abort(new Error('stopped'))
        await running
        await store.close()
      },
      crash: () => {
        crashed.add(controller)
        void store.close()
        abort.abort(new Error('crashed'))
      },
      ended: Promise.resolve(),
    }
    controller.ended = running.catch((thrown: unknown) => {
      if (crashed.has(controller)) return
      lines.push({ level: 'error', event: 'stop', msg: `the controller failed: ${String(thrown)}` })
      throw thrown
    })
    controller.ended.catch(() => undefined) // `rig.stop` rethrows it.
    rig.controllers.push(controller)
    return controller
  }

  const ledger = async (): Promise<Ledger> => {
    const { ledger: read } = await client.read()
    if (!read) throw new Error('nobody has written the store yet')
    return read
  }
  const current = (): Controller | undefined => rig.controllers.filter((c) => !crashed.has(c)).at(-1)
  const tail = (): string =>
    rig.controllers.flatMap((c) => c.lines.slice(-12).map(({ msg }) => `  ${c.id}: ${msg}`)).slice(-40).join('\n')

  const rig: Rig = {
    config, clock, hosts, client, start, ledger,
    up: Object.fromEntries(config.sites.map(({ site }) => [site, true])),
    onWrite: null,
    controllers: [],
    ask: async (asked) => {
      const id = clock.id()
      await client.ask({ request: { id, by: 'test', expiresMs: clock.now().wallMs + 59_000, ...asked } as Request })
      return id
    },
    askMove: async (kind, to, lifted = {}) => {
      const { active, epoch } = await ledger()
      return rig.ask({ what: 'move', kind, to, lifted: { ...nothing, ...lifted }, planHash: planHash(planOf(kind, active, to, config), epoch + 1) })
    },
    askAdopt: async (to, oldValues, { seenEpoch = 0, oldTtlS = 60 } = {}) => {
      const read = (await client.read()).ledger
      const epoch = Math.max(read?.epoch ?? 0, seenEpoch) + 1
      return rig.ask({ what: 'adopt', to, seenEpoch, oldValues, oldTtlS, planHash: planHash(planOf('adopt', read?.active ?? null, to, config), epoch) })
    },
    until: async (what, fits) => void (await until(what, fits, { said: tail, everyMs: 5 })),
    ended: async (epoch) => {
      await rig.until(`the move of epoch ${epoch} has ended`, async () => {
        const read = (await client.read()).ledger
        return read !== null && read.move === null && (read.past[0]?.epoch ?? 0) >= epoch
      })
      return ledger()
    },
    seen: () =>
      rig.until('every site is seen', () => {
        const watch = current()?.self()?.state.watch
        return watch?.at != null && watch.abstains === null && config.sites.every(({ site }) => watch.sites[site]?.health === (rig.up[site] ? 'up' : 'down'))
      }),
    skip: async (ms) => {
      clock.skip(ms)
      await rig.seen()
    },
    stop: async () => {
      const all = rig.controllers.map(async (c) => (crashed.has(c) ? c.ended : await c.stop()))
      const failed = (await Promise.allSettled(all)).find((each) => each.status === 'rejected')
      await Promise.all([...hosts.map((h) => h.way.stop()), client.close()])
      if (failed) throw failed.reason
    },
  }
  return rig
}
