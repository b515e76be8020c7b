// What stands in one account of the simulated DigitalOcean, and how its actions run.
import type { Clock } from '../../clock.ts'
import type { SimMachines } from '../sim-machines.ts'
import { absent, DigitalOceanRefusal, dropletBody, error, unprocessable, type Action, type Firewall, type Reserved, type Volume } from './bodies.ts'
import type { SimDroplet, SimState } from './state.ts'

export type Account = {
  state: SimState
  machines: SimMachines
  /** The next public address, of IPv4. */
  pool: () => string
  nextId: () => number
  clock: Clock
  /** Ends every wait. */
  signal: AbortSignal
  actions: Map<number, Action>
  reserved: Map<string, Reserved>
  volumes: Map<string, Volume>
  firewalls: Map<string, Firewall>
  keys: Map<number, { id: number; name: string; public_key: string; fingerprint: string }>
  tags: Set<string>
}

/** An account with nothing in it but the state's droplets. */
export function newAccount(its: Pick<Account, 'state' | 'machines' | 'pool' | 'clock' | 'signal'>): Account {
  let last = 510_000_000
  return { ...its, nextId: () => ++last, actions: new Map(), reserved: new Map(), volumes: new Map(), firewalls: new Map(), keys: new Map(), tags: new Set() }
}

/** Throws 404. */
export const dropletOf = ({ state }: Account, id: unknown): SimDroplet => found(state.droplets.find((each) => each.id === Number(id) && !state.unfound.includes(each.id)))

/** Throws 404 where it is none. */
export const found = <T>(thing: T | undefined): T => {
  if (thing === undefined) throw new DigitalOceanRefusal(absent())
  return thing
}

/** Throws 409 where the name is taken. */
export const freeName = (things: Iterable<{ name: string }>, name: unknown): string => {
  if (typeof name !== 'string' || name === '') throw unprocessable('Name is invalid')
  for (const each of things) if (each.name === name) throw new DigitalOceanRefusal(error(409, 'conflict', `${name} already exists`))
  return name
}

/** As it is shown, with its volumes. */
export const shown = ({ volumes }: Account, droplet: SimDroplet) => dropletBody(droplet, [...volumes.values()].filter(({ droplet_ids }) => droplet_ids.includes(droplet.id)).map(({ id }) => id))

/** The region that it is in. */
export const regionOf = ({ made }: SimDroplet): string => made?.region ?? 'fra1'

/** The time as the API writes it. */
export const timeOf = ({ clock }: Account): string => new Date(clock.now().wallMs).toISOString().replace(/\.\d+/, '')

/** Throws where something else is being done with it: one thing at a time, https://github.com/digitalocean/terraform-provider-digitalocean/issues/1034. */
export const idle = ({ actions = [] }: SimDroplet): void => {
  if (actions.some(({ status }) => status === 'in-progress')) throw unprocessable('Droplet already has a pending event.')
}

/** Begins an action. What it does is done at its end, and where that throws, it has failed. A droplet that it keeps busy takes no other meanwhile. */
export function begin(account: Account, action: Pick<Action, 'type' | 'resourceType' | 'resourceId' | 'region'>, droplet: SimDroplet | null, end: () => unknown): Action {
  const begun: Action = { ...action, id: account.nextId(), status: 'in-progress', startedAt: timeOf(account), completedAt: null }
  account.actions.set(begun.id, begun)
  const own = { id: begun.id, type: begun.type, status: begun.status, startedAt: begun.startedAt }
  if (droplet) (droplet.actions ??= []).unshift(own)
  const finish = (status: 'completed' | 'errored') => () => {
    own.status = status
    Object.assign(begun, { status, completedAt: timeOf(account) })
  }
  void account.clock.sleep(account.state.actionMs, account.signal).then(end).then(finish('completed'), finish('errored'))
  return begun
}

/** Power on, or other addresses: the site that its tag `lifeboat-site:NAME` names answers at its own and its reserved ones when this resolves. */
export async function boot({ state, machines }: Account, droplet: SimDroplet): Promise<void> {
  if (!state.droplets.includes(droplet)) return
  const { name = `droplet-${droplet.id}`, tags = [] } = droplet.made ?? {}
  const site = tags.find((tag) => tag.startsWith('lifeboat-site:'))?.replace('lifeboat-site:', '') ?? name
  await machines.run(`${droplet.id}`, site, [...droplet.addresses, ...(droplet.reserved ?? [])])
  droplet.status = 'active'
}

/** Power off: nothing of it answers any more when this resolves. */
export async function halt({ machines }: Account, droplet: SimDroplet): Promise<void> {
  await machines.halt(`${droplet.id}`)
  droplet.status = 'off'
}
