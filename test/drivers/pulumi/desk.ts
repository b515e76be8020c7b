import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'
import type { StackAt } from '../../../src/drivers/pulumi/faults.ts'
import { pulumiCli } from '../../engine/cli.ts'

/** A passphrase of the test's own stacks, long enough to be hidden. */
export const passphrase = 'not-a-real-passphrase'

/** The real CLI, or null where it cannot be had. */
export const cli = await pulumiCli()

/** A folder with a project of no cloud, and a state in it. */
export type Desk = {
  folder: string
  env: Record<string, string>
  at: StackAt
  /** Runs pulumi itself. */
  pulumi(...args: string[]): Promise<string>
  /** Puts outputs where a run of the stack would have. */
  give(outputs: Record<string, unknown>): Promise<void>
}

/** `stack`: is begun there, at cloud hetzner, as site far. */
export async function desk(stack = 'far'): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-pulumi-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const each of ['home', 'state', 'project', 'project/node_modules/@pulumi', 'bin']) await mkdir(join(folder, each), { recursive: true })
  await writeFile(join(folder, 'project/Pulumi.yaml'), 'name: infra\nruntime: nodejs\nmain: index.js\n')
  await writeFile(join(folder, 'project/index.js'), '')
  await symlink(join(import.meta.dirname, '../../../node_modules/@pulumi/pulumi'), join(folder, 'project/node_modules/@pulumi/pulumi'))
  const env = {
    PATH: `${dirname(cli!)}:/usr/bin:/bin`, HOME: join(folder, 'home'), PULUMI_HOME: join(folder, 'home/.pulumi'), PULUMI_BACKEND_URL: `file://${folder}/state`,
    PULUMI_CONFIG_PASSPHRASE: passphrase, PULUMI_SKIP_UPDATE_CHECK: 'true',
  }
  const at: StackAt = { site: 'far', cloud: 'hetzner', stack, folder: join(folder, 'project') }
  const pulumi = async (...args: string[]) => (await execa('pulumi', args, { cwd: at.folder, env, extendEnv: false })).stdout
  await pulumi('stack', 'init', stack)
  return {
    folder, env, at, pulumi,
    give: async (outputs) => {
      const state = JSON.parse(await pulumi('stack', 'export', '--stack', stack)) as { deployment: Record<string, unknown> }
      const type = 'pulumi:pulumi:Stack'
      state.deployment.resources = [{ urn: `urn:pulumi:${stack}::infra::${type}::infra-${stack}`, custom: false, type, outputs }]
      await writeFile(join(folder, 'given.json'), JSON.stringify(state))
      await pulumi('stack', 'import', '--stack', stack, '--file', join(folder, 'given.json'))
    },
  }
}
