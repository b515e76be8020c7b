import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pulumiCli } from './cli.ts'
import { hetznerLab, type HetznerLab } from './hetzner-lab.ts'
import { changesOf, errorsOf, labToken, type Deployed } from './lab.ts'

const cli = await pulumiCli()
const names = ['address', 'address-v6', 'disk', 'firewall', 'machine', 'machine-disk']

// One stack through its life, each test from where the last one left it.
describe.skipIf(!cli)('the stack hetzner on the real engine', () => {
  let lab: HetznerLab
  let before: Record<string, Deployed>

  beforeAll(async () => {
    lab = await hetznerLab(cli!)
  })
  afterAll(async () => await lab?.stop())

  const setPlace = (place: string) => lab.pulumi(['config', 'set', '--stack', lab.stack, '--path', 'lifeboat:places[0]', place])
  const unprotect = (name: string) => lab.pulumi(['state', 'unprotect', before[name]!.urn, '--yes', '--stack', lab.stack])
  const writes = () => lab.gateway.calls.splice(0).map(({ name }) => name).filter((name) => !name.startsWith('GET '))
  const protectedNames = async () => Object.entries(await lab.resources()).filter(([, { protect }]) => protect).map(([name]) => name).sort()

  test('is created, and all of it is protected', async () => {
    const ended = await lab.up()
    expect(errorsOf(ended)).toBe('')
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
    expect(changesOf(ended)).toEqual({ create: 7 })
    before = await lab.resources()
    expect(await protectedNames()).toEqual(names)
    const { stdout } = await lab.pulumi(['stack', 'output', '--json', '--stack', lab.stack])
    expect(JSON.parse(stdout)).toMatchObject({ cloud: 'hetzner', region: 'fsn1', app: 'shop', machineId: before['machine']!.id, address: before['address']!.outputs['ipAddress'] })
    expect(await lab.leftovers()).toEqual({ locks: [], pending: [] })
  })

  test('with nothing to change, no cloud is asked, so no credential is proved', async () => {
    writes()
    lab.sim.state.tokens = []
    const ended = await lab.up()
    lab.sim.state.tokens = [labToken]
    expect(ended.exitCode).toBe(0)
    expect(changesOf(ended)).toEqual({ same: 7 })
    expect(lab.gateway.calls).toEqual([])
  })

  test('who may log in is changed in place', async () => {
    await lab.pulumi(['config', 'set', '--stack', lab.stack, '--path', 'lifeboat:adminCidrs[0]', '192.0.2.0/24'])
    const ended = await lab.up()
    expect(errorsOf(ended)).toBe('')
    expect(changesOf(ended)).toEqual({ same: 6, update: 1 })
    expect(writes()).toEqual([`POST /firewalls/${before['firewall']!.id}/actions/set_rules`, `PUT /firewalls/${before['firewall']!.id}`])
  })

  test('destroying it is refused, with nothing touched', async () => {
    const ended = await lab.pulumi(['destroy', '--yes', '--non-interactive', '--skip-preview', '--json', '--stack', lab.stack])
    expect(ended.exitCode).toBe(1)
    expect(errorsOf(ended)).toMatch(/cannot be deleted\nbecause it is protected/)
    expect(writes()).toEqual([])
  })

  test('a place in another location would replace the disk and the addresses: refused, with nothing touched', async () => {
    await setPlace('cpx22@nbg1')
    const ended = await lab.up()
    await setPlace('cx23@fsn1')
    expect(ended.exitCode).toBe(1)
    expect(errorsOf(ended)).toMatch(/unable to replace resource ".*"\nas it is currently marked for protection/)
    expect(writes()).toEqual([])
  })

  test('replacing the machine is refused while it is protected, or what hangs on it', async () => {
    const machine = await lab.up(['--replace', before['machine']!.urn])
    expect(machine.exitCode).toBe(1)
    expect(errorsOf(machine)).toMatch(/Server::machine"\nas it is currently marked for protection/)
    await unprotect('machine')
    const attachment = await lab.up(['--replace', before['machine']!.urn])
    expect(attachment.exitCode).toBe(1)
    expect(errorsOf(attachment)).toMatch(/machine-disk" as part of replacing ".*::machine" as it is currently marked for protection/)
    expect(writes()).toEqual([])
  })

  test('replaced without capacity, the machine is gone and its address stays', async () => {
    await unprotect('machine')
    await unprotect('machine-disk')
    lab.sim.state.soldOut = ['cx23@fsn1']
    const ended = await lab.up(['--replace', before['machine']!.urn])
    lab.sim.state.soldOut = []
    expect(ended.exitCode).toBe(1)
    expect(errorsOf(ended)).toMatch(/\(resource_unavailable\)/)
    expect(await lab.servers()).toEqual([])
    expect(await lab.resources()).toMatchObject({ address: { id: before['address']!.id } })
  })

  test('once it can be had again, the same `up` makes it, at the same address, and protects it anew', async () => {
    const ended = await lab.up()
    expect(errorsOf(ended)).toBe('')
    expect(ended.exitCode).toBe(0)
    const after = await lab.resources()
    expect(after['machine']!.id).not.toBe(before['machine']!.id)
    expect(after['machine']!.outputs['ipv4Address']).toBe(before['address']!.outputs['ipAddress'])
    expect(await lab.servers()).toMatchObject([{ id: Number(after['machine']!.id) }])
    expect(await protectedNames()).toEqual(names)
  })

  test('the machine is replaced once both are unprotected: deleted first, and the address survives', async () => {
    before = await lab.resources()
    await unprotect('machine')
    await unprotect('machine-disk')
    writes()
    const ended = await lab.up(['--replace', before['machine']!.urn])
    expect(errorsOf(ended)).toBe('')
    expect(changesOf(ended)).toEqual({ same: 5, replace: 2 })
    const volume = before['disk']!.id
    expect(writes()).toEqual([`POST /volumes/${volume}/actions/detach`, `DELETE /servers/${before['machine']!.id}`, 'POST /servers', `POST /volumes/${volume}/actions/attach`])
    expect((await lab.resources())['machine']!.outputs['ipv4Address']).toBe(before['address']!.outputs['ipAddress'])
    expect(await protectedNames()).toEqual(names)
  })
})
