// The only caller of ssh: the system's own OpenSSH, so that ~/.ssh/config, agents and hardware keys work as they do everywhere.

import { execa } from 'execa'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { within } from './probes/connection.ts'

const connectS = 10
/** A connection that says nothing for three of these is lost. */
const aliveS = 5

/** One host. `knownHosts`: where its key is pinned. `config`: read in the place of ~/.ssh/config and the system's; null: those are. */
export type SshPlace = { address: string; knownHosts: string; config: string | null }

/** How it ended. `code` 255: ssh's own failure; null: it was ended by a signal, or there is no ssh (`missing`). `said`: its standard error. */
export type SshEnd = { code: number | null; said: string; missing: boolean }

export type SshSession = {
  /** The next line of its output. Null: it has ended. Rejects when `limit` aborts. */
  line(limit: AbortSignal): Promise<string | null>
  send(what: string | Uint8Array): void
  /** Closes our end; the other one reads on to it. */
  close(): void
  kill(): void
  ended: Promise<SshEnd>
}

/** A host key as people compare them: its type, and SHA256:… */
export type HostKey = { type: string; print: string }

/** The keys that are pinned for an address. A file that is not there pins none. */
export function pinnedKeys({ address, knownHosts }: SshPlace): HostKey[] {
  return textAt(knownHosts).split('\n').flatMap((line) => {
    const [hosts = '', type, key] = line.split(' ')
    if (type === undefined || key === undefined || !hosts.split(',').includes(address)) return []
    return [{ type, print: `SHA256:${createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')}` }]
  })
}

function textAt(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw thrown
  }
}

/** Runs one command there as the user lifeboat. Its words are seen by all on both machines: whatever is secret is sent. */
export function openSsh(place: SshPlace, command: string): SshSession {
  mkdirSync(dirname(place.knownHosts), { recursive: true, mode: 0o700 })
  const child = execa('ssh', [...optionsOf(place), '--', place.address, command], {
    stdin: 'pipe', reject: false, buffer: { stdout: false }, stripFinalNewline: false,
    // In a group of its own: Ctrl-C at the terminal is for us, who end it in order.
    detached: true, cleanup: true,
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  child.stdin.on('error', () => {}) // It has ended: how, it says itself.
  return {
    line: async (limit) => {
      const { done, value } = await within(lines.next(), limit)
      return done ? null : value
    },
    send: (what) => void child.stdin.write(what),
    close: () => void child.stdin.end(),
    kill: () => void child.kill('SIGKILL'),
    ended: child.then(({ exitCode, stderr, code }) => {
      if (textAt(place.knownHosts) !== '') chmodSync(place.knownHosts, 0o600)
      return { code: exitCode ?? null, said: stderr ?? '', missing: code === 'ENOENT' }
    }),
  }
}

/**
 * A key is pinned by the address alone, whatever port ~/.ssh/config says. `accept-new` takes a key of another type than the pinned one
 * for a new one (OpenSSH 9.2, 2026-11), so it is said only where none is pinned.
 */
const optionsOf = (place: SshPlace): string[] => [
  ...(place.config === null ? [] : ['-F', place.config]),
  ...Object.entries({
    BatchMode: 'yes',
    ConnectTimeout: connectS,
    ServerAliveInterval: aliveS,
    ServerAliveCountMax: 3,
    StrictHostKeyChecking: pinnedKeys(place).length > 0 ? 'yes' : 'accept-new',
    UserKnownHostsFile: `"${place.knownHosts}"`,
    GlobalKnownHostsFile: '/dev/null',
    HostKeyAlias: place.address,
    HashKnownHosts: 'no',
    UpdateHostKeys: 'no',
    CheckHostIP: 'no',
    ForwardAgent: 'no',
    ControlMaster: 'no',
    ControlPath: 'none',
    LogLevel: 'ERROR',
  }).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
  '-T', '-l', 'lifeboat',
]
