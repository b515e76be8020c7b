import { parseArgs } from 'node:util'
import { machineClock, type Clock } from '../clock.ts'
import { newAccount, type Account } from './digitalocean/account.ts'
import { DigitalOceanRefusal, error } from './digitalocean/bodies.ts'
import { truthOf } from './digitalocean/routes.ts'
import { truth, type SimState } from './digitalocean/state.ts'
import { serveSim, type SimAnswer, type SimCall, type SimServer } from './sim-cloud.ts'
import { addressPool, newMachines, type SimMachines } from './sim-machines.ts'

export type { SimState } from './digitalocean/state.ts'

export type SimDigitalOcean = Pick<SimServer, 'exchanges' | 'script' | 'stop'> & {
  url: string
  state: SimState
  machines: SimMachines
  set(change: Partial<SimState>): void
}

/** `port`: of the API, 0 is any. `sitePort`: at which a droplet's app answers; null boots nothing. `pool`: the next public address, of IPv4. */
export type SimDigitalOceanOptions = Partial<SimState> & { port?: number; sitePort?: number | null; pool?: () => string; clock?: Clock }

/** A DigitalOcean on 127.0.0.1, only for the calls that we make. PUT /_sim changes its state, GET shows it. */
export async function startSimDigitalOcean({ port = 0, sitePort = null, pool, clock = machineClock, ...start }: SimDigitalOceanOptions): Promise<SimDigitalOcean> {
  const state: SimState = { ...structuredClone(truth), ...start }
  const machines = newMachines(sitePort, clock)
  const over = new AbortController()
  const server = await serveSim(port, (at) => {
    const account = newAccount({ state, machines, pool: pool ?? addressPool(at), clock, signal: over.signal })
    return (call) => {
      if (call.path === '/_sim') return { ...control(call, state), aside: true }
      if (state.mode === 'hang') return 'hang'
      const answer = answerTo(account, call)
      const nowMs = clock.now().wallMs + state.skewMs
      const limits = { 'ratelimit-limit': '5000', 'ratelimit-remaining': answer.status === 429 ? '0' : '4999', 'ratelimit-reset': `${Math.ceil(nowMs / 1000) + state.resetS}` }
      return { ...answer, lies: isLie(answer, state), headers: { date: new Date(nowMs).toUTCString(), ...limits, ...answer.headers } }
    }
  })
  const stop = async () => {
    over.abort()
    await Promise.all([server.stop(), machines.stop()])
  }
  return { url: `http://127.0.0.1:${server.port}`, state, machines, exchanges: server.exchanges, script: server.script, set: (change) => void Object.assign(state, change), stop }
}

const control = ({ method, body }: SimCall, state: SimState): SimAnswer => {
  if (method === 'GET') return { status: 200, body: state }
  if (!body) return { status: 400, body: { error: 'no JSON object' } }
  const strange = Object.keys(body).find((key) => !(key in truth))
  return strange ? { status: 400, body: { error: `no such field: ${strange}` } } : { status: 200, body: Object.assign(state, body) }
}

const isLie = ({ body }: SimAnswer, { mode, account }: SimState) => typeof body === 'string' || mode === 'nonsense' || !['active', 'warning', 'locked'].includes(account)
const html = (status: number, headers: Record<string, string> = {}): SimAnswer => ({ status, body: '<!doctype html><title>DigitalOcean</title>', headers })

const answerTo = (account: Account, call: SimCall): SimAnswer => {
  try {
    return refusalOf(account.state, call) ?? truthOf(account, call)
  } catch (thrown) {
    if (thrown instanceof DigitalOceanRefusal) return thrown.answer
    throw thrown
  }
}

/** What stands before every call. Null: nothing. */
const refusalOf = (state: SimState, { method, path, token, text, body }: SimCall): SimAnswer | null => {
  if (state.mode === 'unavailable') return html(503)
  if (state.mode === 'gate') return html(401)
  if (state.mode === 'redirect') return html(302, { location: '/login' })
  if (state.mode === 'limited') return error(429, 'too_many_requests', 'API Rate limit exceeded.', state.retryAfterS === null ? {} : { 'retry-after': `${state.retryAfterS}` })
  if (state.mode === 'nonsense') return { status: 200, body: { hello: 'world' } }
  const known = [...state.tokens, ...state.others].includes(token)
  if (!known && state.mode === 'insane') return error(500, 'server_error', 'Unexpected server-side error')
  if (!known && state.mode !== 'anything') return error(401, 'Unauthorized', 'Unable to authenticate you')
  // What a locked account is told is documented nowhere (2026-11).
  if (state.forbids.some((below) => path.startsWith(`/v2${below}`)) || (state.account === 'locked' && method !== 'GET')) return error(403, 'Forbidden', 'You are not authorized to perform this operation')
  return text && !body ? error(400, 'bad_request', 'The request could not be parsed.') : null
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, token: { type: 'string', multiple: true, default: ['demo-token'] } } })
  const sim = await startSimDigitalOcean({ port: Number(values.port), tokens: values.token, droplets: [] })
  console.log(sim.url)
}
