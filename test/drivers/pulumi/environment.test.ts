import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { machineClock as clock } from '../../../src/clock.ts'
import { stackOutput } from '../../../src/drivers/pulumi.ts'
import { scrubbed, secretsIn } from '../../../src/drivers/pulumi/environment.ts'

const all = {
  PATH: '/usr/bin', HOME: '/home/ops', LANG: 'C.UTF-8', https_proxy: 'http://127.0.0.1:3128', PULUMI_CONFIG_PASSPHRASE: 'not-a-real-one', PULUMI_BACKEND_URL: 'file:///state',
  AWS_ACCESS_KEY_ID: 'not-a-real-a', AWS_SECRET_ACCESS_KEY: 'not-a-real-b', HCLOUD_TOKEN: 'not-a-real-c', DIGITALOCEAN_TOKEN: 'not-a-real-d', SPACES_SECRET_ACCESS_KEY: 'not-a-real-e',
  LIFEBOAT_CONTROLLER_TOKEN: 'not-a-real-f', CLOUDFLARE_TOKEN: 'not-a-real-g', NODE_OPTIONS: '--inspect', LD_PRELOAD: '/tmp/x.so',
}
const plain = ['HOME', 'LANG', 'PATH', 'PULUMI_BACKEND_URL', 'PULUMI_CONFIG_PASSPHRASE', 'PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION', 'PULUMI_SKIP_UPDATE_CHECK', 'https_proxy']

test.each([
  ['aws', ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']],
  ['hetzner', ['HCLOUD_TOKEN']],
  ['digitalocean', ['DIGITALOCEAN_TOKEN', 'SPACES_SECRET_ACCESS_KEY']],
  ['none', []],
])('a stack at %s is given its own credentials and nobody else\'s', (cloud, own) => {
  expect(Object.keys(scrubbed(all, cloud)).sort()).toEqual([...plain, ...own].sort())
})

test('a state in a bucket needs the key of that', () => {
  expect(Object.keys(scrubbed({ ...all, PULUMI_BACKEND_URL: 's3://state?endpoint=s3.example' }, 'hetzner'))).toEqual(expect.arrayContaining(['AWS_SECRET_ACCESS_KEY', 'HCLOUD_TOKEN']))
})

test('what is secret in it is known as such', () => {
  expect(secretsIn(scrubbed(all, 'hetzner')).sort()).toEqual(['http://127.0.0.1:3128', 'not-a-real-c', 'not-a-real-one'])
  expect(secretsIn({ PULUMI_CONFIG_PASSPHRASE: 'x' })).toEqual([])
})

test('a program sees that environment, and our own Node first', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-environment-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'bin'))
  await mkdir(join(folder, 'older'))
  await symlink('/bin/false', join(folder, 'older/node'))
  await writeFile(join(folder, 'bin/pulumi'), `#!/bin/sh\nenv > ${folder}/seen\ncommand -v node > ${folder}/node\necho '{"address":"127.0.0.1"}'\n`)
  await chmod(join(folder, 'bin/pulumi'), 0o755)
  const env = { ...all, PATH: `${folder}/bin:${folder}/older:/usr/bin:/bin` }
  expect(await stackOutput({ site: 'far', cloud: 'hetzner', stack: 'far', folder }, { env, clock })).toEqual({ address: '127.0.0.1' })
  const seen = await readFile(join(folder, 'seen'), 'utf8')
  expect(seen).toContain('HCLOUD_TOKEN=not-a-real-c')
  for (const other of ['a', 'b', 'd', 'e', 'f', 'g'].map((letter) => `not-a-real-${letter}`)) expect(seen).not.toContain(`${other}\n`)
  expect((await readFile(join(folder, 'node'), 'utf8')).trim()).toBe(process.execPath)
})
