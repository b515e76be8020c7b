// The values of a release: read from what a person keeps (`sops -d shop.env`), and written as docker compose reads it back, byte for byte.

import { Said } from '../errors.ts'

const name = /^(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*/

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' }

/** The text between a quote and its fellow, and what stands behind that. In double quotes a backslash takes the next sign's meaning, in single ones it is a sign like any. Null: the quote is never closed. */
function quoted(text: string): { value: string; rest: string } | null {
  const [, value, rest] = (text[0] === "'" ? /^'([^']*)'([^]*)$/ : /^"((?:[^"\\]|\\[^])*)"([^]*)$/).exec(text) ?? []
  if (value === undefined || rest === undefined) return null
  return { value: text[0] === "'" ? value : value.replace(/\\([^])/g, (both, sign: string) => escapes[sign] ?? ('"\\$'.includes(sign) ? sign : both)), rest }
}

type Line = { name: string; value: string; rest: string }

/** Takes one value from the front of the text. `at` begins every complaint; a value is in none. */
function take(text: string, at: string): Line {
  const [head, found] = name.exec(text) ?? []
  if (head === undefined || found === undefined) throw new Said(`${at}: this line is not NAME=value. Write NAME=value, and begin a comment with #`)
  const behind = text.slice(head.length)
  if (!/^["']/.test(behind)) {
    const [line = ''] = behind.split('\n', 1)
    const value = line.trimEnd()
    // Some readers take it for a comment and some for a part of the value: nobody should have to guess about a secret.
    if (/\s#/.test(value)) throw new Said(`${at}: ${found} holds a blank and a # behind it, which may begin a comment. Put the value in single quotes, or the comment on a line of its own`)
    return { name: found, value, rest: behind.slice(line.length) }
  }
  const read = quoted(behind)
  if (read === null) throw new Said(`${at}: ${found} begins with a quote that is never closed. Close it, or put the whole value in quotes of the other kind`)
  if (!/^[ \t]*(?:#[^\n]*)?\r?(?:\n|$)/.test(read.rest)) throw new Said(`${at}: something stands behind the closing quote of ${found}. Put the whole value in quotes, and a \\ before each " within double ones`)
  return { name: found, value: read.value, rest: read.rest.replace(/^[^\n]*/, '') }
}

/**
 * NAME=value lines. Without quotes a value is the rest of its line as it stands, `$` and quotes within it included; in quotes it may go on over
 * several lines. Throws Said, which names `source` and the line, and never a value.
 */
export function parseEnv(text: string, source: string): Map<string, string> {
  const values = new Map<string, string>()
  let rest = text.replace(/^\ufeff/, '')
  const lineOf = (): number => text.slice(0, text.length - rest.length).split('\n').length
  for (;;) {
    rest = rest.replace(/^(?:\s|#[^\n]*(?:\n|$))+/, '')
    if (rest === '') return values
    const at = `${source}:${lineOf()}`
    const line = take(rest, at)
    if (values.has(line.name)) throw new Said(`${at}: ${line.name} is there twice. Keep one of them`)
    if (line.value.includes('\0')) throw new Said(`${at}: ${line.name} holds a NUL, which no environment can carry`)
    values.set(line.name, line.value)
    rest = line.rest
  }
}

const signs: Record<string, string> = { '\n': 'n', '\r': 'r' }

/**
 * The same values as docker compose reads them from `.env`: in double quotes, one a line, with a backslash before what would end the value
 * or be expanded. Tried against compose-go 2.0.0-rc.3 (Ubuntu 24.04's first docker-compose-v2) and 2.6.2, 2026-11; in single quotes a value that
 * ends with a backslash cannot be written at all.
 */
export const formatEnv = (values: Map<string, string>): string =>
  [...values].map(([name, value]) => `${name}="${value.replace(/[\\"$\n\r]/g, (sign) => `\\${signs[sign] ?? sign}`)}"\n`).join('')

/** At this length a value that is no secret by name is one all the same: what is shorter may be a port or a yes. */
const hiddenLeast = 8

/** The texts that may be printed nowhere from now on: values, and their lines and other spellings. `secrets`: those that are secret however short. */
export function secretsOf(values: Map<string, string>, secrets: string[]): string[] {
  const kept = [...values].filter(([name, value]) => secrets.includes(name) || value.length >= hiddenLeast)
  const forms = kept.flatMap(([name, value]) => {
    const lines = value.split(/[\r\n]+/).filter((line) => line.length >= hiddenLeast)
    return [value, ...lines, JSON.stringify(value).slice(1, -1), formatEnv(new Map([[name, value]])).slice(name.length + 2, -2)]
  })
  return [...new Set(forms)].filter((text) => text.trim() !== '')
}
