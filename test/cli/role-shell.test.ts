import { execa } from 'execa'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { tsigKey } from '../../src/drivers/dns/tsig.ts'
import { debian } from '../lab/debian.ts'
import { addition, deletion, updateByHand } from '../lab/hand.ts'
import { startKnot, type Knot } from '../lab/knot.ts'
import { freePort } from '../lab/ports.ts'
import { claimed, now, old, others, owner, marker, roleCases, type Word } from '../lab/role-cases.ts'
import { labKey } from '../lab/servers.ts'
import { launcher } from './rig.ts'

// What the README gives to hosts that have no lifeboat, and around `lifeboat role`: taken from the page as it stands.

const page = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8')
const part = page.slice(page.indexOf('<!-- role -->'), page.indexOf('<!-- /role -->'))
const block = (language: string): string => new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(part)?.[1] ?? ''
const shell = block('sh')
const exitOf = { active: 0, not: 5, unknown: 4 } as const

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-role-'))
  await mkdir(join(folder, 'bin'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const script = async (name: string, text: string): Promise<void> => {
  await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`)
  await chmod(join(folder, 'bin', name), 0o755)
}

/** Runs a line of the page with the stand-ins of `bin` before the machine's programs. */
const run = async (argv: string[], env: Record<string, string> = {}): Promise<number | undefined> =>
  (await execa(argv[0]!, argv.slice(1), { reject: false, env: { PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter), ...env } })).exitCode

test('it is five lines', () => expect(shell.trimEnd().split('\n')).toHaveLength(5))

describe('the shell says what lifeboat role says', () => {
  const texts = (word: Word): string => (typeof word === 'string' ? `"${word}"` : (word ?? []).map((text) => `"${text}"`).join('\n'))

  beforeAll(async () => {
    // What dig +short prints: a text in quotes, and of a server that does not answer only a remark.
    await script('dig', 'file="$FOLDER/$(echo "$1" | tr -d @)"; [ -e "$file" ] && cat "$file" || echo ";; communications error to 127.0.0.1#53: connection refused"')
  })

  test.each(roleCases)('%s', async (_, says, aws, hetzner) => {
    const servers = says.map((_, n) => `ns${n + 1}`)
    for (const server of ['ns1', 'ns2', 'ns3', 'ns4']) await rm(join(folder, server), { force: true })
    for (const [n, word] of says.entries()) if (word !== null) await writeFile(join(folder, servers[n]!), `${texts(word)}\n`)
    const text = shell.replace(/servers="[^"]*"/, `servers="${servers.join(' ')}"`)
    expect(text).toContain(`owner=${owner} app=shop zone=shop.example servers="${servers.join(' ')}"`)
    await script('role', text)
    const codes = [await run(['role', 'aws'], { FOLDER: folder }), await run(['role', 'hetzner'], { FOLDER: folder })]
    expect(codes).toEqual([exitOf[aws], exitOf[hetzner]])
  })
})

const unpacked = { knot: await debian(['knot']), dig: await debian(['bind9-dnsutils']) }

describe.skipIf(!unpacked.knot || !unpacked.dig)('on real name servers, by dig and by lifeboat role', () => {
  const knots: Knot[] = []
  const key = tsigKey(labKey.name, labKey.secret)
  const name = '_lifeboat-shop.shop.example'
  let port = 0
  beforeAll(async () => {
    const addresses = [1, 2, 3].map((n) => `127.66.${process.pid % 250}.${n}`)
    port = await freePort(addresses)
    const zone = '@ 60 SOA ns1 hostmaster 1 3600 600 86400 60\n@ 60 NS ns1\nns1 60 A 127.0.0.1\n@ 60 A 127.0.0.41\n'
    for (const address of addresses) knots.push(await startKnot(unpacked.knot!, { address, port, zones: { 'shop.example': zone }, keys: [labKey] }))
    await rm(join(folder, 'bin/dig'), { force: true })
    await script('role', shell.replace(/servers="[^"]*"/, `servers="${addresses.join(' ')}"`).replace('dig @$s', `dig -p ${port} @$s`))
    await writeFile(join(folder, 'lifeboat.yaml'), yamlOf(knots.map(({ server }) => server)))
  })
  afterAll(async () => void (await Promise.all(knots.map((knot) => knot.stop()))))

  const say = async (word: Word, knot: Knot): Promise<void> => {
    const texts = typeof word === 'string' ? [word] : (word ?? [])
    expect(await updateByHand(knot.server, 'shop.example', key, [deletion(name, 'TXT'), ...texts.map((text) => addition(name, 60, 'TXT', text))])).toBe(0)
  }
  const asked = async (): Promise<unknown> => {
    const env = { LD_LIBRARY_PATH: unpacked.dig!.env.LD_LIBRARY_PATH!, PATH: [join(folder, 'bin'), join(unpacked.dig!.root, 'usr/bin'), process.env.PATH].join(delimiter) }
    const byDig = await Promise.all(['aws', 'hetzner'].map((site) => run(['role', site], env)))
    const byLifeboat = await Promise.all(['aws', 'hetzner'].map((site) => run([process.execPath, launcher, 'role', site, '--config', join(folder, 'lifeboat.yaml')])))
    return { byDig, byLifeboat }
  }
  const both = (aws: number, hetzner: number) => ({ byDig: [aws, hetzner], byLifeboat: [aws, hetzner] })

  const cases: [string, [Word, Word, Word], number, number][] = [
    ['not adopted', [[], [], []], 4, 4],
    ['aws is active', [old, old, old], 0, 5],
    ['a claim at one', [claimed('hetzner', 8), old, old], 4, 4],
    ['pointed at one', [now, old, old], 5, 4],
    ['one is behind', [now, now, old], 5, 0],
    ["another owner's at two", [now, marker('aws', 9, { by: others }), marker('aws', 9, { by: others })], 4, 4],
    ['hetzner is active', [now, now, now], 5, 0],
  ]
  test('what they say', async () => {
    for (const [what, words, aws, hetzner] of cases) {
      for (const [n, word] of words.entries()) await say(word, knots[n]!)
      expect({ what, ...(await asked() as object) }).toEqual({ what, ...both(aws, hetzner) })
    }
    // One is killed, then a second one: two of three must be heard.
    knots[2]!.signal('SIGKILL')
    expect(await asked()).toEqual(both(5, 0))
    knots[1]!.signal('SIGKILL')
    expect(await asked()).toEqual(both(4, 4))
  })
})

const yamlOf = (servers: string[]) => `version: 1
app: shop
owner: "${owner}"
sites:
  aws:     { cloud: none, address: 127.0.0.41 }
  hetzner: { cloud: none, address: 127.0.0.42 }
data: { driver: none, holds: nothing }
check: { url: "http://shop.example:8080/healthz" }
dns:
  names: [shop.example]
  nameservers: ${JSON.stringify(servers)}
  hosts:
    - { driver: rfc2136, zone: shop.example, server: "${servers[0]}", key: lifeboat, secret: "\${TSIG_SECRET_OF_THE_CONTROLLER}" }
`

describe('around it', () => {
  test.each([[0, 0], [5, 5], [4, 255], [2, 255], [1, 255], [127, 255], [143, 255]])("the unit's condition makes of exit %i the exit %i", async (from, to) => {
    const line = /^ExecCondition=(.*)$/m.exec(block('ini'))![1]!
    // As systemd reads it: $$ is a dollar.
    const [, command] = /^\/bin\/sh -c '([^']*)'$/.exec(line)!
    await script('lifeboat', `[ "$*" = "role hetzner --config /etc/lifeboat/lifeboat.yaml" ] || exit 99; exit ${from}`)
    expect(await run(['/bin/sh', '-c', command!.replaceAll('$$', '$')])).toBe(to)
  })

  test("the compose file's job runs only where role says active", async () => {
    const { services } = parse(block('yaml')) as { services: { hourly: { command: string[]; volumes: string[] } } }
    const { command, volumes } = services.hourly
    expect(volumes).toEqual(['./role:/usr/local/bin/role:ro'])
    // An hour is over once for each line that is left: three times, of which the second is not the active site's.
    await writeFile(join(folder, 'hours'), '0\n5\n0\n')
    await script('sleep', `[ "$1" = 3600 ] && [ -s "${folder}/hours" ]`)
    await script('role', `[ "$1" = hetzner ] || exit 99; code=$(head -n 1 "${folder}/hours"); sed -i 1d "${folder}/hours"; exit "$code"`)
    await script('job', `echo ran >> "${folder}/jobs"`)
    await run(command)
    expect(await readFile(join(folder, 'jobs'), 'utf8')).toBe('ran\nran\n')
  })
})
