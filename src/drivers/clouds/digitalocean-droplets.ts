import ipaddr from 'ipaddr.js'
import type { Clock } from '../../clock.ts'
import type { Reading } from '../../core/types.ts'
import { shapes } from './digitalocean-api.ts'
import type { Action, Api, Asked, Droplet, Turn } from './digitalocean-api.ts'

/** `machineId` null: the droplet is found by one of the addresses. */
export type DigitalOceanSite = { site: string; addresses: string[]; machineId: string | null }

/** A reading before it has a site and a source. */
export type Say = Pick<Reading, 'scope' | 'claim' | 'detail' | 'code' | 'http' | 'atMs'>

/** With which token to ask, and whether that token has just read an active account. */
export type Standing = { token: string; active: boolean }

export type Droplets = {
  /** What is said of one site's droplet. Null: nothing is known by which to find one. */
  read(site: DigitalOceanSite, account: Standing, turn: Turn): Promise<Say | null>
}

type Listing = { droplets: Droplet[]; whole: boolean; asked: Asked<unknown> }

const pagesMost = 20
// A site whose droplet cannot be found costs a whole list each time.
const searchEveryMs = 300_000
const powerActions = ['power_on', 'power_off', 'shutdown', 'power_cycle', 'reboot']

/** Finds, remembers and judges the droplets of all sites. An id is asked for by itself; the list only to find one, or to confirm that one is gone. */
export const dropletReader = (api: Api, clock: Clock): Droplets => {
  const ids = new Map<string, number>()
  const misses = new Map<string, Say>()

  const read: Droplets['read'] = async (site, account, turn) => {
    const id = ids.get(site.site) ?? idOf(site)
    if (id !== null) return readKnown(id, site, account, turn)
    const missed = misses.get(site.site)
    if (missed && clock.now().monoMs - missed.atMs < searchEveryMs) return missed
    return site.addresses.some(ipaddr.isValid) ? search(site, account, turn) : null
  }

  const readKnown = async (id: number, site: DigitalOceanSite, account: Standing, turn: Turn): Promise<Say> => {
    const asked = await api.ask({ path: `/v2/droplets/${id}`, shape: shapes.droplet, token: account.token }, turn)
    if (asked.kind === 'absent') return confirmGone(id, asked, site, account, turn)
    if (asked.kind !== 'ok') return notFoundOut(asked)
    ids.set(site.site, id)
    return judge(asked.value.droplet, asked, account, turn)
  }

  /** Two endpoints must agree, the account be active for the same token, and no other droplet have taken the address over. */
  const confirmGone = async (id: number, absent: Asked<unknown>, site: DigitalOceanSite, account: Standing, turn: Turn): Promise<Say> => {
    const list = await listDroplets(api, account.token, turn)
    const lacks = `droplet ${id} is not found (HTTP 404)`
    const unknown = (but: string): Say => ({ ...said(absent), scope: 'unknown', claim: 'unknown', detail: `${lacks}, but ${but}` })
    if (list.droplets.some((each) => each.id === id)) return unknown('the list of droplets has it')
    const heir = list.droplets.find((each) => hasAddress(each, site)) ?? (await reservedTo(site, list, account, turn))
    if (heir) {
      ids.set(site.site, heir.id)
      return judge(heir, list.asked, account, turn)
    }
    if (!list.whole) return unknown(`the list of droplets could not be read whole (${list.asked.detail})`)
    if (!account.active) return unknown('the account is not known to be active')
    return { ...said(absent), scope: 'resource', claim: 'machine-gone', detail: `${lacks} and is not in the list of ${list.droplets.length} either` }
  }

  const search = async (site: DigitalOceanSite, account: Standing, turn: Turn): Promise<Say> => {
    const list = await listDroplets(api, account.token, turn)
    const found = list.droplets.find((each) => hasAddress(each, site)) ?? (await reservedTo(site, list, account, turn))
    if (found) {
      ids.set(site.site, found.id)
      misses.delete(site.site)
      return judge(found, list.asked, account, turn)
    }
    if (!list.whole) return notFoundOut(list.asked)
    const miss: Say = { ...said(list.asked), scope: 'unknown', claim: 'unknown', detail: `none of ${list.droplets.length} droplets has the address ${site.addresses.join(' or ')}` }
    misses.set(site.site, miss)
    return miss
  }

  /** A reserved address need not show among a droplet's own (2026-11). Null: it leads to no droplet in the list. */
  const reservedTo = async (site: DigitalOceanSite, list: Listing, { token }: Standing, turn: Turn): Promise<Droplet | null> => {
    for (const address of site.addresses.filter(ipaddr.isValid)) {
      const id = ipaddr.IPv4.isValid(address)
        ? reservedId(await api.ask({ path: `/v2/reserved_ips/${address}`, shape: shapes.reservedIp, token }, turn), 'reserved_ip')
        : reservedId(await api.ask({ path: `/v2/reserved_ipv6/${address}`, shape: shapes.reservedIpv6, token }, turn), 'reserved_ipv6')
      const found = list.droplets.find((each) => each.id === id)
      if (found) return found
    }
    return null
  }

  const judge = async (droplet: Droplet, asked: Asked<unknown>, { token }: Standing, turn: Turn): Promise<Say> => {
    const looks = droplet.locked || droplet.status === 'off'
    const path = `/v2/droplets/${droplet.id}/actions?per_page=200`
    const actions = looks ? await api.ask({ path, shape: shapes.actions, token }, turn) : null
    return { ...said(asked), code: droplet.status, scope: 'resource', ...judgeDroplet(droplet, actions?.kind === 'ok' ? actions.value.actions : null) }
  }

  return { read }
}

