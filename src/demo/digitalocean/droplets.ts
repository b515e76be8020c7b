// Droplets, and the reserved addresses that lead to them. https://docs.digitalocean.com/reference/api/ as of 2026-11.
import { isIPv6 } from 'node:net'
import type { SimAnswer } from '../sim-cloud.ts'
import { mappedV6 } from '../sim-machines.ts'
import { begin, boot, dropletOf, found, halt, idle, regionOf, shown, timeOf, type Account } from './account.ts'
import { actionBody, DigitalOceanRefusal, error, regionBody, reservedBody, sizeBody, unprocessable, type Action } from './bodies.ts'
import type { SimDroplet } from './state.ts'

export type Body = Record<string, unknown>

const linkTo = ({ id, type }: Action) => ({ id, rel: type, href: `http://sim.example/v2/actions/${id}` })

const placeable = ({ state }: Account, size: unknown, region: string): string => {
  const slug = String(size)
  sizeBody(slug)
  if (state.soldOut.some((each) => each === slug || each === `${slug}@${region}`)) throw unprocessable('Size is not available in this region.')
  return slug
}

/** POST /v2/droplets: one at a time. */
export const createDroplet = (account: Account, body: Body): SimAnswer => {
  const { state, pool } = account
  if (typeof body.name !== 'string' || body.image === undefined) throw unprocessable('Name and image are needed.')
  const region = String(body.region)
  regionBody(region)
  const size = placeable(account, body.size, region)
  if (state.droplets.length >= 25) throw unprocessable('creating this/these droplet(s) will exceed your droplet limit')
  const volumes = ((body.volumes ?? []) as string[]).map((id) => found(account.volumes.get(id)))
  const tags = (body.tags ?? []) as string[]
  for (const tag of tags) account.tags.add(tag)
  const addresses = [pool(), ...(body.ipv6 === true ? [mappedV6(pool())] : [])]
  const droplet: SimDroplet = { id: account.nextId(), addresses, reserved: [], status: 'new', locked: true, actions: [], made: { name: body.name, region, size, image: String(body.image), tags, createdAt: timeOf(account) } }
  state.droplets.push(droplet)
  for (const volume of volumes) volume.droplet_ids = [droplet.id]
  const action = begin(account, { type: 'create', resourceType: 'droplet', resourceId: droplet.id, region }, droplet, async () => {
    droplet.locked = false
    await boot(account, droplet)
  })
  return { status: 202, body: { droplet: shown(account, droplet), links: { actions: [linkTo(action)] } } }
}

/** DELETE /v2/droplets/ID: what was attached or led to it stays. */
export const deleteDroplet = (account: Account, id: string): SimAnswer => {
  const droplet = dropletOf(account, id)
  idle(droplet)
  account.state.droplets.splice(account.state.droplets.indexOf(droplet), 1)
  for (const thing of [...account.volumes.values(), ...account.firewalls.values()]) thing.droplet_ids = thing.droplet_ids.filter((each) => each !== droplet.id)
  void account.machines.halt(`${id}`)
  return { status: 204 }
}

/** POST /v2/droplets/ID/actions: power, resize and rename. */
export const actOnDroplet = (account: Account, id: string, body: Body): SimAnswer => {
  const droplet = dropletOf(account, id)
  idle(droplet)
  const type = String(body.type)
  const action = begin(account, { type, resourceType: 'droplet', resourceId: droplet.id, region: regionOf(droplet) }, droplet, effectOf(account, droplet, type, body))
  return { status: 201, body: { action: actionBody(action) } }
}

const effectOf = (account: Account, droplet: SimDroplet, type: string, body: Body): (() => unknown) => {
  if (type === 'power_on') return () => boot(account, droplet)
  if (type === 'power_off' || type === 'shutdown') return () => halt(account, droplet)
  const made = found(droplet.made)
  if (type === 'rename') return () => (made.name = String(body.name))
  if (type !== 'resize') throw unprocessable(`${type} is not served by this simulator`)
  if (droplet.status !== 'off') throw unprocessable('Droplet must be off to resize.')
  const size = placeable(account, body.size, made.region)
  return () => (made.size = size)
}

