import { accessSync, constants, linkSync, lstatSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { Said, textOf } from '../../errors.ts'
import type { Cli } from '../cli.ts'

/** Where the file goes: `--config`, then LIFEBOAT_CONFIG, then lifeboat.yaml in this folder. Throws Said where something stands there, or nothing may be written. */
export function placeOf({ flags, env, cwd }: Cli): string {
  const path = resolve(cwd, flags.config ?? (env.LIFEBOAT_CONFIG || 'lifeboat.yaml'))
  try {
    if (lstatSync(path, { throwIfNoEntry: false })) throw standsThere(path)
    accessSync(dirname(path), constants.W_OK | constants.X_OK)
  } catch (thrown) {
    if (thrown instanceof Said) throw thrown
    throw new Said(`${path} cannot be written: ${codeOf(thrown) === 'ENOENT' ? `there is no folder ${dirname(path)}. Make it first` : textOf(thrown)}`)
  }
  return path
}

const standsThere = (path: string): Said => new Said(`${path} is there already, and init overwrites nothing. To look at it: lifeboat check. To begin another: lifeboat init --config FILE`)

const codeOf = (thrown: unknown): string | undefined => (thrown as NodeJS.ErrnoException).code

/** Writes the whole file or none of it, and never over another. Throws Said where it cannot. */
export function writeFresh(path: string, text: string, id: string): void {
  const draft = join(dirname(path), `.${basename(path)}.${id.slice(0, 8)}`)
  try {
    writeFileSync(draft, text, { flag: 'wx', mode: 0o644, flush: true })
    try {
      // A link, unlike a rename, takes no other's place.
      linkSync(draft, path)
    } catch (thrown) {
      // Some file systems have no links (FAT, some shares): there the file is made at its place, if nothing stands there.
      if (!['EPERM', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP'].includes(codeOf(thrown) ?? '')) throw thrown
      writeFileSync(path, text, { flag: 'wx', mode: 0o644, flush: true })
    }
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') throw standsThere(path)
    throw new Said(`${path} could not be written: ${textOf(thrown)}`)
  } finally {
    rmSync(draft, { force: true })
  }
}
