// `lifeboat watch` with `listen` in one folder; the commands are typed in another that is empty.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { startEmbedded } from '../../src/drivers/dns/embedded.ts'
import { freePort } from '../lab/ports.ts'
import { listenHttp } from '../lab/sockets.ts'
import { addresses, main, pinnedNode, rig, start, type Ran, type Rig, type Running } from './rig.ts'

const token = 'a-token-of-correct-horse-battery-staple'

/** Runs a command in a folder of its own, where nothing is unless `files` says so. */
async function far(env: Record<string, string>, args: string[], files: Record<string, string> = {}): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-far-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 })
  return start(pinnedNode, [main, ...args], { cwd: folder, env }).ended
}

const listenOf = (port: number) => `listen: { address: "127.0.0.1:${port}", token: "a-token-of-\${CANARY_WORD}" }\n`

type House = Rig & { url: string; listen: string; watching: Running; ask(...args: string[]): Promise<Ran> }

/** On a busy machine a site may look down for a moment: it must be longer until that counts, and nothing may move for it. */
const calm = (yaml: string): string => yaml.replace('fall: 2', 'fall: 4').replaceAll(/(outage|appFault): 1s/g, '$1: 10m')

/** Adopted, watched, and well. `ask` types a command far away, with the controller and its token in the environment. */
async function watched(change = (yaml: string) => yaml, variables = ''): Promise<House> {
  const house = await rig()
  const port = await freePort(['127.0.0.1'])
  await house.write((yaml) => change(calm(yaml) + listenOf(port)))
  if (variables) await writeFile(join(house.folder, 'lifeboat.env'), variables, { mode: 0o600 })
  expect((await house.run('adopt', '--yes')).all).toContain('epoch 1')
  const watching = house.start('watch')
  await watching.line(({ event, reason }) => event === 'decision' && reason === 'well')
  const url = `http://127.0.0.1:${port}`
  const ask: House['ask'] = (...args) => far({ LIFEBOAT_CONTROLLER: url, LIFEBOAT_CONTROLLER_TOKEN: token }, args)
  const wellThere = async () => JSON.parse((await ask('status', '--json')).out).decision?.reason === 'well'
  await vi.waitUntil(wellThere, { timeout: 30_000 })
  return { ...house, url, listen: listenOf(port), watching, ask }
}

