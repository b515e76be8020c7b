// What the README lists to be looked up is what there is: no key, flag or metric is missing, none is invented, and each default is the true one.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { commands } from '../../src/cli/commands.ts'
import { dnsDriverNames, dnsDrivers } from '../../src/config/companies.ts'
import { loadSettings } from '../../src/config/loading.ts'
import { notYet } from '../../src/config/rules/unbuilt.ts'
import { fileSchema } from '../../src/config/schema.ts'
import type { Path } from '../../src/config/paths.ts'
import { freshLedger } from '../../src/core/ledger.ts'
import { emptyWatch } from '../../src/core/observe.ts'
import { metrics } from '../../src/web/metrics.ts'
import { emptyFolder } from '../cli/init-lab.ts'
import { configOf, pastOf } from '../core/house.ts'

const page = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8')
const marked = (name: string): string => new RegExp(`<!-- ${name} -->\\n([^]*?)<!-- /${name} -->`).exec(page)?.[1] ?? ''
const part = (heading: string): string => page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
const rowsOf = (table: string) => [...table.matchAll(/^\| `([^`]+)` \| ([^|]*)/gm)].map(([, name, second]) => ({ name: name!, second: second!.trim() }))

describe('the keys of lifeboat.yaml', () => {
  const name = 'some-name'
  const shown = (path: Path): string => path.map((step) => (step === 0 ? '[]' : step === name ? '.NAME' : `.${step}`)).join('').slice(1)
  const pathOf = (key: string): Path => key.replaceAll('[]', '.0').split('.').map((step) => (step === '0' ? 0 : step === 'NAME' ? name : step))
  const valueIn = (value: unknown, path: Path): unknown => path.reduce((here, step) => (here as Record<string | number, unknown> | undefined)?.[step], value)
  const within = (path: Path, value: unknown): unknown => path.reduceRight((inner, step) => (step === 0 ? [inner] : { [step]: inner }), value)

  /** The keys that the schema takes at a place: its message of an unknown one carries them. Those of a driver that is not built are left out. */
  const keysAt = (path: Path): string[] => {
    const drivers = [...dnsDriverNames.filter((driver) => dnsDrivers[driver].built), 'sqlite']
    const asked = [{}, ...drivers.map((driver) => ({ driver }))].flatMap((with_) => fileSchema.safeParse(within(path, { ...with_, 'no-key': 0 })).error?.issues ?? [])
    const told = asked.filter((issue) => issue.code === 'unrecognized_keys' && issue.path.join() === path.join())
    return [...new Set(told.flatMap(({ message }) => message.split(' ')))]
  }
  /** Every place below one, with whether more is below it. */
  const placesBelow = (path: Path): { path: Path; leaf: boolean }[] => {
    const below = [...keysAt(path).map((key) => [...path, key]), ...[name, 0].map((step) => [...path, step]).filter((each) => keysAt(each).length > 0)]
    return below.flatMap((each) => {
      const deeper = placesBelow(each)
      return [{ path: each, leaf: deeper.length === 0 }, ...deeper]
    })
  }
  const places = placesBelow([])
  const leaves = places.filter(({ leaf }) => leaf).map(({ path }) => shown(path))
  const rows = rowsOf(marked('keys'))
  const unbuilt = [.../^Not yet, and `check` says so: ([^]*?)\n\n/m.exec(part('lifeboat.yaml'))![1]!.matchAll(/`([^`]+)`/g)].map(([, key]) => key!)
  const isUnbuilt = (key: string): boolean =>
    pathOf(key).some((_, i, path) => {
      const value = within(path.slice(0, i + 1), {})
      return notYet({ value, valueAt: (at) => valueIn(value, at), spotOf: () => ({ line: 1, offset: 0 }), isHidden: () => false, secrets: [], faults: [] }).length > 0
    })

  test('are found in the schema', () => {
    expect(leaves.length).toBeGreaterThan(70)
    expect(leaves).toEqual(expect.arrayContaining(['app', 'check.tls.ca', 'check.dns.type', 'vantages.NAME.token', 'dns.hosts[].algorithm', 'notify[].exec', 'store.path', 'listen.token']))
  })

  test('are all there, and none besides', () => {
    const known = new Set(places.map(({ path }) => shown(path)))
    const said = [...rows.map(({ name }) => name), ...unbuilt]
    const cloudsUnbuilt = leaves.filter((key) => /^clouds\./.test(key) && isUnbuilt(key))
    expect(leaves.filter((key) => !said.includes(key) && !cloudsUnbuilt.includes(key)), 'the README lacks them').toEqual([])
    expect(said.filter((key) => !known.has(key)), 'the schema does not know them').toEqual([])
    expect(said.filter((key, i) => said.indexOf(key) !== i), 'twice').toEqual([])
  })

  test('those that are not built are told from those that are', () => {
    expect(rows.map(({ name }) => name).filter(isUnbuilt)).toEqual([])
    expect(unbuilt.filter((key) => !isUnbuilt(key))).toEqual([])
  })

  /** All that is needed, and no more; a row's key is left out where it is not needed. */
  const bare = {
    app: 'shop',
    owner: '0'.repeat(32),
    sites: { [name]: { cloud: 'digitalocean', address: '192.0.2.1' }, other: { cloud: 'none', address: '192.0.2.2' } },
    data: { holds: 'nothing' },
    check: { url: 'https://shop.example/', standby: { url: 'https://shop.example/ready' } },
    vantages: { [name]: { cloud: 'none' } },
    canaries: ['https://canary.example'],
    dns: { names: ['shop.example'], hosts: [{ driver: 'rfc2136', zone: 'shop.example', server: '192.0.2.53', key: 'k', secret: 'AAAA' }] },
    clouds: { digitalocean: { token: 'not-a-real-one' } },
    notify: [{ url: 'https://ntfy.example/shop' }],
    heartbeat: { url: 'https://hc.example/shop' },
    store: { driver: 'sqlite' },
    listen: { address: '127.0.0.1:8686' },
  }
  const load = async (file: unknown) => {
    const folder = await emptyFolder()
    await writeFile(join(folder, 'lifeboat.yaml'), stringify(file))
    const { hash, file: _, folder: __, store, ...settings } = loadSettings({ env: {}, cwd: folder })
    return { ...settings, store: { ...store, path: store.path.slice(folder.length + 1) } }
  }
  /** The file with one value put into it. Undefined: taken out of it. */
  const changed = (path: Path, value: unknown, whole: object = bare): object => {
    const file = structuredClone(whole)
    const holder = path.slice(0, -1).reduce<Record<string | number, unknown>>((here, step) => (here[step] ??= {}) as typeof here, file as Record<string, unknown>)
    holder[path.at(-1)!] = value
    return file
  }
  const defaults = rows.flatMap(({ name, second }) => (second.startsWith('`') ? [{ key: name, says: /`([^`]*)`/.exec(second)![1]! }] : []))

  test.each(defaults)('$key: $says is what it is without it', async ({ key, says }) => {
    const { warnings: _, ...written } = await load(changed(pathOf(key), parse(says)))
    const { warnings: __, ...without } = await load(changed(pathOf(key), undefined))
    expect(written).toEqual(without)
  })

  test('each default of the schema is there', () => {
    const file = fileSchema.parse(bare)
    const filled = leaves.filter((key) => valueIn(file, pathOf(key)) !== undefined && valueIn(bare, pathOf(key)) === undefined)
    expect(filled.length).toBeGreaterThan(10)
    expect(filled.filter((key) => !defaults.some((each) => each.key === key))).toEqual([])
  })

  const needed = rows.filter(({ second }) => second === 'needed').map(({ name }) => name)
  test.each(needed)('%s is needed', async (key) => {
    const whole = key.startsWith('check.dns.') ? { ...bare, check: { dns: { name: 'shop.example', type: 'SOA' } } } : bare
    await load(whole)
    const said = await load(changed(pathOf(key), undefined, whole)).then(() => 'nothing', (thrown: Error) => thrown.message)
    const steps = key.replace('[]', '[0]').replace('NAME', name).split('.')
    expect(said).toContain(`: ${steps.slice(0, -1).join('.')}`) // It may be told at the mapping that it is missing in.
    expect(said).toMatch(new RegExp(`\\b${steps.at(-1)}\\b`))
  })
})

test('every flag is in the README', () => {
  const said = part('Commands')
  const options = Object.entries(commands).flatMap(([command, { options = {} }]) => (command === 'init' ? [] : Object.keys(options)))
  const all = [...new Set(['config', 'controller', 'json', 'yes', 'log-level', 'help', 'version', ...options])]
  expect(all.filter((flag) => !new RegExp(`--${flag}\\b`).test(said))).toEqual([])
})

describe('the metrics', () => {
  const scraped = async (): Promise<string[]> => {
    const config = configOf()
    const { text } = metrics()
    const site = { health: 'up' as const, sinceMs: 0, verdict: 'well' as const, row: 12, verdictSinceMs: 0, failingSinceMs: null, returning: false, why: '', ready: true, certificateUntilMs: 1 }
    const answer = { kind: 'ok' as const, address: '192.0.2.1', detail: '', ms: 250, certificateUntilMs: null }
    const seen = {
      config, leading: true, now: { monoMs: 1, wallMs: 1 }, sinceMs: 0, ledger: { ...freshLedger(config), active: 'aws' },
      watch: { ...emptyWatch(), at: { monoMs: 1, wallMs: 1 }, sites: { aws: site, hetzner: site }, votes: { aws: { here: { says: 'up' as const, run: 3, answers: [answer], failure: null, atMs: 1 } } } },
    }
    await text(seen)
    const shown = await text({ ...seen, ledger: { ...seen.ledger, past: [pastOf(4, 'aws', 'hetzner')] } })
    const labels = (name: string) => [...(new RegExp(`^${name}\\{([^}]*)\\}`, 'm').exec(shown)?.[1] ?? '').matchAll(/(\w+)="/g)].map(([, label]) => label)
    return [...shown.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => `${name}${labels(name!).length > 0 ? `{${labels(name!)}}` : ''}`)
  }

  test('are all there, with their labels', async () => {
    expect(rowsOf(marked('metrics')).map(({ name }) => name)).toEqual(await scraped())
  })

  test('the alert rests on what there is', async () => {
    const rule = (parse(/```yaml\n(groups:[^]*?)```/.exec(page)![1]!) as { groups: { rules: { expr: string }[] }[] }).groups[0]!.rules[0]!
    const used = rule.expr.match(/lifeboat_\w+/g)!
    expect(used.length).toBeGreaterThan(0)
    const known = (await scraped()).map((metric) => metric.replace(/\{.*/, ''))
    expect(used.filter((metric) => !known.includes(metric))).toEqual([])
  })
})
