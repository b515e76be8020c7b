import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { addition, updateByHand } from '../lab/hand.ts'
import { owner, rig, type Rig } from './rig.ts'

const others = '0123456789abcdef0123456789abcdef'
const marker = (by: string, epoch = 7, site = 'aws', state = 'pointed') => `v=lifeboat1 app=shop owner=${by} epoch=${epoch} site=${site} move=11111111-2222-4333-8444-555555555555 state=${state}`
const txt = (value: string) => ({ name: '_lifeboat-shop.shop.example', type: 'TXT' as const, ttlS: 1, value })
const a = (value: string) => ({ name: 'shop.example', type: 'A' as const, ttlS: 2, value })
const www = { name: 'www.shop.example', type: 'CNAME' as const, ttlS: 2, value: 'shop.example' }

const dump = (lab: Rig) => lab.dns.dump('shop.example')

describe('without a store', () => {
  test('what only reads says how to begin one, and leaves none behind', async () => {
    const lab = await rig()
    for (const words of [['status'], ['history'], ['explain'], ['plan', 'failover'], ['switchover', 'hetzner', '--yes'], ['pause'], ['resume'], ['rejoin', 'aws', '--yes']]) {
      const { code, out, err } = await lab.run(...words)
      expect({ words, code, out, err }).toEqual({ words, code: 2, out: '', err: expect.stringMatching(/^There is no store at .*lifeboat adopt or lifeboat watch.*\n$/) })
    }
    expect(await readdir(lab.folder)).toEqual(['lifeboat.yaml'])
  })
})

