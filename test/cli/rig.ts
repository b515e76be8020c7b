import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { startEmbedded, type Embedded } from '../../src/drivers/dns/embedded.ts'
import type { EmbeddedRecord } from '../../src/drivers/dns/embedded-zone.ts'
import { listenAt, stopListening } from '../../src/listening.ts'
import { freePort } from '../lab/ports.ts'
import { waitMs } from '../lab/wait.ts'

const root = resolve(import.meta.dirname, '../..')
export const launcher = join(root, 'src/lifeboat.js')
export const main = join(root, 'src/main.ts')
export const pinnedNode = join(root, `node_modules/node-linux-${process.arch}/bin/node`)

export const owner = '5f0c9a7be2d14c3f8a60b1d29e7c4f11'
/** Stands in the file by a variable only; nothing may ever print it. */
export const secret = 'correct-horse-battery-staple'

export type Ran = { code: number | null; signal: string | null; out: string; err: string; all: string }

export type Running = {
  child: ChildProcess
  ended: Promise<Ran>
  lines: Record<string, any>[]
  /** All that it has said so far. */
  said(): string
  /** The first line of its log that fits. */
  line(fits: (line: Record<string, any>) => boolean): Promise<Record<string, any>>
}

/** Starts a program that is killed with the test, should it still run. */
export function start(command: string, args: string[], options: { cwd?: string; env?: Record<string, string>; input?: string } = {}): Running {
  const { NO_COLOR: _, FORCE_COLOR: __, LIFEBOAT_CONFIG: ___, ...inherited } = process.env
  const child = spawn(command, args, { cwd: options.cwd, env: { ...inherited, USER: 'tester', ...options.env }, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(options.input ?? '')
  const ran: Ran = { code: null, signal: null, out: '', err: '', all: '' }
  const lines: Record<string, any>[] = []
  const waiting = new Set<() => void>()
  const wake = () => [...waiting].forEach((each) => each())
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) lines.push(JSON.parse(line))
    wake()
  })
  child.stdout.on('data', (part: Buffer) => ((ran.out += part), (ran.all += part)))
  child.stderr.on('data', (part: Buffer) => ((ran.err += part), (ran.all += part)))
  const ended = once(child, 'close').then(([code, signal]): Ran => {
    setImmediate(wake)
    return Object.assign(ran, { code, signal })
  })
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  })
  return {
    child,
    ended,
    lines,
    said: () => ran.all,
    line: async (fits) => {
      const limit = AbortSignal.timeout(waitMs)
      for (;;) {
        const found = lines.find(fits)
        if (found) return found
        if (limit.aborted || child.exitCode !== null) throw new Error(`no such line; it said:\n${ran.all}`)
        await new Promise<void>((go) => {
          const heard = () => (waiting.delete(heard), go())
          waiting.add(heard)
          limit.addEventListener('abort', heard, { once: true })
        })
      }
    },
  }
}

export type Rig = {
  folder: string
  port: number
  dns: Embedded
  /** Writes lifeboat.yaml, with its own words in the place of the usual ones. */
  write(change?: (yaml: string) => string): Promise<void>
  /** Runs lifeboat in the folder to its end. */
  run(...args: string[]): Promise<Ran>
  start(...args: string[]): Running
  stopSite(site: 'aws' | 'hetzner'): Promise<void>
  startSite(site: 'aws' | 'hetzner'): Promise<void>
  /** Resolves when the site is asked for the next time. */
  asked(site: 'aws' | 'hetzner'): Promise<unknown>
  /** Every word that any command has printed. */
  printed(): string
}

export const addresses = { aws: '127.0.0.41', hetzner: '127.0.0.42' } as const

const usual: EmbeddedRecord[] = [
  { name: 'shop.example', type: 'A', ttlS: 2, value: addresses.aws },
  { name: 'www.shop.example', type: 'CNAME', ttlS: 2, value: 'shop.example' },
]

/** Two sites, a name server and a folder with a lifeboat.yaml, for one test; everything is stopped and removed after it. */
export async function rig(records = usual): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-cli-'))
  const port = await freePort(Object.values(addresses))
  const dns = await startEmbedded({
    port: await freePort(['127.0.0.1']), // A test may start it there again.
    zones: {
      'shop.example': [
        ...records,
        { name: 'shop.example', type: 'TXT', ttlS: 3600, value: 'v=spf1 -all' },
        { name: 'shop.example', type: 'NS', ttlS: 3600, value: 'ns1.shop.example' },
      ],
    },
  })
  const servers = new Map<string, Server>()
  const stopSite: Rig['stopSite'] = async (site) => {
    const server = servers.get(site)
    servers.delete(site)
    if (server) await stopListening(server)
  }
  const startSite: Rig['startSite'] = async (site) => {
    const server = createServer((_, response) => response.writeHead(200, { connection: 'close' }).end('ok'))
    servers.set(site, server)
    await listenAt(server, `${addresses[site]}:${port}`)
  }
  await Promise.all([startSite('aws'), startSite('hetzner')])
  onTestFinished(async () => {
    await Promise.all([stopSite('aws'), stopSite('hetzner'), dns.stop().catch(() => {})]) // A test may have stopped it.
    await rm(folder, { recursive: true, force: true })
  })
  const write: Rig['write'] = (change = (yaml) => yaml) => writeFile(join(folder, 'lifeboat.yaml'), change(yamlOf(port, dns.server)))
  await write()
  const runs: Running[] = []
  const begin = (...args: string[]): Running => {
    const running = start(process.execPath, [main, ...args], { cwd: folder, env: { CANARY_WORD: secret } })
    runs.push(running)
    void running.ended.then(({ all }) => (said += all))
    return running
  }
  let said = ''
  return {
    folder, port, dns, write, stopSite, startSite,
    asked: (site) => once(servers.get(site)!, 'request'),
    start: begin,
    run: (...args) => begin(...args).ended,
    printed: () => said,
  }
}

const yamlOf = (port: number, server: string) => `version: 1
app: shop
owner: "${owner}"
sites:
  aws:     { cloud: none, address: ${addresses.aws} }
  hetzner: { cloud: none, address: ${addresses.hetzner} }
data: { driver: none, holds: nothing }
check:
  url: "http://shop.example:${port}/healthz?word=\${CANARY_WORD}"
  # A site that is stopped refuses at once, so the time-out only says how long a busy machine may take to answer.
  interval: 1s
  timeout: 900ms
  fall: 2
  rise: 2
dns:
  names: [shop.example, www.shop.example]
  ttl: 1s
  nameservers: ["${server}"]
  hosts:
    - { driver: embedded, zone: shop.example, server: "${server}" }
policy:
  automatic: true
  outage: 1s
  appFault: 1s
  cooldown: 2s
`
