import { execa } from 'execa'
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where real servers are unpacked, and the environment that their programs need to find their libraries. */
export type Unpacked = { root: string; env: Record<string, string> }

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'lifeboat-lab')

const exists = (path: string): Promise<boolean> => access(path).then(() => true, () => false)

const libraryPath = async (root: string): Promise<string> => {
  const folders = []
  for (const lib of [join(root, 'usr/lib'), join(root, 'lib')]) {
    if (!(await exists(lib))) continue
    folders.push(lib)
    for (const entry of await readdir(lib)) if (entry.endsWith('-linux-gnu')) folders.push(join(lib, entry))
  }
  return folders.join(':')
}

/** Options for lists of our own, used where the machine's are missing; the system's state is never touched. */
const ownLists = (folder: string): string[] => [
  '-o', `Dir::State::lists=${join(folder, 'lists')}`,
  '-o', `Dir::Cache=${join(folder, 'apt')}`,
  '-o', 'APT::Sandbox::User=root',
]

const knows = async (name: string, options: string[]): Promise<boolean> =>
  (await execa('apt-cache', [...options, 'show', name], { reject: false, timeout: 60_000 })).stdout !== ''

/** Fetches lists for us alone, and gives apt's options to use them. */
const fetchLists = async (work: string): Promise<string[]> => {
  await mkdir(join(work, 'lists/partial'), { recursive: true })
  await mkdir(join(work, 'apt/archives/partial'), { recursive: true })
  await execa('apt-get', [...ownLists(work), 'update'], { timeout: 180_000 })
  return ownLists(work)
}

const installed = async (name: string): Promise<boolean> => {
  const { stdout } = await execa('dpkg-query', ['-W', '-f', '${db:Status-Status}', name], { reject: false })
  return stdout.includes('installed') && !stdout.includes('not-installed')
}

/** The libraries that the packages need and the machine has not, recursively. */
const neededLibraries = async (packages: string[], options: string[]): Promise<string[]> => {
  const needed: string[] = []
  const queue = [...packages]
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const { stdout } = await execa('apt-cache', [...options, 'depends', '--important', name], { timeout: 60_000 })
    for (const [, library] of stdout.matchAll(/^ {1,2}(?:Pre)?Depends: ([^\s<:]*lib[^\s<:]*)/gm)) {
      if (!library || needed.includes(library) || (await installed(library))) continue
      needed.push(library)
      queue.push(library)
    }
  }
  return needed
}

const download = async (packages: string[], work: string, options: string[]): Promise<void> => {
  const all = [...packages, ...(await neededLibraries(packages, options))]
  await execa('apt-get', [...options, 'download', ...all], { cwd: work, timeout: 180_000 })
}

const unpackInto = async (packages: string[], work: string): Promise<void> => {
  const known = await Promise.all(packages.map((name) => knows(name, [])))
  // The machine's lists may be missing, or so old that the mirror no longer has what they name.
  const got = known.every(Boolean) && (await download(packages, work, []).then(() => true, () => false))
  if (!got) await download(packages, work, await fetchLists(work))
  for (const file of await readdir(work)) {
    if (!file.endsWith('.deb')) continue
    await execa('dpkg', ['-x', file, 'root'], { cwd: work, timeout: 60_000 })
    await rm(join(work, file))
  }
}

/**
 * Downloads and unpacks Debian packages into a cache outside the repo, once; installs nothing, and runs as any user.
 * Everything is made in a folder of its own and renamed at the end, so that parallel tests cannot see half of it.
 */
const fetchPackages = async (packages: string[]): Promise<Unpacked> => {
  const home = join(cache, `${packages.join('+')}-${process.arch}`)
  if (!(await exists(home))) {
    await mkdir(cache, { recursive: true })
    const work = await mkdtemp(join(cache, 'work-'))
    try {
      await unpackInto(packages, work)
      await rename(join(work, 'root'), home).catch(async (error: unknown) => {
        if (!(await exists(home))) throw error
      })
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  }
  return { root: home, env: { LD_LIBRARY_PATH: await libraryPath(home) } }
}

/** The unpacked packages. Null where that cannot be done, said aloud; under CI=true it throws instead of being skipped. */
export const debian = async (packages: string[]): Promise<Unpacked | null> => {
  try {
    return await fetchPackages(packages)
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error)
    const sentence = `The real ${packages.join(' and ')} could not be unpacked, so its tests cannot run: ${why}`
    if (process.env['CI'] === 'true') throw new Error(sentence)
    console.warn(`SKIPPED: ${sentence}`)
    return null
  }
}
