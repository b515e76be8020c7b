import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isIPv6 } from 'node:net'
import { parseArgs } from 'node:util'
import { machineClock } from '../clock.ts'
import type { Clock } from '../clock.ts'

export type SimDroplet = {
  id: number
  /** Its own public addresses, IPv4 or IPv6. */
  addresses: string[]
  /** Addresses that lead to it and do not show among its own. */
  reserved?: string[]
  status?: 'new' | 'active' | 'off' | 'archive'
  locked?: boolean
  actions?: { type: string; status: 'in-progress' | 'completed' | 'errored'; startedAt: string }[]
}

/** All that the simulated company says and does; the lies stand below the truth. */
export type SimState = {
  account: 'active' | 'warning' | 'locked'
  message: string
  /** Tokens that it accepts. */
  tokens: string[]
  /** Tokens of another account. */
  others: string[]
  /** What each token may do, as it says when asked. Null: it does not say. */
  scopes: string[] | null
  droplets: SimDroplet[]
  /** How it answers every call. `gate`: a 401 that is not its own; `anything`, `insane`: accepts an unknown token, or answers it with 500. */
  mode: 'well' | 'limited' | 'unavailable' | 'redirect' | 'gate' | 'hang' | 'nonsense' | 'anything' | 'insane'
  /** Paths below /v2 that it forbids (HTTP 403). */
  forbids: string[]
  /** What a 429 asks for: Retry-After, or without one (null) only ratelimit-reset. */
  retryAfterS: number | null
  resetS: number
  /** What its Date is off. */
  skewMs: number
  /** Most droplets on a page, whatever was asked. */
  pageMost: number
  /** Ids that the list leaves out; whether its total counts them all the same; ids that GET by id does not find. */
  unlisted: number[]
  counted: boolean
  unfound: number[]
  /** Page 1 is given whatever page is asked for; page 2 is given empty. */
  repeats: boolean
  emptyPage2: boolean
}

/** One request with its answer. `lies`: it breaks the shape of the API on purpose. */
export type SimExchange = { method: string; url: string; headers: Record<string, string | string[] | undefined>; status: number; answer: string; lies: boolean }

export type SimDigitalOcean = {
  url: string
  state: SimState
  exchanges: SimExchange[]
  set(change: Partial<SimState>): void
  stop(): Promise<void>
}

const truth: SimState = {
  account: 'active', message: '', tokens: [], others: [], scopes: ['account:read', 'droplet:read', 'reserved_ip:read'], droplets: [], mode: 'well', forbids: [], retryAfterS: 30, resetS: 1800, skewMs: 0,
  pageMost: 200, unlisted: [], counted: false, unfound: [], repeats: false, emptyPage2: false,
}

