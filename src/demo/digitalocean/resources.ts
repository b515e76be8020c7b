// Volumes, firewalls, keys and tags. https://docs.digitalocean.com/reference/api/ as of 2026-11.
import { createHash } from 'node:crypto'
import type { SimAnswer } from '../sim-cloud.ts'
import { begin, dropletOf, found, freeName, idle, regionOf, timeOf, type Account } from './account.ts'
import { absent, actionBody, DigitalOceanRefusal, error, firewallBody, regionBody, unprocessable, volumeBody, type Firewall, type Volume } from './bodies.ts'
import type { Body } from './droplets.ts'

/** POST /v2/volumes. A name is taken once in a region. */
export const createVolume = (account: Account, body: Body): SimAnswer => {
  const region = regionBody(String(body.region)).slug
  if (typeof body.size_gigabytes !== 'number') throw unprocessable('size_gigabytes is needed')
  const volume: Volume = {
    id: account.clock.id(), name: freeName([...account.volumes.values()].filter((each) => each.region === region), body.name), description: String(body.description ?? ''), size_gigabytes: body.size_gigabytes,
    created_at: timeOf(account), tags: (body.tags ?? []) as string[], droplet_ids: [], region, filesystem_type: String(body.filesystem_type ?? ''), filesystem_label: String(body.filesystem_label ?? ''),
  }
  for (const tag of volume.tags) account.tags.add(tag)
  account.volumes.set(volume.id, volume)
  return { status: 201, body: { volume: volumeBody(volume) } }
}

/** DELETE /v2/volumes/ID. Of an attached one as in doctl #358. */
export const deleteVolume = (account: Account, id: string): SimAnswer => {
  if (found(account.volumes.get(id)).droplet_ids.length > 0) throw new DigitalOceanRefusal(error(409, 'conflict', 'attached volume cannot be deleted'))
  account.volumes.delete(id)
  return { status: 204 }
}

/** POST /v2/volumes/ID/actions: `attach`, `detach`, `resize`. */
export const actOnVolume = (account: Account, id: string, { type, droplet_id, size_gigabytes }: Body): SimAnswer => {
  const volume = found(account.volumes.get(id))
  const common = { type: type === 'resize' ? 'resize' : `${type}_volume`, resourceType: 'volume', resourceId: null, region: volume.region }
  if (type === 'resize') {
    if (typeof size_gigabytes !== 'number' || size_gigabytes < volume.size_gigabytes) throw unprocessable('a volume cannot be made smaller')
    return { status: 202, body: { action: actionBody(begin(account, common, null, () => (volume.size_gigabytes = size_gigabytes))) } }
  }
  const droplet = dropletOf(account, droplet_id)
  const attached = volume.droplet_ids.includes(droplet.id)
  if (type === 'attach' ? volume.droplet_ids.length > 0 : !attached) throw unprocessable(type === 'attach' ? 'volume is already attached to a droplet' : 'volume is not attached to this droplet')
  if (regionOf(droplet) !== volume.region) throw unprocessable('volume and droplet are in different regions')
  idle(droplet)
  const action = begin(account, common, droplet, () => (volume.droplet_ids = type === 'attach' ? [droplet.id] : []))
  return { status: 202, body: { action: actionBody(action) } }
}

const rulesOf = ({ inbound_rules, outbound_rules, tags }: Body): Pick<Firewall, 'inbound_rules' | 'outbound_rules' | 'tags'> =>
  ({ inbound_rules: (inbound_rules ?? []) as unknown[], outbound_rules: (outbound_rules ?? []) as unknown[], tags: (tags ?? []) as string[] })

/** POST /v2/firewalls. */
export const createFirewall = (account: Account, body: Body): SimAnswer => {
  const droplet_ids = ((body.droplet_ids ?? []) as number[]).map((id) => dropletOf(account, id).id)
  const firewall: Firewall = { id: account.clock.id(), name: freeName(account.firewalls.values(), body.name), created_at: timeOf(account), droplet_ids, ...rulesOf(body) }
  account.firewalls.set(firewall.id, firewall)
  return { status: 202, body: { firewall: firewallBody(firewall) } }
}

