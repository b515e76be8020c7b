// What the simulated Hetzner creates. Its refusals are those of the operation's table in https://docs.hetzner.cloud/reference/cloud, as of 2026-11.
import { createHash } from 'node:crypto'
import type { SimAnswer } from '../sim-cloud.ts'
import { mappedV6 } from '../sim-machines.ts'
import { apply, assign, assignable, attach, attachable, rulesOf, typeAt } from './acts.ts'
import { HetznerRefusal, invalid, locationBody, type Firewall, type PrimaryIp, type Server, type Volume } from './bodies.ts'
import { begin, beginOn, boot, get, newThing, show, type Body, type Kind, type Project } from './project.ts'

const newIp = (project: Project, body: Body, type: 'ipv4' | 'ipv6', location: string): PrimaryIp => {
  locationBody(location)
  const thing = newThing(project, 'primary_ips', body)
  const ip: PrimaryIp = {
    ...thing, protection: { delete: false }, type, location, auto_delete: body.auto_delete === true, assignee_id: null,
    // The vendor gives a network, `…::/64`; loopback has none.
    ip: type === 'ipv4' ? project.pool() : mappedV6(project.pool()),
  }
  project.things.primary_ips.set(ip.id, ip)
  return ip
}

/** The server's addresses: those that were named, and new ones that go with it. */
const netOf = (project: Project, body: Body, location: string): (() => PrimaryIp)[] => {
  const net = (body.public_net ?? {}) as Body
  return (['ipv4', 'ipv6'] as const).flatMap((type) => {
    if (net[`enable_${type}`] === false) return []
    if (typeof net[type] !== 'number') return () => newIp(project, { name: `primary_ip-${project.nextId()}`, auto_delete: true }, type, location)
    const ip = get(project, 'primary_ips', net[type])
    if (ip.assignee_id !== null) throw new HetznerRefusal('primary_ip_assigned', `primary ip with ID '${ip.id}' is already assigned`)
    if (ip.location !== location) throw new HetznerRefusal('primary_ip_datacenter_mismatch', `primary ip with ID '${ip.id}' is in a different location`)
    return () => ip
  })
}

const createServer = (project: Project, body: Body): SimAnswer => {
  if ('datacenter' in body) throw invalid('datacenter', 'was removed, use location') // Since July 2026.
  if (typeof body.image !== 'string') throw invalid('image', 'is missing')
  const location = String(body.location ?? 'fsn1')
  locationBody(location)
  const type = typeAt(project, body.server_type, location)
  const firewalls = ((body.firewalls ?? []) as { firewall: number }[]).map(({ firewall }) => get(project, 'firewalls', firewall))
  const volumes = ((body.volumes ?? []) as number[]).map((id) => get(project, 'volumes', id))
  const ips = netOf(project, body, location)
  const thing = newThing(project, 'servers', body)
  const server: Server = { ...thing, protection: { delete: false, rebuild: false }, status: 'initializing', type, location, image: body.image, running: 0 }
  for (const volume of volumes) attachable(volume, server)
  project.things.servers.set(server.id, server)
  for (const ip of ips) ip().assignee_id = server.id
  for (const firewall of firewalls) firewall.servers.push(server.id)
  const starts = body.start_after_create !== false
  const created = beginOn(project, server, 'create_server', () => (server.status = starts ? 'starting' : 'off'))
  const next = [...volumes.map((volume) => attach(project, volume, server, created.done)), ...(starts ? [beginOn(project, server, 'start_server', () => boot(project, server), created.done).action] : [])]
  const keys = (body.ssh_keys ?? []) as unknown[]
  return { status: 201, body: { server: show(project, 'servers', server), action: created.action, next_actions: next, root_password: keys.length > 0 ? null : 'nobodys-password' } }
}

const createPrimaryIp = (project: Project, body: Body): SimAnswer => {
  if (body.type !== 'ipv4' && body.type !== 'ipv6') throw invalid('type', 'is missing')
  if ('datacenter' in body) throw invalid('datacenter', 'was removed, use location')
  const server = typeof body.assignee_id === 'number' ? get(project, 'servers', body.assignee_id) : null
  if ((server === null) === (body.location === undefined)) throw invalid('location', 'exactly one of location and assignee_id is needed')
  if (server) assignable(project, server, body.type)
  const ip = newIp(project, body, body.type, server?.location ?? String(body.location))
  const action = server ? { action: assign(project, ip, server) } : {}
  return { status: 201, body: { primary_ip: show(project, 'primary_ips', ip), ...action } }
}

const createVolume = (project: Project, body: Body): SimAnswer => {
  const server = body.server === undefined ? null : get(project, 'servers', body.server)
  if (!server && typeof body.location !== 'string') throw invalid('location', 'is needed without a server')
  if (typeof body.size !== 'number' || body.size < 10) throw invalid('size', 'must be at least 10')
  const location = server?.location ?? String(body.location)
  locationBody(location)
  const thing = newThing(project, 'volumes', body)
  const volume: Volume = { ...thing, protection: { delete: false }, size: body.size, location, format: (body.format as string | undefined) ?? null, server: null, status: 'creating' }
  project.things.volumes.set(volume.id, volume)
  const created = begin(project, 'create_volume', [['volume', volume.id]], () => (volume.status = 'available'))
  const next = server ? [attach(project, volume, server, created.done)] : []
  return { status: 201, body: { volume: show(project, 'volumes', volume), action: created.action, next_actions: next } }
}

const createFirewall = (project: Project, body: Body): SimAnswer => {
  const firewall: Firewall = { ...newThing(project, 'firewalls', body), rules: rulesOf(body.rules), servers: [] }
  const actions = apply(project, firewall, body.apply_to)
  project.things.firewalls.set(firewall.id, firewall)
  return { status: 201, body: { firewall: show(project, 'firewalls', firewall), actions } }
}

const createSshKey = (project: Project, body: Body): SimAnswer => {
  const public_key = String(body.public_key ?? '')
  const [, key] = /^(?:ssh|ecdsa)-\S+ (\S+)/.exec(public_key) ?? []
  if (!key) throw invalid('public_key', 'is no SSH key')
  const fingerprint = createHash('md5').update(Buffer.from(key, 'base64')).digest('hex').replace(/(..)(?!$)/g, '$1:')
  if ([...project.things.ssh_keys.values()].some((each) => each.fingerprint === fingerprint)) throw new HetznerRefusal('uniqueness_error', 'SSH key with the same fingerprint already exists')
  const made = { ...newThing(project, 'ssh_keys', body), public_key, fingerprint }
  project.things.ssh_keys.set(made.id, made)
  return { status: 201, body: { ssh_key: made } }
}

/** POST of each kind. */
export const creates: { [K in Kind]: (project: Project, body: Body) => SimAnswer } =
  { servers: createServer, primary_ips: createPrimaryIp, volumes: createVolume, firewalls: createFirewall, ssh_keys: createSshKey }
