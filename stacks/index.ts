import * as pulumi from '@pulumi/pulumi'
import { Said } from '../src/errors.ts'
import { stackOutputs } from '../src/stack-outputs.ts'
import { readApp, readSite, type Cloud, type Outputs, type Site } from './app.ts'
import type { AppFile } from '../src/config/app-file.ts'

/** One cloud for each stack, imported when it is asked for: the broken package of one stops no other. */
const programs: Record<Cloud, () => Promise<(app: AppFile, site: Site) => Outputs>> = {
  aws: () => { throw new Error('not yet') },
  digitalocean: () => { throw new Error('not yet') },
  hetzner: async () => (await import('./hetzner.ts')).hetzner,
}

export default async () => {
  try {
    const site = readSite(new pulumi.Config(), pulumi.getStack())
    const app = readApp()
    const program = await programs[site.cloud]()
    const outputs = program(app, site)
    return pulumi.output(outputs).apply((known) => stackOutputs.parse(known))
  } catch (error) {
    throw error instanceof Said ? new pulumi.RunError(error.message) : error
  }
}
