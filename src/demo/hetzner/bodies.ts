// What the simulated Hetzner knows, and how it says it: shapes of https://docs.hetzner.cloud/reference/cloud as of 2026-11, without `datacenter`, dropped in July 2026.
import { pageOf, type SimAnswer } from '../sim-cloud.ts'

export type Labels = Record<string, string>
type Common = { id: number; name: string; created: string; labels: Labels }
type Guarded = { protection: { delete: boolean; rebuild?: boolean } }
export type Server = Common & Guarded & { status: 'initializing' | 'starting' | 'running' | 'stopping' | 'off'; type: string; location: string; image: string; /** Actions that run on it: it is locked until they have ended. */ running: number }
export type PrimaryIp = Common & Guarded & { ip: string; type: 'ipv4' | 'ipv6'; assignee_id: number | null; auto_delete: boolean; location: string }
export type Volume = Common & Guarded & { size: number; server: number | null; location: string; format: string | null; status: 'creating' | 'available' }
export type Firewall = Common & { rules: Record<string, unknown>[]; servers: number[] }
export type SshKey = Common & { public_key: string; fingerprint: string }
export type Action = { id: number; command: string; status: 'running' | 'success' | 'error'; progress: number; started: string; finished: string | null; error: { code: string; message: string } | null; resources: { id: number; type: string }[] }

/** Status of each code: where an operation's table has it, from there; `resource_unavailable` as it was seen (terraform-provider-hcloud #407), and `service_error` for a volume in use (csi-driver #12) with a status that was not; of `protected`, `locked` and what is general, what their words say (2026-11). */
const statuses = {
  json_error: 400, unauthorized: 401, forbidden: 403, resource_limit_exceeded: 403, not_found: 404, firewall_resource_not_found: 404, conflict: 409, uniqueness_error: 409, resource_unavailable: 412,
  invalid_input: 422, service_error: 422, placement_error: 422, primary_ip_assigned: 422, primary_ip_already_assigned: 422, primary_ip_datacenter_mismatch: 422, server_not_stopped: 422, server_has_ipv4: 422, server_has_ipv6: 422,
  must_be_unassigned: 422, resource_in_use: 422, volume_already_attached: 422, firewall_already_applied: 422, locked: 423, protected: 423, rate_limit_exceeded: 429, server_error: 500, unavailable: 503, maintenance: 503,
} as const

/** A refusal as Hetzner words it; thrown within the simulator, answered outside of it. */
export class HetznerRefusal extends Error {
  readonly answer: SimAnswer
  constructor(code: keyof typeof statuses, message: string) {
    super(message)
    this.answer = { status: statuses[code], body: { error: { code, message, details: {} } } }
  }
}

/** What is wrong with one field. */
export const invalid = (field: string, what: string): HetznerRefusal => new HetznerRefusal('invalid_input', `invalid input in field '${field}': ${what}`)

/** The answer to a server that cannot be had, for a script. */
export const noCapacity = (): SimAnswer => new HetznerRefusal('resource_unavailable', 'error during placement').answer

const places: Record<string, [id: number, country: string, city: string, zone: string]> = {
  fsn1: [1, 'DE', 'Falkenstein', 'eu-central'], nbg1: [2, 'DE', 'Nuremberg', 'eu-central'], hel1: [3, 'FI', 'Helsinki', 'eu-central'],
  ash: [4, 'US', 'Ashburn, VA', 'us-east'], hil: [5, 'US', 'Hillsboro, OR', 'us-west'], sin: [6, 'SG', 'Singapore', 'ap-southeast'],
}

/** Throws where there is no such location. */
export const locationBody = (name: string): Record<string, unknown> => {
  const place = places[name]
  if (!place) throw invalid('location', `location ${name} not found`)
  const [id, country, city, network_zone] = place
  return { id, name, description: `${city} DC Park`, country, city, latitude: 50.5, longitude: 12.4, network_zone }
}