/** Times, lengths and ids differ from one call to the next. */
const timeless = ({ code, out, err }: Ran) => ({
  code,
  out: out.replace(/"(\w+Ms|ms|id|decision)":("[^"]*"|[\d.]+)/g, '"$1":0').replace(/\b[0-9a-f]{8}\b(-[0-9a-f-]{27})?/g, 'ID').replace(/\d+:\d\d:\d\d/g, 'TIME').replace(/\b[\d.]+ (ms|s|min|h)\b/g, 'LONG').replace(/ +/g, ' '),
  err,
})

test('what is looked at from elsewhere is what is seen beside the store: the same words, JSON and exit codes', async () => {
  const { run, ask, printed } = await watched()
  expect((await ask('switchover', 'hetzner', '--yes')).code).toBe(0)
  const looks: [number, ...string[]][] = [
    [2, 'switchover'], [0, 'status', '--exit-code'], [0, 'status', '--json'], [0, 'history', '--json'], [0, 'explain', '--json'], [2, 'explain', 'ffff'], [0, 'plan', 'switchover', 'aws', '--json'],
    [3, 'plan', 'failover'], [3, 'rejoin', 'aws'], [2, 'failover', 'aws', '--force'], [2, 'switchover', 'attic', '--yes'], [0, 'adopt'], [2, 'disown'], [2, 'notify'],
  ]
  for (const [code, ...words] of looks) {
    const compare = async () => {
      const [here, there] = await Promise.all([run(...words), ask(...words)])
      expect(timeless(there), words.join(' ')).toEqual(timeless(here))
      expect(there.code, `${words.join(' ')}: ${there.all}`).toBe(code)
    }
    await vi.waitFor(compare, { timeout: 30_000 }) // What is seen may change between the two.
  }
  expect(printed()).not.toContain('correct-horse')
}, 180_000)

test('what is asked from elsewhere is done there, and told as it happens', async () => {
  const { run, ask, folder, write, listen, watching } = await watched((yaml) => `${yaml}notify: [{ exec: [tee, told.json], events: [alarm] }]\n`)
  const there = await ask('switchover', 'hetzner', '--yes')
  const here = await run('switchover', 'aws', '--yes')
  const swapped: Record<string, string> = { aws: 'hetzner', hetzner: 'aws', [addresses.aws]: addresses.hetzner, [addresses.hetzner]: addresses.aws, 'epoch 3': 'epoch 2' }
  expect(timeless(there)).toEqual(timeless({ ...here, out: here.out.replaceAll(/aws|hetzner|127\.0\.0\.4[12]|epoch 3/g, (each) => swapped[each]!) }))
  expect(there.out).toContain('confirmed at 1 of 1 name servers')

  expect((await ask('pause', '--for', '2h', '--why', 'a test')).out).toMatch(/^Automatic moves are paused for 2h, until/)
  expect((await run('status')).out).toMatch(/paused +until .* by tester \(a test\)/)
  expect(await ask('resume')).toMatchObject({ code: 0, out: 'Automatic moves are on again\n', err: '' })
  expect(await ask('pause', '--', 'sh', '-c', 'exit 7')).toMatchObject({ code: 7, err: expect.stringMatching(/paused while sh runs[^]*on again/) })

  expect(await ask('notify')).toMatchObject({ code: 0, out: expect.stringMatching(/^notify\[0\] \(exec\) +alarm +took it in/) })
  expect(JSON.parse(await readFile(join(folder, 'told.json'), 'utf8')).sentence).toMatch(/^lifeboat notify, typed at /)
  expect(await ask('check', '--accept')).toMatchObject({ code: 0, out: `${join(folder, 'lifeboat.yaml')} is the file in force already\n` })

  expect((await ask('disown', '--yes')).out).toContain('let go of at 1 of 1 DNS hosts')
  expect(await ask('adopt', '--yes')).toMatchObject({ code: 0, out: expect.stringMatching(/lifeboat takes over shop\.example[^]*confirmed at 1 of 1/) })

  // A file that stands there by now and is not sound is said as it would be there, without its secrets.
  await write((yaml) => `${yaml}${listen}nonsense: "\${CANARY_WORD}"\n`)
  const unsound = await ask('notify')
  expect(unsound).toMatchObject({ code: 2, err: expect.stringMatching(/^lifeboat\.yaml:\d+: nonsense: /) })
  expect(unsound.all + watching.lines.map(({ msg }) => msg).join()).not.toContain('correct-horse')
}, 180_000)

test('what comes from ${} leaves the machine hidden, and where commands plan with it, it is printed nowhere', async () => {
  const variables = `HETZNER=${addresses.hetzner}\nBODY=ok\n`
  const { run, ask, url } = await watched((yaml) => yaml.replace(`address: ${addresses.hetzner}`, 'address: "${HETZNER}"').replace('timeout: 550ms', 'timeout: 550ms\n  body: "${BODY}"'), variables)
  for (const page of ['config', 'store', 'journal?most=1000']) expect(await (await fetch(`${url}/${page}`, { headers: { authorization: `Bearer ${token}` } })).text(), page).not.toContain('correct-horse')
  const [here, there] = await Promise.all([run('plan', 'switchover', 'hetzner'), ask('plan', 'switchover', 'hetzner')])
  expect(timeless(there)).toEqual(timeless(here))
  expect(there.out).toContain('→ (hidden)')
  const moved = await ask('switchover', 'hetzner', '--yes')
  expect(moved).toMatchObject({ code: 0, out: expect.stringContaining('confirmed at 1 of 1') })
  expect(moved.all).not.toContain(addresses.hetzner)
}, 120_000)

test('a command that waits stays with the move while the controller reads its file anew, and while it is started again', async () => {
  const { dns, ask, watching, start: begin, write, listen } = await watched()
  await dns.stop() // No DNS host takes the change, so the move stays open.
  const moving = ask('failover', 'hetzner', '--force', '--yes')
  await watching.line(({ event, state }) => event === 'move' && state === 'open')
  await write((yaml) => `${calm(yaml).replace('cooldown: 2s', 'cooldown: 3s')}${listen}`)
  watching.child.kill('SIGHUP')
  await watching.line(({ event, msg }) => event === 'config' && /policy\.cooldown/.test(msg))
  watching.child.kill('SIGKILL')
  await watching.ended
  const again = begin('watch')
  await again.line(({ event }) => event === 'leader')
  const records = [{ type: 'A' as const, value: addresses.aws }, { type: 'NS' as const, value: 'ns1.shop.example' }].map((each) => ({ ...each, name: 'shop.example', ttlS: 2 }))
  const back = await startEmbedded({ port: dns.port, zones: { 'shop.example': [...records, { name: 'www.shop.example', type: 'CNAME', ttlS: 2, value: 'shop.example' }] } })
  onTestFinished(() => back.stop())
  const { code, out, err } = await moving
  expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/^(Asked again, for 60 s at most: The controller at .* cannot be reached: .*\n)*$/) })
  expect(out).toMatch(/failover aws → hetzner[^]*confirmed/)
}, 120_000)

