// What the simulated Hetzner's actions, updates and deletions do. Its refusals are those of the operation's table in https://docs.hetzner.cloud/reference/cloud, as of 2026-11.
import type { SimAnswer } from '../sim-cloud.ts'
import { HetznerRefusal, invalid, serverTypeBody, type Action, type Firewall, type PrimaryIp, type Server, type Volume } from './bodies.ts'
import { begin, beginOn, boot, freeName, get, partsOf, type Body, type Kind, type Project } from './project.ts'

/** Of a type, or of a type at one place, there may be none left. */
export const typeAt = ({ state }: Project, type: unknown, location: string): string => {
  const name = String(type)
  serverTypeBody(name)
  if (state.soldOut.some((each) => each === name || each === `${name}@${location}`)) throw new HetznerRefusal('resource_unavailable', 'error during placement')
  return name
}

/** Throws where the server can take no address of this family. */
export const assignable = (project: Project, server: Server, type: 'ipv4' | 'ipv6') => {
  stopped(server)
  if (partsOf(project, server.id).ips.some((each) => each.type === type)) throw new HetznerRefusal(`server_has_${type}`, `server with ID '${server.id}' already has an ${type} address`)
}

/** The address is the server's from now on. */
export const assign = (project: Project, ip: PrimaryIp, server: Server): Action => {
  if (ip.assignee_id !== null) throw new HetznerRefusal('primary_ip_already_assigned', `primary ip with ID '${ip.id}' is already assigned`)
  assignable(project, server, ip.type)
  ip.assignee_id = server.id
  return begin(project, 'assign_primary_ip', [['primary_ip', ip.id], ['server', server.id]]).action
}

const unassign = (project: Project, ip: PrimaryIp): Action => {
  const server = get(project, 'servers', ip.assignee_id)
  stopped(server)
  ip.assignee_id = null
  return begin(project, 'unassign_primary_ip', [['primary_ip', ip.id], ['server', server.id]]).action
}

/** Throws where the volume cannot come to the server. */
export const attachable = (volume: Volume, server: Server) => {
  if (volume.server !== null) throw new HetznerRefusal('volume_already_attached', `volume with ID '${volume.id}' is already attached to a server`)
  if (volume.location !== server.location) throw invalid('server', 'server and volume must be in the same location')
}

/** The volume is the server's from now on. */
export const attach = (project: Project, volume: Volume, server: Server, after?: Promise<unknown>): Action => {
  attachable(volume, server)
  volume.server = server.id
  return begin(project, 'attach_volume', [['volume', volume.id], ['server', server.id]], undefined, after).action
}

/** Rules as they are shown. */
export const rulesOf = (rules: unknown) => ((rules ?? []) as Body[]).map((rule) => ({ description: null, port: null, source_ips: [], destination_ips: [], ...rule }))

/** Label selectors are not served. */
const serversOf = (project: Project, resources: unknown): Server[] =>
  ((resources ?? []) as { server?: { id: number } }[]).map(({ server }) => {
    const found = project.things.servers.get(Number(server?.id))
    if (!found) throw new HetznerRefusal('firewall_resource_not_found', 'firewall resource not found')
    return found
  })

/** The firewall stands before these servers. */
export const apply = (project: Project, firewall: Firewall, to: unknown): Action[] => {
  const servers = serversOf(project, to)
  if (servers.some(({ id }) => firewall.servers.includes(id))) throw new HetznerRefusal('firewall_already_applied', `firewall with ID '${firewall.id}' is already applied`)
  return servers.map(({ id }) => {
    firewall.servers.push(id)
    return begin(project, 'apply_firewall', [['firewall', firewall.id], ['server', id]]).action
  })
}

const remove = (project: Project, firewall: Firewall, from: unknown): Action[] =>
  serversOf(project, from).map(({ id }) => {
    firewall.servers = firewall.servers.filter((each) => each !== id)
    return begin(project, 'remove_firewall', [['firewall', firewall.id], ['server', id]]).action
  })

const setRules = (project: Project, firewall: Firewall, rules: unknown): Action[] => {
  firewall.rules = rulesOf(rules)
  const set = begin(project, 'set_firewall_rules', [['firewall', firewall.id]])
  return [set.action, ...firewall.servers.map((id) => begin(project, 'apply_firewall', [['firewall', firewall.id], ['server', id]], undefined, set.done).action)]
}

const changeType = (project: Project, server: Server, type: unknown): Action => {
  stopped(server)
  const name = typeAt(project, type, server.location)
  return beginOn(project, server, 'change_server_type', () => (server.type = name)).action
}

const power = (project: Project, server: Server, command: string): Action => {
  if (command === 'poweron') return beginOn(project, server, 'start_server', () => boot(project, server)).action
  return beginOn(project, server, command === 'shutdown' ? 'shutdown_server' : 'stop_server', () => halt(project, server)).action
}

/** Power off: nothing of it answers any more when this resolves. */
const halt = async (project: Project, server: Server): Promise<void> => {
  await project.machines.halt(`${server.id}`)
  server.status = 'off'
}

const stopped = ({ id, status }: Server): void => {
  if (status !== 'off') throw new HetznerRefusal('server_not_stopped', `server with ID '${id}' is not stopped`)
}

const unlocked = ({ id, running }: Server): void => {
  if (running > 0) throw new HetznerRefusal('locked', `server with ID '${id}' is locked`)
}

