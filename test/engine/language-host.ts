// A stand-in for pulumi-language-nodejs, which no registry has. Only what `pulumi up` asks for; the official one is used where it stands beside the CLI.
import language from '@pulumi/pulumi/proto/language_grpc_pb.js'
import messages from '@pulumi/pulumi/proto/language_pb.js'
import plugin from '@pulumi/pulumi/proto/plugin_pb.js'
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { serve } from './plugin.ts'

type Request = InstanceType<typeof messages.RunRequest>

/** Exit code by which the program says that it has told its error to the engine already. */
const told = 32

// The engine's address is the last argument, behind flags that are for the official one.
const engine = process.argv.at(-1) ?? ''

const argumentsOf = (request: Request): string[] => {
  const info = request.getInfo()
  const flags: Record<string, string> = {
    monitor: request.getMonitorAddress(), engine, organization: request.getOrganization(), project: request.getProject(), 'root-directory': info?.getRootDirectory() ?? '',
    stack: request.getStack(), pwd: request.getPwd(), parallel: String(request.getParallel()),
  }
  const pairs = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])
  return [...pairs, ...(request.getDryrun() ? ['--dry-run'] : []), info?.getEntryPoint() ?? '.', ...request.getArgsList()]
}

/** Runs the program with the SDK that its own folder has, on the Node of the PATH, as the official host does. */
const runProgram = (request: Request): Promise<InstanceType<typeof messages.RunResponse>> =>
  new Promise((done) => {
    const runner = createRequire(join(request.getPwd(), 'package.json')).resolve('@pulumi/pulumi/cmd/run/index.js')
    const config = JSON.stringify(Object.fromEntries(request.getConfigMap().toObject(false)))
    const env = { ...process.env, PULUMI_CONFIG: config, PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()) }
    const program = spawn('node', [runner, ...argumentsOf(request)], { cwd: request.getPwd(), env, stdio: ['ignore', 'inherit', 'inherit'] })
    const end = (error: string, bail = false): void => done(new messages.RunResponse().setError(error).setBail(bail))
    process.once('exit', () => program.kill('SIGKILL'))
    program.on('error', (error) => end(error.message))
    program.on('exit', (code, signal) => end(code === 0 || code === told ? '' : `Program exited with non-zero exit code: ${code ?? signal}`, code === told))
  })

await serve(language.LanguageRuntimeService, {
  getPluginInfo: () => new plugin.PluginInfo().setVersion('3.270.0'),
  getRequiredPackages: () => new messages.GetRequiredPackagesResponse(),
  run: (request: Request) => runProgram(request),
})
