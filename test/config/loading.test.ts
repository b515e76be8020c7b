import { makeAuthority } from '../lab/certificates.ts'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadSettings } from '../../src/config/loading.ts'
import { saidBy } from './fixture.ts'

let cwd = ''
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'lifeboat-config-'))
})
afterEach(() => rmSync(cwd, { recursive: true }))

const text = (app: string, more = '') => `app: ${app}
sites:
  north: { cloud: none, address: 192.0.2.1 }
  south: { cloud: none, address: 192.0.2.2 }
check: { tcp: 5432${more} }
dns:
  names: [db.shop.example]
  hosts: [{ driver: embedded, zone: shop.example, server: "127.0.0.1:5353" }]
`
const write = (name: string, content: string, mode = 0o600): string => {
  const path = join(cwd, name)
  writeFileSync(path, content)
  chmodSync(path, mode)
  return path
}
const load = (env: Record<string, string> = {}, file?: string) => loadSettings({ ...(file ? { file } : {}), env, cwd })

test('--config comes first, then LIFEBOAT_CONFIG, then lifeboat.yaml in this folder', () => {
  write('lifeboat.yaml', text('here'))
  write('env.yaml', text('env'))
  write('flag.yaml', text('flag'))
  expect(load().core.app).toBe('here')
  expect(load({ LIFEBOAT_CONFIG: 'env.yaml' }).core.app).toBe('env')
  expect(load({ LIFEBOAT_CONFIG: 'env.yaml' }, 'flag.yaml').core.app).toBe('flag')
})

test('paths in the file start at its folder', () => {
  mkdirSync(join(cwd, 'deep'))
  write('deep/lifeboat.yaml', text('shop'))
  const settings = load({}, 'deep/lifeboat.yaml')
  expect(settings.file).toBe(join(cwd, 'deep/lifeboat.yaml'))
  expect(settings.folder).toBe(join(cwd, 'deep'))
  expect(settings.store.path).toBe(join(cwd, 'deep/.lifeboat/shop.db'))
})