/** Throws where there is no such type. */
export const serverTypeBody = (name: string): Record<string, unknown> => {
  const [, family, size] = /^(cx|cpx|cax|ccx)(\d)\d$/.exec(name) ?? []
  if (!family) throw invalid('server_type', `server type ${name} not found`)
  const cores = 2 ** (Number(size) - (family === 'ccx' || family === 'cax' ? 0 : 1))
  return {
    id: 100 + Number(size), name, description: name.toUpperCase(), cores, memory: 2 * cores, disk: 20 * cores, deprecated: false, deprecation: null, storage_type: 'local', prices: [],
    architecture: family === 'cax' ? 'arm' : 'x86', cpu_type: family === 'ccx' ? 'dedicated' : 'shared', locations: Object.entries(places).map(([location, [id]]) => ({ id, name: location, deprecation: null })),
  }
}

/** Whatever its name, an Ubuntu 24.04. */
export const imageBody = (name: string): Record<string, unknown> => ({
  id: 161547269, name, description: name, type: 'system', status: 'available', architecture: 'x86', os_flavor: 'ubuntu', os_version: '24.04', disk_size: 5, image_size: null, rapid_deploy: true,
  created: '2024-04-25T13:26:27Z', created_from: null, bound_to: null, deleted: null, deprecated: null, labels: {}, protection: { delete: false },
})

/** `parts`: what belongs to the server. */
export const serverBody = ({ id, name, created, labels, protection, status, running, ...server }: Server, parts: { ips: PrimaryIp[]; volumes: Volume[]; firewalls: Firewall[] }) => {
  const net = (type: string) => parts.ips.find((each) => each.type === type)
  const v4 = net('ipv4')
  const v6 = net('ipv6')
  return {
    id, name, created, labels, status, locked: running > 0, protection: { delete: protection.delete, rebuild: protection.rebuild ?? false },
    public_net: {
      ipv4: v4 ? { id: v4.id, ip: v4.ip, blocked: false, dns_ptr: `static.${v4.ip}.clients.example` } : null,
      ipv6: v6 ? { id: v6.id, ip: v6.ip, blocked: false, dns_ptr: [] } : null,
      floating_ips: [], firewalls: parts.firewalls.map((firewall) => ({ id: firewall.id, status: 'applied' })),
    },
    private_net: [], volumes: parts.volumes.map((volume) => volume.id), load_balancers: [], placement_group: null, iso: null, backup_window: null, rescue_enabled: false,
    server_type: serverTypeBody(server.type), location: locationBody(server.location), image: imageBody(server.image),
    primary_disk_size: 40, included_traffic: 21_990_232_555_520, ingoing_traffic: 0, outgoing_traffic: 0,
  }
}

/** As it is shown. */
export const primaryIpBody = ({ location, ...ip }: PrimaryIp) => ({ ...ip, assignee_type: 'server', blocked: false, dns_ptr: [], location: locationBody(location) })

/** As it is shown. */
export const volumeBody = ({ location, ...volume }: Volume) => ({ ...volume, location: locationBody(location), linux_device: `/dev/disk/by-id/scsi-0HC_Volume_${volume.id}` })

/** As it is shown. */
export const firewallBody = ({ servers, ...firewall }: Firewall) => ({ ...firewall, applied_to: servers.map((id) => ({ type: 'server', server: { id } })) })

/** 25 on a page, at most 50. */
export const listBody = (kind: string, all: unknown[], query: URLSearchParams) => {
  const { page, perPage, last, items } = pageOf(all, query, { usual: 25, most: 50 })
  return { [kind]: items, meta: { pagination: { page, per_page: perPage, previous_page: page > 1 ? page - 1 : null, next_page: page < last ? page + 1 : null, last_page: last, total_entries: all.length } } }
}

/** Label selectors as far as they are used: `k`, `k=v`, `k==v`, joined by commas. */
export const fits = ({ name, labels, ...thing }: { name: string; labels: Labels; ip?: string }, query: URLSearchParams): boolean => {
  const selectors = query.get('label_selector')?.split(',') ?? []
  const selected = selectors.every((each) => {
    const [key = '', value] = each.split(/==?/)
    return value === undefined ? key in labels : labels[key] === value
  })
  return selected && (query.get('name') ?? name) === name && (query.get('ip') ?? thing.ip) === thing.ip
}
