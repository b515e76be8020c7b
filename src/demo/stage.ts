import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Clock } from '../clock.ts'
import { startEmbedded, type Embedded } from '../drivers/dns/embedded.ts'
import { startSimDigitalOcean, type SimDigitalOcean } from './sim-digitalocean.ts'
import type { Troupe } from './troupe.ts'

/** Where each actor of the demo stands, all on loopback. */
export const addresses = { alpha: '127.0.0.11', beta: '127.0.0.12', canary: '127.0.0.21', paris: '127.0.0.31', tokyo: '127.0.0.32' } as const
export type SiteName = 'alpha' | 'beta'
const here = '127.0.0.1'
const zone = 'shop.example'

/** A line of the controller's log. */
export type Line = { atMs: number; event: string; msg: string } & Record<string, unknown>

export type Stage = {
  config: string
  port: number
  dns: Embedded
  cloud: SimDigitalOcean
  lines: Line[]
  /** The first line after `from` that fits; rejects after `mostMs`, or when the controller ends. */
  line(fits: (line: Line) => boolean, from?: number, mostMs?: number): Promise<Line>
  startSite(site: SiteName): Promise<void>
  kill(site: SiteName): void
  /** Drops what comes to `to` from these addresses. */
  cut(to: SiteName | 'canary', from: string[]): void
  /** Runs a command of lifeboat to its end, and gives its exit code and output. */
  run(...command: string[]): Promise<{ code: number; text: string }>
  startController(): void
}

const file = (name: string) => join(import.meta.dirname, name)

/** Sets everything up in `folder`, anew: two sites, a canary, two vantages elsewhere, a name server, a cloud, the config. */
export async function setStage(folder: string, troupe: Troupe, clock: Clock, signal: AbortSignal): Promise<Stage> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const port = await freePort(addresses.alpha)
  const token = `demo-${clock.id()}`
  const cloudToken = `demo-${clock.id()}`
  const env = { ...process.env, LIFEBOAT_VANTAGE_TOKEN: token }
  const start = (name: string, script: string, args: string[]) => {
    const child = troupe.start(name, file(script), args, env, 'ignore')
    return new Promise<number>((listening, failed) => {
      child.once('message', (said: { listening: number }) => listening(said.listening))
      child.once('exit', (code) => failed(new Error(`${name} ended with ${code}`)))
    })
  }
  const site = (name: 'alpha' | 'beta' | 'canary') => start(name, 'site.ts', [name, addresses[name], String(name === 'canary' ? 0 : port)])
  const dns = await startEmbedded({ zones: { [zone]: recordsOf() } })
  troupe.last(() => dns.stop())
  const cloud = await startSimDigitalOcean({ tokens: [cloudToken], droplets: [{ id: 4711, addresses: [addresses.alpha] }] })
  troupe.last(() => cloud.stop())
  const [canary, paris, tokyo] = await Promise.all([
    site('canary'),
    start('paris', 'vantage.ts', ['paris', addresses.paris]),
    start('tokyo', 'vantage.ts', ['tokyo', addresses.tokyo]),
    site('alpha'),
    site('beta'),
  ])
  const config = join(folder, 'lifeboat.yaml')
  await writeFile(config, configOf({ owner: clock.id().replaceAll('-', ''), port, canary, paris, tokyo, dns: dns.server, cloud: cloud.url }))
  // What the commands need that work on what the demo leaves.
  await writeFile(join(folder, 'lifeboat.env'), `DEMO_VANTAGE_TOKEN=${token}\nDEMO_CLOUD_TOKEN=${cloudToken}\n`, { mode: 0o600 })
  const lines: Line[] = []
  const waiting = new Set<() => void>()
  const main = file('../main.ts')

  return {
    config,
    port,
    dns,
    cloud,
    lines,
    line: async (fits, from = 0, mostMs = 20_000) => {
      const limit = clock.deadline(mostMs, signal)
      for (;;) {
        const found = lines.slice(from).find(fits)
        if (found) return found
        const controller = troupe.get('controller')
        if (controller?.exitCode !== null) throw new Error(`the controller ended: ${lines.at(-1)?.msg}`)
        await new Promise<void>((go, stop) => {
          const heard = () => (waiting.delete(heard), limit.removeEventListener('abort', late), go())
          const late = () => (waiting.delete(heard), stop(signal.aborted ? signal.reason : new Error(`nothing in ${mostMs / 1000} s; last: ${lines.at(-1)?.msg}`)))
          waiting.add(heard)
          limit.addEventListener('abort', late, { once: true })
        })
      }
    },
    startSite: async (name) => void (await site(name)),
    kill: (name) => void troupe.get(name)?.kill('SIGKILL'),
    cut: (to, from) => void troupe.get(to)?.send({ cut: from }),
    run: async (...command) => {
      const child = troupe.start('command', main, [...command, '--config', config], env, 'pipe')
      const parts: string[] = []
      child.stdout?.on('data', (part: Buffer) => parts.push(part.toString()))
      const code = await new Promise<number>((ended) => child.once('close', (c) => ended(c ?? 1)))
      signal.throwIfAborted()
      return { code, text: parts.join('') }
    },
    startController: () => {
      const child = troupe.start('controller', main, ['watch', '--config', config], env, 'pipe')
      createInterface({ input: child.stdout! }).on('line', (text) => {
        const { time, ...line } = JSON.parse(text) as Line & { time: string | number }
        lines.push({ ...line, atMs: new Date(time).getTime() })
        for (const heard of [...waiting]) heard()
      })
      child.once('exit', () => {
        for (const heard of [...waiting]) heard()
      })
    },
  }
}

const freePort = (address: string): Promise<number> =>
  new Promise((found, failed) => {
    const server = createServer().once('error', failed)
    server.listen(0, address, () => {
      const { port } = server.address() as { port: number }
      server.close(() => found(port))
    })
  })

/** The zone as its owner wrote it by hand, before lifeboat. */
const recordsOf = () => [
  { name: zone, type: 'A' as const, ttlS: 2, value: addresses.alpha },
  { name: zone, type: 'NS' as const, ttlS: 3600, value: `ns1.${zone}` },
  { name: `ns1.${zone}`, type: 'A' as const, ttlS: 3600, value: here },
]

type Places = { owner: string; port: number; canary: number; paris: number; tokyo: number; dns: string; cloud: string }

const configOf = (p: Places) => `version: 1
app: shop
owner: "${p.owner}"
sites:
  alpha: { cloud: digitalocean, address: ${addresses.alpha} }
  beta:  { cloud: none, address: ${addresses.beta} }
data: { driver: none, holds: nothing }
check:
  url: http://shop.example:${p.port}/
  body: ok
  interval: 400ms
  timeout: 300ms
  fall: 3
  rise: 3
vantages:
  here:  { cloud: none }
  paris: { url: "http://${here}:${p.paris}", token: "\${DEMO_VANTAGE_TOKEN}", cloud: scaleway }
  tokyo: { url: "http://${here}:${p.tokyo}", token: "\${DEMO_VANTAGE_TOKEN}", cloud: sakura }
canaries: ["http://${addresses.canary}:${p.canary}/"]
dns:
  names: [shop.example]
  ttl: 2s
  nameservers: ["${p.dns}"]
  hosts:
    - { driver: embedded, zone: shop.example, server: "${p.dns}" }
clouds:
  digitalocean: { token: "\${DEMO_CLOUD_TOKEN}", endpoint: "${p.cloud}" }
policy:
  automatic: true
  confirmCut: 1s
  outage: 15s
  appFault: 30s
  cooldown: 5s
store: { driver: sqlite, path: shop.db }
`