const detach = (project: Project, volume: Volume): Action => {
  const server = get(project, 'servers', volume.server)
  volume.server = null
  return begin(project, 'detach_volume', [['volume', volume.id], ['server', server.id]]).action
}

const protect = (project: Project, kind: 'servers' | 'primary_ips' | 'volumes', id: number, wanted: Body): Action => {
  Object.assign(get(project, kind, id).protection, wanted)
  return begin(project, 'change_protection', [[kind.slice(0, -1), id]]).action
}

/** Each POST to `/KIND/ID/actions/COMMAND`, as `KIND/COMMAND`; gives `{ action }` or `{ actions }`. */
const commands: Record<string, (project: Project, id: number, body: Body) => { action: Action } | { actions: Action[] }> = {
  'servers/change_type': (project, id, body) => ({ action: changeType(project, get(project, 'servers', id), body.server_type) }),
  'servers/change_protection': (project, id, body) => ({ action: protect(project, 'servers', id, body) }),
  'primary_ips/assign': (project, id, body) => ({ action: assign(project, get(project, 'primary_ips', id), get(project, 'servers', body.assignee_id)) }),
  'primary_ips/unassign': (project, id) => ({ action: unassign(project, get(project, 'primary_ips', id)) }),
  'primary_ips/change_protection': (project, id, body) => ({ action: protect(project, 'primary_ips', id, body) }),
  'volumes/attach': (project, id, body) => ({ action: attach(project, get(project, 'volumes', id), get(project, 'servers', body.server)) }),
  'volumes/detach': (project, id) => ({ action: detach(project, get(project, 'volumes', id)) }),
  'volumes/resize': (project, id, body) => ({ action: resize(project, get(project, 'volumes', id), body.size) }),
  'volumes/change_protection': (project, id, body) => ({ action: protect(project, 'volumes', id, body) }),
  'firewalls/set_rules': (project, id, body) => ({ actions: setRules(project, get(project, 'firewalls', id), body.rules) }),
  'firewalls/apply_to_resources': (project, id, body) => ({ actions: apply(project, get(project, 'firewalls', id), body.apply_to) }),
  'firewalls/remove_from_resources': (project, id, body) => ({ actions: remove(project, get(project, 'firewalls', id), body.remove_from) }),
}
for (const command of ['poweron', 'poweroff', 'shutdown']) commands[`servers/${command}`] = (project, id) => ({ action: power(project, get(project, 'servers', id), command) })

/** Does what is posted to `/KIND/ID/actions/COMMAND`. */
export const act = (project: Project, kind: Kind, id: number, command: string, body: Body): SimAnswer => {
  const does = commands[`${kind}/${command}`]
  if (!does) throw new HetznerRefusal('not_found', 'path not found')
  if (kind === 'servers') unlocked(get(project, 'servers', id))
  return { status: 201, body: does(project, id, body) }
}

const resize = (project: Project, volume: Volume, size: unknown): Action => {
  if (typeof size !== 'number' || size < volume.size) throw invalid('size', 'must not be smaller than it is')
  return begin(project, 'resize_volume', [['volume', volume.id]], () => (volume.size = size)).action
}

/** PUT: a new name, labels, and whether an address goes with its server. */
export const update = (project: Project, kind: Kind, id: number, { name, labels, auto_delete }: Body): void => {
  const thing = get(project, kind, id)
  if (name !== undefined && name !== thing.name) thing.name = freeName(project, kind, name)
  if (labels !== undefined) thing.labels = labels as Record<string, string>
  if (kind === 'primary_ips' && auto_delete !== undefined) get(project, kind, id).auto_delete = auto_delete === true
}

/** Throws where something holds it. */
const unused: { [K in Kind]?: (project: Project, id: number) => void } = {
  servers: (project, id) => unlocked(get(project, 'servers', id)),
  primary_ips: (project, id) => {
    // Since May 2026; before, it was unassigned on the way.
    if (get(project, 'primary_ips', id).assignee_id !== null) throw new HetznerRefusal('must_be_unassigned', `primary ip with ID '${id}' must be unassigned`)
  },
  volumes: (project, id) => {
    if (get(project, 'volumes', id).server !== null) throw new HetznerRefusal('service_error', `volume with ID '${id}' is still attached to a server`)
  },
  firewalls: (project, id) => {
    if (get(project, 'firewalls', id).servers.length > 0) throw new HetznerRefusal('resource_in_use', `firewall with ID '${id}' is still in use`)
  },
}

/** DELETE. A server leaves its volumes, and the addresses that do not go with it. */
export const destroy = (project: Project, kind: Kind, id: number): SimAnswer => {
  const thing = get(project, kind, id)
  if ('protection' in thing && thing.protection.delete) throw new HetznerRefusal('protected', `${kind.slice(0, -1)} with ID '${id}' is protected`)
  unused[kind]?.(project, id)
  project.things[kind].delete(id)
  if (kind !== 'servers') return { status: 204 }
  const { ips, volumes, firewalls } = partsOf(project, id)
  for (const ip of ips) {
    ip.assignee_id = null
    if (ip.auto_delete) project.things.primary_ips.delete(ip.id)
  }
  for (const volume of volumes) volume.server = null
  for (const firewall of firewalls) firewall.servers = firewall.servers.filter((each) => each !== id)
  return { status: 200, body: { action: begin(project, 'delete_server', [['server', id]], () => project.machines.halt(`${id}`)).action } }
}
