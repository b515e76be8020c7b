import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../lab/wait.ts'
import { pulumiCli } from './cli.ts'
import { hetznerLab, type HetznerLab } from './hetzner-lab.ts'
import { changesOf, errorsOf } from './lab.ts'

const cli = await pulumiCli()

// Each run is met while it creates the machine, at a call that is held: no test waits for a time.
describe.skipIf(!cli)('a run of the real engine', () => {
  let lab: HetznerLab

  beforeEach(async () => {
    lab = await hetznerLab(cli!)
  })
  afterEach(async () => await lab?.stop())

  /** `before`: nothing of the machine is there yet. `after`: it is, and the engine does not know it. */
  const meetCreation = async (when: 'before' | 'after') => {
    const held = lab.gateway.hold(/^POST \/servers$/, when)
    const run = lab.startUp()
    await lab.reach(held, run)
    return { held, run }
  }
  const toldToCancel = () => until('the plugin is told to cancel', () => lab.gateway.told.includes('cancel'))
  const cancel = () => lab.pulumi(['cancel', '--yes', lab.stack])

  test('names its lock to another', async () => {
    const { held, run } = await meetCreation('before')
    const second = await lab.up()
    expect(second).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringMatching(new RegExp(`locked by 1 lock\\(s\\)[^]*created by .+@.+ \\(pid ${run.pid}\\)`)) })
    expect((await lab.leftovers()).locks).toMatchObject([{ pid: run.pid }])
    held.release()
    expect(await run.ended).toMatchObject({ exitCode: 0 })
    expect(await lab.leftovers()).toEqual({ locks: [], pending: [] })
  })

  test('told once to end waits for the call in flight, records it, and leaves no lock', async () => {
    const { held, run } = await meetCreation('before')
    run.kill('SIGINT')
    await toldToCancel()
    held.release()
    const ended = await run.ended
    expect(ended.exitCode).toBe(1)
    expect(errorsOf(ended)).toContain('update canceled')
    expect(Object.keys(await lab.resources())).toContain('machine')
    expect(await lab.leftovers()).toEqual({ locks: [], pending: [] })
    expect(changesOf(await lab.up())).toEqual({ create: 1, same: 6 })
  })

  test('told twice ends at once; what it was doing is pending, and no lock stays', async () => {
    const { run } = await meetCreation('before')
    run.kill('SIGINT')
    await toldToCancel()
    run.kill('SIGINT')
    expect(await run.ended).toMatchObject({ exitCode: 8 })
    expect(await lab.leftovers()).toEqual({ locks: [], pending: ['creating machine'] })
  })

  test('killed before its call landed leaves its lock and what was pending; once that is lifted, `up` creates it', async () => {
    const { run } = await meetCreation('before')
    run.kill('SIGKILL')
    expect(await run.ended).toMatchObject({ signal: 'SIGKILL' })
    expect(await lab.leftovers()).toMatchObject({ locks: [{ pid: run.pid }], pending: ['creating machine'] })
    expect(await lab.pulumi(['stack', 'output', '--json', '--stack', lab.stack])).toMatchObject({ exitCode: 0, stdout: '{}' })
    expect(await lab.up()).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(new RegExp(`\\(pid ${run.pid}\\)`)) })
    await cancel()
    const again = await lab.up()
    expect(again.exitCode).toBe(0)
    expect(changesOf(again)).toEqual({ create: 2, same: 5 })
    expect(await lab.servers()).toHaveLength(1)
    // It is warned of at every `up` from now on, until a refresh with --clear-pending-creates.
    expect(await lab.leftovers()).toEqual({ locks: [], pending: ['creating machine'] })
  })

  test('killed after its call landed has made what it does not know: `up` cannot make it again, and an import adopts it', async () => {
    const { run } = await meetCreation('after')
    run.kill('SIGKILL')
    await run.ended
    const [landed] = await lab.servers()
    expect(Object.keys(await lab.resources())).not.toContain('machine')
    await cancel()
    const again = await lab.up()
    expect(again.exitCode).toBe(1)
    expect(errorsOf(again)).toMatch(/\((uniqueness_error|primary_ip_assigned)\)/)
    const imported = await lab.pulumi(['import', 'hcloud:index/server:Server', 'machine', String(landed!.id), '--generate-code=false', '--yes', '--skip-preview', '--non-interactive', '--json', '--stack', lab.stack])
    expect(imported.exitCode).toBe(0)
    const whole = await lab.up()
    expect(errorsOf(whole)).toBe('')
    expect(changesOf(whole)).toMatchObject({ create: 1 })
    expect((await lab.resources())['machine']).toMatchObject({ id: String(landed!.id), protect: true })
    expect(await lab.servers()).toHaveLength(1)
  })
})
