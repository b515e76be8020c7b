import { machineClock, type Clock } from '../clock.ts'
import { act, destroy, update } from './hetzner/acts.ts'
import { fits, HetznerRefusal, listBody } from './hetzner/bodies.ts'
import { creates } from './hetzner/creates.ts'
import { get, newProject, show, singular, type Kind, type Project, type SimHetznerState } from './hetzner/project.ts'
import { serveSim, type SimAnswer, type SimCall, type SimServer } from './sim-cloud.ts'
import { addressPool, newMachines, type SimMachines } from './sim-machines.ts'

/** `port`: of the API, 0 is any. `sitePort`: at which a server's app answers; null boots nothing. `pool`: the next public address, of IPv4. */
export type SimHetznerOptions = Partial<SimHetznerState> & { port?: number; sitePort?: number | null; pool?: () => string; clock?: Clock }

export type SimHetzner = Pick<SimServer, 'exchanges' | 'script' | 'stop'> & {
  /** What HCLOUD_ENDPOINT is set to. */
  url: string
  state: SimHetznerState
  machines: SimMachines
}

/** A Hetzner Cloud on 127.0.0.1, only for the calls that we make. */
export async function startSimHetzner({ port = 0, sitePort = null, pool, clock = machineClock, ...start }: SimHetznerOptions): Promise<SimHetzner> {
  const state: SimHetznerState = { tokens: [], mode: 'well', soldOut: [], actionMs: 50, ...start }
  const machines = newMachines(sitePort, clock)
  const over = new AbortController()
  const server = await serveSim(port, (at) => {
    const project = newProject({ state, machines, pool: pool ?? addressPool(at), clock, signal: over.signal })
    return (call) => {
      const { status, body } = refusable(() => {
        guard(state, call)
        return answerTo(project, call)
      })
      return { status, body, headers: limitsOf(status, clock.now().wallMs) }
    }
  })
  const stop = async () => {
    over.abort()
    await Promise.all([server.stop(), machines.stop()])
  }
  return { url: `http://127.0.0.1:${server.port}/v1`, state, machines, exchanges: server.exchanges, script: server.script, stop }
}

const limitsOf = (status: number, wallMs: number) => ({ 'ratelimit-limit': '3600', 'ratelimit-remaining': status === 429 ? '0' : '3599', 'ratelimit-reset': `${Math.ceil(wallMs / 1000) + (status === 429 ? 1 : 0)}` })

const refusable = (answer: () => SimAnswer): SimAnswer => {
  try {
    return answer()
  } catch (thrown) {
    if (thrown instanceof HetznerRefusal) return thrown.answer
    throw thrown
  }
}

/** What stands before every call. */
const guard = ({ mode, tokens }: SimHetznerState, { token, text, body }: SimCall): void => {
  if (mode === 'unavailable') throw new HetznerRefusal('unavailable', 'service unavailable')
  if (mode === 'limited') throw new HetznerRefusal('rate_limit_exceeded', 'limit of 3600 requests per hour reached')
  if (!tokens.includes(token)) throw new HetznerRefusal('unauthorized', 'unable to authenticate')
  // What a locked account is told is documented nowhere (2026-11).
  if (mode === 'locked') throw new HetznerRefusal('forbidden', 'insufficient permissions for this request')
  if (text && !body) throw new HetznerRefusal('json_error', 'invalid JSON input in your request')
}

const isKind = (word: string): word is Kind => Object.hasOwn(singular, word)

const absent = (what: string) => new HetznerRefusal('not_found', `${what} not found`)

const answerTo = (project: Project, { method, path, query, body }: SimCall): SimAnswer => {
  const [, version, kind = '', id, below, command = ''] = path.split('/')
  if (version === 'v1' && kind === 'actions' && method === 'GET') return actionsAnswer(project, id, query)
  if (version !== 'v1' || !isKind(kind)) throw absent('path')
  const things = [...project.things[kind].values()]
  if (!id && method === 'GET') return { status: 200, body: listBody(kind, things.filter((each) => fits(each, query)).map((each) => show(project, kind, each)), query) }
  if (!id) return creates[kind](project, body ?? {})
  const thing = get(project, kind, id)
  if (below === 'actions' && method === 'POST') return act(project, kind, thing.id, command, body ?? {})
  if (below === 'actions') return { status: 200, body: listBody('actions', actionsOf(project, singular[kind], thing.id), query) }
  if (method === 'DELETE') return destroy(project, kind, thing.id)
  if (method === 'PUT') update(project, kind, thing.id, body ?? {})
  return { status: 200, body: { [singular[kind]]: show(project, kind, thing) } }
}

const actionsOf = ({ actions }: Project, type: string, id: number) => [...actions.values()].filter(({ resources }) => resources.some((each) => each.type === type && each.id === id))

/** Only those that are named can be asked for, since January 2025. */
const actionsAnswer = ({ actions }: Project, id: string | undefined, query: URLSearchParams): SimAnswer => {
  const found = (id ? [id] : query.getAll('id')).flatMap((each) => actions.get(Number(each)) ?? [])
  if (id && !found[0]) throw absent(`action with ID '${id}'`)
  return { status: 200, body: id ? { action: found[0] } : { actions: found } }
}