/** PUT /v2/firewalls/ID: what is left out is gone. */
export const updateFirewall = (account: Account, id: string, body: Body): SimAnswer => {
  const firewall = found(account.firewalls.get(id))
  const name = body.name === firewall.name ? firewall.name : freeName(account.firewalls.values(), body.name)
  Object.assign(firewall, { name, droplet_ids: ((body.droplet_ids ?? []) as number[]).map((each) => dropletOf(account, each).id), ...rulesOf(body) })
  return { status: 200, body: { firewall: firewallBody(firewall) } }
}

/** DELETE /v2/firewalls/ID, whatever droplets stand behind it. */
export const deleteFirewall = ({ firewalls }: Account, id: string): SimAnswer => {
  firewalls.delete(found(firewalls.get(id)).id)
  return { status: 204 }
}

/** POST and DELETE /v2/firewalls/ID/droplets. */
export const moveFirewall = (account: Account, id: string, method: string, body: Body): SimAnswer => {
  const firewall = found(account.firewalls.get(id))
  const ids = ((body.droplet_ids ?? []) as number[]).map((each) => (method === 'POST' ? dropletOf(account, each).id : each))
  const others = firewall.droplet_ids.filter((each) => !ids.includes(each))
  firewall.droplet_ids = method === 'POST' ? [...others, ...ids] : others
  return { status: 204 }
}

/** POST /v2/account/keys. */
export const createKey = (account: Account, { name, public_key }: Body): SimAnswer => {
  const text = String(public_key ?? '')
  const [, key] = /^(?:ssh|ecdsa|sk)-\S+ (\S+)/.exec(text) ?? []
  if (!key || typeof name !== 'string') throw unprocessable('Key invalid, key should be of the format `type key [comment]`')
  const fingerprint = createHash('md5').update(Buffer.from(key, 'base64')).digest('hex').replace(/(..)(?!$)/g, '$1:')
  if ([...account.keys.values()].some((each) => each.fingerprint === fingerprint)) throw unprocessable('SSH Key is already in use on your account')
  const made = { id: account.nextId(), name, public_key: text, fingerprint }
  account.keys.set(made.id, made)
  return { status: 201, body: { ssh_key: made } }
}

/** By id or fingerprint; throws 404. */
export const keyOf = ({ keys }: Account, id: string) => found([...keys.values()].find((each) => `${each.id}` === id || each.fingerprint === id))

/** POST /v2/tags; one that is there already stays. */
export const createTag = (account: Account, { name }: Body): SimAnswer => {
  account.tags.add(String(name))
  return { status: 201, body: { tag: tagBody(account, String(name)) } }
}

const tagged = ({ state, volumes }: Account) => ({ droplet: state.droplets.flatMap(({ id, made }) => (made ? [{ id: `${id}`, tags: made }] : [])), volume: [...volumes.values()].map((volume) => ({ id: volume.id, tags: volume })) })

/** With how many things have it. */
export const tagBody = (account: Account, name: string) => {
  const countOf = (kind: 'droplet' | 'volume') => tagged(account)[kind].filter(({ tags: { tags } }) => tags.includes(name)).length
  return { name, resources: { count: countOf('droplet') + countOf('volume'), droplets: { count: countOf('droplet') }, volumes: { count: countOf('volume') } } }
}

/** DELETE /v2/tags/NAME: nothing has it any more. */
export const deleteTag = (account: Account, name: string): SimAnswer => {
  if (!account.tags.delete(name)) throw new DigitalOceanRefusal(absent())
  for (const { tags } of Object.values(tagged(account)).flat()) tags.tags = tags.tags.filter((each) => each !== name)
  return { status: 204 }
}

/** POST and DELETE /v2/tags/NAME/resources. */
export const moveTag = (account: Account, name: string, method: string, { resources }: Body): SimAnswer => {
  found([...account.tags].find((each) => each === name))
  for (const { resource_id, resource_type } of resources as { resource_id: string; resource_type: 'droplet' | 'volume' }[]) {
    const { tags } = found(tagged(account)[resource_type].find(({ id }) => id === resource_id))
    const others = tags.tags.filter((each) => each !== name)
    tags.tags = method === 'POST' ? [...others, name] : others
  }
  return { status: 204 }
}