/** What a droplet's own fields and its actions claim. `actions` null: not asked, or not found out. */
export const judgeDroplet = (droplet: Pick<Droplet, 'id' | 'status' | 'locked'>, actions: Action[] | null): Pick<Say, 'claim' | 'detail'> => {
  const name = `droplet ${droplet.id}`
  const running = actions?.find((each) => each.status === 'in-progress')
  if (droplet.locked && droplet.status !== 'new') {
    // `locked` is an administrator's lock (DigitalOcean in github.com/digitalocean/droplet_kit/issues/218, 2020); before, a resize or a snapshot set it
    // too, so that one that is under way leaves doubt.
    if (running) return { claim: 'unknown', detail: `${name} is locked while its action ${running.type} runs` }
    return { claim: 'machine-locked', detail: `${name} is locked` }
  }
  if (droplet.status === 'active') return { claim: 'machine-running', detail: `${name} is active` }
  if (droplet.status === 'archive') return { claim: 'machine-stopped', detail: `${name} is archived` }
  if (droplet.status !== 'off') return { claim: 'unknown', detail: `${name} is ${droplet.status}` }
  if (running) return { claim: 'machine-stopped-by-operator', detail: `${name} is off while its action ${running.type} runs` }
  if (!actions) return { claim: 'machine-stopped', detail: `${name} is off, and its actions could not be read` }
  // An action names no user: one that powered it off came through the API or the control panel; a shutdown from inside, or a host that died, leaves none.
  const power = latest(actions.filter((each) => each.status === 'completed' && powerActions.includes(each.type)))
  if (power?.type !== 'power_off' && power?.type !== 'shutdown') return { claim: 'machine-stopped', detail: `${name} is off, and no action says why` }
  return { claim: 'machine-stopped-by-operator', detail: `${name} is off by the action ${power.type} of ${power.started_at}` }
}

/** What is said where an answer was none. */
export const notFoundOut = (asked: Asked<unknown>): Say => {
  const scope = asked.kind === 'refused' ? 'key' : asked.kind === 'failing' || asked.kind === 'unclear' ? asked.scope : 'unknown'
  return { ...said(asked), scope, claim: asked.kind === 'failing' ? 'api-failing' : 'unknown', detail: asked.detail }
}

export const said = ({ code, http, atMs }: Asked<unknown>): Pick<Say, 'code' | 'http' | 'atMs'> => ({ code, http, atMs })

/**
 * All pages. The numbers are ours, never the answer's links: a link could lead the token elsewhere, or in a circle. A page that brings nothing new
 * ends it; `whole` only where the count is the one that the last page states. GPU droplets are not in it (2026-11), so one is found by machineId only.
 */
const listDroplets = async (api: Api, token: string, turn: Turn): Promise<Listing> => {
  const droplets = new Map<number, Droplet>()
  for (let page = 1; ; page++) {
    const asked = await api.ask({ path: `/v2/droplets?per_page=200&page=${page}`, shape: shapes.droplets, token }, turn)
    if (asked.kind !== 'ok') return { droplets: [...droplets.values()], whole: false, asked }
    const before = droplets.size
    for (const each of asked.value.droplets) droplets.set(each.id, each)
    const more = asked.value.links?.pages?.next !== undefined || droplets.size < asked.value.meta.total
    if (more && droplets.size > before && page < pagesMost) continue
    return { droplets: [...droplets.values()], whole: !more && droplets.size === asked.value.meta.total, asked }
  }
}

const idOf = ({ machineId }: DigitalOceanSite): number | null => (machineId !== null && /^[1-9]\d{0,14}$/.test(machineId) ? Number(machineId) : null)

const hasAddress = (droplet: Droplet, site: DigitalOceanSite): boolean => {
  const theirs = [...droplet.networks.v4, ...droplet.networks.v6].filter((each) => each.type === 'public').map((each) => canonical(each.ip_address))
  return site.addresses.some((address) => ipaddr.isValid(address) && theirs.includes(canonical(address)))
}

const canonical = (address: string): string => (ipaddr.isValid(address) ? ipaddr.parse(address).toNormalizedString() : address)

const reservedId = <K extends string>(asked: Asked<Record<K, { droplet?: { id: number } | null | undefined }>>, key: K): number | null =>
  asked.kind === 'ok' ? (asked.value[key].droplet?.id ?? null) : null

const latest = (actions: Action[]): Action | undefined => actions.toSorted((a, b) => Date.parse(b.started_at) - Date.parse(a.started_at))[0]
