import * as pulumi from '@pulumi/pulumi'
import type { AppFile } from '../src/config/app-file.ts'
import { Said } from '../src/errors.ts'
import { stackOutputs, type StackOutputs } from '../src/stack-outputs.ts'
import { readApp, readSite, type Cloud, type Outputs, type Site } from './app.ts'

/** One cloud for each stack, imported when it is asked for: the broken package of one stops no other. */
const programs: Record<Cloud, () => Promise<(app: AppFile, site: Site) => Outputs>> = {
  aws: async () => (await import('./aws.ts')).aws,
  digitalocean: async () => (await import('./digitalocean.ts')).digitalocean,
  hetzner: async () => (await import('./hetzner.ts')).hetzner,
}

/** Whoever reads the outputs reads them by the same schema. */
const checked = (outputs: unknown): StackOutputs => {
  const { data, error } = stackOutputs.safeParse(outputs)
  if (error) throw new pulumi.RunError(`The outputs are not what lifeboat reads: ${error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join(', ')}`)
  return data
}

/** Pulumi prints the message of a RunError, and of anything else its stack. */
const readStack = (): { app: AppFile; site: Site } => {
  try {
    const app = readApp()
    return { app, site: readSite(new pulumi.Config(), app, pulumi.getStack()) }
  } catch (error) {
    throw error instanceof Said ? new pulumi.RunError(error.message) : error
  }
}

/** What `pulumi up` runs; what it returns are the stack's outputs. */
export default async (): Promise<pulumi.Output<StackOutputs>> => {
  const { app, site } = readStack()
  const stand = await programs[site.cloud]()
  return pulumi.output(stand(app, site)).apply(checked)
}
