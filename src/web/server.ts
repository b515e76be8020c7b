import { timingSafeEqual, createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import { exits, Said, textOf } from '../errors.ts'
import { bodyOf, boundedServer, listenAt, stopListening } from '../listening.ts'
import type { Log } from '../ports.ts'
import { hostOf } from '../url-host.ts'

/** One page: `read` gives its content; one that takes a body is a POST, and every other a GET. Said becomes an answer with its sentence. */
export type Page = { type: string; read(query: URLSearchParams): Promise<string> } | { type: string; take(body: unknown): Promise<string> }

export type WebOptions = {
  /** IP:port or [v6]:port; port 0 is any free one. */
  address: string
  /** Null: whoever reaches the address may ask; the configuration allows it on loopback only. */
  token: string | null
  /** By path, such as `/status`. */
  pages: Record<string, Page>
  /** Whether rounds are on time: /healthz, for which no token is asked. */
  isOnTime(): boolean
  log: Log
}

export type Web = { port: number; stop(): Promise<void> }

/** Longer is no request of ours. */
const bodyMaxBytes = 65_536

const bounds = { connections: 256, idleMs: 5_000 }

/** Serves the pages until it is stopped. Throws Said where it cannot listen. */
export async function serveWeb(options: WebOptions): Promise<Web> {
  const server = boundedServer(bounds, (request, response) => {
    answer(options, request, response).catch((thrown: unknown) => {
      if (request.socket.destroyed) return response.destroy()
      if (thrown instanceof Said) return reply(response, thrown.exit === exits.unfinished ? 503 : 400, 'text/plain', `${thrown.message}\n`)
      options.log({ level: 'error', event: 'config', msg: `${request.method ?? ''} ${request.url ?? ''} could not be answered: ${textOf(thrown)}` })
      reply(response, 500, 'text/plain', '')
    })
  })
  const { port } = await listenAt(server, options.address).catch((thrown: unknown) => {
    throw new Said(`listen: nothing can be served at ${options.address}: ${textOf(thrown)}. Name another address, or stop what uses it`)
  })
  server.on('error', () => {}) // A connection that could not be accepted, as with too few descriptors: the next may be.
  return { port, stop: () => stopListening(server) }
}

async function answer(options: WebOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // Behind a host, so that a path of two slashes names none.
  const url = URL.parse(`http://localhost${request.url ?? '/'}`) ?? new URL('http://localhost/?')
  if (url.pathname === '/healthz') return reply(response, options.isOnTime() ? 200 : 503, 'text/plain', '')
  const barred = barOf(options, request)
  if (barred) return reply(response, barred.status, 'text/plain', barred.why)
  const page = options.pages[url.pathname]
  if (!page) return reply(response, 404, 'text/plain', `There is no ${url.pathname}; there are /healthz, ${Object.keys(options.pages).join(', ')}\n`)
  const method = 'read' in page ? 'GET' : 'POST'
  if (request.method !== method) return reply(response, 405, 'text/plain', `${url.pathname} takes ${method} only\n`)
  if ('read' in page) return reply(response, 200, page.type, await page.read(url.searchParams))
  const body = jsonIn(await bodyOf(request, bodyMaxBytes))
  if (body === undefined) return reply(response, 400, 'text/plain', `${url.pathname} takes JSON of at most ${bodyMaxBytes} bytes\n`)
  reply(response, 200, page.type, await page.take(body))
}

/**
 * Why a request is not answered. Null: it is. Without a token, loopback alone protects, and a browser on this machine is inside it: what a
 * foreign web page made it send has an Origin, or reaches us by a name that its owner pointed here (DNS rebinding).
 */
function barOf({ token }: WebOptions, { headers }: IncomingMessage): { status: number; why: string } | null {
  if (token !== null) return isSame(headers.authorization ?? '', `Bearer ${token}`) ? null : { status: 401, why: 'It needs the header Authorization: Bearer TOKEN, with the token of listen\n' }
  const url = URL.parse(`http://${headers.host ?? ''}`)
  const host = url ? hostOf(url) : ''
  const ours = host === 'localhost' || isIP(host) !== 0
  return ours && headers.origin === undefined ? null : { status: 403, why: 'Without a token nothing is said to web pages, nor under a name other than localhost\n' }
}

/** In a time that tells nothing of where they differ. */
const isSame = (one: string, other: string): boolean => timingSafeEqual(createHash('sha256').update(one).digest(), createHash('sha256').update(other).digest())

/** Undefined: there is no body, or it is no JSON. */
function jsonIn(body: Buffer | null): unknown {
  try {
    return body === null ? undefined : JSON.parse(body.toString())
  } catch {
    return undefined // Not JSON: the caller says so.
  }
}

function reply(response: ServerResponse, status: number, type: string, text: string): void {
  const close = status >= 400 ? { connection: 'close' } : {}
  const challenge = status === 401 ? { 'www-authenticate': 'Bearer' } : {}
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...close, ...challenge }).end(text)
}