test('a controller that does not lead is looked at; it neither moves nor lets a command move; its file can be accepted', async () => {
  const { start: begin, run, folder, watching } = await watched()
  const port = await freePort(['127.0.0.1'])
  const other = join(folder, 'other.yaml')
  await writeFile(other, (await readFile(join(folder, 'lifeboat.yaml'), 'utf8')).replace(/^listen: .*$/m, listenOf(port).trim()))
  const second = begin('watch', '--config', other)
  await second.line(({ msg }) => /are served at/.test(msg))
  const ask = (...args: string[]) => far({ LIFEBOAT_CONTROLLER_TOKEN: token }, ['--controller', `http://127.0.0.1:${port}/`, ...args])
  const led = await ask('plan', 'switchover', 'hetzner')
  expect(led).toMatchObject({ code: 0, err: expect.stringMatching(/^config: .* leads by another .*other\.yaml than stands there now/) })
  watching.child.kill('SIGKILL')
  await watching.ended
  const refused = { code: 4, out: '', err: `No controller leads at http://127.0.0.1:${port}/, and from here this command does not act by itself: nothing was done. What is known: lifeboat status\n` }
  expect(await ask('plan', 'switchover', 'hetzner')).toMatchObject(refused)
  expect(await ask('switchover', 'hetzner', '--yes')).toMatchObject(refused)
  expect(await ask('pause', '--', 'true')).toMatchObject(refused)
  expect((await ask('status', '--exit-code')).out).toMatch(/no controller, last seen[^]*next +nobody leads; the controller there .* lifeboat check --accept\n/)
  expect((await run('status', '--config', other)).out).toMatch(/next +nobody leads; the file here is not the one in force.* lifeboat check --accept; .* lifeboat watch\n/)
  expect((await run('status')).out).toMatch(/next +nobody watches: lifeboat watch\n/)
  expect(await ask('check', '--accept')).toMatchObject({ code: 0, out: expect.stringMatching(/other\.yaml is accepted: listen\.address/) })
  await second.line(({ event, msg }) => event === 'leader' && /leads/.test(msg))
  await vi.waitUntil(async () => (await ask('plan', 'switchover', 'hetzner')).code === 0, { timeout: 30_000 })
}, 180_000)

test('the token is that of LIFEBOAT_CONTROLLER_TOKEN, else of listen in the file here; without it, or with another, nothing is said', async () => {
  const { url, folder } = await watched()
  const yaml = await readFile(join(folder, 'lifeboat.yaml'), 'utf8')
  const status = ['status', '--controller', url]
  expect(await far({}, status)).toMatchObject({ code: 2, out: '', err: `The controller at ${url}/ wants a token. Put the token of its listen into LIFEBOAT_CONTROLLER_TOKEN\n` })
  expect(await far({ LIFEBOAT_CONTROLLER_TOKEN: 'another-token' }, status)).toMatchObject({ code: 2, out: '', err: `The controller at ${url}/ does not take our token. Put the token of its listen into LIFEBOAT_CONTROLLER_TOKEN\n` })
  expect(await far({}, status, { 'lifeboat.yaml': yaml, 'lifeboat.env': 'CANARY_WORD=correct-horse-battery-staple\n' })).toMatchObject({ code: 0, err: '' })
  expect(await far({ LIFEBOAT_CONTROLLER_TOKEN: token }, status, { 'lifeboat.yaml': yaml }), 'variables of the file that are not set are no mistake').toMatchObject({ code: 0, err: '' })
}, 60_000)

