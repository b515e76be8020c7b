// Out of what a person wrote and kept: one release.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { readAppFile, type AppFile } from '../../config/app-file.ts'
import type { Settings } from '../../config/settings.ts'
import { Said, textOf } from '../../errors.ts'
import { readCertificate } from '../../release/certificate.ts'
import { composeOf, type Composed } from '../../release/compose.ts'
import { parseEnv, secretsOf } from '../../release/env-file.ts'
import { newestKept } from '../../release/kept.ts'
import { makeRelease, valuesFor, type Release } from '../../release/release.ts'
import type { Cli } from '../cli.ts'
import { readSettings, type Ground } from '../ground.ts'

const ownFolder = resolve(import.meta.dirname, '../../..')

const appFileIn = (folder: string): string => join(folder, 'stacks', 'app.yaml')

/** True: the app is told beside lifeboat.yaml. */
export const isAppTold = ({ folder }: Pick<Settings, 'folder'>): boolean => existsSync(appFileIn(folder))

/** The app and its compose files, as told beside lifeboat.yaml, else where lifeboat's own programs read it. Throws Said where they are not sound, or tell of another app. */
export function readApp(settings: Pick<Settings, 'folder'>, ground: Pick<Ground, 'core'>): { app: AppFile; composed: Composed } {
  const path = appFileIn(isAppTold(settings) ? settings.folder : ownFolder)
  const app = readAppFile(textAt(path, 'Tell the app there'), path)
  refuseOtherApp(app, path, ground)
  return { app, composed: composeOf(app, dirname(path)) }
}

type Wanted = { env: string | null; certificate: string | null }

/** `release`: with all that a site needs that is created later; `brought`: what goes to the sites that stand. */
export type Gathered = { settings: Settings; app: AppFile; release: Release; brought: Release }

/** The release that app.yaml, the values and the certificate come to; what is left out stays as it was last brought from this machine. From then on no value is printed. */
export async function gatherRelease(cli: Cli, ground: Ground, { env, certificate }: Wanted): Promise<Gathered> {
  const settings = 'controller' in ground ? readSettings(cli, { lenient: true }) : ground
  const { app, composed } = readApp(settings, ground)
  const kept = newestKept(settings.folder)
  const given = env === null ? parseEnv(kept?.files['.env'] ?? '', '.env') : parseEnv(await envText(cli, env), env === '-' ? 'standard input' : env)
  cli.keepSecret(secretsOf(given, app.secrets))
  const values = valuesFor(app, given, env === null ? 'Say where the values are: lifeboat push --all --env FILE, or - for standard input' : 'Write it there, then push again')
  const nowMs = cli.clock.now().wallMs
  const pem = certificate === null ? null : readCertificate(secretText(resolve(cli.cwd, certificate)), { source: certificate, names: app.names, nowMs })
  const brought = makeRelease({ app: app.name, composed, values, certificate: pem, nowMs })
  // A site keeps its certificate: somebody else may have renewed it there since the one that is kept here.
  const old = kept?.files['site.pem']
  return { settings, app, brought, release: pem === null && old !== undefined ? { ...brought, files: { ...brought.files, 'site.pem': old } } : brought }
}

function refuseOtherApp({ name, names }: AppFile, path: string, { core }: Pick<Ground, 'core'>): void {
  if (name !== core.app) throw new Said(`${path} tells of ${name}, and lifeboat.yaml of ${core.app}. Write the same name into both, or the app into stacks/app.yaml beside lifeboat.yaml`)
  const apart = [...names.filter((each) => !core.dns.names.includes(each)), ...core.dns.names.filter((each) => !names.includes(each))]
  if (apart.length > 0) throw new Said(`names: in ${path} and dns.names in lifeboat.yaml differ in ${apart.join(', ')}. Write the same names into both`)
}

/** What stands on standard input to its end, or in a file that nobody else may read. */
async function envText(cli: Cli, env: string): Promise<string> {
  if (env !== '-') return secretText(resolve(cli.cwd, env))
  const parts: Buffer[] = []
  for await (const part of process.stdin) parts.push(part as Buffer)
  return asText(Buffer.concat(parts), 'standard input')
}

function secretText(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat?.isFile() && (stat.mode & 0o077) !== 0) throw new Said(`${path} holds secrets, and others than its owner may open it. Type chmod 600 ${path}`)
  return textAt(path, 'Name the file that is meant')
}

function textAt(path: string, instead: string): string {
  try {
    return asText(readFileSync(path), path)
  } catch (thrown) {
    if (thrown instanceof Said) throw thrown
    const { code } = thrown as NodeJS.ErrnoException
    throw new Said(`${path} cannot be read: ${code === 'ENOENT' ? 'there is no such file' : textOf(thrown)}. ${instead}`)
  }
}

function asText(bytes: Buffer, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Said(`${source} is not UTF-8 text`) // The reason may show what stands there.
  }
}
