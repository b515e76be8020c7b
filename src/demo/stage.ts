import type { ChildProcess } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { startEmbedded, type Embedded } from '../drivers/dns/embedded.ts'
import { newLines, type Lines } from './lines.ts'
import { startSimDigitalOcean, type SimDigitalOcean } from './sim-digitalocean.ts'
import type { Troupe } from './troupe.ts'

/** Where each actor of the demo stands, all on loopback. */
export const addresses = { alpha: '127.0.0.11', beta: '127.0.0.12', canary: '127.0.0.21', paris: '127.0.0.31', tokyo: '127.0.0.32' } as const
export type SiteName = 'alpha' | 'beta'
const here = '127.0.0.1'
const zone = 'shop.example'

export type Stage = Pick<Lines, 'lines' | 'line'> & {
  config: string
  port: number
  dns: Embedded
  cloud: SimDigitalOcean
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
  const port = await freePort()
  const tokens = { vantage: `demo-${clock.id()}`, cloud: `demo-${clock.id()}` }
  // Whatever controller this shell's commands ask otherwise, the demo's ask none but its own.
  const env = { ...process.env, LIFEBOAT_CONTROLLER: '', LIFEBOAT_VANTAGE_TOKEN: tokens.vantage }
  const { startSite, startVantage } = actorsOf(troupe, env, port)
  const dns = await startEmbedded({ zones: { [zone]: recordsOf() } })
  troupe.last(() => dns.stop())
  const cloud = await startSimDigitalOcean({ tokens: [tokens.cloud], droplets: [{ id: 4711, addresses: [addresses.alpha] }] })
  troupe.last(() => cloud.stop())
  const [canary, paris, tokyo] = await Promise.all([startSite('canary'), startVantage('paris'), startVantage('tokyo'), startSite('alpha'), startSite('beta')])
  const owner = clock.id().replaceAll('-', '')
  const config = await layConfig(folder, { owner, port, canary, paris, tokyo, dns: dns.server, cloud: cloud.url }, tokens)
  const { lines, line, hear } = newLines(clock, signal)
  const start = (name: string, command: string[]) => troupe.start(name, file('../main.ts'), [...command, '--config', config], env, 'pipe')
  return {
    config,
    port,
    dns,
    cloud,
    lines,
    line,
    startSite: async (name) => void (await startSite(name)),
    kill: (name) => void troupe.get(name)?.kill('SIGKILL'),
    cut: (to, from) => void troupe.get(to)?.send({ cut: from }),
    run: (...command) => outcomeOf(start('command', command), signal),
    startController: () => hear(start('controller', ['watch'])),
  }
}

/** Each resolves with the port on which its process listens. */
const actorsOf = (troupe: Troupe, env: NodeJS.ProcessEnv, port: number) => {
  const start = (name: string, script: string, ...args: string[]) => {
    const child = troupe.start(name, file(script), [name, ...args], env, 'ignore')
    return new Promise<number>((listening, failed) => {
      child.once('message', (said: { listening: number }) => listening(said.listening))
      child.once('exit', (code) => failed(new Error(`${name} ended with ${code}`)))
    })
  }
  return {
    startSite: (name: SiteName | 'canary') => start(name, 'site.ts', addresses[name], String(name === 'canary' ? 0 : port)),
    startVantage: (name: 'paris' | 'tokyo') => start(name, 'vantage.ts', addresses[name]),
  }
}

const outcomeOf = async (child: ChildProcess, signal: AbortSignal): Promise<{ code: number; text: string }> => {
  const parts: string[] = []
  child.stdout?.on('data', (part: Buffer) => parts.push(part.toString()))
  const code = await new Promise<number>((ended) => child.once('close', (c) => ended(c ?? 1)))
  signal.throwIfAborted()
  return { code, text: parts.join('') }
}

/** Writes the config, and beside it what the commands need that work on what the demo leaves; resolves with the config's path. */
const layConfig = async (folder: string, places: Places, tokens: { vantage: string; cloud: string }): Promise<string> => {
  const config = join(folder, 'lifeboat.yaml')
  await writeFile(config, configOf(places))
  await writeFile(join(folder, 'lifeboat.env'), `DEMO_VANTAGE_TOKEN=${tokens.vantage}\nDEMO_CLOUD_TOKEN=${tokens.cloud}\n`, { mode: 0o600 })
  return config
}

/** A port that is free at both sites. */
async function freePort(): Promise<number> {
  for (let tries = 1; ; tries++) {
    const first = await listen(addresses.alpha, 0)
    const { port } = first.address() as { port: number }
    try {
      const second = await listen(addresses.beta, port)
      second.close()
      return port
    } catch (thrown) {
      if (tries === 10) throw thrown // Ten ports in a row that the system picked at one are taken at the other.
    } finally {
      first.close()
    }
  }
}

const listen = (address: string, port: number): Promise<Server> =>
  new Promise((listening, failed) => {
    const server = createServer().once('error', failed)
    server.listen(port, address, () => listening(server))
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
