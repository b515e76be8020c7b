import { execa, type ResultPromise } from 'execa'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { listenAt, stopListening } from '../../src/listening.ts'
import { freePort } from '../lab/ports.ts'
import { labKey } from '../lab/servers.ts'

const root = resolve(import.meta.dirname, '../..')
const main = join(root, 'src/main.ts')

export type Line = Record<string, unknown> & { event: string; msg: string }

/** A real `lifeboat watch` over real sites on loopback, in a folder of its own. */
export type Watching = {
  folder: string
  /** What a command in that folder needs in its environment. */
  env: Record<string, string>
  /** The store's file. */
  store: string
  pid: number
  /** Runs lifeboat in the folder to its end. */
  lifeboat(...words: string[]): Promise<void>
  /** Takes a site's server off the air, or puts it back. */
  cut(site: string): Promise<void>
  mend(site: string): Promise<void>
  /** The next line of the log that fits, behind those that were waited for before. */
  line(what: string, fits: (line: Line) => boolean): Promise<Line>
  /** Ends `lifeboat watch`; the sites and the folder stay. */
  end(): Promise<void>
  stop(): Promise<void>
}

/** `server`: the name server that takes the updates, with `labKey`. Of the names the first is the zone's apex. */
export type WatchingOptions = { zone: string; names: string[]; server: string; sites: Record<string, string>; check: string; policy: string }

const lineMs = 30_000

/** Starts the sites and `lifeboat watch`, and adopts the names for the first site. */
export const startWatching = async ({ zone, names, server, sites, check, policy }: WatchingOptions): Promise<Watching> => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-bench-'))
  const port = await freePort(Object.values(sites))
  const list = Object.entries(sites).map(([site, address]) => `  ${site}: { cloud: none, address: ${address} }`)
  await writeFile(
    join(folder, 'lifeboat.yaml'),
    `version: 1
app: bench
owner: "0123456789abcdef0123456789abcdef"
sites:
${list.join('\n')}
data: { driver: none, holds: nothing }
check: { url: "http://${names[0]}:${port}/", ${check} }
dns:
  names: [${names.join(', ')}]
  nameservers: ["${server}"]
  hosts: [{ driver: rfc2136, zone: ${zone}, server: "${server}", key: ${labKey.name}, secret: "\${BENCH_SECRET}" }]
policy: { automatic: true, ${policy} }
`,
  )
  const env = { BENCH_SECRET: labKey.secret, NODE_OPTIONS: '' }
  const servers = new Map<string, Server>()
  const mend = async (site: string): Promise<void> => {
    const answering = createServer((_, response) => void response.writeHead(200, { connection: 'close' }).end('ok'))
    servers.set(site, answering)
    await listenAt(answering, `${sites[site]}:${port}`)
  }
  const cut = async (site: string): Promise<void> => {
    const answering = servers.get(site)
    servers.delete(site)
    if (answering) await stopListening(answering)
  }
  const lifeboat = async (...words: string[]): Promise<void> => void (await execa(process.execPath, [main, ...words], { cwd: folder, env, timeout: lineMs }))
  const watch = execa(process.execPath, [main, 'watch'], { cwd: folder, env, reject: false, buffer: false, stdout: 'pipe', stderr: 'inherit' })
  const log = follow(watch)
  const end = async (): Promise<void> => {
    watch.kill('SIGTERM')
    await watch
  }
  const stop = async (): Promise<void> => {
    await end()
    await Promise.all([...servers.keys()].map(cut))
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await Promise.all(Object.keys(sites).map(mend))
    await log('it leads', ({ event }) => event === 'leader')
    await lifeboat('adopt', '--active', Object.keys(sites)[0]!, '--yes')
    await log('the adoption is done', ({ event, state }) => event === 'move' && state === 'done')
  } catch (thrown) {
    await stop()
    throw thrown
  }
  return { folder, env, store: join(folder, '.lifeboat/bench.db'), pid: watch.pid!, lifeboat, cut, mend, line: log, end, stop }
}

const follow = (watch: ResultPromise): Watching['line'] => {
  const lines: Line[] = []
  let seen = 0
  let wake = (): void => undefined
  createInterface({ input: watch.stdout! }).on('line', (line) => {
    lines.push(JSON.parse(line) as Line)
    wake()
  })
  return async (what, fits) => {
    const limit = AbortSignal.timeout(lineMs)
    for (;;) {
      const at = lines.slice(seen).findIndex(fits)
      if (at >= 0) return lines[(seen += at + 1) - 1]!
      if (limit.aborted) throw new Error(`it never came to this: ${what}\n${lines.slice(-12).map(({ msg }) => `  ${msg}`).join('\n')}`)
      await new Promise<void>((go) => {
        wake = go
        limit.addEventListener('abort', () => go(), { once: true })
      })
    }
  }
}
