import { execa } from 'execa'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { hostLayout } from '../../src/host-layout.ts'
import { cloudInit } from '../../stacks/cloud-init.ts'
import { debian } from '../lab/debian.ts'
import { systemd, verifyUnit } from '../lab/systemd.ts'

const sshKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample operator@example'
const disk = '/dev/disk/by-id/scsi-0HC_Volume_4711'
const text = cloudInit({ sshKeys: [sshKey], disk })
const golden = new URL('cloud-init.yaml', import.meta.url)

type Config = { users: { name: string; ssh_authorized_keys: string[] }[]; write_files: { path: string; content: string; permissions?: string }[] }
const config = parse(text) as Config
const contentOf = (path: string): string => config.write_files.find((each) => each.path === path)?.content ?? ''

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-cloud-init-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('user data', () => {
  test('is as it was looked at', async () => {
    if (process.env['UPDATE']) await writeFile(golden, text)
    expect(text).toBe(await readFile(golden, 'utf8'))
  })

  test('has room: AWS takes 16 KB', () => {
    expect(Buffer.byteLength(cloudInit({ sshKeys: Array.from({ length: 20 }, () => sshKey), disk }))).toBeLessThan(12_000)
  })

  test('differs from cloud to cloud in the disk\'s path alone', () => {
    const other = '/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol04711'
    expect(cloudInit({ sshKeys: [sshKey], disk: other })).toBe(text.replace(disk, other))
  })

  test('holds what a key\'s comment may hold, as it is', () => {
    const odd = `${sshKey}: "a" #b 'c' $(d) %e`
    expect((parse(cloudInit({ sshKeys: [odd], disk })) as Config).users[0]?.ssh_authorized_keys).toEqual([odd])
  })
})

// In two lots, for the cache names a folder after what it holds.
const lots = [
  ['cloud-init', 'python3-attr', 'python3-configobj', 'python3-jinja2', 'python3-jsonschema', 'python3-markupsafe', 'python3-netifaces', 'python3-pyrsistent', 'python3-yaml'],
  ['python3-certifi', 'python3-chardet', 'python3-charset-normalizer', 'python3-idna', 'python3-json-pointer', 'python3-jsonpatch', 'python3-oauthlib', 'python3-requests', 'python3-six', 'python3-urllib3'],
]
const unpacked = [await debian(lots[0]!), await debian(lots[1]!)]

describe.skipIf(unpacked.includes(null))('cloud-init itself', () => {
  const schema = async (name: string, data: string) => {
    await writeFile(join(folder, name), data)
    const env = { PATH: '/usr/bin:/usr/local/bin:/bin', PYTHONPATH: unpacked.map((each) => `${each?.root}/usr/lib/python3/dist-packages`).join(':') }
    return execa('python3', [`${unpacked[0]?.root}/usr/bin/cloud-init`, 'schema', '--config-file', join(folder, name)], { env, extendEnv: false, reject: false, all: true })
  }

  test('finds it valid', async () => expect(await schema('user-data', text)).toMatchObject({ all: `Valid cloud-config: ${join(folder, 'user-data')}`, exitCode: 0 }))

  test('would not find everything valid', async () => expect((await schema('wrong', text.replace('lock_passwd: true', 'lock_passwd: 7'))).exitCode).toBe(1))
})

const haproxy = await debian(['haproxy'])

