// DigitalOcean's types, as far as stacks/digitalocean.ts uses them. What replaces what: terraform-provider-digitalocean 2.8x, 2026-11.
import { bearerCalls, byType, part, refuseChange, type Calls, type Cloud, type Properties, type Resource } from './resources.ts'

const again = (): Promise<unknown> => new Promise((ready) => setTimeout(ready, 50))

/** Waits until the action is done, as the real plugin does. */
const settle = async (calls: Calls, id: unknown): Promise<void> => {
  for (;;) {
    const { status, type } = part(await calls('GET', `/v2/actions/${String(id)}`), 'action')
    if (status === 'completed') return
    if (status === 'errored') throw new Error(`${String(type)} has failed`)
    await again()
  }
}

/** Asks for an action, again while the droplet is busy with another one (terraform-provider-digitalocean #1034), and waits for its end. */
const act = async (calls: Calls, path: string, body: Properties): Promise<void> => {
  for (;;) {
    try {
      return await settle(calls, part(await calls('POST', path, body), 'action')['id'])
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('already has a pending event'))) throw error
      await again()
    }
  }
}

const remove = (path: string): Resource['delete'] => async (calls, id) => void (await calls('DELETE', `${path}/${id}`))
const stays: Resource['update'] = async (_calls, _id, _inputs, changed) => refuseChange(changed, [])

type Network = { type: string; ip_address: string }

const droplet: Resource = {
  replaces: ['image', 'region', 'userData', 'sshKeys'],
  inputs: ['name', 'region', 'size', 'image', 'tags', 'ipv6'],
  create: async (calls, { name, region, size, image, tags, ipv6, userData }) => {
    const answer = await calls('POST', '/v2/droplets', { name, region, size, image, tags, ipv6, user_data: userData })
    for (const { id } of part(answer, 'links')['actions'] as { id: number }[]) await settle(calls, id)
    return String(part(answer, 'droplet')['id'])
  },
  read: async (calls, id) => {
    const answer = await calls('GET', `/v2/droplets/${id}`)
    if (!answer) return null
    const found = part(answer, 'droplet')
    const { v4, v6 } = part(found, 'networks') as { v4: Network[]; v6: Network[] }
    const publicOf = (networks: Network[]): string => networks.find(({ type }) => type === 'public')?.ip_address ?? ''
    return {
      name: found['name'], status: found['status'], tags: found['tags'], size: found['size_slug'], region: part(found, 'region')['slug'], image: part(found, 'image')['slug'],
      ipv6: v6.length > 0, ipv4Address: publicOf(v4), ipv6Address: publicOf(v6),
    }
  },
  update: async (_calls, _id, _inputs, changed) => refuseChange(changed, ['gracefulShutdown']),
  delete: remove('/v2/droplets'),
}

/** An address that is reserved; its id is the address. */
const reserved = (path: string, key: string, ip: string, region: string): Resource => ({
  replaces: [region],
  inputs: [region],
  create: async (calls, inputs) => String(part(await calls('POST', path, { [key === 'reserved_ip' ? 'region' : 'region_slug']: inputs[region] }), key)['ip']),
  read: async (calls, id) => {
    const answer = await calls('GET', `${path}/${id}`)
    if (!answer) return null
    const found = part(answer, key)
    return { [ip]: found['ip'], [region]: found['region_slug'] ?? part(found, 'region')['slug'] }
  },
  update: stays,
  delete: remove(path),
})

/** An address that leads to a droplet; its id is `DROPLET-ADDRESS`. */
const assignment = (path: string, key: string, ip: string): Resource => ({
  replaces: ['dropletId', ip],
  inputs: ['dropletId', ip],
  create: async (calls, { dropletId, [ip]: address }) => {
    await act(calls, `${path}/${String(address)}/actions`, { type: 'assign', droplet_id: dropletId })
    return `${String(dropletId)}-${String(address)}`
  },
  read: async (calls, id) => {
    const [dropletId = '', address = ''] = id.split(/-(.*)/)
    const answer = await calls('GET', `${path}/${address}`)
    const holder = answer && (part(answer, key)['droplet'] as { id: number } | null)
    return holder?.id === Number(dropletId) ? { dropletId: Number(dropletId), [ip]: address } : null
  },
  update: stays,
  delete: async (calls, _id, { dropletId, [ip]: address }) => {
    const answer = await calls('GET', `${path}/${String(address)}`)
    const holder = answer && (part(answer, key)['droplet'] as { id: number } | null)
    if (holder?.id === dropletId) await act(calls, `${path}/${String(address)}/actions`, { type: 'unassign' })
  },
})

