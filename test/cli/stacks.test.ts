// Sites by their stacks, over the real pulumi CLI and a state of its own: no cloud is needed to read what a stack says.
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cli, desk, passphrase, type Desk } from '../drivers/pulumi/desk.ts'
import { listenHttp } from '../lab/sockets.ts'
import { addresses, rig, type Rig } from './rig.ts'

/** The rig's second site is a stack that somebody has already; what pulumi needs stands beside the file. */
const stackRig = async (): Promise<{ lab: Rig; far: Desk }> => {
  const far = await desk()
  const lab = await rig()
  const { PATH, HOME, ...variables } = far.env
  process.env.PATH = PATH // Each test file has a process of its own.
  await writeFile(join(lab.folder, 'lifeboat.env'), Object.entries(variables).map(([name, value]) => `${name}=${value}\n`).join(''), { mode: 0o600 })
  await lab.write((yaml) => yaml.replace(`address: ${addresses.hetzner}`, `stack: far, dir: ${far.at.folder}, outputs: { address: ipv4, machineId: server }`))
  return { lab, far }
}
const said = { ipv4: addresses.hetzner, server: 4711 }
const siteAt = ({ port }: Rig, address: string) => listenHttp((_, response) => response.writeHead(200, { connection: 'close' }).end('ok'), address, port)

