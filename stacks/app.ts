import * as pulumi from '@pulumi/pulumi'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { readAppFile, type AppFile } from '../src/config/app-file.ts'
import { sizeOf } from './sizes.ts'

/** The clouds that a program stands ready for. */
export const clouds = ['aws', 'digitalocean', 'hetzner'] as const

export type Cloud = (typeof clouds)[number]

/** A type of machine at a location of its cloud, both as that cloud spells them. */
export type Place = { type: string; location: string }

/** What differs from stack to stack. `name`: what everything of the site is called at its cloud. `labels`: by which it is found again. */
export type Site = { cloud: Cloud; name: string; labels: Record<string, string>; place: Place; image: string; sshKeys: string[]; adminCidrs: string[] }

/** What a program tells of what it makes: `stackOutputs`, still to be known. */
export type Outputs = { cloud: Cloud; region: string; address: pulumi.Output<string>; addressV6?: pulumi.Output<string>; machineId: pulumi.Output<string>; app: string }

/** The app of stacks/app.yaml. */
export const readApp = (): AppFile => readAppFile(readFileSync(new URL('app.yaml', import.meta.url), 'utf8'), 'stacks/app.yaml')

const listOf = <S extends z.ZodType>(item: S, of: string) => z.array(item, { error: `is not a list of ${of}` }).min(1, { error: `is an empty list, and needs ${of}` })

const place = z
  .string()
  .regex(/^[a-z0-9._-]+@[a-z0-9-]+$/, { error: 'is not type@location, such as cx23@fsn1' })
  .transform((text): Place => ({ type: text.replace(/@.*/, ''), location: text.replace(/.*@/, '') }))

const publicKey = z.string().regex(/^(ssh|ecdsa|sk)-[\w.@-]+ [A-Za-z0-9+/=]+( [^\n]*)?$/, { error: 'is no public key of OpenSSH on one line' })

const range = z.union([z.cidrv4(), z.cidrv6()], { error: 'is no range such as 203.0.113.0/24' })

const configuration = z.object({
  cloud: z.enum(clouds, { error: `is none of ${clouds.join(', ')}` }),
  places: listOf(place, 'type@location'),
  image: z.string({ error: 'is missing' }).min(1, { error: 'is empty' }),
  sshKeys: listOf(publicKey, 'public keys'),
  adminCidrs: listOf(range, 'ranges such as 203.0.113.0/24'),
})

const keyed = (path: readonly PropertyKey[]): string => `lifeboat:${path.map((step) => (typeof step === 'number' ? `[${step}]` : String(step))).join('')}`

/** The CLI hands a list over as JSON. What is none stays the text that it is, for the schema to say so. */
const listIn = (config: pulumi.Config, key: string): unknown => {
  try {
    return config.getObject(key)
  } catch {
    return config.get(key)
  }
}

const written = (config: pulumi.Config) => ({
  cloud: config.get('cloud'),
  places: listIn(config, 'places'),
  image: config.get('image'),
  sshKeys: listIn(config, 'sshKeys'),
  adminCidrs: listIn(config, 'adminCidrs'),
})

/** Clouds take these as host names and as names of volumes. */
const nameForm = /^[a-z][a-z0-9-]{0,62}$/

/** The first of the places is taken: another location would need another address, and so is a person's choice. Throws RunError, a line for each mistake. */
export const readSite = (config: pulumi.Config, app: AppFile, stack: string): Site => {
  const parsed = configuration.safeParse(written(config))
  const name = `${app.name}-${stack}`
  const wrong = (parsed.error?.issues ?? []).map(({ path, message }) => `${keyed(path)} ${message}`)
  if (!nameForm.test(name)) wrong.push(`the stack's name makes ${name}, which clouds do not take: a letter, then a-z, 0-9 and -, 63 in all`)
  for (const { type } of parsed.data?.places ?? []) {
    const size = sizeOf(type)
    if (size && (size.cpus < app.size.cpus || size.memoryGb < app.size.memoryGb)) wrong.push(`lifeboat:places names ${type}, of ${size.cpus} CPUs and ${size.memoryGb} GB, and stacks/app.yaml asks for ${app.size.cpus} and ${app.size.memoryGb}`)
  }
  const taken = parsed.data?.places[0]
  if (wrong.length > 0 || !parsed.data || !taken) throw new pulumi.RunError(wrong.map((line) => `stacks/Pulumi.${stack}.yaml: ${line}`).join('\n'))
  const { places: _, ...others } = parsed.data
  return { ...others, name, place: taken, labels: { 'lifeboat-app': app.name, 'lifeboat-site': stack } }
}