describe('an address that is not a controller\'s', { timeout: 60_000 }, () => {
  test('nobody answers there', async () => {
    const url = `http://127.0.0.1:${await freePort(['127.0.0.1'])}/`
    const err = expect.stringMatching(/^The controller at http:\/\/127\.0\.0\.1:\d+\/ cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:\d+\. Look whether it runs there, with this address under listen\n$/)
    for (const words of [['status'], ['failover', '--yes']]) expect(await far({ LIFEBOAT_CONTROLLER: url }, words)).toMatchObject({ code: 4, out: '', err })
  })

  test('https where nothing speaks TLS, and a port that no client asks at: one sentence each', async () => {
    const port = await listenHttp((_, response) => void response.end())
    expect(await far({}, ['status', '--controller', `https://127.0.0.1:${port}`])).toMatchObject({ code: 2, out: '', err: `What answers at https://127.0.0.1:${port}/ does not speak TLS; a listen by itself does not either. Write http://127.0.0.1:${port}, or put TLS before it\n` })
    expect(await far({}, ['status', '--controller', 'http://127.0.0.1:1'])).toMatchObject({ code: 2, out: '', err: 'Nothing is asked at port 1 of 127.0.0.1: it is among those that HTTP clients keep away from. Give listen another, such as 8686\n' })
  })

  test('a token that leaves this machine in the clear is warned of, once', async () => {
    const port = await freePort(['127.0.0.1'])
    // This machine too, under an address that does not say so.
    const clear = await far({ LIFEBOAT_CONTROLLER_TOKEN: token }, ['status', '--controller', `http://0.0.0.0:${port}`])
    expect(clear).toMatchObject({ code: 4, err: expect.stringMatching(/^The token goes to http:\/\/0\.0\.0\.0:\d+ over plain http: anybody on the way there can read it\. Better is https, or an SSH tunnel to 127\.0\.0\.1\nThe controller at [^\n]*\n$/) })
    expect(clear.all).not.toContain('correct-horse')
    for (const [env, url] of [[{}, `http://0.0.0.0:${port}`], [{ LIFEBOAT_CONTROLLER_TOKEN: token }, `https://0.0.0.0:${port}`], [{ LIFEBOAT_CONTROLLER_TOKEN: token }, `http://127.0.0.1:${port}`]] as const) expect((await far(env, ['status', '--controller', url])).err).not.toContain('plain http')
  })

  test.each([
    ['127.0.0.1:8686', 'is no address of a controller'],
    ['http://mara:not-a-real-word@127.0.0.1:8686', 'holds more than an address'],
    ['http://127.0.0.1:8686/?token=not-a-real-word', 'holds more than an address'],
  ])('%s', async (url, what) => {
    const { code, all } = await far({}, ['status', '--controller', url])
    expect({ code, all }).toEqual({ code: 2, all: expect.stringContaining(`--controller (or LIFEBOAT_CONTROLLER) ${what}. Write https://HOST or http://HOST:PORT`) })
    expect(all).not.toContain('not-a-real')
  })
})

test('what is of one machine takes no --controller, and does not mind LIFEBOAT_CONTROLLER', async () => {
  const local = Object.keys(commands).filter((name) => (commands[name]!.here?.({}) ?? null) !== null)
  expect(local).toEqual(['init', 'check', 'watch', 'vantage', 'role', 'replay', 'up', 'outputs', 'service', 'demo'])
  for (const words of [['role', 'aws'], ['check', '--online']]) {
    const why = commands[words[0]!]!.here!({})
    expect(await far({}, [...words, '--controller', 'http://127.0.0.1:8686'])).toMatchObject({ code: 2, out: '', err: `lifeboat ${words[0]} takes no --controller: it ${why}\n` })
  }
  expect(await far({ LIFEBOAT_CONTROLLER: 'http://127.0.0.1:8686' }, ['check'])).toMatchObject({ code: 2, err: expect.stringMatching(/^There is no lifeboat\.yaml in /) })
}, 60_000)