describe.skipIf(cli === null)('a site by its stack', () => {
  test('before its stack was read: check, status and up say the way to an address', async () => {
    const { lab, far } = await stackRig()
    const check = await lab.run('check')
    expect(check).toMatchObject({ code: 0 })
    expect(check.out).toContain('no address yet (stack far)')
    expect(check.out).toContain('Type lifeboat up hetzner, which creates it, or lifeboat outputs hetzner where it stands already')
    const outputs = await lab.run('outputs', 'hetzner')
    expect(outputs).toMatchObject({ code: 4, out: '', err: 'The stack far has no outputs: nothing of it was created yet, or its last run was killed\n' })
    expect(await lab.run('outputs', 'aws')).toMatchObject({ code: 2, err: expect.stringMatching(/^aws is no Pulumi stack: .* says its address, 127\.0\.0\.41\. Nothing was done\n$/) })
    expect(await lab.run('outputs', 'hezner')).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean hetzner?') })
    await far.give({ ipv6: '::1' })
    expect(await lab.run('outputs', 'hetzner')).toMatchObject({ code: 2, err: 'The stack far has no output ipv4\n' })
    await far.give({ ipv4: addresses.aws })
    expect(await lab.run('outputs', 'hetzner')).toMatchObject({ code: 2, err: expect.stringContaining('sites.hetzner.address: is the address of site aws too') })
  })

  test('outputs: fresh where the state answers, else what was last read and its age', async () => {
    const { lab, far } = await stackRig()
    await far.give(said)
    expect(await lab.run('outputs', 'hetzner')).toMatchObject({ code: 0, out: `address    ${addresses.hetzner}\nmachineId  4711\n`, err: '' })
    await rename(join(far.folder, 'state'), join(far.folder, 'away'))
    const kept = await lab.run('outputs', 'hetzner', '--json')
    expect(kept).toMatchObject({ code: 0, err: expect.stringMatching(/^The state cannot be reached: .*\nWhat stands here was read \S+ \S+ ago\n$/) })
    expect(JSON.parse(kept.out)).toEqual({
      site: 'hetzner', cloud: 'none', app: 'shop', stack: 'far', address: addresses.hetzner, addressV6: null, machineId: '4711', region: null,
      readMs: expect.any(Number), why: expect.stringContaining('The state cannot be reached'),
    })
    expect((await lab.run('check')).out).toContain(`${addresses.hetzner} (stack far)`)
    expect(lab.printed()).not.toContain(passphrase)
  })

  test('check --online says of the stack whether it can be read, and what it says', async () => {
    const { lab, far } = await stackRig()
    await far.give(said)
    await lab.run('outputs', 'hetzner')
    expect((await lab.run('check', '--online')).out).toContain(`stack of hetzner\n  ok       its outputs can be read: ${addresses.hetzner} (machine 4711)\n`)
    await far.give({ ipv4: '127.0.0.43' })
    expect((await lab.run('check', '--online')).out).toContain(`  warn     lifeboat goes by what was read before: ${addresses.hetzner} (machine 4711). `)
    await rename(join(far.folder, 'state'), join(far.folder, 'away'))
    expect(await lab.run('check', '--online')).toMatchObject({ code: 5, out: expect.stringContaining('  unknown  could not find out what it says: The state cannot be reached') })
  })

  test('watch reads it, goes on without its state, and brings the names to an address that changed', async () => {
    const { lab, far } = await stackRig()
    await siteAt(lab, '127.0.0.43')
    await far.give(said)
    const watch = lab.start('watch')
    const line = (text: string) => watch.line(({ msg }) => msg.includes(text))
    await line('the stack far of site hetzner was read: 127.0.0.42 (machine 4711)')
    await line('the stacks say: sites.hetzner.address not set → 127.0.0.42; sites.hetzner.machineId not set → 4711')
    await watch.line(({ event, site, health }) => event === 'health' && site === 'hetzner' && health === 'up')
    expect(await lab.run('adopt', '--active', 'hetzner', '--yes')).toMatchObject({ code: 0 })
    await rename(join(far.folder, 'state'), join(far.folder, 'away'))
    expect((await lab.run('status')).out).toMatch(/^stacks +hetzner read \S+ \S+ ago$/m)
    expect((await lab.run('outputs', 'hetzner')).code).toBe(0)
    await rename(join(far.folder, 'away'), join(far.folder, 'state'))
    // As `lifeboat up` does: another process keeps what the stack says now.
    await far.give({ ...said, ipv4: '127.0.0.43' })
    expect((await lab.run('outputs', 'hetzner')).out).toContain('127.0.0.43')
    await line('the stacks say: sites.hetzner.address 127.0.0.42 → 127.0.0.43')
    await watch.line(({ event, kind, state }) => event === 'move' && kind === 'repoint' && state === 'done')
    await expect.poll(async () => JSON.parse((await lab.run('status', '--json')).out)).toMatchObject({
      active: 'hetzner', sites: [{ stack: null }, { addresses: ['127.0.0.43'], stack: { stack: 'far', readMs: expect.any(Number), why: null } }], dns: [{ addresses: ['127.0.0.43'] }],
    })
    expect(watch.lines.filter(({ msg }) => msg.startsWith('the stacks say'))).toHaveLength(2)
    watch.child.kill('SIGTERM')
    expect((await watch.ended).code).toBe(0)
  })

  test('a failover without the store takes the address from the state', async () => {
    const { lab, far } = await stackRig()
    await far.give(said)
    await lab.run('outputs', 'hetzner')
    expect(await lab.run('adopt', '--active', 'aws', '--yes')).toMatchObject({ code: 0 })
    await rm(join(lab.folder, '.lifeboat'), { recursive: true })
    await lab.stopSite('aws')
    const failover = await lab.run('failover', '--yes')
    expect(failover).toMatchObject({ code: 0, out: expect.stringContaining('There is no store at') })
    expect(await lab.run('status', '--json').then(({ out }) => JSON.parse(out))).toMatchObject({ active: 'hetzner', sites: [{}, { addresses: [addresses.hetzner], stack: { readMs: expect.any(Number) } }] })
  })

  test('a controller whose state is out of reach says so, and watches by what was last read', async () => {
    const { lab, far } = await stackRig()
    await far.give(said)
    await lab.run('outputs', 'hetzner')
    await rename(join(far.folder, 'state'), join(far.folder, 'away'))
    const watch = lab.start('watch')
    await watch.line(({ level, msg }) => level === 'warn' && msg.startsWith('the stack of site hetzner could not be read, and what it last said stays: The state cannot be reached'))
    await watch.line(({ event, site, health }) => event === 'health' && site === 'hetzner' && health === 'up')
    await expect.poll(async () => (await lab.run('status')).out).toMatch(/^stacks +hetzner read \S+ \S+ ago; for \S+ \S+: The state cannot be reached/m)
  })
})
