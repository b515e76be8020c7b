import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSimDigitalOcean, type SimDigitalOcean } from '../../src/demo/sim-digitalocean.ts'
import { pulumiCli } from './cli.ts'
import { changesOf, engineLab, errorsOf, labToken, type EngineLab } from './lab.ts'

const cli = await pulumiCli()

describe.skipIf(!cli)('the stack digitalocean on the real engine', () => {
  let sim: SimDigitalOcean
  let lab: EngineLab

  beforeAll(async () => {
    sim = await startSimDigitalOcean({ tokens: [labToken], actionMs: 0 })
    lab = await engineLab({ cli: cli!, cloud: 'digitalocean', url: sim.url, stack: 'digitalocean' })
  })
  afterAll(async () => {
    await lab?.stop()
    await sim?.stop()
  })

  test('without capacity says so, and keeps the address for the next `up`', async () => {
    sim.state.soldOut = ['s-2vcpu-4gb@fra1']
    const refused = await lab.up()
    sim.state.soldOut = []
    expect(refused.exitCode).toBe(1)
    expect(errorsOf(refused)).toContain('Size is not available in this region')
    const { address } = await lab.resources()
    const ended = await lab.up()
    expect(errorsOf(ended)).toBe('')
    expect(ended.exitCode).toBe(0)
    const after = await lab.resources()
    expect(after['address']!.id).toBe(address!.id)
    const { stdout } = await lab.pulumi(['stack', 'output', '--json', '--stack', lab.stack])
    expect(JSON.parse(stdout)).toMatchObject({ cloud: 'digitalocean', region: 'fra1', app: 'shop', machineId: after['machine']!.id, address: address!.id })
  })

  test('with nothing to change asks no cloud', async () => {
    lab.gateway.calls.splice(0)
    const ended = await lab.up()
    expect(changesOf(ended)).toEqual({ same: 10 })
    expect(lab.gateway.calls).toEqual([])
  })

  test('the machine is replaced, once it and what hangs on it are unprotected, and the address leads to the new one', async () => {
    const before = await lab.resources()
    for (const name of ['machine', 'machine-disk', 'machine-address', 'machine-address-v6']) await lab.pulumi(['state', 'unprotect', before[name]!.urn, '--yes', '--stack', lab.stack])
    const ended = await lab.up(['--replace', before['machine']!.urn])
    expect(errorsOf(ended)).toBe('')
    expect(ended.exitCode).toBe(0)
    const after = await lab.resources()
    expect(after['machine']!.id).not.toBe(before['machine']!.id)
    expect(sim.state.droplets).toMatchObject([{ id: Number(after['machine']!.id), reserved: expect.arrayContaining([before['address']!.id, before['address-v6']!.id]) }])
  })
})
