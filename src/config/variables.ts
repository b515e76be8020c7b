import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Said, textOf } from '../errors.ts'

/** The value of a variable; undefined where it is not set. */
export type Lookup = (name: string) => string | undefined

/** The file beside lifeboat.yaml that `${NAME}` reads after the environment. */
const variablesFile = 'lifeboat.env'

const unquoted = (text: string): string => /^(["'])(.*)\1$/.exec(text)?.[2] ?? text

/** `NAME=value` lines; `#` begins a comment line, quotes around a value are taken off. No line is ever shown: it holds a secret. */
const parseVariables = (text: string): Map<string, string> => {
  const variables = new Map<string, string>()
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim().replace(/^export\s+/, '')
    if (line === '' || line.startsWith('#')) continue
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/.exec(line) ?? []
    if (name === undefined || value === undefined)
      throw new Said(`${variablesFile}:${index + 1}: line: is not NAME=value (got (hidden)). Write NAME=value, and begin a comment with #`)
    variables.set(name, unquoted(value))
  }
  return variables
}

/** A file of another user is of no use with any mode: it holds secrets, so nobody else may read it. */
const unreadable = (path: string, error: unknown, uid: number | null): Said => {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'EACCES' && code !== 'EPERM') return new Said(`${path} cannot be read: ${textOf(error)}. Put a file of NAME=value lines in its place, or move it away`)
  const mine = uid === null || uid === process.geteuid?.()
  return new Said(`${path} may not be read by the user that runs lifeboat. ${mine ? `Type chmod 600 ${variablesFile}` : `Make it that user's: chown USER ${variablesFile}, and chmod 600 ${variablesFile}`}`)
}

const statOf = (path: string) => {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    throw unreadable(path, error, null)
  }
}

/** What `lifeboat.env` beside the file sets; nothing where there is none. Refused where others than its owner may open it. */
const readVariables = (folder: string): Map<string, string> => {
  const path = join(folder, variablesFile)
  const stat = statOf(path)
  if (!stat) return new Map()
  if (stat.isDirectory()) throw new Said(`${path} is a folder, and lifeboat reads NAME=value lines from a file of this name. Move the folder away`)
  if (!stat.isFile()) throw new Said(`${path} is not a file. Put a file of NAME=value lines in its place, or move it away`)
  if ((stat.mode & 0o077) !== 0) {
    const mode = (stat.mode & 0o777).toString(8)
    throw new Said(`${variablesFile}:1: file: holds secrets, and others than its owner may open it (got mode ${mode}). Type chmod 600 ${variablesFile}`)
  }
  try {
    return parseVariables(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof Said) throw error
    throw unreadable(path, error, stat.uid)
  }
}

/** The environment, and beside it what `lifeboat.env` in the folder of the file sets. */
export const environmentIn = (env: Record<string, string | undefined>, folder: string): Record<string, string | undefined> => ({ ...Object.fromEntries(readVariables(folder)), ...env })

/** The environment first, then `lifeboat.env` beside the file. */
export const lookupIn = (env: Record<string, string | undefined>, folder: string): Lookup => {
  const beside = readVariables(folder)
  return (name) => env[name] ?? beside.get(name)
}

/** `values`: what was put in, all of it secret. `problems`: sentences' halves, as in a Fault. */
export type Expansion = { text: string; values: string[]; problems: { what: string; got: string; instead: string; unset?: true }[] }

/** Puts the variables' values in the place of `${NAME}`; `$${` is a literal `${`. */
export const expand = (text: string, lookup: Lookup): Expansion => {
  const values: string[] = []
  const problems: Expansion['problems'] = []
  const expanded = text.replace(/\$(\$\{)|\$\{([^}]*)(\}?)/g, (_, literal?: string, name = '', end = '') => {
    if (literal) return literal
    if (!/^[A-Za-z_]\w*$/.test(name) || !end) {
      problems.push({ what: 'has a ${ that names no variable', got: 'text', instead: 'Write "${NAME}", or $${ where ${ is meant' })
      return ''
    }
    const value = lookup(name)
    if (value === undefined)
      problems.push({ what: `needs ${name}, which is not set`, got: `\${${name}}`, instead: `Set ${name} in the environment or in ${variablesFile} beside the file`, unset: true })
    else values.push(value)
    return value ?? ''
  })
  return { text: expanded, values, problems }
}
