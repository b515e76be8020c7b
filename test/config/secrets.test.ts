import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { Said } from '../../src/errors.ts'
import { describe as describeSettings } from '../../src/cli/check-report.ts'
import { hide } from '../../src/cli/secrets.ts'
import { loadSettings } from '../../src/config/loading.ts'

const cwd = mkdtempSync(join(tmpdir(), 'lifeboat-secrets-'))
afterAll(() => rmSync(cwd, { recursive: true }))

/** Literal secrets stand under a secret's key; `VAR_*` are put in wherever a value may stand. */
const template = (literal: string[]): string => `app: shop
owner: "5f0c9a7be2d14c3f8a60b1d29e7c4f11"
sites:
  north: { cloud: digitalocean, address: 192.0.2.1 }
  south: { cloud: hetzner, address: 192.0.2.2 }
data: { driver: none, holds: orders }
check:
  url: https://shop.example/healthz
  body: ok
  interval: 2s
  timeout: 1s
vantages:
  here: { cloud: ovh }
  paris: { url: https://probe.paris.example, token: ${literal[0]}, cloud: scaleway }
  fsn: { url: https://probe.fsn.example, token: "\${VAR_0}", cloud: hetzner }
canaries: [https://one.one.one.one]
dns:
  names: [shop.example]
  hosts:
    - { driver: rfc2136, zone: shop.example, server: 192.0.2.53, key: lifeboat, secret: ${literal[1]} }
    - { driver: cloudflare, zone: shop.example, token: "\${VAR_1}" }
clouds:
  digitalocean: { token: ${literal[2]}, secondToken: ${literal[3]} }
  aws: { region: eu-central-1, accessKeyId: ${literal[4]}, secretAccessKey: "\${VAR_2}" }
policy: { automatic: false, outage: 3m }
store: { driver: sqlite, path: shop.db }
listen: { address: "127.0.0.1:8686", token: ${literal[5]} }
`

const secret = fc.stringMatching(/^zq[a-z0-9]{10,24}$/)
type Break = { line: number; how: 'drop' | 'value' | 'unquote' | 'cut' | 'indent' | 'rename' | 'twice' | 'other' | 'tab'; at: number }
const breaks = fc.array(
  fc.record<Break>({
    line: fc.nat(40),
    how: fc.constantFrom('drop', 'value', 'unquote', 'cut', 'indent', 'rename', 'twice', 'other', 'tab'),
    at: fc.nat(120),
  }),
  { minLength: 1, maxLength: 4 },
)

/** The places in a line that hold a value other than a secret. */
const harmless = /(?<=[:,[] ?)(?!\$)[A-Za-z0-9.:/-]+(?=[\],} ]|$)/g

const broken = (line: string, { how, at }: Break, secrets: string[]): string[] => {
  const places = [...line.matchAll(harmless)].filter(([value]) => !secrets.some((each) => value.includes(each)))
  const place = places[at % Math.max(1, places.length)]
  const put = (value: string) => (place ? [line.slice(0, place.index) + value + line.slice(place.index + place[0].length)] : [line])
  // Within a secret no cut is made: a half of it is not what is looked for.
  if (how === 'cut') return [line.slice(0, at).replace(/zq[a-z0-9]*$/, '') + line.slice(at).replace(/^[a-z0-9]*/, '')]
  if (how === 'drop') return []
  if (how === 'value') return put(`"\${VAR_${at % 3}}"`)
  if (how === 'other') return put(['12', '[]', '{}', '~', '{ a: 1 }', '[12]', 'true', '""'][at % 8] ?? '')
  if (how === 'unquote') return [line.replaceAll('"', '')]
  if (how === 'indent') return [`  ${line}`]
  if (how === 'tab') return [`\t${line}`]
  if (how === 'twice') return [line, line]
  return [line.replace(/([a-z])([a-z]+):/i, '$2$1:')]
}

const breakText = (text: string, how: Break[], secrets: string[]): string =>
  how.reduce((lines, each) => lines.flatMap((line, i) => (i === each.line % lines.length ? broken(line, each, secrets) : [line])), text.split('\n')).join('\n')

/** Everything that is said of the file, errors or report; our own bugs are thrown on. */
const everythingSaid = (text: string, env: Record<string, string>): string => {
  writeFileSync(join(cwd, 'lifeboat.yaml'), text)
  try {
    const settings = loadSettings({ env, cwd })
    return hide([...settings.warnings, ...describeSettings(settings)].join('\n'), settings.secrets)
  } catch (error) {
    if (error instanceof Said) return error.message
    throw error
  }
}

