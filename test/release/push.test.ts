import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { addresses, main, owner, start, type Ran, type Running } from '../cli/rig.ts'
import { newestKept } from '../../src/release/kept.ts'
import { startEmbedded } from '../../src/drivers/dns/embedded.ts'
import { makeAuthority, type Authority } from '../lab/certificates.ts'
import type { Unpacked } from '../lab/debian.ts'
import { freePort } from '../lab/ports.ts'
import { until } from '../lab/wait.ts'
import { startHost, unpackHost, type Host } from './host.ts'
import { lookOverTls } from './look.ts'

let unpacked: Unpacked[] | null = null
beforeAll(async () => {
  unpacked = await unpackHost()
}, 300_000)

const key = `it's "quoted" $HOME \\ and long`
const env = `SESSION_KEY="${key.replace(/[\\"]/g, '\\$&')}"\nPEM='-----BEGIN\nnot a real one\n-----END'\n`
const secrets = [key, 'not a real one', 'quoted']

const appFile = (more = '') => `name: shop
compose: compose.yaml
http: { service: web, port: 3000 }
names: [shop.example]
secrets: [SESSION_KEY, PEM]
size: { cpus: 1, memoryGb: 1, diskGb: 10 }
files: [{ volume: uploads, lost: true }]
${more}`

const digest = (sign: string): string => `registry.example/shop@sha256:${sign.repeat(64)}`
const compose = (sign: string) => `services:
  web:
    image: ${digest(sign)}
    env_file: .env
    volumes: [uploads:/data]
volumes:
  uploads:
`

type Shop = { folder: string; hosts: { aws: Host; hetzner: Host }; authority: Authority; run(words: string[], input?: string): Promise<Ran>; begin(words: string[], input?: string): Running; release(sign: string): Promise<void> }

/** Two hosts, the app told, and a lifeboat.yaml; in it a third site that is not created yet, where `cold` says so. */
const shop = async (skip: (note: string) => never): Promise<Shop> => {
  if (unpacked === null) skip('no real OpenSSH server and HAProxy here')
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-shop-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')])
  const publicKey = await readFile(join(folder, 'key.pub'), 'utf8')
  const port = await freePort(Object.values(addresses))
  const at = (address: string) => startHost({ address, key: publicKey, unpacked: unpacked!, port })
  const hosts = { aws: await at(addresses.aws), hetzner: await at(addresses.hetzner) }
  const dns = await startEmbedded({ zones: { 'shop.example': [{ name: 'shop.example', type: 'A', ttlS: 2, value: addresses.aws }, { name: 'shop.example', type: 'NS', ttlS: 3600, value: 'ns1.shop.example' }] } })
  onTestFinished(() => dns.stop())
  await writeFile(join(folder, 'ssh_config'), Object.values(hosts).map(({ address, sshPort }) => `Host ${address}\n  Port ${sshPort}\n  IdentityFile ${folder}/key\n  IdentitiesOnly yes\n`).join(''))
  await writeFile(join(folder, 'lifeboat.yaml'), `app: shop
owner: "${owner}"
sites:
  aws:     { cloud: none, address: ${addresses.aws} }
  hetzner: { cloud: none, address: ${addresses.hetzner} }
data: { driver: none, holds: nothing }
check: { url: "https://shop.example:${port}/healthz" }
dns:
  names: [shop.example]
  nameservers: ["${dns.server}"]
  hosts: [{ driver: embedded, zone: shop.example, server: "${dns.server}" }]
`)
  await mkdir(join(folder, 'stacks'))
  await writeFile(join(folder, 'stacks/app.yaml'), appFile())
  const release = (sign: string) => writeFile(join(folder, 'stacks/compose.yaml'), compose(sign))
  await release('1')
  const begin: Shop['begin'] = (words, input) =>
    start(process.execPath, [main, ...words], { cwd: folder, env: { LIFEBOAT_SSH_CONFIG: join(folder, 'ssh_config') }, ...(input === undefined ? {} : { input }) })
  const run: Shop['run'] = async (words, input) => {
    const ran = await begin(words, input).ended
    for (const secret of secrets) expect(ran.all).not.toContain(secret)
    return ran
  }
  return { folder, hosts, authority: makeAuthority(), run, begin, release }
}

