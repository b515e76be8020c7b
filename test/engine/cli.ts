import { execa } from 'execa'
import { access, mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The CLI that the tests were written against. */
export const cliVersion = 'v3.274.1'

/** Outside the repository, and kept: what is fetched or built once for all tests. */
export const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'lifeboat-lab')
const home = join(cache, `pulumi-${cliVersion}`)
const built = join(home, 'pulumi')

/** Of the PATH, where its minor version is the one that the tests were written against. Null: there is none. */
const installedCli = async (): Promise<string | null> => {
  const { stdout, failed } = await execa('sh', ['-c', 'p=$(command -v pulumi) && echo "$p" && PULUMI_SKIP_UPDATE_CHECK=true "$p" version'], { reject: false, timeout: 30_000 })
  const [path = '', version = ''] = stdout.split('\n')
  const minor = (text: string): string => text.split('.').slice(0, 2).join('.')
  return !failed && minor(version) === minor(cliVersion) ? path : null
}

// The kernel lets go of the lock however its holder ends; who waited for it finds the work done.
const build = `test -x "$1" && exit 0
go build -trimpath -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$2" -o "$1.new" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi && mv "$1.new" "$1"`

/** Builds it as a Go tool (go.mod in this folder), once for every checkout: some four minutes on two cores. */
const builtCli = async (): Promise<string> => {
  if (await access(built).then(() => true, () => false)) return built
  await mkdir(home, { recursive: true })
  await execa('flock', [join(home, 'lock'), 'sh', '-c', build, 'build', built, cliVersion], { cwd: import.meta.dirname, timeout: 1_200_000 })
  return built
}

/** What the tests need cannot be had: said aloud, and null; under CI=true it throws, so that nothing is skipped there. */
export const cannotHave = (what: string, error: unknown): null => {
  const sentence = `${what}: ${error instanceof Error ? error.message.split('\n').at(-1) : String(error)}`
  if (process.env['CI'] === 'true') throw new Error(sentence)
  console.warn(`SKIPPED: ${sentence}`)
  return null
}

/** The Pulumi CLI: the machine's own, or one that is built. Null where neither can be had. */
export const pulumiCli = async (): Promise<string | null> => {
  try {
    return (await installedCli()) ?? (await builtCli())
  } catch (error) {
    return cannotHave(`Neither is there a pulumi ${cliVersion} on the PATH, nor could one be built with Go, so the tests on the real engine cannot run`, error)
  }
}
