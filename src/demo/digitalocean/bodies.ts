// How the simulated DigitalOcean says what it says: shapes of https://docs.digitalocean.com/reference/api/ as of 2026-11.
import { isIPv6 } from 'node:net'
import { pageOf, type SimAnswer } from '../sim-cloud.ts'
import type { SimDroplet, SimState } from './state.ts'

export type Action = { id: number; type: string; status: 'in-progress' | 'completed' | 'errored'; startedAt: string; completedAt: string | null; resourceId: number | null; resourceType: string; region: string }
export type Reserved = { ip: string; region: string; at: string }
export type Volume = { id: string; name: string; description: string; size_gigabytes: number; created_at: string; tags: string[]; droplet_ids: number[]; region: string; filesystem_type: string; filesystem_label: string }
export type Firewall = { id: string; name: string; created_at: string; droplet_ids: number[]; tags: string[]; inbound_rules: unknown[]; outbound_rules: unknown[] }

/** A refusal. As on 2026-10-06 the ids of 401 and 403 begin with a capital; in earlier years they did not. */
export const error = (status: number, id: string, message: string, headers: Record<string, string> = {}): SimAnswer => ({ status, body: { id, message }, headers })

/** Nothing is found there. */
export const absent = (): SimAnswer => error(404, 'not_found', 'The resource you requested could not be found.')

/** What cannot be done as things stand; thrown within the simulator, answered outside of it. */
export class DigitalOceanRefusal extends Error {
  readonly answer: SimAnswer
  constructor(answer: SimAnswer) {
    super(JSON.stringify(answer.body))
    this.answer = answer
  }
}

/** Throws 422. */
export const unprocessable = (message: string): DigitalOceanRefusal => new DigitalOceanRefusal(error(422, 'unprocessable_entity', message))

const cities: Record<string, string> =
  { nyc1: 'New York 1', nyc2: 'New York 2', nyc3: 'New York 3', ams3: 'Amsterdam 3', sfo2: 'San Francisco 2', sfo3: 'San Francisco 3', sgp1: 'Singapore 1', lon1: 'London 1', fra1: 'Frankfurt 1', tor1: 'Toronto 1', blr1: 'Bangalore 1', syd1: 'Sydney 1' }

/** Throws where there is no such region. */
export const regionBody = (slug: string) => {
  const name = cities[slug]
  if (!name) throw unprocessable('Region is not available')
  return { name, slug, features: [], available: true, sizes: ['s-1vcpu-1gb'] }
}

/** Throws where there is no such size. */
export const sizeBody = (slug: string) => {
  const [, vcpus, gb] = /^[a-z][\w-]*?(\d+)vcpu-(\d+)gb/.exec(slug) ?? []
  if (!vcpus) throw unprocessable('You specified an invalid size for Droplet creation.')
  return { slug, memory: Number(gb) * 1024, vcpus: Number(vcpus), disk: 25 * Number(vcpus), transfer: Number(vcpus), price_monthly: 6, price_hourly: 0.009, regions: Object.keys(cities), available: true, description: 'Basic' }
}

const plain = { region: 'fra1', size: 's-1vcpu-1gb', image: 'ubuntu-24-04-x64', tags: [] as string[], createdAt: '2026-11-01T10:00:00Z' }

/** A new one shows no network yet. */
export const dropletBody = ({ id, addresses, status = 'active', locked = false, made = { ...plain, name: `droplet-${id}` } }: SimDroplet, volumes: string[] = []) => {
  const size = sizeBody(made.size)
  return {
    id, name: made.name, memory: size.memory, vcpus: size.vcpus, disk: size.disk, locked, status, created_at: made.createdAt, features: [], backup_ids: [], next_backup_window: null, snapshot_ids: [],
    image: { id: 159651797, name: made.image, slug: made.image, public: true, distribution: 'Ubuntu' }, volume_ids: volumes, size_slug: made.size, tags: made.tags, region: regionBody(made.region), size,
    networks: status === 'new' ? { v4: [], v6: [] } : {
      v4: [...addresses.filter((each) => !isIPv6(each)).map((each) => v4Body(each, 'public')), v4Body('127.255.0.2', 'private')],
      v6: addresses.filter(isIPv6).map((each) => ({ ip_address: each, netmask: 64, gateway: '::1', type: 'public' })),
    },
  }
}

const v4Body = (address: string, type: 'public' | 'private') => ({ ip_address: address, netmask: '255.0.0.0', gateway: '127.0.0.1', type })

/** `{ reserved_ip }` or `{ reserved_ipv6 }`; `droplet` null: it leads nowhere. */
export const reservedBody = ({ ip, region, at }: Reserved, droplet: object | null) =>
  isIPv6(ip)
    ? { reserved_ipv6: { ip, region_slug: region, reserved_at: at, droplet } }
    : { reserved_ip: { ip, region: regionBody(region), droplet, locked: false, project_id: '746c6152-2fa2-11ed-92d3-27aaa54e4988' } }

/** As it is shown. */
export const volumeBody = ({ region, ...volume }: Volume) => ({ ...volume, region: regionBody(region) })

/** As it is shown: it works at once. */
export const firewallBody = (firewall: Firewall) => ({ ...firewall, status: 'succeeded', pending_changes: [] })

/** As it is shown. */
export const actionBody = ({ id, type, status, startedAt, completedAt, resourceId, resourceType, region }: Action) =>
  ({ id, status, type, started_at: startedAt, completed_at: completedAt, resource_id: resourceId, resource_type: resourceType, region: regionBody(region), region_slug: region })

/** What was begun on this droplet. */
export const actionsBody = ({ id, actions = [], made = { ...plain, name: '' } }: SimDroplet) => ({
  actions: actions.map(({ type, status, startedAt, id: own }, at) =>
    actionBody({ id: own ?? 36_000_000 + at, type, status, startedAt, completedAt: status === 'in-progress' ? null : startedAt, resourceId: id, resourceType: 'droplet', region: made.region })),
  links: {},
  meta: { total: actions.length },
})

/** As the token's account is shown. */
export const accountBody = ({ account, message, others }: SimState, token: string) => ({
  droplet_limit: 25, floating_ip_limit: 5, email: 'owner@shop.example', uuid: `${others.includes(token) ? 'a' : 'b'}6fr89dbf6d9156cace5f3c78dc9851d957381ef`,
  email_verified: true, status: account, status_message: message,
})

/** 20 on a page, at most 200. */
export const listBody = (kind: string, all: unknown[], url: { query: URLSearchParams; path: string }, { most = 200, total = all.length }: { most?: number; total?: number } = {}) => {
  const { page, last, items } = pageOf(all, url.query, { usual: 20, most })
  const pageAt = (at: number) => `http://sim.example${url.path}?page=${at}`
  return { [kind]: items, links: { pages: page < last ? { next: pageAt(page + 1), last: pageAt(last) } : {} }, meta: { total } }
}
