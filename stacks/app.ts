import * as pulumi from '@pulumi/pulumi'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { readAppFile, type AppFile } from '../src/config/app-file.ts'

/** The clouds that a program stands ready for. */
export const clouds = ['aws', 'digitalocean', 'hetzner'] as const

export type Cloud = (typeof clouds)[number]

/** A type of machine at a location of its cloud, as each cloud spells them. */
export type Place = { type: string; location: string }

/** What differs from stack to stack: the app's site at one cloud. `site` is the stack's name. */
export type Site = { site: string; cloud: Cloud; place: Place; image: string; sshKeys: string[]; adminCidrs: string[] }

/** What a program makes of the two, still to be known: see `stackOutputs` for the meaning of each. */
export type Outputs = {
  cloud: Cloud
  region: string
  address: pulumi.Output<string>
  addressV6?: pulumi.Output<string>
  machineId: pulumi.Output<string>
  app: string
}

/** The app of stacks/app.yaml. */
export const readApp = (): AppFile => readAppFile(readFileSync(new URL('app.yaml', import.meta.url), 'utf8'), 'stacks/app.yaml')

const placeForm = /^([a-z0-9.-]+)@([a-z0-9-]+)$/

const site = z.object({
  cloud: z.enum(clouds, { error: `is none of ${clouds.join(', ')}` }),
  places: z.array(z.string().regex(placeForm, { error: 'is not type@location, such as cx23@fsn1' }), { error: 'is not a list of type@location' }).min(1, { error: 'is an empty list' }),
  image: z.string({ error: "is not text: write the image's id in quotes" }).min(1),
  sshKeys: z.array(z.string().regex(/^(ssh|ecdsa|sk)-\S+ [A-Za-z0-9+/=]+( .*)?$/, { error: 'is no public key of OpenSSH, on one line' }), { error: 'is not a list of public keys' }).min(1, { error: 'is an empty list: nobody could log in' }),
  adminCidrs: z.array(z.union([z.cidrv4(), z.cidrv6()], { error: 'is no range such as 203.0.113.0/24' }), { error: 'is not a list of ranges such as 203.0.113.0/24' }),
})

/** The stack's configuration; throws RunError, one line for each mistake. The first of the places is taken. */
export const readSite = (config: pulumi.Config, stack: string): Site => {
  const keys = { cloud: config.get('cloud'), image: config.get('image'), places: config.getObject('places'), sshKeys: config.getObject('sshKeys'), adminCidrs: config.getObject('adminCidrs') }
  const parsed = site.safeParse(keys)
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path: [key, ...rest], message }) => `stacks/Pulumi.${stack}.yaml: lifeboat:${String(key)}${rest.map((i) => `[${String(i)}]`).join('')} ${message}`)
    throw new pulumi.RunError(lines.join('\n'))
  }
  const { places, ...others } = parsed.data
  const [, type = '', location = ''] = placeForm.exec(places[0] ?? '') ?? []
  return { site: stack, ...others, place: { type, location } }
}

/** What stands on everything that can carry it, so that what was created and not recorded can be found again. */
export const labelsOf = (app: AppFile, { site }: Site): Record<string, string> => ({ 'lifeboat-app': app.name, 'lifeboat-site': site })
