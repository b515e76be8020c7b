import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { MoveRun } from '../../src/cli/moves.ts'
import type { Status } from '../../src/cli/status.ts'
import { makeAuthority } from '../lab/certificates.ts'
import { debian } from '../lab/debian.ts'
import { startKnot } from '../lab/knot.ts'
import type { Knot } from '../lab/knot.ts'
import type { Answers, Said, Start, Told } from '../lab/net-site.ts'
import { startNet, whyNoNet } from '../lab/net.ts'
import type { Net } from '../lab/net.ts'
import { until, waitMs } from '../lab/wait.ts'
import { certificatesOf, clocked, hosts, secret, token, vantages, yamlOf, zoneText } from './setting.ts'
import type { Layout, Site, Vantage } from './setting.ts'

// Two sites, three vantages, a controller, a Knot and two canaries, each a host of one network, and lifeboat's own programs on them as a person
// starts them. Whoever watches the world from outside reads Knot through its socket and lifeboat through its log and its commands.

type Line = { event: string; msg: string; kind?: string; reason?: string; verdict?: string; level: string }

export type World = {
  net: Net
  /** How a site answers from now on; gives how many requests it has failed. */
  answer(site: Site, answers: Answers): Promise<number>
  kill(site: Site): Promise<void>
  /** Starts a killed site again. */
  revive(site: Site): Promise<void>
  /** By how many seconds the wall clocks of these hosts are off from now on; all others are right. */
  clocks(offS: Partial<Record<(typeof clocked)[number], number>>): Promise<void>
  /** The date as a vantage gives it in its answers. */
  dateAt(vantage: Vantage): Promise<number>
  /** Takes another layout, by a change of the file. */
  lay(layout: Layout): Promise<void>
  /** What watch has logged. */
  lines: Line[]
  status(): Promise<Status>
  history(): Promise<MoveRun[]>
  /** The zone's records as Knot has them. */
  zone(): Promise<string[]>
  /** Waits until it is so; `what` says what, where it never comes. */
  until<T>(what: string, look: () => T | Promise<T>, mostMs?: number): Promise<NonNullable<T>>
  /** Ends every fault, brings alpha back as a person would, and waits until all is well. */
  heal(): Promise<void>
  stop(): Promise<void>
}

const launcher = resolve(import.meta.dirname, '../../src/lifeboat.js')
const siteProgram = resolve(import.meta.dirname, '../lab/net-site.ts')
const calm = 'hold: alpha is well: 3 of 3 vantages'

const within = async <T>(promise: Promise<T>, mostMs: number, what: string): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error(`it took longer than ${mostMs / 1000} s: ${what}`)), mostMs)))
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** False: this machine has no network namespaces, or a package cannot be had, and that was said. Under CI=true it throws instead. */
export const canStart = async (): Promise<boolean> => {
  if ((await whyNoNet()) !== null) return false
  for (const name of ['nftables', 'libfaketime', 'knot']) if ((await debian([name])) === null) return false
  return true
}

/** What may differ from the world of the cuts. `clocks` false: nobody's clock can be set, and looking at it costs nothing. `others`: more hosts, by address. */
export type Differs = { yaml?: (layout: Layout) => string; clocks?: boolean; others?: Record<string, string> }

/** Starts a world, adopted and well. */
export const startWorld = async ({ yaml = yamlOf, clocks = true, others = {} }: Differs = {}): Promise<World> => {
  const faketime = clocks ? await debian(['libfaketime']) : null
  const knotd = await debian(['knot'])
  if ((clocks && !faketime) || !knotd) throw new Error('libfaketime or knot could not be unpacked')
  const folder = await mkdtemp(join(tmpdir(), 'lab-world-'))
  const net = await startNet({ ...hosts, ...others })
  const stops: (() => Promise<unknown>)[] = [() => net.stop(), () => rm(folder, { recursive: true, force: true })]
  try {
    return await people(net, folder, { yaml, faketime: faketime?.root ?? null, knotd, stops })
  } catch (error) {
    for (const stop of stops) await stop()
    throw error
  }
}

