// The programs on mocks: what each asks for, with no engine and no cloud. One stack a process, for Pulumi keeps one.
import * as pulumi from '@pulumi/pulumi'

/** A resource as its program asked for it, in the order of the program. `inputs`: as they arrive, once they are known. */
export type Asked = { type: string; name: string; options: pulumi.CustomResourceOptions; inputs: Record<string, unknown>; id: string }

export type Stood = { asked: Asked[]; lookups: string[]; outputs: Record<string, unknown> }

export const keys = { sshKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample operator@example'], adminCidrs: ['203.0.113.0/24', '2001:db8:15::/48'] }

/** What a cloud would add to each resource. Ids are numbers in text, as the clouds' own. */
const made = (type: string, inputs: Record<string, unknown>): Record<string, unknown> => {
  const v6 = type.includes('reservedIpv6') || inputs['type'] === 'ipv6'
  return { ...(v6 ? { ipAddress: '2001:db8:7::', ip: '2001:db8:7::1' } : { ipAddress: '203.0.113.7', publicIp: '203.0.113.7', allocationId: 'eipalloc-7' }), ipv6Address: '2001:db8:7::1', ...inputs }
}

/** An apply never runs where something it waits for is not known: so nothing is awaited without an end. */
const within = <T>(promise: Promise<T>, what: string): Promise<T> =>
  Promise.race([promise, new Promise<never>((_, refuse) => setTimeout(() => refuse(new Error(`${what} was never known`)), 20_000).unref())])

const valueOf = <T>(output: pulumi.Output<T>): Promise<T> => within(new Promise((known) => void output.apply((value) => known(value as T))), 'an output')

/** Runs what `pulumi up -s STACK` runs. A mock that throws takes the process along, so these throw nothing. */
export const stand = async (stack: string, config: Record<string, unknown>): Promise<Stood> => {
  const asked: Asked[] = []
  const lookups: string[] = []
  let ids = 4_711
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const id = type.startsWith('aws:ebs/') ? `vol-0${ids++}` : String(ids++)
        const resource = asked.find((each) => each.type === type && each.name === name)
        if (resource) Object.assign(resource, { inputs, id })
        return { id, state: made(type, inputs) }
      },
      call: ({ token, inputs }) => {
        lookups.push(token)
        return inputs
      },
    },
    'lifeboat',
    stack,
    false,
  )
  pulumi.runtime.setAllConfig(Object.fromEntries(Object.entries(config).map(([key, value]) => [`lifeboat:${key}`, typeof value === 'string' ? value : JSON.stringify(value)])))
  const { default: program } = await import('../../stacks/index.ts')
  const outputs = await pulumi.runtime.runInPulumiStack(async () => {
    pulumi.runtime.registerStackTransformation(({ type, name, opts }) => {
      if (type !== 'pulumi:pulumi:Stack') asked.push({ type, name, options: opts as pulumi.CustomResourceOptions, inputs: {}, id: '' })
      return undefined
    })
    return program()
  })
  return { asked, lookups, outputs: (await valueOf(pulumi.output(outputs as unknown))) as Record<string, unknown> }
}
