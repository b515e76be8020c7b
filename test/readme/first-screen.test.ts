import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readAppFile } from '../../src/config/app-file.ts'
import { cloudNames, clouds, dnsDriverNames, dnsDrivers } from '../../src/config/companies.ts'
import { spell } from '../../src/core/spell.ts'
import { loadFixture } from '../config/fixture.ts'
import { emptyFolder, lifeboat } from '../cli/init-lab.ts'
import { masked } from '../demo/masked.ts'

const page = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8')

/** What stands between two markers, its fence left out. */
const marked = (name: string): string => new RegExp(`<!-- ${name} -->\\n\`\`\`\\w*\\n([\\s\\S]*?)\`\`\`\\n<!-- /${name} -->`).exec(page)?.[1] ?? ''
const part = (heading: string): string => page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''

const config = marked('config')
const secrets = { PARIS_TOKEN: 'not-a-real-one-of-paris-0000000', TOKYO_TOKEN: 'not-a-real-one-of-tokyo-0000000', TSIG_SECRET: 'c2VjcmV0LW9mLXRoZS16b25l', DIGITALOCEAN_TOKEN: 'not-a-real-one-1', LISTEN_TOKEN: 'not-a-real-one-2', NTFY_URL: 'https://ntfy.example/shop', HEARTBEAT_URL: 'https://hc.example/ping' }

const check = async (text: string) => {
  const folder = await emptyFolder()
  await writeFile(join(folder, 'lifeboat.yaml'), text)
  return lifeboat(folder, ['check'], secrets)
}

test("the eight lines are the whole transcript's, in its order", () => {
  const shown = masked(marked('lines')).trimEnd().split('\n')
  const whole = marked('transcript').split('\n') // test/demo holds it against what the demo prints.
  let from = 0
  const others = shown.filter((line) => {
    const at = whole.indexOf(line, from)
    if (at >= 0) from = at + 1
    return at < 0
  })
  expect(others).toEqual([])
  expect(shown).toHaveLength(8)
})

describe('the machine that you have already', () => {
  test('its file is twelve lines long, and check accepts it', async () => {
    expect(config.trimEnd().split('\n')).toHaveLength(12)
    const { code, out, all } = await check(config)
    expect(code, all).toBe(0)
    expect(out).toContain('It does nothing by itself (policy.automatic is false)')
    expect(out).toContain('only a cut moves without a person, since a move would leave behind: orders')
    expect(out).toMatch(/without digitalocean: +spare stays; +every vantage stays, quorum is reached; +names can be moved/)
  })

  const pieces = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((m) => m[1]!).filter((piece) => piece !== config && !/^(services|groups|name):/.test(piece)) // Docker Compose's, Prometheus's and stacks/app.yaml are other files.
  test.each(pieces.map((piece) => ({ key: piece.split(':')[0], piece })))('check accepts it with what the page says of $key below it', async ({ piece }) => {
    const { code, all } = await check(piece.startsWith('sites:') ? config.replace(/^sites:\n(?: .*\n)+/m, piece) : config + piece)
    expect(code, all).toBe(0)
  })
})

test('the app is told as push reads it', () => {
  const [, text] = /```yaml\n(name: [^]*?)```/.exec(page)!
  expect(readAppFile(text!)).toMatchObject({ name: 'shop', http: { service: 'web', port: 3000 }, secrets: ['SESSION_KEY'] })
})

describe('what is said to be so', () => {
  test('each choice for data is accepted, or is not yet', async () => {
    const choices = part('Three choices for data').split('\n').flatMap((row) => (/`(data: .*?)` .*\| (not yet)?/.exec(row) ? [row] : []))
    expect(choices).toHaveLength(3)
    for (const row of choices) {
      const { code, all } = await check(config.replace(/^data: .*$/m, /`(data: .*?)`/.exec(row)![1]!))
      expect({ row, code, notYet: all.includes('not yet: data cannot be carried yet') }).toEqual({ row, ...(row.includes('| not yet') ? { code: 2, notYet: true } : { code: 0, notYet: false }) })
    }
  })

  test('the DNS hosts and accounts that are not built are named, and no others', () => {
    const [, hosts = '', accounts = ''] = /^Not yet: [^]*?DNS hosts: ([^.]*)\.\s+Accounts: ([^;]*);/m.exec(page) ?? []
    const named = (text: string, words: readonly string[]) => words.filter((word) => new RegExp(`\\b${word}\\b`).test(text))
    expect(named(hosts, dnsDriverNames)).toEqual(dnsDriverNames.filter((driver) => !dnsDrivers[driver].built))
    expect(named(accounts, cloudNames)).toEqual(cloudNames.filter((cloud) => !clouds[cloud].built))
  })

  test('the times of the table are the defaults', () => {
    const { policy, dns } = loadFixture('good', 'minimal.yaml').core
    const table = part('What happens when')
    const said = (key: string) => new RegExp(`\`${key}\`[^|(]*?(?:\\(|, )([\\d.]+ (?:s|min))`).exec(table)?.[1]
    expect(['confirmCut', 'outage', 'appFault'].map((key) => said(`policy.${key}`))).toEqual([policy.confirmCutMs, policy.outageMs, policy.appFaultMs!].map((ms) => spell(ms)))
    expect(said('dns.ttl')).toBe(`${dns.hosts[0]!.ttlS} s`)
  })

  test('what it links to on the page is there', () => {
    const anchors = [...page.matchAll(/^#+ (.*)$/gm)].map((m) => m[1]!.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'))
    const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map((m) => m[1]!)
    expect(links.length).toBeGreaterThan(0)
    expect(links.filter((link) => !anchors.includes(link))).toEqual([])
  })
})
