import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startEmbedded } from '../../src/drivers/dns/embedded.ts'
import { debian } from '../lab/debian.ts'
import { addition, deletion, updateByHand } from '../lab/hand.ts'
import { startKnot } from '../lab/knot.ts'
import { freePort } from '../lab/ports.ts'
import { marker, others } from '../lab/role-cases.ts'
import { labKey } from '../lab/servers.ts'
import { until } from '../lab/wait.ts'
import { owner, rig, type Rig } from './rig.ts'

const name = '_lifeboat-shop.shop.example'
const dump = (lab: Rig) => lab.dns.dump('shop.example')
const markerIn = (lab: Rig) => dump(lab).find((line) => line.includes('v=lifeboat1'))
const records = (lab: Rig) => dump(lab).filter((line) => !line.includes('_lifeboat-'))
const adopted = async (): Promise<Rig> => {
  const lab = await rig()
  expect((await lab.run('adopt', '--yes')).code).toBe(0)
  return lab
}

describe('disown', () => {
  test('by itself: the TXT goes, the records stay, and adopt goes on counting', async () => {
    const lab = await adopted()
    const before = records(lab)
    expect(markerIn(lab)).toContain('epoch=1 site=aws')
    expect(await lab.run('disown')).toMatchObject({ code: 2, err: expect.stringMatching(/--yes\n$/) })
    expect(markerIn(lab)).toBeDefined()

    const ran = await lab.run('disown', '--yes')
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out).toBe(
      `lifeboat lets go of shop.example, www.shop.example, and moves nothing any more. The records stay as they are, and point at aws (127.0.0.41):\n` +
        `  ${name}  TXT goes  embedded/${lab.dns.server}/shop.example\n` +
        `shop.example, www.shop.example: let go of at 1 of 1 DNS hosts, and the records stay. lifeboat watch moves nothing until: lifeboat adopt\n`,
    )
    expect(markerIn(lab)).toBeUndefined()
    expect(records(lab)).toEqual(before)

    expect(await lab.run('disown')).toMatchObject({ code: 0, out: 'shop.example, www.shop.example are not adopted: there is nothing to let go of\n' })
    expect(JSON.parse((await lab.run('status', '--json')).out)).toMatchObject({ adopted: false, epoch: 1 })
    expect(await lab.run('failover', '--force', '--yes')).toMatchObject({ code: 3, err: expect.stringMatching(/not adopted yet/) })
    expect((await lab.run('history')).out).toMatch(/^disown  \S+ \S+ UTC, by tester: shop\.example, www\.shop\.example are let go of: [^]*\n\nepoch 1 {2}adopt aws/)
    expect((await lab.run('role', 'aws')).code).toBe(4)

    // The epoch was used, although nothing in DNS says so any more.
    expect((await lab.run('adopt', '--yes')).code).toBe(0)
    expect(markerIn(lab)).toContain('epoch=2 site=aws')
    expect(await lab.run('replay', '.lifeboat/shop.db')).toMatchObject({ code: 0, out: expect.stringContaining('all came out the same') })
  })

  test('by a controller, which watches on and moves nothing', async () => {
    const lab = await adopted()
    const watch = lab.start('watch')
    await watch.line(({ event, reason }) => event === 'decision' && reason === 'well')
    expect(await lab.run('disown', '--yes')).toMatchObject({ code: 0, err: '' })
    expect(markerIn(lab)).toBeUndefined()
    await watch.line(({ event, reason }) => event === 'decision' && reason === 'not-adopted')
    expect(await watch.line(({ event, msg }) => event === 'dns' && msg.includes('our TXT is removed'))).toMatchObject({ level: 'info' })
    await lab.stopSite('aws')
    await watch.line(({ event, site, health }) => event === 'health' && site === 'aws' && health === 'down')
    expect((await lab.run('status')).out).toMatch(/next +take over the names: lifeboat adopt/)
    expect(await lab.run('adopt', '--active', 'hetzner', '--yes')).toMatchObject({ code: 0 })
    expect(markerIn(lab)).toContain('epoch=2 site=hetzner')
    watch.child.kill('SIGTERM')
    expect((await watch.ended).code).toBe(0)
    expect(watch.lines.filter(({ event, kind }) => event === 'move' && kind !== 'adopt')).toEqual([])
  })

  test('a host that does not answer is said, and is asked again later', async () => {
    const lab = await rig()
    const second = await startEmbedded({ port: await freePort(['127.0.0.1']), zones: { 'other.example': [{ name: 'other.example', type: 'NS', ttlS: 60, value: 'ns1.other.example' }, { name: 'www.other.example', type: 'A', ttlS: 2, value: '127.0.0.41' }] } })
    await lab.write((yaml) => yaml.replace('www.shop.example]', 'www.shop.example, www.other.example]').replace(/nameservers: \[(.*)\]/, `nameservers: [$1, "${second.server}"]`).replace('policy:', `    - { driver: embedded, zone: other.example, server: "${second.server}" }\npolicy:`))
    expect(await lab.run('adopt', '--yes')).toMatchObject({ code: 0, err: '' })
    await second.stop()
    const host = `embedded/${second.server}/other.example`
    const ran = await lab.run('disown', '--yes')
    expect(ran).toMatchObject({ code: 4, err: expect.stringContaining(`The names are let go of, and the TXT may still stand at ${host}. When it answers again: lifeboat disown\n`) })
    expect(ran.out).toMatch(/_lifeboat-shop\.other\.example +TXT goes when the host answers/)
    expect(markerIn(lab)).toBeUndefined()
    // It comes back with what it held.
    const txt = { name: '_lifeboat-shop.other.example', type: 'TXT' as const, ttlS: 1, value: marker('aws', 1, { by: owner }) }
    const back = await startEmbedded({ port: second.port, zones: { 'other.example': [{ name: 'www.other.example', type: 'A', ttlS: 2, value: '127.0.0.41' }, txt] } })
    expect(await lab.run('disown', '--yes')).toMatchObject({ code: 0, err: '' })
    expect(back.dump('other.example').join('\n')).not.toContain('lifeboat1')
    await back.stop()
  })

  test('a move that is open, a strange TXT and an old store are in its way, each with what to do', async () => {
    const lab = await adopted()
    // Another owner's text stays; ours is not there to be removed.
    expect(await updateByHand(lab.dns.server, 'shop.example', null, [deletion(name, 'TXT'), addition(name, 1, 'TXT', marker('aws', 9, { by: others }))])).toBe(0)
    expect(await lab.run('disown', '--yes')).toMatchObject({ code: 0, out: expect.stringMatching(/TXT stays \(the TXT at .* belongs to another owner/) })
    expect(markerIn(lab)).toContain(others)

    // A newer epoch of ours: another controller acts.
    const newer = await adopted()
    expect(await updateByHand(newer.dns.server, 'shop.example', null, [deletion(name, 'TXT'), addition(name, 1, 'TXT', marker('hetzner', 9, { by: owner }))])).toBe(0)
    expect(await newer.run('disown', '--yes')).toMatchObject({ code: 3, err: expect.stringMatching(/^refuse: DNS shows epoch 9 \(hetzner, pointed\), and this store knows epoch 1: .*lifeboat adopt\n$/) })
    expect(markerIn(newer)).toContain('epoch=9')

    // A store that knows nothing of what stands in DNS.
    await rm(join(newer.folder, '.lifeboat'), { recursive: true })
    expect(await newer.run('disown', '--yes')).toMatchObject({ code: 2, err: expect.stringMatching(/^There is no store/) })
  })

  test('while a move is open it is refused', async () => {
    const lab = await adopted()
    const watch = lab.start('watch')
    await watch.line(({ event, reason }) => event === 'decision' && reason === 'well')
    await lab.dns.stop() // No DNS host takes the change, so the move stays open.
    const moving = lab.start('switchover', 'hetzner', '--yes')
    await watch.line(({ event, state }) => event === 'move' && state === 'open')
    expect((await lab.run('disown', '--yes')).code).toBe(4) // What stands in DNS could not be found out either.
    const back = await startEmbedded({ port: lab.dns.port, zones: { 'shop.example': [{ name: 'shop.example', type: 'A', ttlS: 2, value: '127.0.0.41' }, { name, type: 'TXT', ttlS: 1, value: 'not ours' }] } })
    expect(await lab.run('disown', '--yes')).toMatchObject({ code: 3, err: expect.stringMatching(/^refuse: switchover aws → hetzner is under way \(epoch 2\)\. To follow it: lifeboat status --watch\n$/) })
    await until('it follows the move', () => moving.said().includes('epoch 2'))
    moving.child.kill('SIGINT')
    expect(await moving.ended).toMatchObject({ code: 4, err: 'Left; the controller goes on with it (epoch 2). To follow it: lifeboat status --watch\n' })
    watch.child.kill('SIGTERM')
    await watch.ended
    await back.stop()
  })
})