/** A DigitalOcean on 127.0.0.1, only for the calls that we make. `port` 0: any. PUT /_sim changes its state, GET shows it. */
export const startSimDigitalOcean = async (options: Partial<SimState> & { port?: number; clock?: Clock }): Promise<SimDigitalOcean> => {
  const { port = 0, clock = machineClock, ...start } = options
  const state: SimState = { ...truth, ...start }
  const exchanges: SimExchange[] = []
  const server = createServer((request, response) => {
    if (request.url === '/_sim') return void control(request, response, state)
    if (state.mode === 'hang') return
    const answer = answerTo(request, state)
    const nowMs = clock.now().wallMs + state.skewMs
    const limits = {
      'ratelimit-limit': '5000',
      'ratelimit-remaining': answer.status === 429 ? '0' : '4999',
      'ratelimit-reset': `${Math.ceil(nowMs / 1000) + state.resetS}`,
    }
    const { method = '', url = '', headers } = request
    exchanges.push({ method, url, headers, status: answer.status, answer: answer.text, lies: isLie(answer, state) })
    if (exchanges.length > 1000) exchanges.shift()
    response.writeHead(answer.status, { 'content-type': answer.type, date: new Date(nowMs).toUTCString(), ...limits, ...answer.headers }).end(answer.text)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    exchanges,
    set: (change) => void Object.assign(state, change),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const control = async (request: IncomingMessage, response: ServerResponse, state: SimState) => {
  const say = (status: number, body: unknown) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  if (request.method === 'GET') return say(200, state)
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  try {
    const change = JSON.parse(Buffer.concat(chunks).toString()) as Partial<SimState>
    const strange = Object.keys(change).find((key) => !(key in truth))
    if (strange) return say(400, { error: `no such field: ${strange}` })
    return say(200, Object.assign(state, change))
  } catch (thrown) {
    return say(400, { error: String(thrown) })
  }
}

type Answer = { status: number; type: string; text: string; headers: Record<string, string> }
const json = (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  ({ status, type: 'application/json', text: JSON.stringify(body), headers })
const isLie = ({ type }: Answer, { mode, account }: SimState) =>
  type !== 'application/json' || mode === 'nonsense' || !['active', 'warning', 'locked'].includes(account)
const error = (status: number, id: string, message: string, headers?: Record<string, string>) => json(status, { id, message }, headers)
const html = (status: number, headers: Record<string, string> = {}): Answer =>
  ({ status, type: 'text/html', text: '<!doctype html><title>DigitalOcean</title>', headers })
const absent = () => error(404, 'not_found', 'The resource you requested could not be found.')

const answerTo = (request: IncomingMessage, state: SimState): Answer => {
  const url = new URL(request.url ?? '/', 'http://sim.example')
  const token = request.headers.authorization?.replace(/^Bearer /, '') ?? ''
  if (state.mode === 'unavailable') return html(503)
  if (state.mode === 'gate') return html(401)
  if (state.mode === 'redirect') return html(302, { location: '/login' })
  if (state.mode === 'limited') {
    return error(429, 'too_many_requests', 'API Rate limit exceeded.', state.retryAfterS === null ? {} : { 'retry-after': `${state.retryAfterS}` })
  }
  if (state.mode === 'nonsense') return json(200, { hello: 'world' })
  const known = [...state.tokens, ...state.others].includes(token)
  if (!known && state.mode === 'insane') return error(500, 'server_error', 'Unexpected server-side error')
  // As on 2026-10-06; in earlier years the id was in lower case.
  if (!known && state.mode !== 'anything') return error(401, 'Unauthorized', 'Unable to authenticate you')
  if (request.method !== 'GET') return absent()
  if (state.forbids.some((path) => url.pathname.startsWith(`/v2${path}`))) return error(403, 'Forbidden', 'You are not authorized to perform this operation')
  if (url.pathname === '/v1/oauth/token/info') return state.scopes ? json(200, { resource_owner_id: 1, scopes: state.scopes, expires_in_seconds: 0, application: { uid: '' }, created_at: 1_793_500_000 }) : absent()
  const [, version, kind, id, below] = url.pathname.split('/')
  if (version !== 'v2') return absent()
  if (kind === 'account' && !id) return json(200, { account: accountBody(state, token) })
  if (kind === 'droplets' && !id) return listBody(url, state)
  if (kind === 'reserved_ips' || kind === 'reserved_ipv6') return reservedBody(id ?? '', state)
  const droplet = state.droplets.find((each) => each.id === Number(id) && !state.unfound.includes(each.id))
  if (kind !== 'droplets' || !droplet) return absent()
  if (below === undefined) return json(200, { droplet: dropletBody(droplet) })
  return below === 'actions' ? json(200, actionsBody(droplet)) : absent()
}

const accountBody = ({ account, message, others }: SimState, token: string) => ({
  droplet_limit: 25, floating_ip_limit: 5, email: 'owner@shop.example', uuid: `${others.includes(token) ? 'a' : 'b'}6fr89dbf6d9156cace5f3c78dc9851d957381ef`,
  email_verified: true, status: account, status_message: message,
})

const listBody = (url: URL, state: SimState): Answer => {
  const listed = state.droplets.filter((each) => !state.unlisted.includes(each.id))
  const size = Math.min(Number(url.searchParams.get('per_page') ?? 20), state.pageMost)
  const asked = Number(url.searchParams.get('page') ?? 1)
  const page = state.repeats ? 1 : asked
  const droplets = state.emptyPage2 && page === 2 ? [] : listed.slice((page - 1) * size, page * size)
  const pageAt = (at: number) => `${url.origin}/v2/droplets?page=${at}`
  const pages = page * size < listed.length ? { next: pageAt(page + 1), last: pageAt(Math.ceil(listed.length / size)) } : {}
  return json(200, { droplets: droplets.map(dropletBody), links: { pages }, meta: { total: state.counted ? state.droplets.length : listed.length } })
}

const regionBody = { name: 'Frankfurt 1', slug: 'fra1', features: [], available: true, sizes: ['s-1vcpu-1gb'] }

const dropletBody = ({ id, addresses, status = 'active', locked = false }: SimDroplet) => ({
  id, name: `droplet-${id}`, memory: 1024, vcpus: 1, disk: 25, locked, status, created_at: '2026-11-01T10:00:00Z',
  features: [], backup_ids: [], next_backup_window: null, snapshot_ids: [], image: {}, volume_ids: [], size_slug: 's-1vcpu-1gb', tags: [], region: regionBody,
  size: {
    slug: 's-1vcpu-1gb', memory: 1024, vcpus: 1, disk: 25, transfer: 1, price_monthly: 6, price_hourly: 0.009,
    regions: ['fra1'], available: true, description: 'Basic',
  },
  networks: {
    v4: [...addresses.filter((each) => !isIPv6(each)).map((each) => v4Body(each, 'public')), v4Body('127.255.0.2', 'private')],
    v6: addresses.filter(isIPv6).map((each) => ({ ip_address: each, netmask: 64, gateway: '::1', type: 'public' })),
  },
})

const v4Body = (address: string, type: 'public' | 'private') => ({ ip_address: address, netmask: '255.0.0.0', gateway: '127.0.0.1', type })

const reservedBody = (ip: string, { droplets }: SimState): Answer => {
  const found = droplets.find((each) => each.reserved?.includes(ip))
  if (!found) return absent()
  const droplet = dropletBody(found)
  if (isIPv6(ip)) return json(200, { reserved_ipv6: { ip, region_slug: 'fra1', reserved_at: '2026-11-01T10:00:00Z', droplet } })
  return json(200, { reserved_ip: { ip, region: regionBody, droplet, locked: false, project_id: '746c6152-2fa2-11ed-92d3-27aaa54e4988' } })
}

const actionsBody = ({ id, actions = [] }: SimDroplet) => ({
  actions: actions.map(({ type, status, startedAt }, at) => ({
    id: 36_000_000 + at, status, type, started_at: startedAt, completed_at: status === 'in-progress' ? null : startedAt,
    resource_id: id, resource_type: 'droplet', region: regionBody, region_slug: 'fra1',
  })),
  links: {},
  meta: { total: actions.length },
})

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, token: { type: 'string', multiple: true, default: ['demo-token'] } } })
  const sim = await startSimDigitalOcean({ port: Number(values.port), tokens: values.token, droplets: [] })
  console.log(sim.url)
}
