import { rename } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pulumiCli } from './cli.ts'
import { hetznerLab, type HetznerLab } from './hetzner-lab.ts'
import { changesOf, errorsOf, labToken, nameOf, type Ended } from './lab.ts'

const cli = await pulumiCli()

const failedOf = ({ events }: Ended) => events.flatMap(({ resOpFailedEvent: failed }) => (failed ? [`${failed.metadata.op} ${nameOf(failed.metadata.urn)}`] : [])).sort()

// What goes wrong before a stack stands, in an order in which each fault leaves the next one something to do.
describe.skipIf(!cli)('the real engine says', () => {
  let lab: HetznerLab

  beforeAll(async () => {
    lab = await hetznerLab(cli!)
  })
  afterAll(async () => await lab?.stop())

  const outputs = async (env = {}) => (await lab.pulumi(['stack', 'output', '--json', '--stack', lab.stack], env)).stdout

  test('which plugin is missing', async () => {
    const plugins = `${lab.env['PULUMI_HOME']}/plugins`
    await rename(plugins, `${plugins}-away`)
    const ended = await lab.up()
    await rename(`${plugins}-away`, plugins)
    expect(ended.exitCode).toBe(1)
    expect(errorsOf(ended)).toMatch(/^no resource plugin 'pulumi-resource-hcloud' found in the workspace at version v1\.41\.0/)
  })

  test('what the plugin says of credentials as it is configured', async () => {
    const ended = await lab.up([], { HCLOUD_TOKEN: '' })
    expect(ended.exitCode).toBe(1)
    expect(errorsOf(ended)).toContain('HCLOUD_TOKEN is not set')
    expect(failedOf(ended)).toEqual(['create default_1_41_0'])
    expect(lab.gateway.calls).toEqual([])
  })

  test('that credentials were revoked between the preview, which asks no cloud, and the creation', async () => {
    const preview = await lab.pulumi(['preview', '--non-interactive', '--stack', lab.stack])
    expect(preview.exitCode).toBe(0)
    expect(lab.gateway.calls).toEqual([])
    lab.sim.state.tokens = []
    const ended = await lab.up()
    lab.sim.state.tokens = [labToken]
    expect(ended.exitCode).toBe(1)
    expect(errorsOf(ended)).toContain('unable to authenticate (unauthorized)')
    expect(failedOf(ended)).toEqual(['create address', 'create address-v6', 'create disk', 'create firewall'])
    expect(await lab.leftovers()).toEqual({ locks: [], pending: [] })
  })

  test('that there is no capacity; what was created before stays, and the outputs are empty', async () => {
    lab.sim.state.soldOut = ['cx23@fsn1']
    const ended = await lab.up()
    lab.sim.state.soldOut = []
    expect(ended.exitCode).toBe(1)
    expect(errorsOf(ended)).toMatch(/\(resource_unavailable\)/)
    expect(failedOf(ended)).toEqual(['create machine'])
    expect(changesOf(ended)).toEqual({ create: 4, same: 1 })
    expect(JSON.parse(await outputs())).toEqual({})
  })

  test('what failed half way; the next `up` makes the rest, and nothing twice', async () => {
    const lift = lab.gateway.refuse(/\/attach$/, 503, { error: { code: 'unavailable', message: 'service unavailable' } })
    const half = await lab.up()
    lift()
    expect(half.exitCode).toBe(1)
    expect(errorsOf(half)).toContain('service unavailable (unavailable)')
    expect(failedOf(half)).toEqual(['create machine-disk'])
    expect(changesOf(half)).toEqual({ create: 1, same: 5 })
    const whole = await lab.up()
    expect(whole.exitCode).toBe(0)
    expect(changesOf(whole)).toEqual({ create: 1, same: 6 })
    expect(await lab.servers()).toHaveLength(1)
  })

  test('that the passphrase is wrong, on stderr alone; outputs without a secret need none', async () => {
    const wrong = { PULUMI_CONFIG_PASSPHRASE: 'another' }
    expect(await lab.up([], wrong)).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringMatching(/incorrect passphrase/) })
    expect(JSON.parse(await outputs(wrong))).toMatchObject({ cloud: 'hetzner' })
  })

  test('that there is no such stack', async () => {
    expect(await lab.pulumi(['up', '--yes', '--non-interactive', '--skip-preview', '--json', '--stack', 'nowhere'])).toMatchObject({ exitCode: 6, stdout: '', stderr: expect.stringMatching(/no stack named 'nowhere' found/) })
  })

  test('that nobody is logged in, and that a backend is not there', async () => {
    expect(await lab.up([], { PULUMI_BACKEND_URL: '' })).toMatchObject({ exitCode: 3, stdout: '', stderr: expect.stringMatching(/PULUMI_ACCESS_TOKEN must be set/) })
    expect(await lab.up([], { PULUMI_BACKEND_URL: `file://${lab.state}/away` })).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringMatching(/unable to open state directory/) })
  })
})
