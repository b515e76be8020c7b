import ipaddr from 'ipaddr.js'
import type { z } from 'zod'
import type { Clock } from '../../clock.ts'
import type { Reading } from '../../core/types.ts'
import { shapes } from './digitalocean-api.ts'
import type { DropletAction, Api, Asked, Droplet, Turn } from './digitalocean-api.ts'

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

/** One look for one site's droplet: how to ask, and what to remember. */
type Look = {
  site: DigitalOceanSite
  account: Standing
  ask<S extends z.ZodType>(path: string, shape: S): Promise<Asked<z.infer<S>>>
  found(id: number): void
  missed(say: Say): void
}

/**
 * Finds, remembers and judges the droplets of all sites. A droplet whose id is known is asked for by it; the list is
 * read only to find one, or to confirm that one is gone.
 */
export const dropletReader = (api: Api, clock: Clock): Droplets => {
  const ids = new Map<string, number>()
  const misses = new Map<string, Say>()
  return {
    async read(site, account, turn) {
      const look: Look = {
        site,
        account,
        ask: (path, shape) => api.ask({ path, shape, token: account.token }, turn),
        found: (id) => void ids.set(site.site, id),
        missed: (say) => void misses.set(site.site, say),
      }
      const id = ids.get(site.site) ?? idOf(site)
      if (id !== null) return readKnown(id, look)
      const miss = misses.get(site.site)
      if (miss && clock.now().monoMs - miss.atMs < searchEveryMs) return miss
      return site.addresses.some(ipaddr.isValid) ? search(look) : null
    },
  }
}

const readKnown = async (id: number, look: Look): Promise<Say> => {
  const asked = await look.ask(`/v2/droplets/${id}`, shapes.droplet)
  if (asked.kind === 'absent') return confirmGone(id, asked, look)
  if (asked.kind !== 'ok') return notFoundOut(asked)
  return sayFound(asked.value.droplet, asked, look)
}

/** Two endpoints must agree, the account be active for the same token, and no other droplet have taken the address over. */
const confirmGone = async (id: number, absent: Asked<unknown>, look: Look): Promise<Say> => {
  const list = await listDroplets(look)
  const lacks = `droplet ${id} is not found (HTTP 404)`
  const unknown = (but: string): Say => ({ ...said(absent), scope: 'unknown', claim: 'unknown', detail: `${lacks}, but ${but}` })
  if (list.droplets.some((each) => each.id === id)) return unknown('the list of droplets has it')
  const heir = await foundIn(list, look)
  if (heir) return sayFound(heir, list.asked, look)
  if (!list.whole) return unknown(notWhole(list))
  if (!look.account.active) return unknown('the account is not known to be active')
  const detail = `${lacks} and is not in the list of ${list.droplets.length} either`
  return { ...said(absent), scope: 'resource', claim: 'machine-gone', detail }
}

const search = async (look: Look): Promise<Say> => {
  const list = await listDroplets(look)
  const found = await foundIn(list, look)
  if (found) return sayFound(found, list.asked, look)
  if (list.asked.kind !== 'ok') return notFoundOut(list.asked)
  const unknown = (detail: string): Say => ({ ...said(list.asked), scope: 'unknown', claim: 'unknown', detail })
  if (!list.whole) return unknown(notWhole(list))
  const miss = unknown(`none of ${list.droplets.length} droplets has the address ${look.site.addresses.join(' or ')}`)
  look.missed(miss)
  return miss
}

const notWhole = ({ asked }: Listing): string => `the list of droplets could not be read whole (${asked.detail})`

/** The droplet in the list that has one of the site's addresses. Null: none has. */
const foundIn = async (list: Listing, look: Look): Promise<Droplet | null> =>
  list.droplets.find((each) => hasAddress(each, look.site)) ?? (await reservedTo(list, look))

/** A reserved address need not show among a droplet's own (2026-11). Null: it leads to no droplet in the list. */
const reservedTo = async (list: Listing, { site, ask }: Look): Promise<Droplet | null> => {
  for (const address of site.addresses.filter(ipaddr.isValid)) {
    const [path, shape] = ipaddr.IPv4.isValid(address)
      ? ([`/v2/reserved_ips/${address}`, shapes.reservedIp] as const)
      : ([`/v2/reserved_ipv6/${address}`, shapes.reservedIpv6] as const)
    const asked = await ask(path, shape)
    const id = asked.kind === 'ok' ? Object.values(asked.value)[0]?.droplet?.id : undefined
    const found = list.droplets.find((each) => each.id === id)
    if (found) return found
  }
  return null
}

