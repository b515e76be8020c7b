import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadSettings } from '../../src/config/loading.ts'
import type { Settings } from '../../src/config/settings.ts'
import { askMost } from '../../src/core/limits.ts'
import { askShape } from '../../src/drivers/vantages/shapes.ts'
import type { Ask } from '../../src/ports.ts'
import { makeAuthority } from '../lab/certificates.ts'
import { saidBy } from './fixture.ts'

const cwd = mkdtempSync(join(tmpdir(), 'lifeboat-elsewhere-'))
afterAll(() => rmSync(cwd, { recursive: true }))

type Sizes = { urls: number; urlLength: number; bodyLength: number; canaries: number; caLength?: number; names?: number }

const { ca } = makeAuthority()

const load = ({ urls, urlLength, bodyLength, canaries, caLength = 0, names = 1 }: Sizes): Settings => {
  writeFileSync(join(cwd, 'ca.pem'), ca.padEnd(caLength, '\n'))
  const url = (i: number) => `https://shop.example/${`${i}/`.padEnd(urlLength - 21, 'x')}`
  const lines = [
    'app: shop',
    'sites: { north: { cloud: none, address: 192.0.2.1 }, south: { cloud: none, address: 192.0.2.2 } }',
    `check: { interval: 2m, timeout: 1m, url: [${Array.from({ length: urls }, (_, i) => url(i)).join(', ')}], body: ${'o'.repeat(bodyLength)}${caLength > 0 ? ', tls: { ca: ca.pem }' : ''} }`,
    'vantages: { paris: { url: https://probe.paris.example, token: not-a-real-one-at-all, cloud: scaleway } }',
    `canaries: [${Array.from({ length: canaries }, (_, i) => `https://canary${i}.example`).join(', ')}]`,
    `dns: { names: [${Array.from({ length: names }, (_, i) => `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${i}.shop.example`).join(', ')}], hosts: [{ driver: embedded, zone: shop.example, server: 127.0.0.1 }] }`,
  ]
  writeFileSync(join(cwd, 'lifeboat.yaml'), lines.join('\n'))
  return loadSettings({ env: {}, cwd })
}

/** As the controller asks it. */
const askOf = ({ core, checks, canaries }: Settings): Ask => ({
  questions: core.sites.flatMap(({ site, addresses }) =>
    addresses.flatMap((address) =>
      checks.active.map((check) => {
        const to = { site, address, timeoutMs: core.check.timeoutMs }
        return check.kind === 'http' ? { ...to, ...check, names: core.dns.names } : { ...to, ...check }
      }),
    ),
  ),
  canaries,
  timeoutMs: core.check.timeoutMs,
})

test('what the rules let through up to the last character, a vantage elsewhere takes', () => {
  const most = { urlLength: askMost.urlLength, bodyLength: 16, canaries: askMost.canaries, caLength: 1_000 }
  const full = [
    { ...most, urls: askMost.questions / 2 },
    { ...most, urls: 3, bodyLength: askMost.bodyLength, caLength: askMost.caLength, names: 64 },
  ].map((sizes) => askOf(load(sizes)))
  for (const ask of full) {
    expect(askShape.safeParse(ask).error).toBeUndefined()
    expect(JSON.stringify(ask).length).toBeLessThan(askMost.requestBytes)
  }
})

const small = { urlLength: 40, bodyLength: 2, canaries: 1 }

test('a certificate authority that is too long, for itself or in each question', () => {
  expect(saidBy(() => load({ ...small, urls: 1, caLength: askMost.caLength + 1 }))).toContain(
    'vantages.paris.url: is a vantage elsewhere, which takes at most 65536 characters, and check.tls.ca is more',
  )
  const said = saidBy(() => load({ ...small, urls: 20, caLength: 30_000 }))
  expect(said).toContain('vantages.paris.url: is a vantage elsewhere, which takes at most 1048576 bytes a round, and check.tls.ca is more')
})

test('names that are too long in each question', () => {
  expect(saidBy(() => load({ ...small, urls: 50, names: 64 }))).toContain('which takes at most 1048576 bytes a round, and check.url is more')
})
