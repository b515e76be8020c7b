// lifeboat up over the real engine and a simulated Hetzner, as a person types it.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startSimHetzner } from '../../src/demo/sim-hetzner.ts'
import { pulumiCli } from '../engine/cli.ts'
import { engineLab } from '../engine/lab.ts'
import { until } from '../lab/wait.ts'
import { addresses, rig } from './rig.ts'

const cli = await pulumiCli()
const token = 'token-of-the-lab'

/** The rig's second site is this repository's own stack at Hetzner. */
const hetznerRig = async () => {
  const sim = await startSimHetzner({ tokens: [token] })
  const engine = await engineLab({ cli: cli!, cloud: 'hcloud', url: sim.url })
  onTestFinished(async () => {
    await engine.stop()
    await sim.stop()
  })
  const lab = await rig()
  const { PATH, HOME: _, ...variables } = engine.env
  process.env.PATH = PATH // Each test file has a process of its own.
  const beside = { ...variables, PULUMI_CONFIG_PASSPHRASE: `"${variables.PULUMI_CONFIG_PASSPHRASE}"` }
  await writeFile(join(lab.folder, 'lifeboat.env'), Object.entries(beside).map(([name, value]) => `${name}=${value}\n`).join(''), { mode: 0o600 })
  await lab.write((yaml) => yaml.replace(`cloud: none, address: ${addresses.hetzner}`, `cloud: hetzner, stack: hetzner, dir: ${engine.project}`))
  return { sim, engine, lab }
}

describe.skipIf(!cli)('lifeboat up', () => {
  test('creates a site, shows how, and from then on it has an address', async () => {
    const { engine, lab } = await hetznerRig()
    const up = await lab.run('up', 'hetzner')
    expect(up).toMatchObject({ code: 0, err: '' })
    const lines = up.out.split('\n')
    expect(lines[0]).toBe(`hetzner: pulumi up of the stack hetzner in ${engine.project}`)
    expect(lines).toContain('  creating  hcloud server "machine"')
    expect(up.out).toMatch(/^ {2}created {3}hcloud server "machine" in \d+(\.\d+)? m?s$/m)
    expect(up.out).toMatch(/^hetzner stands: 7 created, in \S+ s\n {2}address {4}127\.\S+\n {2}addressV6 {2}\S+\n {2}machineId {2}\d+\n {2}region {5}fsn1\n$/m)
    expect(up.all).not.toContain(token)

    const again = await lab.run('up', 'hetzner')
    expect(again.out).toMatch(/^hetzner: .*\nhetzner stands: nothing had to be changed, in \S+ m?s\n {2}address/)

    const address = /address +(\S+)/.exec(up.out)![1]!
    expect((await lab.run('outputs', 'hetzner')).out).toContain(address)
    const status = await lab.run('status')
    expect(status.out).toMatch(/^hetzner +standby +unknown .* no account evidence$/m)
    expect(status.out).toMatch(/^stacks +hetzner read \S+ \S+ ago$/m)
    expect(JSON.parse((await lab.run('status', '--json')).out).sites[1].addresses[0]).toBe(address)
    expect((await lab.run('check', '--online')).out).toContain(`stack of hetzner\n  ok       its outputs can be read: ${address}, `)
  })

  test('on a Ctrl-C ends after the call that is under way, exit 4, and goes on the next time', async () => {
    const { engine, lab } = await hetznerRig()
    const held = engine.gateway.hold(/^POST \/servers$/, 'before')
    const up = lab.start('up', 'hetzner')
    await held.reached
    up.child.kill('SIGINT')
    await until('the plugin is told to cancel', () => engine.gateway.told.includes('cancel'), { said: up.said })
    held.release()
    expect(await up.ended).toMatchObject({ code: 4, err: expect.stringMatching(/It stops after the call that is under way\. .*\npulumi up of hetzner was stopped\. What it had done is recorded; to go on: lifeboat up hetzner\n$/) })
    expect(await lab.run('up', 'hetzner')).toMatchObject({ code: 0, out: expect.stringContaining('hetzner stands: 1 created, 6 as they were, in ') })
  })

  test('says in one sentence what is wrong', async () => {
    const { sim, lab } = await hetznerRig()
    sim.state.tokens = []
    const refused = await lab.run('up', 'hetzner')
    expect(refused).toMatchObject({ code: 2, err: expect.stringMatching(/^hetzner does not take our credentials: [^\n]+\. Set HCLOUD_TOKEN anew, then: lifeboat up hetzner\n$/) })
    expect(refused.out).toContain('  not created hcloud')
    expect(refused.all).not.toContain(token)
    expect(await lab.run('outputs', 'hetzner')).toMatchObject({ code: 4, err: expect.stringContaining('has no outputs') })
  })
})
