// What every simulated cloud does alike: it listens on loopback, keeps what was said, and does what a test has scripted.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request, read whole. `body` null: none, or no JSON object. */
export type SimCall = { method: string; path: string; query: URLSearchParams; token: string; body: Record<string, unknown> | null; text: string }

/** A body that is left out is an answer without one; a text stands for itself, as HTML. `lies`: it breaks the shape of the API on purpose. `aside`: it is about the simulator, and stands in no log. */
export type SimAnswer = { status: number; body?: unknown; headers?: Record<string, string>; lies?: boolean; aside?: boolean }

/** One request with its answer. Status 0 and no text: it was left hanging. */
export type SimExchange = { method: string; url: string; headers: IncomingMessage['headers']; body: string; status: number; answer: string; lies: boolean }

/** What is done instead of the truth: `land` does what was asked and gives its answer, before or after whatever this waits for; `hang` answers never. */
export type SimFault = (call: SimCall, land: Truth) => Said | Promise<Said>

type Said = SimAnswer | 'hang'
type Truth = () => Said

export type SimServer = {
  port: number
  /** The last thousand calls, the oldest first; each stands here as soon as it is answered. */
  exchanges: SimExchange[]
  /** The next `times` calls of this form, e.g. `POST /v1/servers`, meet the fault; `*` stands for one part of the path, `**` for any. The latest script goes first. */
  script(form: string, fault: SimFault, times?: number): void
  stop(): Promise<void>
}

type Script = { form: RegExp; fault: SimFault; left: number }

/** Serves a cloud's API at 127.0.0.1; `port` 0 is any free one, and `at` is told which it became. */
export async function serveSim(port: number, at: (port: number) => (call: SimCall) => Said): Promise<SimServer> {
  const exchanges: SimExchange[] = []
  const scripts: Script[] = []
  let answer: (call: SimCall) => Said
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = await callOf(request)
    const found = scripts.find(({ form, left }) => left > 0 && form.test(`${call.method} ${call.path}`))
    if (found) found.left -= 1
    const said = found ? await found.fault(call, () => answer(call)) : answer(call)
    const { status, body, headers, lies = false, aside = false }: SimAnswer = said === 'hang' ? { status: 0, lies: true } : said
    const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body)
    if (!aside) exchanges.push({ method: call.method, url: request.url ?? '', headers: request.headers, body: call.text, status, answer: text, lies })
    if (exchanges.length > 1000) exchanges.shift()
    if (said === 'hang' || response.destroyed) return
    response.writeHead(status, { ...(text && { 'content-type': typeof body === 'string' ? 'text/html' : 'application/json' }), ...headers }).end(text)
  }
  const server = createServer((request, response) => {
    serve(request, response).catch((thrown: unknown) => {
      if (request.destroyed && !request.complete) return // Whoever asked has gone in the middle of it.
      exchanges.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body: '', status: 500, answer: String(thrown), lies: false })
      response.writeHead(500, { 'content-type': 'text/plain' }).end(`a mistake of this simulator, or more than it serves: ${thrown}`)
    })
  })
  await new Promise<void>((listening, failed) => server.once('error', failed).listen(port, '127.0.0.1', listening))
  const bound = (server.address() as AddressInfo).port
  answer = at(bound)
  return {
    port: bound,
    exchanges,
    script: (form, fault, times = 1) => void scripts.unshift({ form: formOf(form), fault, left: times }),
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped())
        server.closeAllConnections()
      }),
  }
}

const formOf = (form: string): RegExp => new RegExp(`^${form.replace(/\*\*?/g, (star) => (star === '*' ? '[^/]+' : '.+'))}$`)

async function callOf(request: IncomingMessage): Promise<SimCall> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sim.example')
  const token = request.headers.authorization?.replace(/^Bearer /, '') ?? ''
  return { method: request.method ?? '', path: pathname, query: searchParams, token, body: objectOf(text), text }
}

function objectOf(text: string): SimCall['body'] {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null // Each cloud refuses it with its own words.
  }
}

/** The page that was asked for, and what each vendor says of it. */
export function pageOf<T>(all: T[], query: URLSearchParams, size: { usual: number; most: number }): { page: number; perPage: number; last: number; items: T[] } {
  const perPage = Math.min(Number(query.get('per_page') ?? size.usual), size.most)
  const page = Number(query.get('page') ?? 1)
  return { page, perPage, last: Math.max(1, Math.ceil(all.length / perPage)), items: all.slice((page - 1) * perPage, page * perPage) }
}
