// A site of the app on a host of a network, as a process of its own. Its first message says where it stands; each later one says
// how it answers from then on. Without certificates it is a canary.
import { createServer as createPlainServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Server } from 'node:https'
import { createServer } from 'node:net'
import type { Identity } from './certificates.ts'

/** `flapping`: each client is failed twice, then answered once, and so on. */
export type Answers =
  | 'well' | 'slow' | 'never' | 'HTTP 503' | 'HTTP 403' | 'wrong body' | 'redirect' | 'other site' | 'flapping' | 'wrong certificate' | 'expired certificate'

export type Start = { host: 'alpha' | 'beta' | 'north' | 'south'; other: string; address: string; port: number; certificates: Partial<Record<'well' | 'wrong certificate' | 'expired certificate', Identity>> }

/** What it is told, and what it says when that is so. `failed`: how many requests it has failed so far. */
export type Told = { start: Start } | { answers: Answers }
export type Said = { failed: number }

let answers: Answers = 'well'
let failed = 0
let start: Start | null = null
let site: Server | null = null
const turns = new Map<string, number>()

const reply: RequestListener = (request, response) => {
  const { host = '', other = '' } = start ?? {}
  const fail = (status: number, text: string, headers: Record<string, string> = {}): void => {
    failed++
    response.writeHead(status, { 'lifeboat-site': host, ...headers }).end(text)
  }
  const well = (): void => void response.writeHead(200, { 'lifeboat-site': host }).end(`shop at ${host}: all is well`)
  switch (answers) {
    case 'slow': return void setTimeout(well, 10_000)
    case 'HTTP 503': return fail(503, 'Service Unavailable')
    case 'HTTP 403': return fail(403, '<html>This account has been suspended</html>')
    case 'wrong body': return fail(200, '<html>This domain is parked</html>')
    case 'redirect': return fail(302, '', { location: 'https://stranger.example/suspended' })
    case 'other site': return fail(200, `shop at ${other}: all is well`, { 'lifeboat-site': other })
    case 'flapping': {
      const client = request.socket.remoteAddress ?? ''
      const turn = turns.get(client) ?? 0
      turns.set(client, turn + 1)
      return turn % 3 < 2 ? fail(503, 'Service Unavailable') : well()
    }
    default: return well()
  }
}

const begin = ({ address, port, certificates }: Start, ready: () => void): void => {
  const server = certificates.well ? (site = createTlsServer(certificates.well, reply)) : createPlainServer(reply)
  server.on('tlsClientError', () => undefined) // A probe that hung up: it says so itself.
  const door = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    if (answers === 'never') failed++
    else server.emit('connection', socket)
  })
  door.listen(port, address, ready)
}

const say = (): void => void process.send?.({ failed } satisfies Said)

process.on('message', (told: Told) => {
  if ('start' in told) {
    start = told.start
    return begin(start, say)
  }
  answers = told.answers
  const identity = start?.certificates[answers as 'well'] ?? start?.certificates.well
  if (identity) site?.setSecureContext(identity)
  say()
})
process.on('disconnect', () => process.exit())
