// What stands in one project of the simulated Hetzner, and how its actions run.
import type { Clock } from '../../clock.ts'
import {
  firewallBody, HetznerRefusal, invalid, primaryIpBody, serverBody, volumeBody,
  type Action, type Firewall, type Labels, type PrimaryIp, type Server, type SshKey, type Volume,
} from './bodies.ts'
import type { SimMachines } from '../sim-machines.ts'

export type SimHetznerState = {
  /** Tokens that it accepts; of a revoked one it says 401. */
  tokens: string[]
  /** `limited`: 429. `unavailable`: 503. `locked`: whatever the token asks is forbidden. */
  mode: 'well' | 'limited' | 'unavailable' | 'locked'
  /** Types that cannot be had now: `cx23`, or at one place `cx23@fsn1`. */
  soldOut: string[]
  /** How long an action takes. */
  actionMs: number
}

/** Each kind of thing, and the word for one of it. */
export const singular = { servers: 'server', primary_ips: 'primary_ip', volumes: 'volume', firewalls: 'firewall', ssh_keys: 'ssh_key' } as const
export type Kind = keyof typeof singular
type Things = { servers: Server; primary_ips: PrimaryIp; volumes: Volume; firewalls: Firewall; ssh_keys: SshKey }

export type Body = Record<string, unknown>

export type Project = {
  state: SimHetznerState
  things: { [K in Kind]: Map<number, Things[K]> }
  actions: Map<number, Action>
  machines: SimMachines
  /** The next public address, of IPv4. */
  pool: () => string
  nextId: () => number
  clock: Clock
  /** Ends every wait. */
  signal: AbortSignal
}

/** A project with nothing in it. */
export function newProject(its: Pick<Project, 'state' | 'machines' | 'pool' | 'clock' | 'signal'>): Project {
  let last = 104_000_000
  return { ...its, things: { servers: new Map(), primary_ips: new Map(), volumes: new Map(), firewalls: new Map(), ssh_keys: new Map() }, actions: new Map(), nextId: () => ++last }
}

/** Throws `not_found`. */
export const get = <K extends Kind>({ things }: Project, kind: K, id: unknown): Things[K] => {
  const found = things[kind].get(Number(id))
  if (!found) throw new HetznerRefusal('not_found', `${singular[kind]} with ID '${Number(id)}' not found`)
  return found
}

/** A name that no other thing of the kind has; throws otherwise. */
export const freeName = ({ things }: Project, kind: Kind, name: unknown): string => {
  if (typeof name !== 'string' || !/^\S+$/.test(name)) throw invalid('name', 'is no name')
  if ([...things[kind].values()].some((each) => each.name === name)) throw new HetznerRefusal('uniqueness_error', `${singular[kind]} name is already used`)
  return name
}

/** What every new thing has. */
export const newThing = (project: Project, kind: Kind, body: Body) =>
  ({ id: project.nextId(), name: freeName(project, kind, body.name), created: timeOf(project), labels: (body.labels ?? {}) as Labels })

const timeOf = ({ clock }: Project) => new Date(clock.now().wallMs).toISOString().replace(/\.\d+/, '')

type Begun = { action: Action; done: Promise<unknown> }

/** Begins an action. What it does is done at its `end`; where that throws, the action has failed. It begins `after` another one. */
export function begin(project: Project, command: string, resources: [type: string, id: number][], end: () => unknown = () => null, after: Promise<unknown> = Promise.resolve()): Begun {
  const action: Action = { id: project.nextId(), command, status: 'running', progress: 0, started: timeOf(project), finished: null, error: null, resources: resources.map(([type, id]) => ({ type, id })) }
  project.actions.set(action.id, action)
  const done = after
    .then(() => project.clock.sleep(project.state.actionMs, project.signal))
    .then(end)
    .then(
      () => Object.assign(action, { status: 'success', progress: 100, finished: timeOf(project) }),
      (thrown: Error) => Object.assign(action, { status: 'error', finished: timeOf(project), error: { code: 'action_failed', message: thrown.message } }),
    )
  return { action, done }
}

/** The same for what keeps a server locked. */
export function beginOn(project: Project, server: Server, command: string, end?: () => unknown, after?: Promise<unknown>): Begun {
  server.running += 1
  const begun = begin(project, command, [['server', server.id]], end, after)
  return { ...begun, done: begun.done.then(() => (server.running -= 1)) }
}

/** What belongs to a server. */
export const partsOf = ({ things }: Project, server: number) => ({
  ips: [...things.primary_ips.values()].filter(({ assignee_id }) => assignee_id === server),
  volumes: [...things.volumes.values()].filter((each) => each.server === server),
  firewalls: [...things.firewalls.values()].filter(({ servers }) => servers.includes(server)),
})

/** Power on: the site that its label `lifeboat-site` names answers at its public addresses when this resolves. */
export async function boot(project: Project, server: Server): Promise<void> {
  if (!project.things.servers.has(server.id)) return
  await project.machines.run(`${server.id}`, server.labels['lifeboat-site'] ?? server.name, partsOf(project, server.id).ips.map(({ ip }) => ip))
  server.status = 'running'
}

const bodies: { [K in Kind]: (project: Project, thing: Things[K]) => unknown } = {
  servers: (project, server) => serverBody(server, partsOf(project, server.id)),
  primary_ips: (_, ip) => primaryIpBody(ip),
  volumes: (_, volume) => volumeBody(volume),
  firewalls: (_, firewall) => firewallBody(firewall),
  ssh_keys: (_, key) => key,
}

/** How it is shown. */
export const show = <K extends Kind>(project: Project, kind: K, thing: Things[K]): unknown => bodies[kind](project, thing)
