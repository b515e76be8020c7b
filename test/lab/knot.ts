import { execa } from 'execa'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Unpacked } from './debian.ts'
import { freePort } from './ports.ts'
import type { LabKey } from './servers.ts'
import { until, waitMs } from './wait.ts'

export type KnotOptions = {
  /** 127.0.0.1 unless given; any of 127/8 works on Linux without set-up. */
  address?: string
  /** A free one unless given. */
  port?: number
  /** Words that stand before its command, such as those that start it on another host of a network. */
  within?: string[]
  /** Zone name → master file text without $ORIGIN. */
  zones: Record<string, string>
  keys?: LabKey[]
  /** Servers (`IP:port`) that may transfer the zones and are told of each change. */
  secondaries?: string[]
  /** Zones of which they are told nothing. */
  quiet?: string[]
  /** The server that the zones come from; their texts are ignored. */
  primary?: string
  /** Zones that it signs by itself, with one key each. ECDSA P-256 and 14 days unless given. */
  signing?: Record<string, { algorithm?: string; lifetime?: string }>
}

export type Knot = {
  address: string
  port: number
  /** `IP:port`. */
  server: string
  /** The zone's records as sorted lines, SOA and DNSSEC left out. */
  dump(zone: string): Promise<string[]>
  serial(zone: string): Promise<number>
  /** Any knotc command, e.g. `zone-freeze`. */
  control(...words: string[]): Promise<string>
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void
  stop(): Promise<void>
}

const keySections = (keys: LabKey[]): string => {
  const key = keys.map((k) => `  - id: ${k.name}\n    algorithm: ${k.algorithm ?? 'hmac-sha256'}\n    secret: ${k.secret}`)
  const acl = keys.map((k) => {
    const types = k.types ? `\n    update-type: [${k.types.join(', ')}]` : ''
    return `  - id: acl-${k.name}\n    key: ${k.name}\n    action: update${types}`
  })
  return keys.length === 0 ? '' : `key:\n${key.join('\n')}\nacl:\n${acl.join('\n')}\n`
}

/** Where zones go to and come from. A neighbour may ask from any loopback address. */
const neighbourSections = ({ secondaries = [], primary }: KnotOptions): string => {
  const remotes = [...secondaries.map((server, n) => ({ id: `secondary-${n}`, server })), ...(primary ? [{ id: 'primary', server: primary }] : [])]
  if (remotes.length === 0) return ''
  const remote = remotes.map(({ id, server }) => `  - id: ${id}\n    address: ${server.replace(/:(\d+)$/, '@$1')}`)
  const acl = '  - id: acl-neighbours\n    address: 127.0.0.0/8\n    action: [transfer, notify]'
  return `remote:\n${remote.join('\n')}\nacl:\n${acl}\n`
}

const policySections = ({ signing = {} }: KnotOptions): string => {
  const policies = Object.entries(signing).map(
    ([zone, { algorithm = 'ecdsap256sha256', lifetime = '14d' }]) =>
      `  - id: ${zone}\n    algorithm: ${algorithm}\n    single-type-signing: on\n    rrsig-lifetime: ${lifetime}\n`,
  )
  return policies.length > 0 ? `policy:\n${policies.join('')}` : ''
}

const zoneLines = ({ keys = [], secondaries = [], quiet = [], primary, signing = {} }: KnotOptions, zone: string): string => {
  const acl = [...keys.map((k) => `acl-${k.name}`), ...(primary || secondaries.length > 0 ? ['acl-neighbours'] : [])]
  return [
    ...(acl.length > 0 ? [`acl: [${acl.join(', ')}]`] : []),
    ...(secondaries.length > 0 && !quiet.includes(zone) ? [`notify: [${secondaries.map((_, n) => `secondary-${n}`).join(', ')}]`] : []),
    ...(primary ? ['master: primary'] : []),
    ...(signing[zone] ? ['dnssec-signing: on', `dnssec-policy: ${zone}`] : []),
  ].map((line) => `    ${line}\n`).join('')
}

const confOf = (folder: string, address: string, port: number, options: KnotOptions): string => {
  const keys = options.keys ?? []
  const zones = Object.keys(options.zones).map(
    (zone) => `  - domain: ${zone}\n    file: ${join(folder, `${zone}.zone`)}\n    zonefile-sync: -1\n${zoneLines(options, zone)}`,
  )
  return `server:
    listen: ${address}@${port}
    rundir: ${folder}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: ${folder}
    journal-db-max-size: 16M
    kasp-db-max-size: 16M
    timer-db-max-size: 1M
${keySections(keys)}${neighbourSections(options)}${policySections(options)}zone:
${zones.join('\n')}
`
}

/** Starts a real knotd in a folder of its own; ready when it has loaded every zone. */
export const startKnot = async (unpacked: Unpacked, options: KnotOptions): Promise<Knot> => {
  const folder = await mkdtemp(join(tmpdir(), 'lab-knot-'))
  const address = options.address ?? '127.0.0.1'
  const port = options.port ?? (await freePort([address]))
  const conf = join(folder, 'knot.conf')
  await writeFile(conf, confOf(folder, address, port, options))
  if (!options.primary) for (const [zone, text] of Object.entries(options.zones)) await writeFile(join(folder, `${zone}.zone`), `$ORIGIN ${zone}.\n${text}\n`)

  const [program = '', ...args] = [...(options.within ?? []), join(unpacked.root, 'usr/sbin/knotd'), '-c', conf]
  const daemon = execa(program, args, { env: unpacked.env, reject: false, all: true })
  const control = async (...words: string[]): Promise<string> => {
    const said = ['-s', join(folder, 'knot.sock'), ...words]
    return (await execa(join(unpacked.root, 'usr/sbin/knotc'), said, { env: unpacked.env, timeout: waitMs })).stdout
  }
  const lines = async (zone: string): Promise<string[]> =>
    (await control('zone-read', zone)).split('\n').map((line) => line.replace(/^\[\S+\] /, '').trim()).filter(Boolean)

  const stop = async (): Promise<void> => {
    daemon.kill('SIGKILL')
    await daemon
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await untilLoaded(Object.keys(options.zones), control)
  } catch (error) {
    daemon.kill('SIGKILL')
    const { all } = await daemon
    await stop()
    throw new Error(`knotd did not start at ${address}:${port}:\n${all}`, { cause: error })
  }
  return {
    address,
    port,
    server: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
    dump: async (zone) => (await lines(zone)).filter((line) => !/ (SOA|RRSIG|NSEC3?|NSEC3PARAM|DNSKEY|CDS|CDNSKEY) /.test(line)).sort(),
    serial: async (zone) => Number((await lines(zone)).find((line) => line.includes(' SOA '))?.split(' ')[5]),
    control,
    signal: (signal) => void daemon.kill(signal),
    stop,
  }
}

const untilLoaded = async (zones: string[], control: (...words: string[]) => Promise<string>): Promise<void> => {
  let failed: unknown
  const isRead = (zone: string) => control('zone-read', zone, '@', 'SOA').then(() => true, (error: unknown) => void (failed = error))
  for (const zone of zones) await until(`Knot has read ${zone}`, () => isRead(zone), { said: () => String(failed), everyMs: 50 })
}
