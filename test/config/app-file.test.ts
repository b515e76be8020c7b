import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { isPinned, readAppFile } from '../../src/config/app-file.ts'
import { Said } from '../../src/errors.ts'

const digest = 'a'.repeat(64)

const ours = readFileSync(new URL('../../stacks/app.yaml', import.meta.url), 'utf8')
const whole = (): Record<string, unknown> => parse(ours) as Record<string, unknown>
const single = (): Record<string, unknown> => {
  const { compose: _, http: __, ...common } = whole()
  return { ...common, image: `ghcr.io/shop/web@sha256:${digest}`, port: 3000 }
}

/** Every line that is said of the file, without where it stands. */
const saidOf = (file: unknown): string[] => {
  try {
    readAppFile(typeof file === 'string' ? file : stringify(file))
    return []
  } catch (error) {
    if (error instanceof Said) return error.message.split('\n').map((line) => line.replace(/^app\.yaml:\d+: /, ''))
    throw error
  }
}

describe('app.yaml', () => {
  test('the one in stacks is read', () => {
    expect(readAppFile(ours)).toEqual({
      name: 'shop', compose: 'compose.yaml', http: { service: 'web', port: 3000 }, names: ['shop.example', 'www.shop.example'],
      secrets: ['SESSION_KEY'], size: { cpus: 2, memoryGb: 4, diskGb: 40 }, files: [{ volume: 'uploads', lost: true }],
    })
  })

  test('one image serves instead of a compose file; secrets and files may be left out', () => {
    const { secrets: _, files: __, ...few } = single()
    expect(readAppFile(stringify(few))).toMatchObject({ image: few['image'], port: 3000, secrets: [], files: [] })
  })

  test('names are read in their canonical form', () => expect(readAppFile(stringify({ ...whole(), names: ['Shop.Example.'] })).names).toEqual(['shop.example']))

  test('a dollar stands for itself', () => expect(saidOf({ ...whole(), compose: '${PLACE}/compose.yaml' })).toEqual([]))

  test('an image is pinned by a digest alone', () => {
    expect([`a@sha256:${digest}`, `ghcr.io/a/b:1.2@sha256:${digest}`].every(isPinned)).toBe(true)
    expect(['a', 'a:latest', 'a@sha256:12', `@sha256:${digest}`, `a b@sha256:${digest}`].some(isPinned)).toBe(false)
  })

  const mistakes: [what: string, file: unknown, sentence: string][] = [
    ['an empty file', '', 'file: is empty (got nothing). Write name, compose, http, names and size at least'],
    ['an unknown key', { ...whole(), secret: [] }, 'secret: no such key (got secret). Write secrets'],
    ['no name', { ...whole(), name: undefined }, 'name: is missing (got nothing). Write the name that app: has in lifeboat.yaml'],
    ['a name that is none', { ...whole(), name: 'Shop' }, 'name: is not a name of a-z, 0-9 and -, at most 40 long (got "Shop"). Write the name that app: has in lifeboat.yaml'],
    ['neither compose nor image', { ...whole(), compose: undefined }, 'compose: is missing (got nothing). Write the path of the compose file, or image: and port: instead of compose: and http:'],
    ['both', { ...single(), compose: 'compose.yaml', http: { service: 'web', port: 3000 } }, 'image: stands beside compose: (got text). Keep one of the two'],
    ['http beside an image', { ...single(), http: { service: 'web', port: 3000 } }, 'http: stands beside image: (got a mapping). Write port: alone'],
    ['no http', { ...whole(), http: undefined }, 'http: is missing (got nothing). Write service, port … as key: value below it or in braces'],
    ['a port that is none', { ...whole(), http: { service: 'web', port: 70_000 } }, 'http.port: is above 65535 (got 70000). Write a whole number from 1 to 65535'],
    ['an image by its tag', { ...single(), image: 'ghcr.io/shop/web:1.2' }, 'image: is not an image by its digest (got "ghcr.io/shop/web:1.2"). Write NAME@sha256: and 64 hex digits, so that every site runs the same'],
    ['an image without a port', { ...single(), port: undefined }, 'port: is missing (got nothing). Write a whole number from 1 to 65535'],
    ['no names', { ...whole(), names: [] }, 'names: is an empty list (got an empty list). Write a list of the names in dns.names'],
    ['a name that DNS has not', { ...whole(), names: ['shop example'] }, 'names[0]: is not a DNS name (got "shop example"). Write a name such as www.shop.example'],
    ['a secret with its value', { ...whole(), secrets: ['SESSION_KEY=hunter2'] }, 'secrets[0]: is not the name of a variable in capital letters, digits and _ (got (hidden)). Write the name alone, such as SESSION_KEY: its value comes with lifeboat push --env'],
    ['secrets that are no list', { ...whole(), secrets: { SESSION_KEY: 'hunter2' } }, 'secrets: is not a list (got a mapping). Write a list of names, or leave the key out'],
    ['a size that lacks a part', { ...whole(), size: { cpus: 2, memoryGb: 4 } }, 'size.diskGb: is missing (got nothing). Write a whole number from 10 to 16000'],
    ['a disk that no cloud makes', { ...whole(), size: { cpus: 2, memoryGb: 4, diskGb: 5 } }, 'size.diskGb: is below 10 (got 5). Write a whole number from 10 to 16000'],
    ['half a CPU', { ...whole(), size: { cpus: 0.5, memoryGb: 4, diskGb: 40 } }, 'size.cpus: is not a whole number (got 0.5). Write a whole number from 1 to 256'],
    ['a volume of which nothing is said', { ...whole(), files: [{ volume: 'uploads' }] }, 'files[0].lost: does not say that it is lost (got nothing). Write lost: true, for nothing carries files to another site yet; or keep them elsewhere, and the volume out of the app'],
    ['a volume that is said to be kept', { ...whole(), files: [{ volume: 'uploads', lost: false }] }, 'files[0].lost: does not say that it is lost (got false). Write lost: true, for nothing carries files to another site yet; or keep them elsewhere, and the volume out of the app'],
    ['a volume twice', { ...whole(), files: [{ volume: 'uploads', lost: true }, { volume: 'uploads', lost: true }] }, 'files[1].volume: stands twice (got "uploads"). Keep one of the two'],
    ['a path for a volume', { ...whole(), files: [{ volume: '/srv/uploads', lost: true }] }, "files[0].volume: is not the name of a volume (got \"/srv/uploads\"). Write the volume's name in the compose file"],
    ['a name twice', { ...whole(), names: ['shop.example', 'SHOP.example'] }, 'names[1]: stands twice (got "SHOP.example"). Keep one of the two'],
    ['a secret twice', { ...whole(), secrets: ['SESSION_KEY', 'SESSION_KEY'] }, 'secrets[1]: stands twice (got (hidden)). Keep one of the two'],
  ]
  test.each(mistakes)('%s is one sentence', (_, file, sentence) => expect(saidOf(file)).toEqual([sentence]))

  test('every mistake is told at once, with its line', () => {
    expect(() => readAppFile(stringify({ ...whole(), name: 'Shop', files: [{ volume: 'uploads' }] }), 'stacks/app.yaml')).toThrow(/^stacks\/app\.yaml:1: name: .*\nstacks\/app\.yaml:\d+: files\[0\]\.lost: [^\n]*$/)
  })

  test('a syntax error shows nothing of the text', () => expect(saidOf('name: [shop')).toEqual([expect.stringMatching(/^column \d+: .*\(got invalid YAML\)/)]))
})