type Means = { yaml: (layout: Layout) => string; faketime: string | null; knotd: NonNullable<Awaited<ReturnType<typeof debian>>>; stops: (() => Promise<unknown>)[] }

/** Puts programs on the hosts of the network. */
const people = async (net: Net, folder: string, { yaml, faketime, knotd, stops }: Means): Promise<World> => {
  const authority = makeAuthority()
  const certificates = certificatesOf(authority)
  const lines: Line[] = []
  const { FORCE_COLOR: _, LIFEBOAT_CONFIG: __, ...inherited } = process.env
  const env = { ...inherited, NO_COLOR: '1', USER: 'tester', VANTAGE_TOKEN: token, LIFEBOAT_VANTAGE_TOKEN: token, TSIG_SECRET: secret }
  let complaints = ''

  /** `more`: variables of this program alone, not of `ip` before it. */
  const begin = (host: string, args: string[], more: Record<string, string> = {}): ChildProcess => {
    const variables = Object.entries(more).map(([name, value]) => `${name}=${value}`)
    const [ip = '', ...words] = [...net.on(host), 'env', ...variables, process.execPath, ...args]
    const child = spawn(ip, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    child.stderr?.on('data', (part: Buffer) => (complaints += `${host}: ${part}`))
    return child
  }
  const end = async (child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }

  const sites = new Map<string, ChildProcess>()
  const tell = async (host: string, told: Told): Promise<number> => {
    const child = sites.get(host)
    if (!child) throw new Error(`${host} does not run`)
    const heard = once(child, 'message') as Promise<[Said]>
    child.send(told)
    return (await within(heard, 20_000, `${host} answers ${JSON.stringify(Object.values(told))}`))[0].failed
  }
  const startProgram = async (host: Start['host'], port: number, has: Start['certificates']): Promise<void> => {
    sites.set(host, begin(host, [siteProgram]))
    await tell(host, { start: { host, other: host === 'alpha' ? 'beta' : 'alpha', address: hosts[host], port, certificates: has } })
  }
  const startSite = (site: Site): Promise<void> => startProgram(site, 443, certificates)

  const clockFile = (host: string): string => join(folder, `${host}.clock`)
  const setClock = async (host: string, offS: number): Promise<void> => {
    await writeFile(`${clockFile(host)}.new`, `${offS < 0 ? '' : '+'}${offS}\n`)
    await rename(`${clockFile(host)}.new`, clockFile(host)) // It is read again at each look at the clock, so never half of it.
  }
  // The wall clock alone is moved: timers and durations run on the monotonic one, as where a machine's clock is set wrong.
  const fakeClock = (host: string): Record<string, string> => faketime === null ? {} : ({
    LD_PRELOAD: join(faketime, `usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/faketime/libfaketimeMT.so.1`),
    FAKETIME_TIMESTAMP_FILE: clockFile(host),
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  })
  const startVantage = async (vantage: Vantage): Promise<void> => {
    const child = begin(vantage, [launcher, 'vantage', '--listen', `${hosts[vantage]}:8687`], fakeClock(vantage))
    const listens = new Promise<void>((resolve) => createInterface({ input: child.stdout! }).on('line', (line) => line.includes('listens') && resolve()))
    stops.unshift(() => end(child, 'SIGTERM')) // In order, since libfaketime leaves its shared memory behind otherwise.
    await within(listens, 20_000, `${vantage} listens`)
  }

  const run = async (...args: string[]): Promise<string> => {
    const child = begin('controller', [launcher, ...args], fakeClock('controller'))
    let out = ''
    let err = ''
    child.stdout?.on('data', (part: Buffer) => (out += part))
    child.stderr?.on('data', (part: Buffer) => (err += part))
    const [code] = (await within(once(child, 'close'), 60_000, args.join(' '))) as [number | null]
    if (code !== 0) throw new Error(`lifeboat ${args.join(' ')} ended with ${code}: ${out}${err}`)
    return out
  }

  const lay = async (layout: Layout): Promise<void> => {
    if (layout === laid) return
    const from = lines.length
    await writeFile(join(folder, 'lifeboat.yaml'), yaml(layout))
    watching.kill('SIGHUP')
    await world.until('the changed file is taken', () => lines.slice(from).some(({ msg }) => msg.includes('was read anew')))
    laid = layout
  }
  const failBack = async (): Promise<void> => {
    const { active } = await world.status()
    if (active === 'alpha') return
    await world.until('alpha stands by', async () => (await world.status()).sites.some(({ site, role, health }) => site === 'alpha' && role === 'standby' && health === 'up'))
    await run('failback', '--yes')
  }
  const isCalm = ({ active, move, cooldownUntilMs, decision, sites }: Status): boolean =>
    active === 'alpha' && move === null && cooldownUntilMs === null && decision?.sentence === calm && sites.every(({ role, verdict, why }) => role !== 'fenced' && verdict === 'well' && why === '3 of 3 vantages')

  await Promise.all([writeFile(join(folder, 'ca.pem'), authority.ca), writeFile(join(folder, 'lifeboat.yaml'), yaml('apart')), ...clocked.map((host) => setClock(host, 0))])
  let laid: Layout = 'apart'
  let knot: Knot | undefined
  stops.unshift(async () => knot?.stop())
  const startDns = async () => void (knot = await startKnot(knotd, { address: hosts.knot, port: 53, within: net.on('knot'), zones: { 'shop.example': zoneText }, keys: [{ name: 'lifeboat', secret }] }))
  await Promise.all([startDns(), startSite('alpha'), startSite('beta'), startProgram('north', 80, {}), startProgram('south', 80, {}), ...vantages.map(startVantage)])
  const watching = begin('controller', [launcher, 'watch'], fakeClock('controller'))
  stops.unshift(() => end(watching, 'SIGTERM'))
  createInterface({ input: watching.stdout! }).on('line', (line) => lines.push(JSON.parse(line) as Line))

  const world: World = {
    net, lines, lay,
    answer: (site, answers) => tell(site, { answers }),
    kill: async (site) => {
      await end(sites.get(site), 'SIGKILL')
      sites.delete(site)
    },
    revive: startSite,
    clocks: async (offS) => void (await Promise.all(clocked.map((host) => setClock(host, offS[host] ?? 0)))),
    dateAt: async (vantage) => {
      const child = begin('controller', ['-e', `fetch('http://${hosts[vantage]}:8687/healthz').then((r) => process.send(Date.parse(r.headers.get('date'))))`])
      const [dateMs] = (await within(once(child, 'message'), waitMs, `${vantage} says its date`)) as [number]
      await end(child, 'SIGKILL')
      return dateMs
    },
    status: async () => JSON.parse(await run('status', '--json')) as Status,
    history: async () => JSON.parse(await run('history', '--json')) as MoveRun[],
    zone: () => knot!.dump('shop.example'),
    until: (what, look, mostMs = waitMs) => until(what, look, { said: () => `${lines.slice(-25).map(({ event, msg }) => `  ${event}  ${msg}`).join('\n')}\n${complaints}`, everyMs: 150, mostMs }),
    heal: async () => {
      await net.lose()
      await world.clocks({})
      await lay('apart')
      for (const site of ['alpha', 'beta'] as const) await (sites.has(site) ? world.answer(site, 'well') : startSite(site))
      await failBack()
      await world.until('all is well again', async () => isCalm(await world.status()))
    },
    stop: async () => {
      for (const stop of stops) await stop()
    },
  }
  await world.until('it leads', () => lines.some(({ event, msg }) => event === 'leader' && msg.includes('leads')))
  await run('adopt', '--yes')
  await world.heal()
  return world
}