test('no secret in anything that is said of a broken file, and no bug', () => {
  let syntax = 0
  let faults = 0
  fc.assert(
    fc.property(fc.uniqueArray(secret, { minLength: 9, maxLength: 9 }), breaks, (secrets, how) => {
      const env = { VAR_0: secrets[6] ?? '', VAR_1: secrets[7] ?? '', VAR_2: secrets[8] ?? '' }
      const said = everythingSaid(breakText(template(secrets), how, secrets), env)
      if (said.includes(': column ')) syntax++
      else faults++
      expect(secrets.filter((each) => said.includes(each))).toEqual([])
    }),
    { numRuns: 1_500 },
  )
  // Both ways to fail were seen often.
  expect(Math.min(syntax, faults)).toBeGreaterThan(150)
})

test('a password in a URL is not shown', () => {
  const text = template(Array.from({ length: 6 }, (_, i) => `zqliteral${i}`)).replace('https://shop.example/healthz', 'gopher://me:zqpass/word@shop.example/')
  const said = everythingSaid(text, { VAR_0: 'zqa', VAR_1: 'zqb', VAR_2: 'zqc' })
  expect(said).toContain('check.url: is not an http or https URL (got "gopher://(hidden)@shop.example/")')
  expect(said).not.toContain('zqpass')
})

test.each([
  ['a tag', 'token: !zqsecret x'],
  ['a block header', 'token: |zqsecret'],
  ['an alias', 'token: *zqsecret'],
  ['an escape', 'token: "\\zqsecret"'],
  ['an anchor', 'token: &zqsecret'],
  ['a directive', '%zqsecret\n---\ntoken: x'],
  ['a key without a space', 'clouds: { hetzner: { token:zqsecret } }'],
  ['a value without its key', 'clouds: { hetzner: zqsecret }'],
  ['a value where a list belongs', 'canaries: zqsecret'],
])('a slip of syntax that makes %s of a secret does not show it', (_, text) => {
  const said = everythingSaid(`${text}\n`, {})
  expect(said).toMatch(/^lifeboat\.yaml:\d+: /)
  expect(said).not.toContain('zqsecret')
})

/** Every place that takes a text, from a variable; most of them short, some printed in another form than they are written in. */
const variables = {
  APP: 'a1', CLOUD: 'aws', ONE: '192.0.2.11', TWO: '2001:DB8::0:7', HOLDS: 'q r', URL: 'https://w2.example/x"y', BODY: 'k"o', INTERVAL: '7s', TIMEOUT: '1500ms', WHERE: 'ovh',
  NAME: 'W2.example', TTL: '90s', SERVER: '127.0.0.1', OUTAGE: '120s', FAULT: '3d', CUT: '11s', COOLDOWN: '0s',
}
const fromVariables = `app: "\${APP}"
sites:
  north: { cloud: "\${CLOUD}", address: "\${ONE}" }
  south: { cloud: none, address: 192.0.2.2, addressV6: "\${TWO}" }
data: { driver: none, holds: "\${HOLDS}" }
check: { url: "\${URL}", body: "\${BODY}", interval: "\${INTERVAL}", timeout: "\${TIMEOUT}" }
vantages: { here: { cloud: "\${WHERE}" } }
dns:
  names: ["\${NAME}"]
  ttl: "\${TTL}"
  hosts: [{ driver: embedded, zone: w2.example, server: "\${SERVER}" }]
policy: { outage: "\${OUTAGE}", appFault: "\${FAULT}", confirmCut: "\${CUT}", cooldown: "\${COOLDOWN}" }
`

test('what comes from a variable is printed nowhere, however short, and in no other form', () => {
  const said = everythingSaid(fromVariables, variables)
  expect(said).toContain('(hidden): 2 sites')
  const forms = [...Object.values(variables), '2001:db8::7', 'w2.example', '1m', '2m', '1.5m', '1.5 s']
  const standsAlone = (form: string) => said.split(form).slice(0, -1).some((before, i) => !/[a-z0-9]$/i.test(before) && !/^[a-z0-9]/i.test(said.split(form)[i + 1] ?? ''))
  expect(forms.filter(standsAlone)).toEqual([])
})
