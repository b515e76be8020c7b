import { execa } from 'execa'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { machineClock as clock } from '../../src/clock.ts'
import { bring, type Bringing } from '../../src/release/bring.ts'
import { makeRelease, type Release } from '../../src/release/release.ts'
import { makeAuthority } from '../lab/certificates.ts'
import type { Unpacked } from '../lab/debian.ts'
import { freePort } from '../lab/ports.ts'
import { until } from '../lab/wait.ts'
import { startHost, unpackHost, type Host } from './host.ts'
import { lookOverTls } from './look.ts'

let unpacked: Unpacked[] | null = null
beforeAll(async () => {
  unpacked = await unpackHost()
}, 300_000)

const digest = (sign: string): string => `app@sha256:${sign.repeat(64)}`

/** A release of an image, told apart by one sign. */
const releaseOf = (sign: string, values: Record<string, string> = {}, certificate: string | null = null): Release =>
  makeRelease({
    app: 'shop', nowMs: Date.now(), certificate, values: new Map(Object.entries(values)),
    composed: { app: `services: { web: { image: "${digest(sign)}" } }\n`, ours: 'services: {}\n' },
  })

type Lab = { host: Host; said: string[]; knownHosts: string; bring(release: Release, change?: Partial<Bringing>): Promise<string | null>; refused(release: Release, change?: Partial<Bringing>): Promise<string> }

let last = 100
const lab = async (skip: (note: string) => never): Promise<Lab> => {
  if (unpacked === null) skip('no real OpenSSH server and HAProxy here')
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-push-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')])
  const address = `127.0.62.${last++}`
  const host = await startHost({ address, key: await readFile(join(folder, 'key.pub'), 'utf8'), unpacked: unpacked!, port: await freePort([address]) })
  const [config, knownHosts] = [join(folder, 'ssh_config'), join(folder, '.lifeboat/known_hosts')]
  await writeFile(config, `Host ${address}\n  Port ${host.sshPort}\n  IdentityFile ${folder}/key\n  IdentitiesOnly yes\n`)
  const said: string[] = []
  const run: Lab['bring'] = (release, change = {}) =>
    bring({
      site: 'aws', app: 'shop', place: { address, knownHosts, config }, release, clock, signal: new AbortController().signal,
      look: () => lookOverTls(host), says: (line) => void said.push(line), ...change, limits: { every: 100, ...change.limits },
    })
  return { host, said, knownHosts, bring: run, refused: (release, change) => run(release, change).then(() => 'nothing was refused', (thrown: Error) => thrown.message) }
}

const values = { SESSION_KEY: `it's "quoted", $HOME \${X} $$ \\ back\\`, PEM: '-----BEGIN\nline two\r\n\n-----END', EMPTY: '', UMLAUT: 'schön #1 = ja' }