/** POST /v2/reserved_ips `{ region }` or `{ droplet_id }`. */
export const createReservedIp = (account: Account, { region, droplet_id }: Body): SimAnswer => {
  const droplet = droplet_id === undefined ? null : dropletOf(account, droplet_id)
  if (droplet) idle(droplet)
  const reserved = { ip: account.pool(), region: droplet ? regionOf(droplet) : String(region), at: timeOf(account) }
  const body = reservedBody(reserved, null)
  account.reserved.set(reserved.ip, reserved)
  const actions = droplet ? [linkTo(assign(account, reserved.ip, droplet))] : []
  return { status: 202, body: { ...body, links: { droplets: [], actions } } }
}

/** POST /v2/reserved_ipv6 `{ region_slug }`. */
export const createReservedIpv6 = (account: Account, { region_slug }: Body): SimAnswer => {
  const reserved = { ip: mappedV6(account.pool()), region: regionBody(String(region_slug)).slug, at: timeOf(account) }
  account.reserved.set(reserved.ip, reserved)
  return { status: 201, body: { reserved_ipv6: { ip: reserved.ip, region_slug: reserved.region, reserved_at: reserved.at } } }
}

const holderOf = ({ state }: Account, ip: string): SimDroplet | undefined => state.droplets.find(({ reserved }) => reserved?.includes(ip))

/** GET /v2/reserved_ips/IP, and the same of IPv6; of a droplet that a test has set, too. */
export const showReserved = (account: Account, ip: string) => {
  const holder = holderOf(account, ip)
  const reserved = account.reserved.get(ip) ?? (holder && { ip, region: regionOf(holder), at: '2026-11-01T10:00:00Z' })
  return reservedBody(found(reserved), holder ? shown(account, holder) : null)
}

/** DELETE. An assigned one stays: terraform-provider-digitalocean #1277 quotes what is said of IPv6, and of IPv4 the same is taken. */
export const deleteReserved = (account: Account, ip: string): SimAnswer => {
  found(account.reserved.get(ip))
  if (holderOf(account, ip)) throw new DigitalOceanRefusal(isIPv6(ip) ? error(400, 'bad_request', 'flipv6 released failed: assigned FLIP cannot be released') : error(422, 'unprocessable_entity', 'The reserved IP is assigned.'))
  account.reserved.delete(ip)
  return { status: 204 }
}

/** POST /v2/reserved_ips/IP/actions: `assign`, from whatever droplet it leads to, and `unassign`. */
export const actOnReserved = (account: Account, ip: string, { type, droplet_id }: Body): SimAnswer => {
  const { region } = found(account.reserved.get(ip))
  const droplet = type === 'assign' ? dropletOf(account, droplet_id) : holderOf(account, ip)
  if (!droplet) throw unprocessable('The reserved IP is not assigned.')
  if (regionOf(droplet) !== region) throw unprocessable('The reserved IP and the droplet are in different regions.')
  idle(droplet)
  return { status: 201, body: { action: actionBody(type === 'assign' ? assign(account, ip, droplet) : unassign(account, ip, droplet)) } }
}

const reservedAction = (account: Account, type: 'assign' | 'unassign', ip: string, droplet: SimDroplet, end: () => Promise<void>) => {
  const v6 = isIPv6(ip)
  return begin(account, { type: v6 ? type : `${type}_ip`, resourceType: v6 ? 'reserved_ipv6' : 'reserved_ip', resourceId: account.nextId(), region: regionOf(droplet) }, droplet, end)
}

const assign = (account: Account, ip: string, droplet: SimDroplet): Action =>
  reservedAction(account, 'assign', ip, droplet, async () => {
    await leave(account, ip)
    droplet.reserved = [...(droplet.reserved ?? []), ip]
    if (droplet.status === 'active') await boot(account, droplet)
  })

const unassign = (account: Account, ip: string, droplet: SimDroplet): Action => reservedAction(account, 'unassign', ip, droplet, () => leave(account, ip))

/** No droplet answers there any more when this resolves. */
const leave = async (account: Account, ip: string): Promise<void> => {
  const holder = holderOf(account, ip)
  if (!holder) return
  holder.reserved = holder.reserved!.filter((each) => each !== ip)
  if (holder.status === 'active') await boot(account, holder)
}
