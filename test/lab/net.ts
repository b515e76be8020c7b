import { execa } from 'execa'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { debian } from './debian.ts'
import { waitMs } from './wait.ts'

// Hosts with addresses of their own: a network namespace each, joined by a bridge in one more, where packets are lost on demand.
// Nothing of it touches the machine's own network, and no way leads out. It needs root, and Linux with veth and nftables.

/** Packets that are lost: from a host, to a host, or between two; with neither, all. */
export type Loss = { from?: string; to?: string; percent: number }

/** Everything from and to these hosts is lost. */
export const cut = (...hosts: string[]): Loss[] => hosts.flatMap((host) => [{ from: host, percent: 100 }, { to: host, percent: 100 }])

export type Net = {
  /** Words that, put before a command, start it on that host. */
  on(host: string): string[]
  /** From now on these packets are lost, and no others. */
  lose(...losses: Loss[]): Promise<void>
  /** How many packets were lost so far. */
  lost(): Promise<number>
  /** Counts the connections that `from` begins to `to` from now on, before any is lost. */
  count(from: string, to: string): Promise<() => Promise<number>>
  /** Ends what runs on its hosts, and takes it down. */
  stop(): Promise<void>
}

const prefix = 'lifeboat-'
const sweep = 'for n in "$@"; do ip netns pids "$n" 2>/dev/null | xargs -r kill -9; ip netns del "$n" 2>/dev/null; done'

/** Takes down what processes that are gone have left; `NAME-PID-…` says whose it was. */
const sweepStale = async (): Promise<void> => {
  const { stdout } = await execa('ip', ['netns', 'list'])
  const names = stdout.split('\n').map((line) => line.split(' ')[0] ?? '')
  const stale = names.filter((name) => name.startsWith(prefix) && !isAlive(Number(name.slice(prefix.length).split('-')[0])))
  if (stale.length > 0) await execa('sh', ['-c', sweep, 'sweep', ...stale])
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Why this machine cannot make a network. Null: it can. Under CI=true it throws instead, so that nothing is skipped there. */
export const whyNoNet = async (): Promise<string | null> => {
  const name = `${prefix}${process.pid}-try`
  const { stderr, failed } = await execa('ip', ['netns', 'add', name], { reject: false })
  if (!failed) await execa('ip', ['netns', 'del', name])
  const why = failed ? `network namespaces cannot be made here, which needs root and iproute2 (${stderr.split('\n')[0] || 'no ip command'})` : null
  if (why !== null && process.env['CI'] === 'true') throw new Error(why)
  if (why !== null) console.warn(`SKIPPED: ${why}`)
  return why
}

/** Takes the namespaces down when the pipe to it closes: by `stop`, or with this process, however that ends. */
const startSweeper = (names: string[]): { stop(): Promise<void> } => {
  const sweeper = spawn('sh', ['-c', `cat >/dev/null; ${sweep}`, 'sweep', ...names], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  const ended = new Promise<void>((done) => sweeper.once('exit', () => done()))
  return {
    stop: () => {
      sweeper.stdin.end()
      return ended
    },
  }
}

let made = 0

/** Makes a network of these hosts, each with its IPv4 address of one /24. */
export const startNet = async (addresses: Record<string, string>): Promise<Net> => {
  const unpacked = await debian(['nftables'])
  if (unpacked === null) throw new Error('nftables could not be unpacked')
  await sweepStale()
  made += 1
  const hosts = Object.keys(addresses)
  const nameOf = (host: string): string => `${prefix}${process.pid}-${made}-${host}`
  const sweeper = startSweeper([...hosts, 'hub'].map(nameOf))
  const on = (host: string): string[] => ['ip', 'netns', 'exec', nameOf(host)]
  const nft = async (script: string, ...flags: string[]): Promise<string> => {
    const [ip = '', ...words] = [...on('hub'), join(unpacked.root, 'usr/sbin/nft'), ...flags, '-f', '-']
    return (await execa(ip, words, { env: unpacked.env, input: script, timeout: waitMs })).stdout
  }
  const rule = ({ from, to, percent }: Loss): string => {
    const which = [from ? `ip saddr ${addresses[from]}` : '', to ? `ip daddr ${addresses[to]}` : ''].join(' ')
    return `add rule bridge net losses ${which} ether type ip ${percent < 100 ? `numgen random mod 100 < ${percent} ` : ''}counter name lost drop`
  }
  const packetsOf = async (counter: string): Promise<number> => Number(/packets (\d+)/.exec(await nft(`list counter bridge net ${counter}`))?.[1])
  const counters = new Set<string>()
  try {
    await linkHosts(addresses, nameOf)
    await nft(chains)
  } catch (error) {
    await sweeper.stop()
    throw error
  }
  return {
    on,
    lose: async (...losses) => void (await nft(['flush chain bridge net losses', ...losses.map(rule)].join('\n'))),
    lost: () => packetsOf('lost'),
    count: async (from, to) => {
      const counter = `${from}_${to}`
      const begun = `ip saddr ${addresses[from]} ip daddr ${addresses[to]} tcp flags & (syn | ack) == syn`
      if (!counters.has(counter)) await nft(`add counter bridge net ${counter}\nadd rule bridge net begun ${begun} counter name ${counter}`)
      counters.add(counter)
      const before = await packetsOf(counter)
      return async () => (await packetsOf(counter)) - before
    },
    stop: sweeper.stop,
  }
}

const chains = `table bridge net {
  counter lost { }
  chain begun { type filter hook forward priority -1; }
  chain losses { type filter hook forward priority 0; }
}`

/** Each host's eth0 is one end of a pair, and the other end is a port of the bridge. */
const linkHosts = async (addresses: Record<string, string>, nameOf: (host: string) => string): Promise<void> => {
  const batch = (lines: string[], ...flags: string[]) => execa('ip', [...flags, '-batch', '-'], { input: lines.join('\n'), timeout: waitMs })
  const hosts = Object.keys(addresses)
  const hub = nameOf('hub')
  await batch([...hosts, 'hub'].map((host) => `netns add ${nameOf(host)}`))
  await batch(hosts.map((host) => `link add name ${host} netns ${hub} type veth peer name eth0 netns ${nameOf(host)}`))
  await batch(['link add name bridge0 type bridge', 'link set dev bridge0 up', ...hosts.map((host) => `link set dev ${host} master bridge0 up`)], '-n', hub)
  const up = (host: string) => [`addr add ${addresses[host]}/24 dev eth0`, 'link set dev eth0 up', 'link set dev lo up']
  await Promise.all(hosts.map((host) => batch(up(host), '-n', nameOf(host))))
}