test('a file that is not there, is none or is no text is a sentence', () => {
  expect(saidBy(() => load())).toBe(`There is no lifeboat.yaml in ${cwd}. Write one there, or name another with --config FILE or LIFEBOAT_CONFIG`)
  expect(saidBy(() => load({}, 'no.yaml'))).toBe(`There is no file ${cwd}/no.yaml, which --config names. Correct --config, or write the file`)
  expect(saidBy(() => load({ LIFEBOAT_CONFIG: '/no.yaml' }))).toBe('There is no file /no.yaml, which LIFEBOAT_CONFIG names. Correct LIFEBOAT_CONFIG, or write the file')
  expect(saidBy(() => load({}, cwd))).toContain('is not a file')
  symlinkSync(join(cwd, 'gone'), join(cwd, 'lifeboat.yaml'))
  expect(saidBy(() => load())).toContain('There is no lifeboat.yaml')
  writeFileSync(join(cwd, 'latin1.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe9]))
  expect(saidBy(() => load({}, 'latin1.yaml'))).toContain('is not UTF-8 text')
  write('huge.yaml', `# ${'x'.repeat(1_000_001)}`)
  expect(saidBy(() => load({}, 'huge.yaml'))).toContain('is larger than')
})

test('anchors and aliases are read; aliases that multiply each other are not', () => {
  write('lifeboat.yaml', text('shop').replace('address: 192.0.2.1', 'address: &a 192.0.2.1').replace('5432', '5432, interval: &i 4s, timeout: 2s'))
  expect(load().core.check.intervalMs).toBe(4_000)
  const bomb = Array.from({ length: 12 }, (_, i) => `a${i}: &a${i} [${Array.from({ length: 9 }, () => (i ? `*a${i - 1}` : 'x')).join(', ')}]`)
  write('lifeboat.yaml', `${bomb.join('\n')}\n`)
  expect(saidBy(() => load())).toContain('do its aliases multiply each other?')
})

test('the hash is over the text, with no variable expanded', () => {
  const more = ', interval: "${INTERVAL}"'
  write('lifeboat.yaml', text('shop', more))
  const [one, other] = [load({ INTERVAL: '5s' }), load({ INTERVAL: '6s' })]
  expect([one.core.check.intervalMs, other.core.check.intervalMs]).toEqual([5_000, 6_000])
  expect(one.hash).toBe(other.hash)
  write('lifeboat.yaml', `${text('shop', more)}# changed\n`)
  expect(load({ INTERVAL: '5s' }).hash).not.toBe(one.hash)
})

test('the environment goes before lifeboat.env', () => {
  write('lifeboat.yaml', text('shop', ', interval: "${INTERVAL}", timeout: "${TIMEOUT}"'))
  write('lifeboat.env', '# how often\nexport INTERVAL="7s"\n\nTIMEOUT=300ms\n')
  expect(load().core.check).toMatchObject({ intervalMs: 7_000, timeoutMs: 300 })
  expect(load({ INTERVAL: '8s' }).core.check).toMatchObject({ intervalMs: 8_000, timeoutMs: 300 })
  expect(load().secrets.toSorted()).toEqual(['0.3 s', '300ms', '7 s', '7s'])
})

test.each([0o640, 0o604, 0o644, 0o660, 0o620])('lifeboat.env with mode %o is refused', (mode) => {
  write('lifeboat.yaml', text('shop'))
  write('lifeboat.env', 'TOKEN=not-a-real-one\n', mode)
  expect(saidBy(() => load())).toBe(
    `lifeboat.env:1: file: holds secrets, and others than its owner may open it (got mode ${mode.toString(8)}). Type chmod 600 lifeboat.env`,
  )
  chmodSync(join(cwd, 'lifeboat.env'), 0o400)
  expect(load().core.app).toBe('shop')
})

test('lifeboat.env that is a folder, or leads nowhere, is told as what it is', () => {
  write('lifeboat.yaml', text('shop'))
  const path = join(cwd, 'lifeboat.env')
  mkdirSync(path)
  expect(saidBy(() => load())).toBe(`${path} is a folder, and lifeboat reads NAME=value lines from a file of this name. Move the folder away`)
  rmSync(path, { recursive: true })
  symlinkSync('lifeboat.env', path)
  expect(saidBy(() => load())).toMatch(/lifeboat\.env cannot be read: ELOOP.*Put a file of NAME=value lines in its place, or move it away$/)
})

test('lifeboat.env that its own user may not read', () => {
  write('lifeboat.yaml', text('shop'))
  write('lifeboat.env', 'A=1\n', 0o000)
  // Root may read everything and so cannot be refused: it is nobody for a moment.
  const root = process.getuid?.() === 0
  if (root) {
    for (const path of [cwd, join(cwd, 'lifeboat.yaml'), join(cwd, 'lifeboat.env')]) chownSync(path, 65_534, 65_534)
    process.seteuid?.(65_534)
  }
  try {
    expect(saidBy(() => load())).toMatch(/may not be read by the user that runs lifeboat\. Type chmod 600 lifeboat\.env$/)
  } finally {
    if (root) process.seteuid?.(0)
  }
})

test('a line of lifeboat.env that is none is named by its number alone', () => {
  write('lifeboat.yaml', text('shop'))
  write('lifeboat.env', 'A=1\nnot-a-real-one\n')
  expect(saidBy(() => load())).toBe('lifeboat.env:2: line: is not NAME=value (got (hidden)). Write NAME=value, and begin a comment with #')
})

test('a certificate authority is read from beside the file', () => {
  const withTls = text('shop').replace('tcp: 5432', 'url: https://db.shop.example/, tls: { ca: origin.pem }')
  write('lifeboat.yaml', withTls)
  write('origin.pem', 'not a certificate')
  expect(saidBy(() => load())).toContain('lifeboat.yaml:5: check.tls.ca: holds no certificate (got "origin.pem")')
  const junk = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
  write('origin.pem', junk)
  expect(saidBy(() => load())).toContain('check.tls.ca: holds no certificate')
  const pem = makeAuthority().ca
  write('origin.pem', `${pem}\n${junk}`)
  expect(saidBy(() => load())).toContain('check.tls.ca: holds no certificate')
  write('origin.pem', pem)
  expect(load().checks.active).toMatchObject([{ kind: 'http', tls: { ca: pem } }])
})
