// What a compose file may hold to run the same on every site, and to lose nothing in silence.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { isPinned, type AppFile } from '../config/app-file.ts'
import { Said, textOf } from '../errors.ts'
import { hostLayout } from '../host-layout.ts'

/** The two files that docker compose gets: the app's own, and ours beside it, through which HAProxy reaches the app. */
export type Composed = { app: string; ours: string }

/** The compose files of an app. Throws Said, a line for each thing in the app's own that could not run so. */
export function composeOf(app: AppFile, folder: string): Composed {
  const service = 'image' in app ? app.name : app.http.service
  const port = 'image' in app ? app.port : app.http.port
  const ours = stringify({ services: { [service]: { ports: [`127.0.0.1:${hostLayout.appPort}:${port}`] } } })
  if ('image' in app) return { ours, app: stringify({ services: { [service]: { image: app.image, restart: 'unless-stopped', env_file: ['.env'] } } }) }
  const path = join(folder, app.compose)
  if (!existsSync(path)) throw new Said(`There is no file ${path}, which compose: in app.yaml names. Write it there, or correct compose:`)
  const text = readFileSync(path, 'utf8')
  const faults = faultsOf(text, app)
  if (faults.length > 0) throw new Said(faults.map((fault) => `${app.compose}: ${fault}`).join('\n'))
  return { ours, app: text }
}

type Mapping = Record<string, unknown>
const isMapping = (value: unknown): value is Mapping => typeof value === 'object' && value !== null && !Array.isArray(value)
const mappingsIn = (value: unknown): [string, Mapping][] => (isMapping(value) ? Object.entries(value).map(([key, each]) => [key, isMapping(each) ? each : {}]) : [])
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value])

function faultsOf(text: string, app: Extract<AppFile, { compose: string }>): string[] {
  let file: unknown
  try {
    file = parse(text, { merge: true, prettyErrors: false })
  } catch (thrown) {
    return [`cannot be read: ${textOf(thrown)}`]
  }
  if (!isMapping(file) || mappingsIn(file.services).length === 0) return ['has no services']
  const services = mappingsIn(file.services)
  const kept = app.files.map(({ volume }) => volume)
  return [
    ...(services.some(([name]) => name === app.http.service) ? [] : [`has no service ${app.http.service}, which http: in app.yaml names`]),
    ...services.flatMap(([name, service]) => serviceFaults(service, kept).map((fault) => `services.${name}: ${fault}`)),
    ...Object.keys(isMapping(file.volumes) ? file.volumes : {}).filter((volume) => !kept.includes(volume)).map((volume) => `volumes.${volume}: ${untold(volume)}`),
    ...listOf(file.include).map(() => `include: ${notBrought}`),
    ...['configs', 'secrets'].flatMap((part) => mappingsIn(file[part]).filter(([, each]) => each.file !== undefined).map(([name]) => `${part}.${name}.file: ${notBrought}`)),
  ]
}

const notBrought = 'names a file that push does not bring. Put what it holds into the image, or into the values'
const untold = (volume: string): string => `nothing says what becomes of ${volume} in a move. List it under files: in app.yaml`

function serviceFaults(service: Mapping, kept: string[]): string[] {
  const { image, build, env_file: envFile, extends: base, volumes } = service
  return [
    ...(build === undefined ? [] : ['build: a host builds nothing. Push the image to a registry, and write image: NAME@sha256:…']),
    ...(build === undefined && !(typeof image === 'string' && isPinned(image)) ? ['image: is not an image by its digest. Write NAME@sha256: and 64 hex digits, so that every site runs the same'] : []),
    ...listOf(envFile).some((each) => ![each, isMapping(each) ? each.path : null].includes('.env')) ? [`env_file: ${notBrought}; only .env is there`] : [],
    ...(isMapping(base) && base.file !== undefined ? [`extends: ${notBrought}`] : []),
    ...listOf(volumes).flatMap((volume) => mountFaults(volume, kept)),
  ]
}

/** `SOURCE:TARGET[:MODE]`, `TARGET` alone, or the mapping that says the same. */
function mountFaults(mount: unknown, kept: string[]): string[] {
  const parts = typeof mount === 'string' ? mount.split(':') : []
  const source = isMapping(mount) ? mount.source : parts.length > 1 ? parts[0] : undefined
  if (isMapping(mount) && mount.type === 'tmpfs') return []
  if (typeof source !== 'string') return ['volumes: one has no name, so nothing says what becomes of it in a move. Give it a name, and list it under files: in app.yaml']
  if (/^[.~]/.test(source)) return [`volumes: ${source} ${notBrought}`]
  return source.startsWith('/') || kept.includes(source) ? [] : [`volumes: ${untold(source)}`]
}