describe('a release', () => {
  test('is brought, started, seen to be well, and kept; each value arrives byte for byte', async ({ skip }) => {
    const { host, said, knownHosts, ...run } = await lab(skip)
    const one = releaseOf('1', values)
    expect(await run.bring(one)).toBeNull()
    expect(host.runs()).toEqual({ image: digest('1'), values })
    expect(host.verbs()).toEqual(['config', 'pull', 'up'])
    expect(await host.releases()).toEqual({ all: [one.name], current: `releases/${one.name}` })
    const env = join(host.root, 'var/lib/lifeboat/app/releases', one.name, '.env')
    expect((await stat(env)).mode & 0o777).toBe(0o600)
    expect(said[0]).toMatch(new RegExp(`^first contact: its host key is SHA256:\\S{43} \\(ssh-ed25519\\), pinned from now on in ${knownHosts}$`))
    expect((await stat(knownHosts)).mode & 0o777).toBe(0o600)
    said.length = 0
    const two = releaseOf('2', values)
    expect(await run.bring(two)).toBe(one.id)
    expect(host.runs()?.image).toBe(digest('2'))
    expect(said.join('\n')).not.toContain('first contact')
    expect((await host.releases()).current).toBe(`releases/${two.name}`)
  })

  test('of the old ones five stay', async ({ skip }) => {
    const { host, bring } = await lab(skip)
    const names: string[] = []
    for (const sign of '1234567') {
      const release = releaseOf(sign)
      names.push(release.name)
      await bring(release)
    }
    await until('the oldest are gone', async () => (await host.releases()).all.length === 5)
    expect((await host.releases()).all).toEqual(names.slice(-5))
  })

  test('that cannot be pulled leaves what runs as it is', async ({ skip }) => {
    const { host, said, ...run } = await lab(skip)
    const one = releaseOf('1')
    await run.bring(one)
    host.onDocker = ({ words }) => (words[0] === 'pull' ? { fails: 'manifest unknown' } : undefined)
    expect(await run.refused(releaseOf('2'))).toBe("The images could not be pulled at aws (docker's words stand above). The release that runs there is as it was")
    expect(said).toContain('  manifest unknown')
    expect(host.runs()?.image).toBe(digest('1'))
    expect(host.verbs().slice(3)).toEqual(['config', 'pull'])
    expect(await host.releases()).toEqual({ all: [one.name], current: `releases/${one.name}` })
  })

  test('whose app is never well is taken back', async ({ skip }) => {
    const { host, said, ...run } = await lab(skip)
    const limits = { well: 1_500 }
    const one = releaseOf('1')
    await run.bring(one)
    expect(await run.refused(releaseOf('2', { SICK: 'yes' }), { limits })).toBe('The app was not well at aws: HTTP 503. What ran there before runs again')
    expect(said).toEqual(expect.arrayContaining(['not well yet: HTTP 503', '  web: Up 2 seconds']))
    expect(host.runs()).toEqual({ image: digest('1'), values: {} })
    expect(await host.releases()).toEqual({ all: [one.name], current: `releases/${one.name}` })
  })

  test('that is the first and never well leaves nothing', async ({ skip }) => {
    const { host, ...run } = await lab(skip)
    expect(await run.refused(releaseOf('1', { SICK: 'yes' }), { limits: { well: 1_500 } })).toContain('The app was not well')
    expect(host.runs()).toBeNull()
    expect(host.verbs()).toEqual(['config', 'pull', 'up', 'ps', 'down'])
    expect(await host.releases()).toEqual({ all: [], current: null })
  })

  test('that cannot be started is taken back; where that fails too, it is said', async ({ skip }) => {
    const { host, ...run } = await lab(skip)
    await run.bring(releaseOf('1'))
    let ups = 0
    host.onDocker = ({ words }) => (words[0] === 'up' && ups++ === 0 ? { fails: 'port is already allocated' } : undefined)
    expect(await run.refused(releaseOf('2'))).toBe("The release could not be started at aws (docker's words stand above). The one of before runs there again")
    expect(host.runs()?.image).toBe(digest('1'))
    host.onDocker = ({ words }) => (words[0] === 'up' ? { fails: 'no space left on device' } : undefined)
    expect(await run.refused(releaseOf('3'))).toMatch(/^The release was taken back at aws, and what ran there before could not be started again/)
  })

  test.for(['pull', 'up'])('whose connection is lost at %s leaves what runs as it is', async (verb, { skip }) => {
    const { host, ...run } = await lab(skip)
    const one = releaseOf('1')
    await run.bring(one)
    const reached = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    host.onDocker = async ({ words }) => {
      if (words[0] !== verb) return
      host.onDocker = null
      reached.resolve()
      await goOn.promise
    }
    const ended = run.refused(releaseOf('2'))
    await reached.promise
    host.cut()
    expect(await ended).toMatch(verb === 'pull' ? /^The connection to aws's host was lost.*The release that runs there is as it was\. To go on/ : /^The connection to aws's host was lost.*goes back to the release of before by itself/)
    goOn.resolve()
    await until('its host has gone back', async () => (await host.releases()).all.length === 1 && host.runs()?.image === digest('1'))
    expect((await host.releases()).current).toBe(`releases/${one.name}`)
    // And the next one is let in.
    await until('the lock is free', async () => run.bring(releaseOf('3')).then(() => true, () => false))
    expect(host.runs()?.image).toBe(digest('3'))
  })

  test('whose connection is lost while it is looked at is taken back', async ({ skip }) => {
    const { host, ...run } = await lab(skip)
    await run.bring(releaseOf('1'))
    const look = async () => {
      host.cut()
      return null
    }
    expect(await run.refused(releaseOf('2'), { look })).toContain('goes back to the release of before by itself')
    await until('its host has gone back', () => host.runs()?.image === digest('1'))
  })

  test('that is stopped is taken back', async ({ skip }) => {
    const { host, ...run } = await lab(skip)
    await run.bring(releaseOf('1'))
    const stop = new AbortController()
    const look = async () => {
      stop.abort(new Error('Ctrl-C'))
      throw stop.signal.reason
    }
    expect(await run.refused(releaseOf('2'), { look, signal: stop.signal })).toBe('Stopped: what ran at aws before runs there as before')
    expect(host.runs()?.image).toBe(digest('1'))
  })

  test('two at once: one of them does nothing', async ({ skip }) => {
    const { host, ...run } = await lab(skip)
    await run.bring(releaseOf('1'))
    const reached = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    host.onDocker = async ({ words }) => {
      if (words[0] !== 'pull') return
      reached.resolve()
      await goOn.promise
    }
    const first = run.bring(releaseOf('2'))
    await reached.promise
    expect(await run.refused(releaseOf('3'))).toBe('Another push to aws is under way: this one did nothing there. When that has ended, type it again')
    goOn.resolve()
    await first
    expect(host.runs()?.image).toBe(digest('2'))
  })
})

