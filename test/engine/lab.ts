// The real Pulumi engine, in a folder of its own, on a simulated cloud:
//
//   const cli = await pulumiCli()                                 // at the top of the test file; null: skip
//   const lab = await engineLab({ cli, cloud: 'hcloud', url })    // url: the simulated cloud's, with its path (`…/v1`)
//   const { exitCode, events, stderr } = await lab.up()           // or lab.pulumi([...]); lab.start([...]) for one that gets signals
//   const held = lab.gateway.hold(/^POST \/servers$/, 'before')   // then `const run = lab.startUp()`, `await lab.reach(held, run)`, a signal, `held.release()`
//   lab.env, lab.project, lab.stack                               // what another caller of the CLI needs
//   await lab.stop()
import { execa, type ResultPromise } from 'execa'
import { access, chmod, copyFile, cp, link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { globSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startGateway, type Call, type Gateway, type Held } from './gateway.ts'

const root = join(import.meta.dirname, '../..')

/** One line of `pulumi up --json`. */
export type EngineEvent = {
  sequence?: number
  diagnosticEvent?: { severity: string; message: string; urn?: string }
  resOpFailedEvent?: { metadata: { op: string; urn: string } }
  summaryEvent?: { resourceChanges?: Record<string, number> }
}

/** `exitCode` null: `signal` ended it. */
export type Ended = { exitCode: number | null; signal: string | null; stdout: string; stderr: string; events: EngineEvent[] }

/** One run of the CLI, whose signals are of its own. */
export type Run = { pid: number; kill(signal: NodeJS.Signals): boolean; ended: Promise<Ended> }

/** A resource as the state has it. */
export type Deployed = { urn: string; id: string; protect?: boolean; outputs: Record<string, unknown> }

type Deployment = { resources?: Deployed[]; pending_operations?: { type: string; resource: Deployed }[] }

/** The name that the program gave it. */
export const nameOf = (urn: string): string => urn.split('::').at(-1) ?? ''

export type EngineLab = {
  gateway: Gateway
  /** All that the CLI's environment has; its `PATH` begins with a folder that has the CLI and the Node of these tests. */
  env: Record<string, string>
  /** The folder with Pulumi.yaml: a copy, so that a stack's configuration may be changed. */
  project: string
  stack: string
  /** The folder of the `file://` backend. */
  state: string
  start(args: string[], env?: Record<string, string>): Run
  /** Starts `up`, as lifeboat calls it; `args` are added. */
  startUp(args?: string[], env?: Record<string, string>): Run
  /** Waits until the call is held; throws where the run ends before. */
  reach(held: Held, run: Run): Promise<Call>
  pulumi(args: string[], env?: Record<string, string>): Promise<Ended>
  up(args?: string[], env?: Record<string, string>): Promise<Ended>
  /** The state's resources by the name that the program gave them. */
  resources(): Promise<Record<string, Deployed>>
  /** What a run that was killed has left: what each lock says, and what each operation that did not end was doing to which resource. */
  leftovers(): Promise<{ locks: { pid: number; hostname: string }[]; pending: string[] }>
  stop(): Promise<void>
}

type Options = { reject: false; cwd: string; env: Record<string, string>; extendEnv: false }

/** The token that the stacks are given. */
export const labToken = 'token-of-the-lab'

const clouds = {
  hcloud: { sdk: 'hcloud', token: { HCLOUD_TOKEN: labToken } },
  aws: { sdk: 'aws', token: { AWS_ACCESS_KEY_ID: labToken, AWS_SECRET_ACCESS_KEY: labToken } },
  digitalocean: { sdk: 'digitalocean', token: { DIGITALOCEAN_TOKEN: labToken } },
} as const

const upArgs = ['up', '--yes', '--non-interactive', '--skip-preview', '--json']

const versionOf = (sdk: string): string => (JSON.parse(readFileSync(join(root, 'node_modules/@pulumi', sdk, 'package.json'), 'utf8')) as { version: string }).version

const executable = async (path: string, words: string[]): Promise<void> => {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(' ')} "$@"\n`)
  await chmod(path, 0o755)
}

/** The CLI with a language host beside it, where it looks first: that of the machine where there is one, else the stand-in. */
const fillBin = async (bin: string, cli: string): Promise<void> => {
  await mkdir(bin)
  const official = join(dirname(cli), 'pulumi-language-nodejs')
  // It follows symbolic links to find what stands beside it; a copy serves where the two folders are on different disks.
  await link(cli, join(bin, 'pulumi')).catch(() => copyFile(cli, join(bin, 'pulumi')))
  await symlink(process.execPath, join(bin, 'node'))
  if (await access(official).then(() => true, () => false)) await symlink(official, join(bin, 'pulumi-language-nodejs'))
  else await executable(join(bin, 'pulumi-language-nodejs'), [process.execPath, join(import.meta.dirname, 'language-host.ts')])
}

/** The stand-in plugin, where the engine looks for the official one of that version. */
const placePlugin = async (home: string, cloud: keyof typeof clouds, endpoint: string): Promise<void> => {
  const { sdk } = clouds[cloud]
  const version = versionOf(sdk)
  const file = join(home, 'plugins', `resource-${sdk}-v${version}`, `pulumi-resource-${sdk}`)
  await executable(file, [process.execPath, join(import.meta.dirname, 'provider.ts'), cloud, version, endpoint])
}

/** The project's own files are copied, since the CLI writes beside them; what they import is found through links. */
const placeProject = async (folder: string): Promise<void> => {
  await mkdir(folder)
  for (const name of ['Pulumi.yaml', 'stacks']) await cp(join(root, name), join(folder, name), { recursive: true })
  for (const name of ['node_modules', 'package.json', 'src']) await symlink(join(root, name), join(folder, name))
  await fillIn(join(folder, 'stacks'))
}

/** What the stacks of this repository leave to whoever uses them: whom to let in, and from where. */
const fillIn = async (stacks: string): Promise<void> => {
  for (const file of globSync(join(stacks, 'Pulumi.*.yaml'))) {
    const text = readFileSync(file, 'utf8')
    await writeFile(file, text.replace('sshKeys: []', 'sshKeys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 lab]').replace('adminCidrs: []', 'adminCidrs: [203.0.113.0/24]').replace('image: ""', 'image: ami-1'))
  }
}

/** What the engine said was wrong, as one text. */
export const errorsOf = ({ events }: Ended): string => events.flatMap(({ diagnosticEvent: said }) => (said?.severity === 'error' ? [said.message] : [])).join('')

/** How many resources met what, e.g. `{ create: 7 }`. Null: the run said none, since it did not get that far. */
export const changesOf = ({ events }: Ended): Record<string, number> | null => events.findLast((event) => event.summaryEvent)?.summaryEvent?.resourceChanges ?? null

const eventsOf = (stdout: string): EngineEvent[] =>
  stdout.split('\n').filter((line) => line.startsWith('{"')).map((line) => JSON.parse(line) as EngineEvent)

/** Makes a lab with one stack of this repository, which is there but has nothing. */
export const engineLab = async ({ cli, cloud, url, stack = 'hetzner' }: { cli: string; cloud: keyof typeof clouds; url: string; stack?: string }): Promise<EngineLab> => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-engine-'))
  const [bin, home, state, project] = ['bin', 'home', 'state', 'project'].map((name) => join(folder, name)) as [string, string, string, string]
  const gateway = await startGateway(url)
  await Promise.all([fillBin(bin, cli), placePlugin(home, cloud, gateway.url), placeProject(project), mkdir(state)])
  const env: Record<string, string> = {
    PATH: `${bin}:/usr/local/bin:/usr/bin:/bin`, HOME: home, PULUMI_HOME: home, PULUMI_BACKEND_URL: `file://${state}`, PULUMI_CONFIG_PASSPHRASE: 'of the lab',
    PULUMI_SKIP_UPDATE_CHECK: 'true', PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true', ...clouds[cloud].token,
  }
  const running = new Set<ResultPromise<Options>>()
  const upOf = (args: string[]): string[] => [...upArgs, '--stack', stack, ...args]

  const start: EngineLab['start'] = (args, more = {}) => {
    const options: Options = { reject: false, cwd: project, env: { ...env, ...more }, extendEnv: false }
    const child = execa(join(bin, 'pulumi'), args, options)
    running.add(child)
    const ended = child.then(({ exitCode, signal, stdout, stderr }): Ended => {
      running.delete(child)
      return { exitCode: exitCode ?? null, signal: signal ?? null, stdout, stderr, events: eventsOf(stdout) }
    })
    return { pid: child.pid ?? 0, kill: (how) => child.kill(how), ended }
  }
  const pulumi: EngineLab['pulumi'] = (args, more) => start(args, more).ended
  const deployment = async (): Promise<Deployment> => (JSON.parse((await pulumi(['stack', 'export', '--stack', stack])).stdout) as { deployment: Deployment }).deployment

  const made = await pulumi(['stack', 'init', stack, '--non-interactive'])
  if (made.exitCode !== 0) throw new Error(`pulumi stack init: ${made.stderr}`)
  return {
    gateway, env, project, stack, state, start, pulumi,
    startUp: (args = [], more) => start(upOf(args), more),
    up: (args = [], more) => pulumi(upOf(args), more),
    reach: (held, run) =>
      Promise.race([
        held.reached,
        run.ended.then(({ exitCode, stderr, stdout }) => {
          throw new Error(`pulumi ended (${exitCode}) before that call: ${stderr}${stdout.slice(-2000)}`)
        }),
      ]),
    resources: async () => Object.fromEntries(((await deployment()).resources ?? []).map((each) => [nameOf(each.urn), each])),
    leftovers: async () => ({
      locks: globSync(join(state, '.pulumi/locks/**/*.json')).map((file) => JSON.parse(readFileSync(file, 'utf8')) as { pid: number; hostname: string }),
      pending: ((await deployment()).pending_operations ?? []).map(({ type, resource }) => `${type} ${nameOf(resource.urn)}`),
    }),
    stop: async () => {
      for (const child of running) child.kill('SIGKILL')
      await Promise.all(running)
      await gateway.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
