// What the real CLI says of each wrong thing that needs no cloud, and the one sentence that comes of it.
import { spawn } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { machineClock as clock } from '../../../src/clock.ts'
import { pulumiUp, pulumiVersion, stackOutput } from '../../../src/drivers/pulumi.ts'
import { Said } from '../../../src/errors.ts'
import { freePort } from '../../lab/ports.ts'
import { cli, desk, passphrase, type Desk } from './desk.ts'

const said = async (act: Promise<unknown>): Promise<{ exit: number; says: string }> => {
  const thrown = await act.then(() => 'nothing was thrown', (error: unknown) => error)
  if (!(thrown instanceof Said)) throw thrown
  expect(thrown.message).not.toMatch(/\n|^error:/)
  expect(thrown.message).not.toContain(passphrase)
  return { exit: thrown.exit, says: thrown.message }
}
const outputs = ({ at, env }: Desk, change: Record<string, string | undefined> = {}) => said(stackOutput(at, { env: { ...env, ...change }, clock }))
const up = ({ at, env }: Desk, change: Record<string, string | undefined> = {}) => said(pulumiUp(at, { env: { ...env, ...change }, clock }, { onProgress: () => {}, interrupts: () => {} }))

describe.skipIf(cli === null)('the real CLI', () => {
  test('is asked for its version', async () => {
    const { env } = await desk()
    expect(await pulumiVersion({ env, clock })).toMatch(/^v3\./)
  })

  test('gives the outputs of a stack', async () => {
    const far = await desk()
    await far.give({ address: '127.0.0.41', machineId: '4711' })
    expect(await stackOutput(far.at, { env: far.env, clock })).toEqual({ address: '127.0.0.41', machineId: '4711' })
    expect(await stackOutput({ ...far.at, stack: 'organization/infra/far' }, { env: far.env, clock })).toHaveProperty('address')
  })

  test('needs no passphrase for them', async () => {
    const far = await desk()
    await far.give({ address: '127.0.0.41' })
    expect(await stackOutput(far.at, { env: { ...far.env, PULUMI_CONFIG_PASSPHRASE: undefined }, clock })).toHaveProperty('address')
  })

  test('is not on PATH', async () => {
    const far = await desk()
    const expected = { exit: 2, says: 'There is no pulumi on PATH. Install it as https://www.pulumi.com/docs/install says, then type this again' }
    const nowhere = { PATH: join(far.folder, 'bin') }
    expect(await outputs(far, nowhere)).toEqual(expected)
    expect(await up(far, nowhere)).toEqual(expected)
    expect(await said(pulumiVersion({ env: { ...far.env, ...nowhere }, clock }))).toEqual(expected)
  })

  test('knows no such stack', async () => {
    const far = await desk()
    const at = { ...far.at, stack: 'none' }
    const says = `There is no stack none in the state that pulumi is logged in to. Correct sites.far.stack or PULUMI_BACKEND_URL; for a new one: pulumi stack init none in ${at.folder}`
    expect(await outputs({ ...far, at })).toEqual({ exit: 2, says })
    expect(await up({ ...far, at })).toEqual({ exit: 2, says })
  })

  test('wants another passphrase, or one at all', async () => {
    const far = await desk()
    expect(await up(far, { PULUMI_CONFIG_PASSPHRASE: 'another-one' })).toEqual({ exit: 2, says: 'The passphrase of the stack far is another: correct PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE' })
    expect(await up(far, { PULUMI_CONFIG_PASSPHRASE: undefined })).toEqual({ exit: 2, says: 'The stack far has a passphrase: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE' })
  })

  test('is logged in nowhere', async () => {
    const far = await desk()
    expect(await outputs(far, { PULUMI_BACKEND_URL: undefined })).toEqual({
      exit: 2, says: 'pulumi is not logged in to a state: set PULUMI_BACKEND_URL, as to file:///var/lib/pulumi, or log in once: pulumi login',
    })
  })

  test('cannot reach the state', async () => {
    const far = await desk()
    await rm(join(far.folder, 'state'), { recursive: true })
    const gone = await outputs(far)
    expect(gone).toEqual({ exit: 4, says: expect.stringMatching(/^The state cannot be reached: unable to open state directory .*no such file or directory$/) })
    expect((await up(far)).exit).toBe(4)
    const port = await freePort(['127.0.0.1'])
    expect(await outputs(far, { PULUMI_BACKEND_URL: `http://127.0.0.1:${port}`, PULUMI_ACCESS_TOKEN: 'not-a-real-one' })).toEqual({
      exit: 4, says: expect.stringMatching(/^The state cannot be reached: .*connection refused$/),
    })
  })

  test('finds a stack of another project', async () => {
    const far = await desk()
    await writeFile(join(far.at.folder, 'Pulumi.yaml'), 'name: other\nruntime: nodejs\nmain: index.js\n')
    expect(await up({ ...far, at: { ...far.at, stack: 'organization/infra/far' } })).toEqual({
      exit: 2, says: `The stack organization/infra/far is of another project than the Pulumi.yaml in ${far.at.folder}. Correct sites.far.stack, or name its folder in sites.far.dir`,
    })
    expect((await outputs({ ...far, at: { ...far.at, stack: 'acme/infra/far' } })).says).toBe("acme/infra/far names no stack of this state: organization name must be 'organization'. Correct sites.far.stack")
  })

  test('finds no project, or no folder', async () => {
    const far = await desk()
    const folder = join(far.folder, 'bin')
    const says = `There is no Pulumi.yaml in ${folder}. Name the folder of the Pulumi program in sites.far.dir`
    expect(await outputs({ ...far, at: { ...far.at, folder } })).toEqual({ exit: 2, says })
    expect(await up({ ...far, at: { ...far.at, folder } })).toEqual({ exit: 2, says })
    const none = `${folder}/none`
    expect((await outputs({ ...far, at: { ...far.at, folder: none } })).says).toBe(`There is no folder ${none}, which sites.far.dir names. Correct it: it starts at the folder of the file`)
  })

  test('finds no Pulumi packages', async () => {
    const far = await desk()
    await rm(join(far.at.folder, 'node_modules'), { recursive: true })
    expect(await up(far)).toEqual({ exit: 2, says: `The Pulumi packages are not installed in ${far.at.folder}; npm ci --omit=dev leaves them out. Type npm ci there` })
  })

  const lock = async ({ folder }: Desk, owner: { pid: number; hostname: string }) => {
    const locks = join(folder, 'state/.pulumi/locks/organization/infra/far')
    await mkdir(locks, { recursive: true })
    await writeFile(join(locks, '11111111-1111-1111-1111-111111111111.json'), JSON.stringify({ ...owner, username: 'ops', timestamp: '2026-11-25T03:00:00Z' }))
  }

  test('finds the stack locked: pulumi cancel is named only where nobody can hold it any more', async () => {
    const far = await desk()
    const gone = spawn(process.execPath, ['-e', ''])
    await new Promise((ended) => gone.once('exit', ended))
    await lock(far, { pid: gone.pid!, hostname: hostname() })
    expect(await up(far)).toEqual({
      exit: 4,
      says: `The stack far is locked by ops@${hostname()}, process ${gone.pid}, which runs no more. What it left half done is taken up once the lock is gone: pulumi cancel --yes --stack far in ${far.at.folder}, then: lifeboat up far`,
    })
    await lock(far, { pid: process.pid, hostname: hostname() })
    expect((await up(far)).says).toBe(`The stack far is locked by ops@${hostname()}, process ${process.pid}, which may run still. Wait until it has ended, then: lifeboat up far`)
    await lock(far, { pid: gone.pid!, hostname: 'elsewhere' })
    expect((await up(far)).says).toBe(`The stack far is locked by ops@elsewhere, process ${gone.pid}, on another machine: look there whether it runs still. Wait until it has ended, then: lifeboat up far`)
  })
})