describe('the host key', () => {
  test('that has changed is refused, and nothing is sent', async ({ skip }) => {
    const { host, knownHosts, ...run } = await lab(skip)
    await run.bring(releaseOf('1'))
    const before = await readFile(knownHosts, 'utf8')
    await host.renewKey()
    expect(await run.refused(releaseOf('2'))).toMatch(new RegExp(
      `^refuse: the key of aws's host \\(${host.address}\\) is SHA256:\\S{43}, and pinned is SHA256:\\S{43}: another machine may stand there\\. Nothing was sent\\. Where it was replaced by you: ssh-keygen -R ${host.address} -f ${knownHosts}$`))
    expect(await readFile(knownHosts, 'utf8')).toBe(before)
    expect(host.runs()?.image).toBe(digest('1'))
    await execa('ssh-keygen', ['-R', host.address, '-f', knownHosts])
    await run.bring(releaseOf('2'))
    expect(host.runs()?.image).toBe(digest('2'))
  })

  test('nobody is let in with a key that is not there; nobody answers', async ({ skip }) => {
    const { host, ...run } = await lab(skip)
    const place = { address: host.address, knownHosts: join(host.root, 'known_hosts'), config: '/dev/null' }
    expect(await run.refused(releaseOf('1'), { place })).toMatch(new RegExp(`^aws's host \\(${host.address}\\) cannot be reached over SSH: ssh: connect to host .* port 22: Connection refused\\. Nothing was done there$`))
    const config = join(host.root, 'ssh_config')
    await writeFile(config, `Host *\n  Port ${host.sshPort}\n  IdentityFile /dev/null\n  IdentitiesOnly yes\n`)
    expect(await run.refused(releaseOf('1'), { place: { ...place, config } })).toMatch(/^aws's host \(\S+\) lets nobody in as lifeboat with the keys that ssh has here/)
  })
})

describe('a certificate', () => {
  const authority = makeAuthority()
  const pem = (): string => {
    const { cert, key } = authority.issue({ names: ['shop.example'] })
    return cert + key
  }

  test('is served by HAProxy, and stays where a release brings none', async ({ skip }) => {
    const { host, ...run } = await lab(skip)
    const mine = pem()
    await run.bring(releaseOf('1', {}, mine))
    expect(await host.certificate()).toBe(mine)
    await until('HAProxy serves it', async () => (await lookOverTls(host, authority.ca)) === null)
    await run.bring(releaseOf('2'))
    expect(await lookOverTls(host, authority.ca)).toBeNull()
    expect(await host.certificate()).toBe(mine)
  })

  test('that HAProxy does not take, or of a release that is taken back, is taken back', async ({ skip }) => {
    const { host, ...run } = await lab(skip)
    const mine = pem()
    await run.bring(releaseOf('1', {}, mine))
    expect(await run.refused(releaseOf('2', {}, 'no certificate\n'))).toBe('HAProxy at aws did not take the certificate, and has the one of before. The release that runs there is as it was')
    expect(await host.certificate()).toBe(mine)
    expect(host.runs()?.image).toBe(digest('1'))
    expect(await run.refused(releaseOf('3', { SICK: 'yes' }, pem()), { limits: { well: 1_500 } })).toContain('The app was not well')
    expect(await host.certificate()).toBe(mine)
    await until('HAProxy serves it', async () => (await lookOverTls(host, authority.ca)) === null)
  })
})
