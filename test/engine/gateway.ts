import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Paths below it are no calls to the cloud: there the plugin tells what the engine asked of it. */
export const tellPath = '/-/'

/** One call from the plugin to its cloud. `name`: `POST /servers`, or the action of a query such as AWS's. `status` null: not answered. */
export type Call = { name: string; body: string; status: number | null }

/** A call that is kept back. One whose caller goes away meanwhile is not passed on. */
export type Held = {
  /** Settles when the call is there: for `before` nothing reached the cloud yet, for `after` it has landed and its answer is kept back. */
  reached: Promise<Call>
  release(): void
}

export type Gateway = {
  url: string
  /** All calls so far, the oldest first. */
  calls: Call[]
  /** What the plugin told, such as `cancel`. */
  told: string[]
  /** Keeps the next such call back. */
  hold(which: RegExp, when: 'before' | 'after'): Held
  /** Answers every such call in the cloud's place; gives what ends that. */
  refuse(which: RegExp, status: number, body: unknown): () => void
  stop(): Promise<void>
}

type Hold = { which: RegExp; when: 'before' | 'after'; reach(call: Call): void; released: Promise<void> }
type Refusal = { which: RegExp; status: number; body: unknown }

const nameOf = (request: IncomingMessage, body: string): string => {
  const action = request.headers['content-type']?.includes('x-www-form-urlencoded') ? new URLSearchParams(body).get('Action') : null
  return action ?? `${request.method} ${request.url?.split('?')[0]}`
}

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** Stands between a cloud's plugin and the (simulated) cloud at `target`, which its paths are put behind. */
export const startGateway = async (target: string): Promise<Gateway> => {
  const calls: Call[] = []
  const told: string[] = []
  const holds: Hold[] = []
  const refusals: Refusal[] = []

  const holdBack = async (call: Call, when: Hold['when'], gone: Promise<void>): Promise<void> => {
    const at = holds.findIndex((hold) => hold.when === when && hold.which.test(call.name))
    const [hold] = at < 0 ? [] : holds.splice(at, 1)
    if (!hold) return
    hold.reach(call)
    await Promise.race([hold.released, gone])
  }

  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await textOf(request)
    if (request.url?.startsWith(tellPath)) {
      told.push(request.url.slice(tellPath.length))
      return void response.writeHead(204).end()
    }
    const call: Call = { name: nameOf(request, body), body, status: null }
    calls.push(call)
    const gone = new Promise<void>((left) => response.once('close', () => left()))
    await holdBack(call, 'before', gone)
    if (response.destroyed) return
    const refusal = refusals.find(({ which }) => which.test(call.name))
    const answer = refusal ? { status: refusal.status, type: 'application/json', text: typeof refusal.body === 'string' ? refusal.body : JSON.stringify(refusal.body) } : await ask(target, request, body)
    await holdBack(call, 'after', gone)
    call.status = answer.status
    response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.text)
  }

  const server = createServer((request, response) => {
    pass(request, response).catch((error: unknown) => response.writeHead(502).end(String(error)))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    told,
    hold: (which, when) => {
      const { promise: released, resolve: release } = Promise.withResolvers<void>()
      const { promise: reached, resolve: reach } = Promise.withResolvers<Call>()
      holds.push({ which, when, reach, released })
      return { reached, release }
    },
    refuse: (which, status, body) => {
      const refusal = { which, status, body }
      refusals.push(refusal)
      return () => void refusals.splice(refusals.indexOf(refusal), 1)
    },
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped())
        server.closeAllConnections()
      }),
  }
}

const ask = async (target: string, request: IncomingMessage, body: string): Promise<{ status: number; type: string; text: string }> => {
  const { host: _host, connection: _connection, 'content-length': _length, 'transfer-encoding': _coding, ...headers } = request.headers
  const response = await fetch(`${target}${request.url}`, { method: request.method ?? 'GET', headers: headers as Record<string, string>, ...(body === '' ? {} : { body }) })
  return { status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text() }
}
