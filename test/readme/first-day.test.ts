import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lifeboat, resolversAt, site, terminal } from '../cli/init-lab.ts'
import { debian } from '../lab/debian.ts'
import { startKnot, type Knot } from '../lab/knot.ts'
import { labKey } from '../lab/servers.ts'

const root = join(import.meta.dirname, '../..')
const unpacked = await debian(['knot'])
// Addresses that nothing else here has.
const net = `127.79.${process.pid % 250}`
const [parentAt, childAt, one, two] = [`${net}.1`, `${net}.53`, `${net}.41`, `${net}.42`]

/** Name servers stand at port 53 and web servers at 80, which are root's on most machines. */
const mayListen = await (async () => {
  const server = createServer()
  try {
    await once(server.listen(53, parentAt), 'listening')
    return true
  } catch {
    console.warn("SKIPPED: ports 53 and 80 may not be listened at here, so the README's first day cannot be tested")
    return false
  } finally {
    server.close()
  }
})()

/** The page's commands, in their order, each block headed by what it prints of itself. */
const scriptOf = (page: string): string => {
  const part = page.slice(page.indexOf('<!-- first-day -->'), page.indexOf('<!-- /first-day -->'))
  return [...part.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block], i) => `echo "== ${i + 1}"\n${block}`).join('\n')
}

describe.skipIf(!unpacked || !mayListen)('the README: the first day', () => {
  let folder = ''
  let knots: Knot[] = []
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lifeboat-first-day-'))
    await mkdir(join(folder, 'bin'))
    await symlink(join(root, 'src/lifeboat.js'), join(folder, 'bin/lifeboat'))
    const soa = '@ 60 SOA ns1 hostmaster 1 3600 600 86400 60\n@ 60 NS ns1\n'
    const begin = (address: string, zones: Record<string, string>) => startKnot(unpacked!, { address, port: 53, zones, keys: [labKey] })
    knots = await Promise.all([
      begin(parentAt, { example: `${soa}ns1 60 A ${parentAt}\nshop 60 NS ns1.shop\nns1.shop 60 A ${childAt}` }),
      begin(childAt, { 'shop.example': `${soa}ns1 60 A ${childAt}\n@ 60 A ${one}\n@ 60 MX 10 mail.elsewhere.example.\nwww 60 CNAME @` }),
    ])
  })
  afterAll(async () => {
    await Promise.all(knots.map((knot) => knot.stop()))
    await rm(folder, { recursive: true, force: true })
  })

  test('its commands, typed as they stand, lead from nothing to watching', { timeout: 180_000 }, async () => {
    await Promise.all([site(one, 80), site(two, 80)])
    await writeFile(join(folder, 'page.sh'), scriptOf(await readFile(join(root, 'README.md'), 'utf8')))
    // What this machine's resolver would know of the zone, its own servers and its parent's say.
    const env = { PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter), ...(await resolversAt(folder, [childAt, parentAt])) }
    // With job control, as a shell that is typed at has it: Ctrl-C reaches the command alone.
    const page = terminal('bash -m page.sh', folder, env)

    await page.answer('The names to move', 'shop.example, www.shop.example')
    await page.answer('Your second server', two)
    await page.answer('The name of its TSIG key', labKey.name)
    await page.answer('What would a move leave behind', 'nothing')
    await page.until(/^Wrote .*\/shop\/lifeboat\.yaml\. Nothing was changed in DNS$/m)
    await page.until(`check    http://shop.example/healthz gives 200`)
    await page.answer('== 2', `TSIG_SECRET=${labKey.secret}`)
    page.press('D')
    await page.until(/may write all that a move needs/)
    await page.answer('Take them over?', 'y')
    await page.until(/is confirmed at 1 of 1 name servers/)
    await page.until(/web1 is well/)
    await expect.poll(() => lifeboat(join(folder, 'shop'), ['status', '--exit-code'], env)).toMatchObject({ code: 0, out: expect.stringMatching(/^web1 +active +up[^]*^web2 +standby +up[^]*policy\.automatic is false/m) })
    page.press('C')
    await page.until('== 4')
    expect(await page.ended, page.shown()).toBe(0)
    expect(await readFile(join(folder, 'shop/lifeboat-shop.service'), 'utf8')).toMatch(/^# Written by lifeboat service\. To put it in force, as root:/)
    expect(page.shown()).not.toMatch(/\bfail\b|https was tried/)
    expect((await knots[1]!.dump('shop.example')).join('\n')).toMatch(/_lifeboat-shop\.shop\.example\. \d+ TXT "v=lifeboat1 app=shop .*state=pointed"/)
  })
})