describe('adopt refuses what is not ours, and writes nothing', () => {
  const cases: { name: string; records: Parameters<typeof rig>[0]; change?: (yaml: string) => string; words?: string[]; code: number; says: RegExp }[] = [
    { name: "another owner's marker", records: [a('127.0.0.41'), www, txt(marker(others))], code: 3, says: /^refuse: .*belongs to another owner .*delete it there, then adopt again\n$/ },
    { name: 'two markers', records: [a('127.0.0.41'), www, txt(marker(owner)), txt(marker(others))], code: 3, says: /^refuse: .*2 TXT records stand at .*delete it there/ },
    { name: 'a CNAME to elsewhere', records: [a('127.0.0.41'), { ...www, value: 'cdn.example' }], code: 3, says: /^refuse: www\.shop\.example is a CNAME to cdn\.example.*Write an A record there/ },
    { name: 'a name that only a wildcard gives', records: [a('127.0.0.41'), { ...a('127.0.0.41'), name: '*.shop.example' }], code: 2, says: /^www\.shop\.example is there only through \*\.shop\.example, which is the name to list in its place\. Nothing was written\. / },
    { name: 'addresses of two sites', records: [a('127.0.0.41'), a('127.0.0.42'), www], code: 2, says: /^DNS serves 127\.0\.0\.41, 127\.0\.0\.42, and that is not one site's\. .*--active SITE\n$/ },
    { name: "nobody's address", records: [a('127.0.0.99'), www], code: 2, says: /--active SITE\n$/ },
    { name: 'no address', records: [], code: 2, says: /^shop\.example, www\.shop\.example have no address in DNS\. .*--active SITE\n$/ },
    { name: 'no owner in the file', records: [a('127.0.0.41'), www], change: (yaml) => yaml.replace(/^owner.*\n/m, ''), code: 2, says: /has no owner[^]*\nowner: "[0-9a-f]{32}"\n$/ },
    { name: 'a site that is not there', records: [a('127.0.0.41'), www], words: ['--active', 'azure'], code: 2, says: /^There is no site azure; there are aws, hetzner\n$/ },
    { name: 'no terminal and no --yes', records: [a('127.0.0.41'), www], words: ['--active', 'aws'], code: 2, says: /the same command with --yes\n$/ },
  ]
  test.each(cases)('$name', async ({ records, change, words = [], code, says }) => {
    const lab = await rig(records)
    await lab.write(change)
    const before = dump(lab)
    const ran = await lab.run('adopt', ...words)
    expect(ran).toMatchObject({ code, err: expect.stringMatching(says) })
    expect(dump(lab)).toEqual(before)
  })

  test("a wildcard's own text is nobody's marker, and a name below a listed wildcard follows it", async () => {
    const wild = { ...a('127.0.0.41'), name: '*.shop.example' }
    const lab = await rig([a('127.0.0.41'), wild, { ...wild, type: 'TXT', value: 'v=spf1 -all' }])
    await lab.write((yaml) => yaml.replace(/www\.shop\.example/, 'www.shop.example, "*.shop.example"'))
    const ran = await lab.run('adopt', '--yes')
    expect(ran).toMatchObject({ code: 0, out: expect.stringMatching(/www\.shop\.example +is there only through \*\.shop\.example, and follows it/) })
    expect(dump(lab).filter((line) => line.startsWith('www.'))).toEqual([])
    expect(dump(lab)).toContainEqual(expect.stringMatching(/^_lifeboat-shop\S+ \d+ TXT .*state=pointed/))
  })

  test('two addresses, and a person says which site is active: both count as ours, and one stays', async () => {
    const lab = await rig([a('127.0.0.41'), a('127.0.0.99'), www])
    expect(await lab.run('adopt', '--active', 'aws', '--yes')).toMatchObject({ code: 0 })
    expect(dump(lab).filter((line) => / A /.test(line))).toEqual([expect.stringContaining('127.0.0.41')])
  })

  test('what a stranger wrote beside ours afterwards is taken out by adopting again', async () => {
    const lab = await rig()
    expect(await lab.run('adopt', '--yes')).toMatchObject({ code: 0 })
    expect(await updateByHand(lab.dns.server, 'shop.example', null, [addition('shop.example', 2, 'A', '127.0.0.99')])).toBe(0)
    expect(await lab.run('adopt', '--yes')).toMatchObject({ code: 0, out: expect.stringContaining('127.0.0.99') })
    expect(dump(lab).filter((line) => / A /.test(line))).toEqual([expect.stringContaining('127.0.0.41')])
  })

  test('a DNS host that does not answer is not found out: exit 4', async () => {
    const lab = await rig()
    await lab.dns.stop()
    expect(await lab.run('adopt', '--yes')).toMatchObject({ code: 4, err: expect.stringMatching(/does not answer.*nothing was done\. Try again/) })
  })

  test('a store that was lost is taken up at the site of the highest pointed marker', async () => {
    const lab = await rig([a('127.0.0.42'), www, txt(marker(owner, 7, 'hetzner'))])
    const ran = await lab.run('adopt', '--yes')
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(dump(lab).join('\n')).toMatch(/epoch=8 site=hetzner .*state=pointed/)
  })
})

describe('once adopted', () => {
  test('each refusal names one way past it, and what that lifts', async () => {
    const lab = await rig()
    expect((await lab.run('adopt', '--yes')).code).toBe(0)
    const refused = async (says: RegExp, ...words: string[]) => expect({ words, ...(await lab.run(...words)) }).toMatchObject({ code: 3, err: expect.stringMatching(says) })
    await refused(/^refuse: the names are adopted, and aws is active\. To move to hetzner: lifeboat switchover hetzner\n$/, 'adopt', '--active', 'hetzner')
    await refused(/^refuse: aws is active already/, 'switchover', 'aws', '--yes')
    await refused(/^refuse: aws is active already/, 'failback', '--yes')
    await refused(/^refuse: aws is up.*--force\n$/, 'failover', '--yes')
    await refused(/^refuse: hetzner is not fenced/, 'rejoin', 'hetzner', '--yes')
    expect(await lab.run('failover', 'azure', '--yes')).toMatchObject({ code: 2, err: expect.stringMatching(/^refuse: there is no site azure; there are aws, hetzner/) })
    expect(await lab.run('resume')).toMatchObject({ code: 0, out: 'Nothing is paused\n' })
    await lab.stopSite('hetzner')
    await refused(/^refuse: hetzner is not well.*--unready\n$/, 'failover', 'hetzner', '--force', '--yes')
    await refused(/^refuse: hetzner is not well.*\n$/, 'switchover', 'hetzner', '--yes')
    await lab.write((yaml) => yaml.replace('holds: nothing', 'holds: "orders"'))
    await lab.startSite('hetzner')
    await refused(/^refuse: the move leaves orders behind at aws.*--accept-loss all\n$/, 'switchover', 'hetzner', '--yes')
    expect((await lab.run('plan', 'switchover', 'hetzner', '--accept-loss', 'all')).out).toMatch(/point of no return: point\nloses: orders at aws/)
    expect(await lab.run('switchover', 'hetzner', '--accept-loss', 'all')).toMatchObject({ code: 2, err: expect.stringMatching(/--yes\n$/) })
    expect(await lab.run('failover', '--force', '--yes')).toMatchObject({ code: 0, err: '' })
    expect((await lab.run('status')).out).toMatch(/next .*lifeboat/)
  })

  test.each([
    ['the active site', (yaml: string) => yaml.replace(/^ {2}aws:.*\n/m, '  attic: { cloud: none, address: 127.0.0.43 }\n'), /^aws is the active site, and .* does not list it\. Put it back/],
    ['the owner', (yaml: string) => yaml.replace(owner, others), /^The names were adopted by owner 5f0c.*Put owner: "5f0c[^"]*" back\n$/],
    ['the app', (yaml: string) => yaml.replace('app: shop', 'app: shed').replace('version: 1', 'version: 1\nstore: { driver: sqlite, path: .lifeboat/shop.db }'), /belongs to the app "shop"/],
  ])('a file from which %s has gone is refused', async (_, change, says) => {
    const lab = await rig()
    expect((await lab.run('adopt', '--yes')).code).toBe(0)
    await lab.write(change)
    for (const words of [['watch'], ['plan', 'failover'], ['failover', '--yes']]) expect({ words, ...(await lab.run(...words)) }).toMatchObject({ code: 2, err: expect.stringMatching(says) })
  })
})
