import { scryptSync } from 'node:crypto'
import type { AppFile } from '../config/app-file.ts'
import { Said } from '../errors.ts'
import type { Composed } from './compose.ts'
import { formatEnv } from './env-file.ts'

/** The files of a release, by the names that they have on a host and where they are kept. */
export const releaseFiles = ['compose.yaml', 'compose.lifeboat.yaml', '.env', 'site.pem'] as const
export type ReleaseFile = (typeof releaseFiles)[number]

/**
 * All that is brought to a site. `name`: when it was made and its id, so that names sort by age. `id` tells two releases apart, values included; the
 * certificate is no part of it. `site.pem` is there where a certificate is brought.
 */
export type Release = { name: string; id: string; files: Partial<Record<ReleaseFile, string>> }

/** The values that a release needs, in the order of app.yaml, then all others. Throws Said, which names each one that is missing. */
export function valuesFor({ secrets }: AppFile, values: Map<string, string>, way: string): Map<string, string> {
  const missing = secrets.filter((name) => !values.get(name))
  if (missing.length > 0) throw new Said(`${missing.join(', ')} ${missing.length === 1 ? 'has' : 'have'} no value, and secrets: in app.yaml ${missing.length === 1 ? 'lists it' : 'lists them'}. ${way}`)
  return new Map([...secrets.map((name): [string, string] => [name, values.get(name)!]), ...[...values].filter(([name]) => !secrets.includes(name))])
}

/** One release. `certificate` null: a site keeps the one that it has. */
export function makeRelease({ app, composed, values, certificate, nowMs }: { app: string; composed: Composed; values: Map<string, string>; certificate: string | null; nowMs: number }): Release {
  const files = { 'compose.yaml': composed.app, 'compose.lifeboat.yaml': composed.ours, '.env': formatEnv(values) }
  const id = idOf(app, files)
  const stamp = new Date(nowMs).toISOString().replace(/[-:]/g, '').replace('.', '-')
  return { name: `${stamp}-${id}`, id, files: certificate === null ? files : { ...files, 'site.pem': certificate } }
}

/** It is printed and stored, and short values could be guessed from a quick hash of them: a slow one makes that dear. */
const idOf = (app: string, files: Release['files']): string => scryptSync(JSON.stringify(files), `lifeboat ${app}`, 6).toString('hex')
