import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemd, verifyUnit } from '../lab/systemd.ts'
import { launcher, pinnedNode, start } from './rig.ts'

const good = join(import.meta.dirname, '../config/good/minimal.yaml')

let folder = ''
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'lifeboat-service-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

const unitFor = async (name: string, env: Record<string, string> = {}) => {
  const home = join(folder, name)
  await mkdir(home, { recursive: true })
  await copyFile(good, join(home, 'lifeboat.yaml'))
  return { home, ran: await start(process.execPath, [launcher, 'service'], { cwd: home, env }).ended }
}

describe.skipIf(!systemd)('lifeboat service', () => {
  const verify = (name: string, unit: string) => verifyUnit(folder, name, unit)
  const taken = { code: 0, said: '' }

  test.each(['plain', 'with space', 'per%cent and "quotes"', "dollar$HOME it's back\\slash"])('its unit is one that systemd takes, in a folder called %s', async (name) => {
    const { ran } = await unitFor(name)
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(await verify('lifeboat-shop.service', ran.out)).toEqual(taken)
  })

  test('systemd would say so of one that it does not take', async () => {
    const { ran } = await unitFor('plain')
    expect((await verify('a.service', ran.out.replace('Restart=always', 'Restart=ever'))).said).toMatch(/restart specifier/)
    expect((await verify('b.service', ran.out.replace(/^ExecStart=:\S+/m, 'ExecStart=:/nowhere/node'))).said).toMatch(/nowhere/)
    expect((await verify('c.service', ran.out.replace(/^WorkingDirectory=/m, 'WorkingDirectory=not/absolute'))).said).toMatch(/WorkingDirectory/)
  })

  test('the condition that the README gives is one that systemd takes', async () => {
    const page = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8')
    const unit = /```ini\n([\s\S]*?)```/.exec(page)![1]!.replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true')
    expect(await verify('nightly.service', unit)).toEqual(taken)
  })
})

test('names everything by its absolute path, and ends where only a person can mend it', async () => {
  const { home, ran } = await unitFor('plain')
  const lines = ran.out.split('\n')
  expect(lines).toContain(`ExecStart=:${pinnedNode} ${launcher} watch --config ${home}/lifeboat.yaml`)
  expect(lines).toContain(`WorkingDirectory=${home}`)
  expect(lines).toContain('ExecReload=/bin/kill -HUP $MAINPID')
  expect(lines).toContain(`User=${userInfo().username}`)
  expect(lines).toContain('RestartPreventExitStatus=2')
  // What runs below /tmp would not be seen with a /tmp of its own.
  expect(ran.out).not.toContain('PrivateTmp')
  expect(ran.out).not.toMatch(/^MemoryDenyWriteExecute/m)
})

test('may write where the store is, or is to be', async () => {
  const { home } = await unitFor('stores')
  const writable = async () => /^ReadWritePaths=(.*)$/m.exec((await start(process.execPath, [launcher, 'service'], { cwd: home }).ended).out)?.[1]
  expect(await writable()).toBe(home)
  await mkdir(join(home, '.lifeboat'))
  expect(await writable()).toBe(join(home, '.lifeboat'))
})

test('says what only this shell knows, and not what stands in lifeboat.env', async () => {
  const { home } = await unitFor('secrets')
  await writeFile(join(home, 'lifeboat.yaml'), `${await readFile(good, 'utf8')}heartbeat: { url: "\${HC_URL_OF_A_TEST}" }\n`)
  const env = { HC_URL_OF_A_TEST: 'http://127.0.0.1:9/secret-path-of-a-test' }
  const run = () => start(process.execPath, [launcher, 'service'], { cwd: home, env }).ended
  const told = await run()
  expect(told).toMatchObject({ code: 0, err: expect.stringMatching(/^Under systemd there is no environment[^]*lifeboat\.env \(chmod 600\):\nlifeboat\.yaml:\d+: heartbeat\.url: needs HC_URL_OF_A_TEST/) })
  expect(told.all).not.toContain('secret-path')
  await writeFile(join(home, 'lifeboat.env'), `HC_URL_OF_A_TEST=${env.HC_URL_OF_A_TEST}\n`)
  await chmod(join(home, 'lifeboat.env'), 0o600)
  expect(await run()).toMatchObject({ code: 0, err: '' })
  await writeFile(join(home, 'lifeboat.yaml'), 'version: 1\n')
  expect(await run()).toMatchObject({ code: 2, out: '' })
})