describe.skipIf(!haproxy)('the HAProxy of the machine', () => {
  test('takes its configuration, with the certificate that the machine makes for itself', async () => {
    const pem = join(folder, 'site.pem')
    await execa('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '2', '-subj', '/CN=lifeboat.invalid', '-keyout', `${pem}.key`, '-out', pem])
    await writeFile(pem, (await readFile(pem, 'utf8')) + (await readFile(`${pem}.key`, 'utf8')))
    // Its user is made by the package.
    const cfg = contentOf('/etc/haproxy/haproxy.cfg').replaceAll(hostLayout.certificate, pem).replace(/^ {2}(user|group) haproxy\n/gm, '')
    await writeFile(join(folder, 'haproxy.cfg'), cfg)
    const checked = await execa(join(haproxy!.root, 'usr/sbin/haproxy'), ['-c', '-f', join(folder, 'haproxy.cfg')], { env: haproxy!.env, reject: false, all: true })
    expect(checked).toMatchObject({ exitCode: 0 })
    expect(checked.all).not.toMatch(/WARNING|ALERT/)
  })
})

describe.skipIf(!systemd)('systemd', () => {
  const units = config.write_files.map(({ path }) => path).filter((path) => /\.(service|timer)$/.test(path))

  test.each(units)('takes %s', async (path) => {
    const unit = contentOf(path).replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true')
    expect(await verifyUnit(folder, path.replace(/.*\//, ''), unit)).toEqual({ code: 0, said: '' })
  })
})

const disks = await debian(['e2fsprogs', 'util-linux'])

describe.skipIf(!disks)('the script of the disk', () => {
  let place = ''
  const programs = ['usr/sbin', 'usr/bin', 'sbin', 'bin'].map((each) => `${disks?.root}/${each}`).join(':')
  const environment = { PATH: `${programs}:/usr/sbin:/usr/bin:/sbin:/bin`, LD_LIBRARY_PATH: disks?.env['LD_LIBRARY_PATH'] ?? '' }
  const inPlace = (...names: string[]): string => join(place, ...names)

  /** The script against a file that stands for the disk, with what only root may do replaced by a note of it. */
  const run = async (given: { blkid?: string } = {}) => {
    const bin = inPlace('bin')
    await mkdir(bin, { recursive: true })
    const stands: Record<string, string> = { mount: 'echo "mount $*" >>"$LOG"', mountpoint: 'exit 1', udevadm: ':', resize2fs: 'echo resize >>"$LOG"', sleep: 'echo sleep >>"$LOG"', install: installed, ...(given.blkid ? { blkid: given.blkid } : {}) }
    for (const [name, body] of Object.entries(stands)) {
      await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`)
      await chmod(join(bin, name), 0o755)
    }
    const script = contentOf('/usr/local/sbin/lifeboat-disk').replaceAll(disk, inPlace('disk')).replaceAll(hostLayout.disk, inPlace('mounted'))
    await writeFile(inPlace('script'), script)
    const ran = await execa('sh', [inPlace('script')], { env: { ...environment, PATH: `${bin}:${environment.PATH}`, LOG: inPlace('log') }, extendEnv: false, reject: false, all: true })
    return { ...ran, log: await readFile(inPlace('log'), 'utf8').catch(() => '') }
  }
  // Without the owner, whom this machine does not have.
  const installed = 'last=; for each; do before=$last; last=$each; done; case " $* " in *" -d "*) mkdir -p "$last" ;; *) cp "$before" "$last" ;; esac'

  const labelOf = async (): Promise<string> => (await execa('blkid', ['--probe', '--output', 'value', '--match-tag', 'LABEL', inPlace('disk')], { env: environment, reject: false })).stdout

  const kept = async () => Buffer.concat([await readFile(inPlace('disk')), await readFile(inPlace('mounted/tls/site.pem'))])
  const fresh = async (content: Buffer | null) => {
    place = await mkdtemp(join(folder, 'disk-'))
    if (content) await writeFile(inPlace('disk'), content)
  }
  const blank = Buffer.alloc(8 * 1024 * 1024)

  test('formats a blank disk, mounts it by its label, and makes a certificate', async () => {
    await fresh(blank)
    const ran = await run()
    expect(ran).toMatchObject({ exitCode: 0 })
    expect(await labelOf()).toBe('lifeboat')
    expect(ran.log).toBe(`mount -o noatime LABEL=lifeboat ${inPlace('mounted')}\nresize\n`)
    expect(await readFile(inPlace('mounted/tls/site.pem'), 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----[^]*-----BEGIN PRIVATE K/)
  })

  test('the second time, what is on it stays, and so does the certificate', async () => {
    await fresh(blank)
    await run()
    const before = await kept()
    expect(await run()).toMatchObject({ exitCode: 0 })
    expect((await kept()).equals(before)).toBe(true)
  })

  test('what is no filesystem is not formatted over', async () => {
    const content = Buffer.from(blank)
    content.write('somebody\'s', 700_000)
    await fresh(content)
    const ran = await run()
    expect(ran).toMatchObject({ exitCode: 1, all: `${inPlace('disk')} holds something that is no filesystem: not formatted`, log: '' })
    expect((await readFile(inPlace('disk'))).equals(content)).toBe(true)
  })

  test('a disk that cannot be read is not formatted', async () => {
    await fresh(blank)
    expect(await run({ blkid: 'exit 8' })).toMatchObject({ exitCode: 1, all: `${inPlace('disk')} could not be read, so nothing was formatted`, log: '' })
    expect((await readFile(inPlace('disk'))).equals(blank)).toBe(true)
  })

  test('it waits for a disk that is attached later, and says when none comes', async () => {
    await fresh(null)
    const ran = await run()
    expect(ran).toMatchObject({ exitCode: 1, all: `${inPlace('disk')} did not appear within 10 minutes` })
    expect(ran.log.split('\n').length - 1).toBe(600)
  })
})
