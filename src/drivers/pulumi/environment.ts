import { accessSync, constants, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

export type Env = Record<string, string | undefined>

/** What any program needs of its surroundings, whatever the cloud. */
const plain = new Set([
  'PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'USER', 'LOGNAME', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS',
  'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'all_proxy',
])
const plainPrefixes = ['PULUMI_', 'LC_']

/** Where each cloud's Pulumi package finds its credentials (2026-11). */
const credentials: Record<string, string[]> = { aws: ['AWS_'], hetzner: ['HCLOUD_'], digitalocean: ['DIGITALOCEAN_', 'SPACES_'] }

/** What the state's own place asks for, by the scheme of PULUMI_BACKEND_URL: a bucket is of no use without its key. */
const backends: Record<string, string[]> = { 's3:': ['AWS_'], 'gs:': ['GOOGLE_'], 'azblob:': ['AZURE_'] }

/** The variables that pulumi is given for a stack at one cloud: never the credentials of another. */
export function scrubbed(env: Env, cloud: string): Record<string, string> {
  const scheme = URL.parse(env.PULUMI_BACKEND_URL ?? '')?.protocol ?? ''
  const prefixes = [...plainPrefixes, ...(credentials[cloud] ?? []), ...(backends[scheme] ?? [])]
  const kept = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && (plain.has(entry[0]) || prefixes.some((prefix) => entry[0].startsWith(prefix))))
  // With both no call leaves this machine but to the state and the cloud.
  return { ...Object.fromEntries(kept), PATH: pathWithNode(env.PATH ?? ''), PULUMI_SKIP_UPDATE_CHECK: 'true', PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true' }
}

const secretName = /(?:TOKEN|SECRET|KEY|PASS|PROXY)(?!.*_FILE$)/i
/** A shorter one is no secret, and to hide it would hide half of every sentence. */
const lengthLeast = 6

/** The values in it that may be printed nowhere. */
export const secretsIn = (env: Record<string, string>): string[] =>
  Object.entries(env).filter(([name, value]) => secretName.test(name) && value.length >= lengthLeast).map(([, value]) => value)

/** The programs are TypeScript as it stands, so the first `node` in PATH must be one that strips types: the one that runs this, and nothing else of its folder where another one is first. */
function pathWithNode(path: string): string {
  const own = realpathSync(process.execPath)
  const first = path.split(delimiter).map((folder) => join(folder, 'node')).find(isProgram)
  return first !== undefined && realpathSync(first) === own ? path : [dirname(own), path].filter((part) => part !== '').join(delimiter)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false // Not there, or not ours to run: the next folder is looked into.
  }
}
