import { z } from 'zod'

const ip = z.union([z.ipv4(), z.ipv6()])
const hostname = z.string().regex(/^(?=.{1,253}$)([a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]*$/i)

/**
 * What each stack of ours tells of the site that it made (CONTRACT.md), the same from every cloud: the program is held to it before it
 * ends, and lifeboat reads by it. `address`: an IP address or a hostname. `addressV6`: left out where the cloud gives none.
 * `machineId`: the cloud's own id of the machine, as text. `app`: the app's name. Keys beside these are somebody's own, and pass.
 */
export const stackOutputs = z.looseObject({
  cloud: z.string().min(1),
  region: z.string().min(1),
  address: z.union([ip, hostname], { error: 'is neither an IP address nor a hostname' }),
  addressV6: z.ipv6({ error: 'is not an IPv6 address' }).optional(),
  machineId: z.string().min(1),
  app: z.string().min(1),
})

export type StackOutputs = z.infer<typeof stackOutputs>
