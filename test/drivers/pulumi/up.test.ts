// The driver over the real engine and a simulated Hetzner: what a person sees of a run, and how it ends.
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { machineClock as clock, type Clock } from '../../../src/clock.ts'
import { startSimHetzner, type SimHetzner } from '../../../src/demo/sim-hetzner.ts'
import { pulumiUp, stackOutput } from '../../../src/drivers/pulumi.ts'
import type { Progress } from '../../../src/drivers/pulumi/events.ts'
import type { StackAt } from '../../../src/drivers/pulumi/faults.ts'
import { outputsIn } from '../../../src/drivers/pulumi/outputs.ts'
import { Said } from '../../../src/errors.ts'
import { pulumiCli } from '../../engine/cli.ts'
import { engineLab, type EngineLab } from '../../engine/lab.ts'
import { until } from '../../lab/wait.ts'

const cli = await pulumiCli()
const token = 'token-of-the-lab'

describe.skipIf(!cli)('up', () => {
  let sim: SimHetzner
  let lab: EngineLab
  let at: StackAt
  beforeAll(async () => {
    sim = await startSimHetzner({ tokens: [token] })
    lab = await engineLab({ cli: cli!, cloud: 'hcloud', url: sim.url })
    at = { site: 'far', cloud: 'hetzner', stack: lab.stack, folder: lab.project }
  })
  afterAll(async () => {
    await lab?.stop()
    await sim?.stop()
  })

  const lineOf = (progress: Progress): string => (progress.kind === 'says' ? `${progress.level}: ${progress.text}` : `${progress.kind} ${progress.act} ${progress.what}`)
  const run = (change: Record<string, string | undefined> = {}, by: Clock = clock) => {
    const lines: string[] = []
    let interrupt = () => {}
    const ended = pulumiUp(at, { env: { ...lab.env, ...change }, clock: by }, { onProgress: (progress) => lines.push(lineOf(progress)), interrupts: (stop) => void (interrupt = stop) })
    ended.catch(() => {}) // Awaited by each test.
    return { lines, ended, interrupt: () => interrupt() }
  }
  const said = async (act: Promise<unknown>): Promise<{ exit: number; says: string }> => {
    const thrown = await act.then(() => 'nothing was thrown', (error: unknown) => error)
    if (!(thrown instanceof Said)) throw thrown
    expect(thrown.message).not.toMatch(/\n|<\{%|token-of-the-lab/)
    return { exit: thrown.exit, says: thrown.message }
  }

  test('without its plugin says which to install', async () => {
    const plugins = join(lab.env['PULUMI_HOME']!, 'plugins')
    await rename(plugins, `${plugins}-away`)
    const { exit, says } = await said(run().ended)
    await rename(`${plugins}-away`, plugins)
    expect({ exit, says }).toEqual({ exit: 2, says: 'pulumi has no plugin for hcloud. Type pulumi plugin install resource hcloud v1.41.0, then: lifeboat up far' })
  })

  test('that takes too long is stopped, and what it made is recorded', async () => {
    let limit = () => {}
    const held = lab.gateway.hold(/^POST \/volumes$/, 'before')
    const { ended } = run({}, { ...clock, sleep: (_, signal) => new Promise((over, ended) => {
      limit = over
      signal?.addEventListener('abort', () => ended(signal.reason))
    }) })
    await held.reached
    limit()
    await until('the plugin is told to cancel', () => lab.gateway.told.includes('cancel'))
    held.release()
    expect(await said(ended)).toEqual({ exit: 4, says: 'pulumi up of far was stopped after 30 min. What it had done is recorded; to go on: lifeboat up far' })
    expect(Object.keys(await lab.resources())).toContain('disk')
  })

  test('with credentials that are refused, or none, says whose and where they stand', async () => {
    sim.state.tokens = []
    const revoked = await said(run().ended)
    sim.state.tokens = [token]
    expect(revoked).toEqual({ exit: 2, says: expect.stringMatching(/^hetzner does not take our credentials: .*unauthorized.*\. Set HCLOUD_TOKEN anew, then: lifeboat up far$/) })
    expect(await said(run({ HCLOUD_TOKEN: undefined }).ended)).toEqual({ exit: 2, says: expect.stringMatching(/^hetzner does not take our credentials: .*HCLOUD_TOKEN is not set.*\. Set HCLOUD_TOKEN anew, then: lifeboat up far$/) })
  })

  test('where nothing can be ordered ends with what the cloud says, exit 4', async () => {
    sim.state.soldOut = ['cx23@fsn1']
    const { lines, ended } = run()
    expect(await said(ended)).toEqual({ exit: 4, says: expect.stringMatching(/^pulumi up of far did not come to its end \(pulumi ended with 1\): .*resource_unavailable/) })
    sim.state.soldOut = []
    expect(lines).toContain('failed create hcloud server "machine"')
    expect(() => outputsIn({}, { stack: 'far', cloud: 'hetzner', app: 'shop', names: {} })).toThrow('The stack far has no outputs')
  })

  test('told to stop once lets the call under way end, and what it made is recorded', async () => {
    const told = lab.gateway.told.length
    const held = lab.gateway.hold(/^POST \/servers$/, 'before')
    const { ended, interrupt } = run()
    await held.reached
    interrupt()
    await until('the plugin is told to cancel', () => lab.gateway.told.slice(told).includes('cancel'))
    held.release()
    expect(await said(ended)).toEqual({ exit: 4, says: 'pulumi up of far was stopped. What it had done is recorded; to go on: lifeboat up far' })
    expect(Object.keys(await lab.resources())).toContain('machine')
  })

  test('told to stop twice ends at once, and says that what was under way may be recorded nowhere', async () => {
    const told = lab.gateway.told.length
    const held = lab.gateway.hold(/attach/, 'before')
    const { ended, interrupt } = run()
    await held.reached
    interrupt()
    await until('the plugin is told to cancel', () => lab.gateway.told.slice(told).includes('cancel'))
    interrupt()
    expect(await said(ended)).toEqual({ exit: 4, says: 'pulumi up of far was stopped. What was under way may have been done, and may not be recorded; to go on: lifeboat up far' })
    held.release()
  })

  test('goes on where it was stopped, and shows each thing as it begins and ends', async () => {
    const { lines, ended } = run()
    expect(await ended).toEqual({ create: 1, same: 6 })
    expect(lines.filter((line) => !line.startsWith('warn: '))).toEqual(['begins create hcloud volume attachment "machine-disk"', 'done create hcloud volume attachment "machine-disk"'])
    const raw = await stackOutput(at, { env: lab.env, clock })
    expect(outputsIn(raw, { stack: lab.stack, cloud: 'hetzner', app: 'shop', names: {} })).toEqual({
      address: expect.stringMatching(/^127\./), addressV6: expect.stringContaining(':'), machineId: expect.stringMatching(/^\d+$/), region: 'fsn1',
    })
    expect(() => outputsIn(raw, { stack: 'far', cloud: 'aws', app: 'shop', names: {} })).toThrow('The stack far stands at hetzner, and the file says cloud: aws')
    expect(() => outputsIn(raw, { stack: 'far', cloud: 'hetzner', app: 'other', names: {} })).toThrow('The stack far is of the app shop, and the file says app: other')
  })

  test('with nothing to change says nothing, and asks no cloud', async () => {
    const before = lab.gateway.calls.length
    const { lines, ended } = run()
    expect(await ended).toEqual({ same: 7 })
    expect(lines.filter((line) => !line.startsWith('warn: '))).toEqual([])
    expect(lab.gateway.calls.length).toBe(before)
  })
})
