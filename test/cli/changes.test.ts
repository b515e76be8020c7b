import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { changesOf } from '../../src/cli/changes.ts'
import type { Settings } from '../../src/config/settings.ts'
import { loadSettings } from '../../src/config/loading.ts'

const usual = `version: 1
app: shop
owner: "5f0c9a7be2d14c3f8a60b1d29e7c4f11"
sites:
  aws: { cloud: none, address: 127.0.0.41 }
  hetzner: { cloud: none, address: 127.0.0.42 }
data: { driver: none, holds: nothing }
check: { url: "http://shop.example:8080/healthz?word=\${WORD}", interval: 2s }
vantages:
  here: { cloud: none }
  tokyo: { url: "http://127.0.0.1:8687", token: "\${TOKYO}", cloud: none }
dns:
  names: [shop.example]
  hosts: [{ driver: embedded, zone: shop.example, server: "127.0.0.1:5353" }]
`

const read = (yaml: string, env: Record<string, string> = {}): Settings => {
  const folder = mkdtempSync(join(tmpdir(), 'lifeboat-changes-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'lifeboat.yaml'), yaml)
  const settings = loadSettings({ cwd: folder, env: { WORD: 'not-a-real-word', TOKYO: 'not-a-real-token-at-all', ...env } })
  return { ...settings, store: { ...settings.store, path: 'shop.db' } } // Else it differs by its folder.
}

const changed = (change: (yaml: string) => string, env?: Record<string, string>): string[] => changesOf(read(usual), read(change(usual), env))

test.each<[string, (yaml: string) => string, string[]]>([
  ['nothing', (yaml) => `# a comment\n${yaml}`, []],
  ['a default that is written out', (yaml) => `${yaml}policy: { outage: 3m }\n`, []],
  ['a duration', (yaml) => `${yaml}policy: { outage: 7s, automatic: true }\n`, ['policy.automatic false → true', 'policy.outage 3m → 7s']],
  ['check', (yaml) => yaml.replace('interval: 2s', 'interval: 4s, body: fine'), ['check.interval 2s → 4s', 'check.body not set → fine']],
  ['a URL with a secret', (yaml) => yaml.replace('healthz', 'health'), ['check.url changed (hidden)']],
  ['data', (yaml) => yaml.replace('holds: nothing', 'holds: orders'), ['data.holds nothing → orders']],
  ['a DNS host', (yaml) => yaml.replace('server: "127.0.0.1:5353"', 'server: "127.0.0.1:5354", ttl: 30s'), ['dns.hosts[0].ttl 1m → 30s', 'dns.hosts[0].server 127.0.0.1:5353 → 127.0.0.1:5354']],
  ['a site put in, which changes no other', (yaml) => yaml.replace('sites:\n', 'sites:\n  spare: { cloud: none, address: 127.0.0.43 }\n'), [
    'order of sites aws, hetzner → spare, aws, hetzner',
    'sites.spare.cloud not set → none',
    'sites.spare.address not set → 127.0.0.43',
    'sites.spare.standby not set → hot',
  ]],
])('a change of the file is told by its own keys: %s', (_, change, told) => {
  expect(changed(change).sort()).toEqual(told.sort())
})

test('of a secret only that it changed', () => {
  expect(changed((yaml) => yaml, { TOKYO: 'another-token-not-real' })).toEqual(['vantages.tokyo.token changed (hidden)'])
})