/** Remembers the droplet, and says how it is. */
const sayFound = async (droplet: Droplet, asked: Asked<unknown>, { ask, found }: Look): Promise<Say> => {
  found(droplet.id)
  const needsActions = droplet.locked || droplet.status === 'off'
  const actions = needsActions ? await ask(`/v2/droplets/${droplet.id}/actions?per_page=200`, shapes.actions) : null
  const judged = judgeDroplet(droplet, actions?.kind === 'ok' ? actions.value.actions : null)
  return { ...said(asked), code: droplet.status, scope: 'resource', ...judged }
}

/** What a droplet's own fields and its actions claim. `actions` null: not asked, or not found out. */
export const judgeDroplet = (
  droplet: Pick<Droplet, 'id' | 'status' | 'locked'>,
  actions: DropletAction[] | null,
): Pick<Say, 'claim' | 'detail'> => {
  const name = `droplet ${droplet.id}`
  const running = actions?.find((each) => each.status === 'in-progress')
  if (droplet.locked && droplet.status !== 'new') {
    // `locked` is an administrator's lock (DigitalOcean in github.com/digitalocean/droplet_kit/issues/218, 2020). Before
    // that a resize or a snapshot set it too, so that one that is under way leaves doubt.
    if (running) return { claim: 'unknown', detail: `${name} is locked while its action ${running.type} runs` }
    return { claim: 'machine-locked', detail: `${name} is locked` }
  }
  if (droplet.status === 'active') return { claim: 'machine-running', detail: `${name} is active` }
  if (droplet.status === 'archive') return { claim: 'machine-stopped', detail: `${name} is archived` }
  if (droplet.status !== 'off') return { claim: 'unknown', detail: `${name} is ${droplet.status}` }
  if (running) return { claim: 'machine-stopped-by-operator', detail: `${name} is off while its action ${running.type} runs` }
  if (!actions) return { claim: 'machine-stopped', detail: `${name} is off, and its actions could not be read` }
  return judgeStopped(name, actions)
}

/**
 * An action names no user, but it came through the API or the control panel; a shutdown from inside, or a host that died,
 * leaves none.
 */
const judgeStopped = (name: string, actions: DropletAction[]): Pick<Say, 'claim' | 'detail'> => {
  const power = latest(actions.filter((each) => each.status === 'completed' && powerActions.includes(each.type)))
  if (power?.type !== 'power_off' && power?.type !== 'shutdown')
    return { claim: 'machine-stopped', detail: `${name} is off, and no action says why` }
  return { claim: 'machine-stopped-by-operator', detail: `${name} is off by the action ${power.type} of ${power.started_at}` }
}

/** What is said where an answer was none. */
export const notFoundOut = (asked: Asked<unknown>): Say => {
  const scope = asked.kind === 'refused' ? 'key' : asked.kind === 'failing' || asked.kind === 'unclear' ? asked.scope : 'unknown'
  return { ...said(asked), scope, claim: asked.kind === 'failing' ? 'api-failing' : 'unknown', detail: asked.detail }
}

/** What every reading takes over from the answer that it rests on. */
export const said = ({ code, http, atMs }: Asked<unknown>): Pick<Say, 'code' | 'http' | 'atMs'> => ({ code, http, atMs })

/**
 * All pages. Their numbers are ours, never the answer's links: a link could lead the token elsewhere, or in a circle. A
 * page that brings nothing new ends it; `whole` only where the count is the one that the last page states. GPU droplets
 * are not in it (2026-11), so that one is found by machineId only.
 */
const listDroplets = async ({ ask }: Look): Promise<Listing> => {
  const droplets = new Map<number, Droplet>()
  for (let page = 1; ; page++) {
    const asked = await ask(`/v2/droplets?per_page=200&page=${page}`, shapes.droplets)
    if (asked.kind !== 'ok') return { droplets: [...droplets.values()], whole: false, asked }
    const before = droplets.size
    for (const each of asked.value.droplets) droplets.set(each.id, each)
    const more = asked.value.links?.pages?.next !== undefined || droplets.size < asked.value.meta.total
    if (more && droplets.size > before && page < pagesMost) continue
    return { droplets: [...droplets.values()], whole: !more && droplets.size === asked.value.meta.total, asked }
  }
}

const idOf = ({ machineId }: DigitalOceanSite): number | null =>
  machineId !== null && /^[1-9]\d{0,14}$/.test(machineId) ? Number(machineId) : null

const hasAddress = ({ networks }: Droplet, site: DigitalOceanSite): boolean => {
  const open = [...networks.v4, ...networks.v6].filter((each) => each.type === 'public')
  const theirs = open.map((each) => canonical(each.ip_address))
  return site.addresses.some((address) => ipaddr.isValid(address) && theirs.includes(canonical(address)))
}

const canonical = (address: string): string => (ipaddr.isValid(address) ? ipaddr.parse(address).toNormalizedString() : address)

const latest = (actions: DropletAction[]): DropletAction | undefined =>
  actions.toSorted((a, b) => Date.parse(b.started_at) - Date.parse(a.started_at))[0]
