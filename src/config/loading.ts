import { isUtf8 } from 'node:buffer'
import { createHash, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { Said, textOf } from '../errors.ts'
import { assemble } from './assembly.ts'
import { readTree, type Authority } from './reading.ts'
import type { Settings } from './settings.ts'
import type { Copies } from './stacks.ts'
import { parseTree, type Tree } from './tree.ts'
import { lookupIn } from './variables.ts'

/**
 * Where the file is looked for: `file` is what `--config` says. `lenient`: for who needs no secret, a variable that is not set is no mistake.
 * `copies`: what the stacks of its sites say; left out: they were not read, and such a site has no address.
 */
export type Whence = { file?: string; env: Record<string, string | undefined>; cwd: string; lenient?: boolean; copies?: Copies }

const bytesMax = 1_000_000

const placeOf = ({ file, env, cwd }: Whence): { named: string | undefined; path: string } => {
  const named = file ?? (env.LIFEBOAT_CONFIG || undefined)
  return { named, path: resolve(cwd, named ?? 'lifeboat.yaml') }
}

/** False: no file is named, and there is none in this folder. */
export const hasFile = (whence: Whence): boolean => {
  const { named, path } = placeOf(whence)
  return named !== undefined || existsSync(path)
}

/** `--config`, then LIFEBOAT_CONFIG, then lifeboat.yaml in this folder; as an absolute path. Throws Said where none is there. */
const findFile = (whence: Whence): string => {
  const { file, cwd } = whence
  const { named, path } = placeOf(whence)
  const stat = statSync(path, { throwIfNoEntry: false })
  const by = file !== undefined ? '--config' : 'LIFEBOAT_CONFIG'
  if (!stat && named === undefined) throw new Said(`There is no lifeboat.yaml in ${cwd}. Write one there, or name another with --config FILE or LIFEBOAT_CONFIG`)
  if (!stat) throw new Said(`There is no file ${path}, which ${by} names. Correct ${by}, or write the file`)
  if (!stat.isFile()) throw new Said(`${path} is not a file. Name the file itself with --config FILE or LIFEBOAT_CONFIG`)
  if (stat.size > bytesMax) throw new Said(`${path} is larger than ${bytesMax} bytes, and no configuration is. Name another with --config FILE`)
  return path
}

const readBytes = (path: string): Buffer => {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Said(`${path} cannot be read: ${textOf(error)}`)
  }
}

const readText = (path: string): string => {
  const bytes = readBytes(path)
  if (!isUtf8(bytes)) throw new Said(`${path} is not UTF-8 text. Save it as UTF-8`)
  return new TextDecoder().decode(bytes)
}

/** Node takes a PEM that holds nonsense in silence (24.21, 2026-11), and every probe would then blame the site. */
const isCertificate = (block: string): boolean => {
  try {
    return new X509Certificate(block).raw.length > 0
  } catch {
    return false // Not a certificate: the caller says so.
  }
}

/** The certificate authority of the check, as PEM text: null where none is named. Read from the bare data, so that its fault is told beside all others. */
const readCa = (tree: Tree, folder: string, name: string): Authority => {
  const path = ['check', 'tls', 'ca']
  const file = tree.valueAt(path)
  if (typeof file !== 'string' || file === '') return { pem: null, faults: [] }
  const fault = (what: string) => ({ pem: null, faults: [{ path, what, instead: `Write the path of a PEM file, as seen from the folder of ${name}` }] })
  try {
    const pem = readFileSync(resolve(folder, file), 'utf8')
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? []
    return blocks.length > 0 && blocks.every(isCertificate) ? { pem, faults: [] } : fault('holds no certificate')
  } catch (error) {
    // The code alone: the text repeats the path, which may come from a variable.
    const { code } = error as NodeJS.ErrnoException
    return fault(`cannot be read: ${code === 'ENOENT' ? 'there is no such file' : (code ?? 'it is no path')}`)
  }
}

/** Settings from the file; throws Said (exit 2) whose message is every error, a line each, with no secret in it. */
export const loadSettings = (whence: Whence): Settings => {
  const path = findFile(whence)
  const [folder, name] = [dirname(path), basename(path)]
  const text = readText(path)
  const tree = parseTree(text, name, lookupIn(whence.env, folder))
  if (tree.value === null) throw new Said(`${name}:1: file: is empty (got nothing). Write app, sites, check and dns at least`)

  const ca = readCa(tree, folder, name)
  const read = readTree(tree, { name, ca, lenient: whence.lenient ?? false, copies: whence.copies ?? {} })
  if ('errors' in read) throw new Said(read.errors.join('\n'))
  const hash = createHash('sha256').update(text).digest('hex')
  return assemble(read.file, tree, { path, folder, hash, caPem: ca.pem, warnings: read.warnings })
}
