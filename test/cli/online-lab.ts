import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { main, owner, start, type Ran } from './rig.ts'

/** A line of `check --online --json`. */
export type Line = { about: string; finding: string; says: string }

export type Online = {
  folder: string
  /** Runs it over this file, and gives what it printed. */
  run(yaml: string, ...more: string[]): Promise<Ran>
  /** The same with --json: its lines as `finding says`, by what they are about. */
  lines(yaml: string): Promise<{ code: number | null; about: Record<string, string[]>; all: Line[] }>
}

/** A folder for one test, and `lifeboat check --online` in it. */
export async function online(env: Record<string, string> = {}): Promise<Online> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-online-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const run: Online['run'] = async (yaml, ...more) => {
    await writeFile(join(folder, 'lifeboat.yaml'), yaml)
    return start(process.execPath, [main, 'check', '--online', ...more], { cwd: folder, env }).ended
  }
  return {
    folder,
    run,
    lines: async (yaml) => {
      const { code, out, all: said } = await run(yaml, '--json')
      if (!out.startsWith('{')) throw new Error(`no JSON:\n${said}`)
      const { findings } = JSON.parse(out) as { findings: Line[] }
      const about: Record<string, string[]> = {}
      for (const line of findings) (about[line.about] ??= []).push(`${line.finding} ${line.says}`)
      return { code, about, all: findings }
    },
  }
}

type Parts = { sites?: string; check: string; names: string[]; nameservers?: string[]; hosts: string[]; more?: string }

/** A lifeboat.yaml with two sites; `hosts` are entries of dns.hosts. */
export const yamlOf = ({ sites = '  aws: { cloud: none, address: 127.0.0.41 }\n  hetzner: { cloud: none, address: 127.0.0.42 }', check, names, nameservers, hosts, more = '' }: Parts): string => `version: 1
app: shop
owner: "${owner}"
sites:
${sites}
data: { driver: none, holds: nothing }
check: ${check}
dns:
  names: [${names.map((name) => `"${name}"`).join(', ')}]
${nameservers ? `  nameservers: [${nameservers.map((server) => `"${server}"`).join(', ')}]\n` : ''}  hosts:
${hosts.map((host) => `    - { ${host} }`).join('\n')}
policy: { automatic: false }
${more}
`

/** An entry of dns.hosts behind RFC 2136. */
export const hostEntry = (zone: string, server: string, key: { name: string; secret: string; algorithm?: string }): string =>
  `driver: rfc2136, zone: ${zone}, server: "${server}", key: ${key.name}, secret: "${key.secret}"${key.algorithm === undefined ? '' : `, algorithm: ${key.algorithm}`}`