const volume: Resource = {
  replaces: ['name', 'region', 'initialFilesystemType'],
  inputs: ['name', 'region', 'size', 'tags'],
  create: async (calls, { name, region, size, tags }) => String(part(await calls('POST', '/v2/volumes', { name, region, size_gigabytes: size, tags }), 'volume')['id']),
  read: async (calls, id) => {
    const answer = await calls('GET', `/v2/volumes/${id}`)
    if (!answer) return null
    const { name, tags, size_gigabytes: size, ...found } = part(answer, 'volume')
    return { name, tags, size, region: part(found, 'region')['slug'] }
  },
  update: stays,
  delete: remove('/v2/volumes'),
}

/** Its id is `DROPLET-VOLUME`. */
const volumeAttachment: Resource = {
  replaces: ['dropletId', 'volumeId'],
  inputs: ['dropletId', 'volumeId'],
  create: async (calls, { dropletId, volumeId }) => {
    await act(calls, `/v2/volumes/${String(volumeId)}/actions`, { type: 'attach', droplet_id: dropletId })
    return `${String(dropletId)}-${String(volumeId)}`
  },
  read: async (calls, id) => {
    const [dropletId = '', volumeId = ''] = id.split(/-(.*)/)
    const answer = await calls('GET', `/v2/volumes/${volumeId}`)
    return answer && (part(answer, 'volume')['droplet_ids'] as number[]).includes(Number(dropletId)) ? { dropletId: Number(dropletId), volumeId } : null
  },
  update: stays,
  delete: (calls, _id, { dropletId, volumeId }) => act(calls, `/v2/volumes/${String(volumeId)}/actions`, { type: 'detach', droplet_id: dropletId }),
}

type Rule = { protocol: string; portRange?: string; sourceAddresses?: string[]; destinationAddresses?: string[] }
type RuleBody = { protocol: string; ports?: string; sources?: { addresses: string[] }; destinations?: { addresses: string[] } }

const firewallBody = ({ name, tags, inboundRules = [], outboundRules = [] }: Properties): Properties => ({
  name, tags,
  inbound_rules: (inboundRules as Rule[]).map(({ protocol, portRange: ports, sourceAddresses: addresses }): unknown => ({ protocol, ports, sources: { addresses } })),
  outbound_rules: (outboundRules as Rule[]).map(({ protocol, portRange: ports, destinationAddresses: addresses }): unknown => ({ protocol, ports, destinations: { addresses } })),
})

const ruleSaid = ({ protocol, ports, sources, destinations }: RuleBody): Rule => ({
  protocol, ...(ports && ports !== '0' ? { portRange: ports } : {}), ...(sources ? { sourceAddresses: sources.addresses } : {}), ...(destinations ? { destinationAddresses: destinations.addresses } : {}),
})

const firewall: Resource = {
  replaces: [],
  inputs: ['name', 'tags', 'inboundRules', 'outboundRules'],
  create: async (calls, inputs) => String(part(await calls('POST', '/v2/firewalls', firewallBody(inputs)), 'firewall')['id']),
  read: async (calls, id) => {
    const answer = await calls('GET', `/v2/firewalls/${id}`)
    if (!answer) return null
    const { name, tags, inbound_rules: inbound, outbound_rules: outbound } = part(answer, 'firewall')
    return { name, tags, inboundRules: (inbound as RuleBody[]).map(ruleSaid), outboundRules: (outbound as RuleBody[]).map(ruleSaid) }
  },
  update: async (calls, id, inputs) => void (await calls('PUT', `/v2/firewalls/${id}`, firewallBody(inputs))),
  delete: remove('/v2/firewalls'),
}

/** Its id is its name. */
const tag: Resource = {
  replaces: ['name'],
  inputs: ['name'],
  create: async (calls, { name }) => String(part(await calls('POST', '/v2/tags', { name }), 'tag')['name']),
  read: async (calls, id) => ((await calls('GET', `/v2/tags/${id}`)) ? { name: id } : null),
  update: stays,
  delete: remove('/v2/tags'),
}

const resources = {
  Droplet: droplet,
  ReservedIp: reserved('/v2/reserved_ips', 'reserved_ip', 'ipAddress', 'region'),
  ReservedIpv6: reserved('/v2/reserved_ipv6', 'reserved_ipv6', 'ip', 'regionSlug'),
  ReservedIpAssignment: assignment('/v2/reserved_ips', 'reserved_ip', 'ipAddress'),
  ReservedIpv6Assignment: assignment('/v2/reserved_ipv6', 'reserved_ipv6', 'ip'),
  Volume: volume, VolumeAttachment: volumeAttachment, Firewall: firewall, Tag: tag,
}

export const cloud: Cloud = {
  configure: async (endpoint, env) => {
    const token = env['DIGITALOCEAN_TOKEN']
    if (!token) throw new Error('DIGITALOCEAN_TOKEN is not set')
    return bearerCalls(endpoint, token, (asked, status, { message }) => `${asked}: ${status} ${String(message)}`)
  },
  resources: byType('digitalocean', resources),
}
