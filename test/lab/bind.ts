import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Unpacked } from './debian.ts'
import { startNameServer } from './name-server.ts'
import type { NameServer } from './name-server.ts'
import { freePort } from './ports.ts'
import type { LabKey } from './servers.ts'

export type BindOptions = {
  /** A free one unless given. */
  port?: number
  /** Zone name → master file text without $ORIGIN. A secondary begins with what is given here; '' is nothing. */
  zones: Record<string, string>
  keys?: LabKey[]
  /** Servers (`IP:port`) that are told of each change. */
  secondaries?: string[]
  /** Zones of which they are told nothing. */
  quiet?: string[]
  /** Zones that it signs by itself: one key, ECDSA P-256, 14 days. */
  signed?: string[]
  /** The server that each zone comes from; it is the primary of all others. */
  primaries?: Record<string, string>
}

/** `IP:port` as BIND writes it. */
const place = (server: string): string => server.replace(/:(\d+)$/, ' port $1')

const policyOf = (keys: LabKey[]): string =>
  keys.map(({ name, types = ['ANY'] }) => `grant ${name} zonesub ${types.join(' ')};`).join(' ')

const zoneOf = ({ keys = [], quiet = [], signed = [], primaries = {} }: BindOptions, zone: string): string => {
  const from = primaries[zone]
  const lines = from
    ? ['type secondary', `primaries { ${place(from)}; }`, 'masterfile-format text']
    : [
        'type primary',
        ...(keys.length > 0 ? [`update-policy { ${policyOf(keys)} }`] : []),
        ...(quiet.includes(zone) ? ['notify no'] : []),
        ...(signed.includes(zone) ? ['dnssec-policy default'] : []),
      ]
  return `zone "${zone}" { ${lines.join('; ')}; file "${zone}.zone"; };`
}

const confOf = (folder: string, port: number, options: BindOptions): string => `
options {
  directory "${folder}";
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  pid-file none;
  session-keyfile none;
  recursion no;
  dnssec-validation no;
  notify explicit;
  also-notify { ${(options.secondaries ?? []).map((server) => `${place(server)};`).join(' ')} };
  allow-notify { 127.0.0.0/8; };
  allow-transfer { 127.0.0.0/8; };
};
controls { };
${(options.keys ?? []).map((k) => `key "${k.name}" { algorithm ${k.algorithm ?? 'hmac-sha256'}; secret "${k.secret}"; };`).join('\n')}
${Object.keys(options.zones).map((zone) => zoneOf(options, zone)).join('\n')}
`

/** Starts a real named in a folder of its own; ready when it serves every zone. It asks nobody outside: no recursion, IPv4 only, and it tells only whom it is told to tell. */
export const startBind = async (unpacked: Unpacked, options: BindOptions): Promise<NameServer> => {
  const folder = await mkdtemp(join(tmpdir(), 'lab-bind-'))
  // It listens only at addresses that an interface has, so nowhere else in 127/8.
  const port = options.port ?? (await freePort(['127.0.0.1']))
  const server = `127.0.0.1:${port}`
  const conf = join(folder, 'named.conf')
  await writeFile(conf, confOf(folder, port, options))
  for (const [zone, text] of Object.entries(options.zones))
    if (text !== '') await writeFile(join(folder, `${zone}.zone`), `$ORIGIN ${zone}.\n${text}\n`)
  const program = join(unpacked.root, 'usr/sbin/named')
  return startNameServer({ program, args: ['-4', '-g', '-n', '1', '-c', conf], env: unpacked.env, folder, server, zones: Object.keys(options.zones) })
}
