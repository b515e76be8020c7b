import { execa } from 'execa'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Unpacked } from './debian.ts'
import { startNameServer } from './name-server.ts'
import type { NameServer } from './name-server.ts'
import { freePort } from './ports.ts'
import type { LabKey } from './servers.ts'
import { waitMs } from './wait.ts'

export type PowerDnsOptions = {
  /** Zone name → master file text without $ORIGIN. */
  zones: Record<string, string>
  keys?: LabKey[]
  /** Servers (`IP:port`) that are told of changes. */
  secondaries?: string[]
  /** Zones of which they are told nothing. */
  quiet?: string[]
  /** Metadata of a zone by kind, e.g. `NOTIFY-DNSUPDATE`. */
  metadata?: Record<string, Record<string, string>>
  /** Zones that it signs by itself. */
  signed?: string[]
}

type Folder = { folder: string; program: (path: string, args: string[]) => ReturnType<typeof execa> }

const database = 'pdns.sqlite3'

/** The zones as SQL, by the package's own converter. */
const sqlOf = async ({ folder, program }: Folder, zones: Record<string, string>): Promise<string> => {
  const conf: string[] = []
  for (const [zone, text] of Object.entries(zones)) {
    const file = join(folder, `${zone}.zone`)
    await writeFile(file, `$ORIGIN ${zone}.\n${text}\n`)
    conf.push(`zone "${zone}" { type master; file "${file}"; };`)
  }
  const named = join(folder, 'named.conf')
  await writeFile(named, conf.join('\n'))
  return String((await program('usr/bin/zone2sql', [`--named-conf=${named}`, '--gsqlite', '--transactions'])).stdout)
}

const fillDatabase = async (at: Folder, root: string, options: PowerDnsOptions): Promise<void> => {
  const db = new DatabaseSync(join(at.folder, database))
  try {
    db.exec('PRAGMA synchronous = OFF') // Of this connection alone.
    db.exec(await readFile(join(root, 'usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql'), 'utf8'))
    db.exec(await sqlOf(at, options.zones))
    const kind = db.prepare('UPDATE domains SET type = ? WHERE name = ?')
    const key = db.prepare('INSERT INTO tsigkeys (name, algorithm, secret) VALUES (?, ?, ?)')
    for (const { name, algorithm = 'hmac-sha256', secret } of options.keys ?? []) key.run(name, algorithm, secret)
    const metadata = db.prepare('INSERT INTO domainmetadata (domain_id, kind, content) SELECT id, ?, ? FROM domains WHERE name = ?')
    for (const zone of Object.keys(options.zones)) {
      kind.run(options.secondaries && !options.quiet?.includes(zone) ? 'MASTER' : 'NATIVE', zone)
      for (const { name } of options.keys ?? []) metadata.run('TSIG-ALLOW-DNSUPDATE', name, zone)
      for (const server of options.secondaries ?? []) metadata.run('ALSO-NOTIFY', server, zone)
      for (const [name, content] of Object.entries(options.metadata?.[zone] ?? {})) metadata.run(name, content, zone)
    }
  } finally {
    db.close()
  }
}

/** Only such a script can narrow a key, and with it the server no longer asks for a key at all: the script must (PowerDNS 4.7.3, measured 2026-11). */
const policyOf = (keys: LabKey[]): string | null => {
  if (!keys.some(({ types }) => types)) return null
  const rule = ({ name, types }: LabKey): string => `["${name}."] = ${types ? `{ ${types.map((type) => `[pdns.${type}] = true`).join(', ')} }` : 'true'}`
  return `local keys = { ${keys.map(rule).join(', ')} }
function updatepolicy(input)
  local allowed = keys[input:getTsigName():toString()]
  return allowed == true or (allowed ~= nil and allowed[input:getQType()] == true)
end`
}

/** All else is as the server has it, its caches among them. It asks nobody outside: no poll of its version's safety, no forwarding. */
const confOf = (folder: string, root: string, port: number, { secondaries }: PowerDnsOptions, policy: string | null): string => `
launch=gsqlite3
gsqlite3-database=${join(folder, database)}
gsqlite3-dnssec=yes
module-dir=${join(root, 'usr/lib', process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu', 'pdns')}
local-address=127.0.0.1
local-port=${port}
query-local-address=127.0.0.1
socket-dir=${folder}
write-pid=no
disable-syslog=yes
security-poll-suffix=
dnsupdate=yes
allow-dnsupdate-from=127.0.0.0/8
primary=${secondaries ? 'yes' : 'no'}
only-notify=
${policy === null ? '' : `lua-dnsupdate-policy-script=${join(folder, 'policy.lua')}`}
`

/** Starts a real pdns_server with a database of its own; ready when it serves every zone. */
export const startPowerDns = async ({ root, env }: Unpacked, options: PowerDnsOptions): Promise<NameServer> => {
  const folder = await mkdtemp(join(tmpdir(), 'lab-pdns-'))
  const port = await freePort(['127.0.0.1'])
  const server = `127.0.0.1:${port}`
  const program = (path: string, args: string[]) => execa(join(root, path), args, { env, timeout: waitMs })
  await fillDatabase({ folder, program }, root, options)
  const policy = policyOf(options.keys ?? [])
  if (policy !== null) await writeFile(join(folder, 'policy.lua'), policy)
  await writeFile(join(folder, 'pdns.conf'), confOf(folder, root, port, options, policy))
  for (const zone of options.signed ?? []) await program('usr/bin/pdnsutil', [`--config-dir=${folder}`, 'secure-zone', zone])
  const args = [`--config-dir=${folder}`, '--daemon=no', '--guardian=no']
  return startNameServer({ program: join(root, 'usr/sbin/pdns_server'), args, env, folder, server, zones: Object.keys(options.zones) })
}
