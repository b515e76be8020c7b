// What push has brought stays on this machine, so that a cold site can be given it when no other copy is within reach.

import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { releaseFiles, type Release, type ReleaseFile } from './release.ts'

const keptMost = 5

/** Where releases are kept: in `.lifeboat` beside lifeboat.yaml. */
export const keptIn = (folder: string): string => join(folder, '.lifeboat', 'releases')

const form = /^\d{8}T\d{6}-\d{3}Z-([0-9a-f]{12})$/

function namesIn(folder: string): string[] {
  try {
    return readdirSync(keptIn(folder)).filter((name) => form.test(name)).sort()
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw thrown
  }
}

/** The newest release that is kept beside this lifeboat.yaml. Null: none is. */
export function newestKept(folder: string): Release | null {
  const name = namesIn(folder).at(-1)
  if (name === undefined) return null
  const there = readdirSync(join(keptIn(folder), name))
  const files = releaseFiles.filter((file) => there.includes(file)).map((file): [ReleaseFile, string] => [file, readFileSync(join(keptIn(folder), name, file), 'utf8')])
  return { name, id: form.exec(name)?.[1] ?? '', files: Object.fromEntries(files) }
}

/** The ids of all that is kept there. */
export const keptIds = (folder: string): string[] => namesIn(folder).map((name) => form.exec(name)?.[1] ?? '')

/** Keeps a release, and of the older ones the newest four. Nobody but this user may read it, and it is never there half. */
export function keep(folder: string, { name, files }: Release): void {
  const place = keptIn(folder)
  mkdirSync(place, { recursive: true, mode: 0o700 })
  if ((statSync(place).mode & 0o077) !== 0) chmodSync(place, 0o700)
  const part = join(place, `${name}.part`)
  rmSync(part, { recursive: true, force: true })
  mkdirSync(part, { mode: 0o700 })
  for (const [file, text] of Object.entries(files)) writeFileSync(join(part, file), text, { mode: 0o600 })
  renameSync(part, join(place, name))
  for (const old of namesIn(folder).slice(0, -keptMost)) rmSync(join(place, old), { recursive: true })
}