const said = async (ran: Promise<Ran>): Promise<string> => {
  const { code, all } = await ran
  return `${code}: ${all.trim()}`
}

describe('lifeboat push', () => {
  test('brings the release to each site, the active one last; status and plan say when they differ', async ({ skip }) => {
    const { folder, hosts, run, release } = await shop(skip)
    const first = await run(['push', '--all', '--env', '-'], env)
    expect(first.all).toMatch(/^release [0-9a-f]{12} of shop: to hetzner, then aws$/m)
    expect(first).toMatchObject({ code: 0, out: expect.stringMatching(/^done: release [0-9a-f]{12} runs at hetzner, aws$/m) })
    expect(first.out).toMatch(/^aws  not recorded: there is no store yet\. After lifeboat adopt, the next push records it$/m)
    expect(first.out).toMatch(/^aws  its check fails all the same: the certificate is self-signed at 127\.0\.0\.41$/m)
    for (const host of Object.values(hosts)) expect(host.runs()).toEqual({ image: digest('1'), values: { SESSION_KEY: key, PEM: '-----BEGIN\nnot a real one\n-----END' } })

    expect(await run(['adopt', '--yes'])).toMatchObject({ code: 0 })
    // Without --env, the values that were brought last.
    const again = await run(['push', '--all'])
    expect(again.out).toMatch(/^hetzner  runs release [0-9a-f]{12}, as before$/m)
    expect(again.out).toMatch(/: to hetzner, then aws \(active\)$/m)
    expect((await run(['status'])).out).not.toContain('release')

    await release('2')
    expect(await run(['push', 'hetzner'])).toMatchObject({ code: 0 })
    const id = /release (\w+) of/.exec(first.out)![1]!
    const other = JSON.parse((await run(['status', '--json'])).out).sites.find(({ site }: { site: string }) => site === 'hetzner').release
    expect(other).toEqual({ id: expect.stringMatching(/^[0-9a-f]{12}$/), pushedMs: expect.any(Number) })
    expect((await run(['status'])).out).toContain(`release  the sites run different releases: aws runs ${id}, hetzner runs ${other.id}. To bring them the same one: lifeboat push --all`)
    expect((await run(['plan', 'failover', 'hetzner'])).out).toContain(`releases: hetzner runs ${other.id}, and aws ${id}`)
    expect((await run(['history', '--json'])).all + (await readFile(join(folder, '.lifeboat/shop.db'), 'latin1'))).not.toContain('not a real one')

    // What was brought stays here, for nobody else to read.
    const kept = join(folder, '.lifeboat/releases')
    const names = (await readdir(kept)).sort()
    expect(names).toHaveLength(3)
    expect((await stat(kept)).mode & 0o777).toBe(0o700)
    expect((await stat(join(kept, names[0]!, '.env'))).mode & 0o777).toBe(0o600)
  })

  test('a controller that runs writes down what was brought, from another machine as well', async ({ skip }) => {
    const { folder, run, begin } = await shop(skip)
    const listen = `127.0.0.1:${await freePort(['127.0.0.1'])}`
    const file = join(folder, 'lifeboat.yaml')
    await writeFile(file, `${await readFile(file, 'utf8')}listen: ${listen}\n`)
    expect(await run(['adopt', '--yes'])).toMatchObject({ code: 0 })
    const watch = begin(['watch'])
    await watch.line(({ event }) => event === 'leader' || event === 'decision')
    const pushed = await run(['push', 'hetzner', '--env', '-', '--controller', `http://${listen}`], env)
    expect(pushed).toMatchObject({ code: 0 })
    const [, id] = /^hetzner  runs release (\w{12})$/m.exec(pushed.out)!
    expect(await watch.line(({ msg }) => msg === `done: hetzner runs release ${id}`)).toMatchObject({ event: 'decision', by: 'tester' })
    watch.child.kill('SIGTERM')
    await watch.ended
  })

  test('stops at the first site that fails: the active one is left alone', async ({ skip }) => {
    const { hosts, run, release } = await shop(skip)
    await run(['push', '--all', '--env', '-'], env)
    await release('2')
    // Docker repeats what it was given; nobody sees it.
    hosts.hetzner.onDocker = ({ words }) => (words[0] === 'pull' ? { fails: `unexpected value ${key}\nnot a real one` } : undefined)
    const failed = await run(['push', '--all'])
    expect(failed).toMatchObject({ code: 4, err: expect.stringMatching(/^aws is left alone\n.*The images could not be pulled at hetzner/) })
    expect(failed.out).toMatch(/^hetzner {4}unexpected value \(hidden\)\nhetzner {4}\(hidden\)$/m)
    expect(hosts.aws.verbs()).toEqual(['config', 'pull', 'up'])
    for (const host of Object.values(hosts)) expect(host.runs()?.image).toBe(digest('1'))
  })

  test('brings a certificate, and says what is wrong with one before anything is sent', async ({ skip }) => {
    const { folder, hosts, authority, run } = await shop(skip)
    const write = async (name: string, ...parts: string[]) => writeFile(join(folder, name), parts.join(''), { mode: 0o600 })
    const [good, other, old] = [authority.issue({ names: ['shop.example'] }), authority.issue({ names: ['other.example'] }), authority.issue({ names: ['shop.example'], untilMs: Date.now() - 1 })]
    await write('good.pem', good.cert, good.key)
    await write('bare.pem', good.cert)
    await write('none.pem', good.key)
    await write('mixed.pem', good.cert, other.key)
    await write('other.pem', other.cert, other.key)
    await write('old.pem', old.cert, old.key)
    const refused = (name: string) => said(run(['push', '--all', '--env', '-', '--certificate', name], env))
    const file = (name: string) => join(folder, name)
    expect(await refused('bare.pem')).toBe(`2: bare.pem holds no private key that can be read without a passphrase. Put the key into the same file`)
    expect(await refused('none.pem')).toBe('2: none.pem holds no certificate. Write the chain and its key into one PEM file, the certificate of the names first')
    expect(await refused('mixed.pem')).toBe('2: mixed.pem holds a key that is not that of its first certificate. Put the certificate of the names first')
    expect(await refused('other.pem')).toBe('2: other.pem is not valid for shop.example')
    expect(await refused('old.pem')).toMatch(/^2: old\.pem expired on \d{4}-\d\d-\d\d$/)
    await chmod(file('good.pem'), 0o644)
    expect(await refused('good.pem')).toBe(`2: ${file('good.pem')} holds secrets, and others than its owner may open it. Type chmod 600 ${file('good.pem')}`)
    expect(hosts.aws.calls).toEqual([])
    await chmod(file('good.pem'), 0o600)
    expect(await run(['push', 'aws', '--env', '-', '--certificate', 'good.pem'], env)).toMatchObject({ code: 0 })
    await until('HAProxy serves it', async () => (await lookOverTls(hosts.aws, authority.ca)) === null)
    // It stays where the next release brings none, although another one is kept here for a site that is created later.
    const newer = authority.issue({ names: ['shop.example'] })
    await write('newer.pem', newer.cert, newer.key)
    expect(await run(['push', 'hetzner', '--certificate', 'newer.pem'])).toMatchObject({ code: 0 })
    expect(await run(['push', 'aws'])).toMatchObject({ code: 0 })
    expect(await hosts.aws.certificate()).toBe(good.cert + good.key)
    expect(newestKept(folder)?.files['site.pem']).toBe(newer.cert + newer.key)
  })

  test('with the values that are kept here it replaces nothing that was brought from elsewhere', async ({ skip }) => {
    const { folder, hosts, run, release } = await shop(skip)
    await run(['push', '--all', '--env', '-'], env)
    await cp(join(folder, '.lifeboat/releases'), join(folder, 'old'), { recursive: true })
    await run(['push', 'aws', '--env', '-'], `${env}NEW=1\n`)
    await rm(join(folder, '.lifeboat/releases'), { recursive: true })
    await rename(join(folder, 'old'), join(folder, '.lifeboat/releases'))
    await release('2')
    expect(await said(run(['push', 'aws']))).toMatch(/2: .*aws runs release [0-9a-f]{12}, which was not brought from here, so its values may be newer than those that are kept here: nothing was sent\. Say where they are: lifeboat push aws --env FILE$/s)
    expect(hosts.aws.runs()).toMatchObject({ image: digest('1'), values: { NEW: '1' } })
    expect(await run(['push', 'hetzner'])).toMatchObject({ code: 0 })
  })

  test.for(['SIGINT', 'SIGKILL'] as const)('%s while it starts the app: what ran before runs again', async (signal, { skip }) => {
    const { hosts, run, begin, release } = await shop(skip)
    await run(['push', 'aws', '--env', '-'], env)
    await release('2')
    const reached = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    hosts.aws.onDocker = async ({ words }) => {
      if (words[0] !== 'up') return
      hosts.aws.onDocker = null
      reached.resolve()
      await goOn.promise
    }
    const running = begin(['push', 'aws'])
    await reached.promise
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)))
      expect(await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')).not.toContain('not a real one')
    running.child.kill(signal)
    if (signal === 'SIGKILL') await running.ended
    goOn.resolve()
    if (signal === 'SIGINT') expect(await running.ended).toMatchObject({ code: 4, err: expect.stringMatching(/^Stopped: what ran at aws before runs there as before$/m) })
    await until('its host has gone back', async () => hosts.aws.runs()?.image === digest('1') && (await hosts.aws.releases()).all.length === 1)
  })
})