const knot = await debian(['knot'])

test.skipIf(!knot)('on Knot: every record stays byte for byte, and only our TXT comes and goes', async () => {
  const zone = [
    '@ 60 SOA ns1 hostmaster 1 3600 600 86400 60', '@ 3600 NS ns1', 'ns1 3600 A 127.0.0.53', '@ 60 A 127.0.0.41', '@ 300 MX 10 mail.elsewhere.example.',
    '@ 300 TXT "v=spf1 -all"', '@ 300 CAA 0 issue "ca.example"', 'www 60 CNAME @', '_lifeboat-other 60 TXT "v=lifeboat1"', 'deep.er 77 AAAA ::1',
  ].join('\n')
  const server = await startKnot(knot!, { zones: { 'shop.example': zone }, keys: [labKey] })
  onTestFinished(() => server.stop())
  const lab = await rig()
  await lab.write((yaml) => yaml.replaceAll(lab.dns.server, server.server).replace('ttl: 1s', 'ttl: 60s').replace('driver: embedded', `driver: rfc2136, key: ${labKey.name}, secret: "${labKey.secret}"`))
  const before = await server.dump('shop.example')

  expect(await lab.run('adopt', '--yes')).toMatchObject({ code: 0, err: '' })
  const marked = await server.dump('shop.example')
  expect(marked.filter((line) => !before.includes(line))).toEqual([expect.stringMatching(/^_lifeboat-shop\.shop\.example\. 60 TXT "v=lifeboat1 app=shop .* epoch=1 site=aws /)])
  expect(await lab.run('disown', '--yes')).toMatchObject({ code: 0, err: '' })
  expect(await server.dump('shop.example')).toEqual(before)
  expect(await lab.run('adopt', '--yes')).toMatchObject({ code: 0, err: '' })
  expect((await server.dump('shop.example')).filter((line) => !before.includes(line))).toEqual([expect.stringContaining('epoch=2 site=aws')])
  expect(lab.printed()).not.toContain(labKey.secret)
})
