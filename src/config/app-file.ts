import { z } from 'zod'
import { Said } from '../errors.ts'
import { reportLines } from './fault-lines.ts'
import type { Fault } from './faults.ts'
import { faultsOf } from './issues.ts'
import { dnsName, either, integer, list, mapping, say, shortName, someOf, text } from './shapes.ts'
import { parseTree, type Tree } from './tree.ts'

const port = () => integer(1, 65_535)

const common = {
  name: shortName('Write the name that app: has in lifeboat.yaml'),
  names: someOf(dnsName(), 'Write a list of the names in dns.names'),
  secrets: list(
    text('Write the name of a variable').regex(/^[A-Z_][A-Z0-9_]*$/, {
      error: say('is not the name of a variable in capital letters, digits and _', 'Write the name alone, such as SESSION_KEY: its value comes with lifeboat push --env'),
    }),
    'Write a list of names, or leave the key out',
  ).default([]),
  size: mapping({ cpus: integer(1, 256), memoryGb: integer(1, 4096), diskGb: integer(10, 16_000) }),
  files: list(
    mapping({
      volume: text("Write the volume's name in the compose file").regex(/^[a-zA-Z0-9][\w.-]*$/, { error: say('is not the name of a volume', "Write the volume's name in the compose file") }),
      lost: z.literal(true, { error: say('does not say that it is lost', 'Write lost: true, for nothing carries files to another site yet; or keep them elsewhere, and the volume out of the app') }),
    }),
    'Write a list of { volume: NAME, lost: true }, or leave the key out',
  ).default([]),
}

/** An image by its digest: a tag may be another image tomorrow, on another site. */
export const isPinned = (image: string): boolean => /^\S+@sha256:[0-9a-f]{64}$/.test(image)

const image = () => text('Write NAME@sha256:…').refine(isPinned, { error: say('is not an image by its digest', 'Write NAME@sha256: and 64 hex digits, so that every site runs the same') })

const composed = mapping({
  ...common,
  compose: text('Write the path of the compose file, or image: and port: instead of compose: and http:'),
  http: mapping({ service: text("Write the service's name in the compose file"), port: port() }),
})

const single = mapping({ ...common, image: image(), port: port() })

const isSingle = (value: unknown): boolean => typeof value === 'object' && value !== null && 'image' in value && !('compose' in value)

const appFile = either(isSingle, single, composed)

/** The app as stacks/app.yaml tells it: with a compose file, or with one image, from which a compose file is written. `compose` is a path as seen from the file's folder. */
export type AppFile = z.output<typeof composed> | z.output<typeof single>

/** Two ways to say one thing. */
const besides = (tree: Tree): Fault[] => {
  const has = (key: string) => tree.valueAt([key]) !== undefined
  if (has('image') && has('compose')) return [{ path: ['image'], what: 'stands beside compose:', got: null, instead: 'Keep one of the two' }]
  if (has('image') && has('http')) return [{ path: ['http'], what: 'stands beside image:', instead: 'Write port: alone' }]
  return []
}

const twice = (keys: string[], pathOf: (index: number) => (string | number)[]): Fault[] =>
  keys.flatMap((key, i) => (keys.indexOf(key) < i ? [{ path: pathOf(i), what: 'stands twice', instead: 'Keep one of the two' }] : []))

const repeated = ({ names, secrets, files }: AppFile): Fault[] => [
  ...twice(names, (i) => ['names', i]),
  ...twice(secrets, (i) => ['secrets', i]),
  ...twice(files.map(({ volume }) => volume), (i) => ['files', i, 'volume']),
]

/** The text of stacks/app.yaml, read; throws Said whose message is every mistake, a line each. `name` begins each line. Nothing in it is a variable: `$` stands for itself. */
export const readAppFile = (source: string, name = 'app.yaml'): AppFile => {
  const tree = parseTree(source, name, (variable) => `\${${variable}}`)
  if (tree.value === null) throw new Said(`${name}:1: file: is empty (got nothing). Write name, compose, http, names and size at least`)
  const parsed = appFile.safeParse(tree.value)
  const beside = besides(tree)
  const ofSchema = parsed.success ? repeated(parsed.data) : faultsOf(parsed.error.issues).filter(({ path }) => beside.length === 0 || !['image', 'port', 'http'].includes(String(path[0])))
  const lines = reportLines([...tree.faults, ...beside, ...ofSchema], tree, name)
  if (lines.length > 0 || !parsed.success) throw new Said(lines.join('\n'))
  return parsed.data
}