describe('what is wrong is said before anything is sent', () => {
  test('the values, the app, the words', async ({ skip }) => {
    const { folder, hosts, run } = await shop(skip)
    const pushed = (words: string[], input = '') => said(run(['push', ...words], input))
    expect(await pushed([])).toBe('2: lifeboat push needs a site or --all: lifeboat push SITE. The sites are aws, hetzner')
    expect(await pushed(['aws', '--all'])).toBe('2: push takes aws or --all, not both')
    expect(await pushed(['azure'])).toBe('2: There is no site azure; there are aws, hetzner')
    expect(await pushed(['--all'])).toBe('2: SESSION_KEY, PEM have no value, and secrets: in app.yaml lists them. Say where the values are: lifeboat push --all --env FILE, or - for standard input')
    expect(await pushed(['--all', '--env', '-'], 'PEM=x\n')).toBe('2: SESSION_KEY has no value, and secrets: in app.yaml lists it. Write it there, then push again')
    expect(await pushed(['--all', '--env', '-'], `hunter2\n`)).toBe('2: standard input:1: this line is not NAME=value. Write NAME=value, and begin a comment with #')
    expect(await pushed(['--all', '--env', 'none.env'])).toBe(`2: ${folder}/none.env cannot be read: there is no such file. Name the file that is meant`)
    await writeFile(join(folder, 'shop.env'), env, { mode: 0o644 })
    expect(await pushed(['--all', '--env', 'shop.env'])).toBe(`2: ${folder}/shop.env holds secrets, and others than its owner may open it. Type chmod 600 ${folder}/shop.env`)
    await writeFile(join(folder, 'stacks/app.yaml'), appFile().replace('name: shop', 'name: shed'))
    expect(await pushed(['--all', '--env', '-'], env)).toBe(`2: ${folder}/stacks/app.yaml tells of shed, and lifeboat.yaml of shop. Write the same name into both, or the app into stacks/app.yaml beside lifeboat.yaml`)
    await writeFile(join(folder, 'stacks/app.yaml'), appFile().replace('[shop.example]', '[shop.example, www.shop.example]'))
    expect(await pushed(['--all', '--env', '-'], env)).toBe(`2: names: in ${folder}/stacks/app.yaml and dns.names in lifeboat.yaml differ in www.shop.example. Write the same names into both`)
    // check looks at it too.
    expect(await said(run(['check']))).toMatch(/^2: names: in .* differ in www\.shop\.example/)
    await writeFile(join(folder, 'stacks/app.yaml'), appFile())
    await writeFile(join(folder, 'stacks/compose.yaml'), compose('1').replace('uploads:\n', 'orders:\n'))
    expect(await said(run(['check']))).toBe('2: compose.yaml: volumes.orders: nothing says what becomes of orders in a move. List it under files: in app.yaml')
    // Where none stands beside lifeboat.yaml, it is that of lifeboat's own programs.
    await rm(join(folder, 'stacks/app.yaml'))
    expect(await pushed(['--all', '--env', '-'], env)).toBe(`2: names: in ${join(main, '../../stacks/app.yaml')} and dns.names in lifeboat.yaml differ in www.shop.example. Write the same names into both`)
    expect([...hosts.aws.calls, ...hosts.hetzner.calls]).toEqual([])
  })
})
