import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../clock.ts'
import { askMost, tokenLeast } from '../../core/limits.ts'
import { Said, textOf } from '../../errors.ts'
import { bodyOf, boundedServer, listenAt, stopListening } from '../../listening.ts'
import type { Log, Vantage } from '../../ports.ts'
import { hostOf } from '../../url-host.ts'
import { isLoopback } from '../loopback.ts'
import { askShape, digShape } from './shapes.ts'
import { nonceHeader, signatureHeader, signingWith } from './signing.ts'
import type { Action, Signing } from './signing.ts'

/** How long the vantage may take beyond what it was asked for before it is stopped. */
const overMs = 1000
/** How many nonces are remembered, so that a request that was overheard is not carried out again. */
const noncesMax = 10_000

export type ServeOptions = { listen: string; token: string; vantage: Vantage; log: Log; clock: Clock }
export type Serving = { address: string; port: number; stop(): Promise<void> }

/** Probes for controllers elsewhere until it is stopped. `listen`: IP:port or [v6]:port. Throws Said where it cannot listen. */
export const serveVantage = async (options: ServeOptions): Promise<Serving> => {
  const { listen, token, log } = options
  if (token.length < tokenLeast) throw new Said(`the vantage's token has ${token.length} characters; write one of at least ${tokenLeast}`)
  const stopped = new AbortController()
  const server = boundedServer(bounds, answering(options, stopped.signal))
  const { address, port } = await listenOrSay(server, listen)
  log({ level: 'info', event: 'start', msg: `vantage listens at ${hostPort(address, port)}`, address, port })
  if (!isLoopback(address)) {
    log({ level: 'warn', event: 'start', msg: 'requests and answers are signed and not encrypted: put TLS in front of this port', address, port })
  }
  return {
    address,
    port,
    stop: async () => {
      stopped.abort(new Error('the vantage stops'))
      await stopListening(server)
    },
  }
}

/** Answers what is signed with our token and was not sent before; refuses all else, with a complaint. */
const answering = ({ token, vantage, log, clock }: ServeOptions, stopped: AbortSignal): RequestListener => {
  const signing = signingWith(token)
  const nonces = new Set<string>()
  const complain = complaining(log, clock)
  const refuse = (response: ServerResponse, status: number, why: string): void => {
    if (why) complain(`refused a request with HTTP ${status}: ${why}`)
    // The rest of what was sent is not read.
    response.writeHead(status, { connection: 'close', 'content-length': 0 }).end()
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === '/healthz') return void response.writeHead(200).end()
    const action = actionOf(request)
    // Every open port is asked for everything; that is no news.
    if (!action) return refuse(response, 404, '')
    const body = await bodyOf(request, askMost.requestBytes)
    if (!body) return refuse(response, 413, `its body is longer than ${askMost.requestBytes} bytes`)
    const nonce = signedNonce(request, action, body, signing)
    if (nonce === null || nonces.has(nonce)) return refuse(response, 401, nonce === null ? 'it is not signed with our token' : 'it was sent before')
    remember(nonces, nonce)
    const job = jobOf(action, body, vantage)
    if (!job) return refuse(response, 400, 'it has another shape; does its controller run another version of lifeboat?')
    const text = JSON.stringify(await job.run(clock.deadline(job.timeoutMs + overMs, AbortSignal.any([stopped, goneOf(response)]))))
    const signature = signing.sign({ what: 'answer', action, nonce, body: text })
    response.writeHead(200, { 'content-type': 'application/json', [signatureHeader]: signature }).end(text)
  }

  return (request, response) => {
    answer(request, response).catch((thrown: unknown) => {
      // A controller that hung up, or a stop: there is nobody to tell.
      if (request.socket.destroyed || stopped.aborted) response.destroy()
      else refuse(response, 500, textOf(thrown))
    })
  }
}

const goneOf = (response: ServerResponse): AbortSignal => {
  const gone = new AbortController()
  response.once('close', () => gone.abort(new Error('the controller hung up')))
  return gone.signal
}

// A controller keeps its connections between rounds.
const bounds = { connections: 64, idleMs: 65_000 }

// Whoever reaches the port can make it refuse; they cannot fill the disk: one line a minute.
const complaining = (log: Log, clock: Clock): ((msg: string) => void) => {
  let quietUntilMs = -Infinity
  return (msg) => {
    const nowMs = clock.now().monoMs
    if (nowMs < quietUntilMs) return
    quietUntilMs = nowMs + 60_000
    log({ level: 'warn', event: 'vantage', msg })
  }
}

const actionOf = ({ method, url }: IncomingMessage): Action | null => {
  if (method !== 'POST') return null
  return url === '/probe' ? 'probe' : url === '/dig' ? 'dig' : null
}

const signedNonce = ({ headers }: IncomingMessage, action: Action, body: Buffer, signing: Signing): string | null => {
  const nonce = headers[nonceHeader]
  if (typeof nonce !== 'string' || !/^[\w-]{16,64}$/.test(nonce)) return null
  return signing.isSigned({ what: 'ask', action, nonce, body }, headers[signatureHeader]) ? nonce : null
}

const remember = (nonces: Set<string>, nonce: string): void => {
  nonces.add(nonce)
  if (nonces.size <= noncesMax) return
  for (const oldest of nonces) return void nonces.delete(oldest)
}

type Job = { timeoutMs: number; run(signal: AbortSignal): Promise<unknown> }

// Null: not what this vantage knows how to do.
const jobOf = (action: Action, body: Buffer, vantage: Vantage): Job | null => {
  const content = parse(body)
  if (action === 'dig') {
    const { data: dig } = digShape.safeParse(content)
    return dig ? { timeoutMs: dig.timeoutMs, run: (signal) => vantage.dig(dig, signal) } : null
  }
  const { data: ask } = askShape.safeParse(content)
  if (!ask) return null
  const timeoutMs = Math.max(ask.timeoutMs, ...ask.questions.map((question) => question.timeoutMs))
  return { timeoutMs, run: (signal) => vantage.probe(ask, signal) }
}

const parse = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

const listenOrSay = async (server: Server, listen: string): Promise<AddressInfo> => {
  const url = URL.parse(`tcp://${listen}`)
  if (!url || !isIP(hostOf(url)) || !/:\d+$/.test(listen)) {
    throw new Said(`cannot listen at ${listen}: write an IP address and a port, e.g. 127.0.0.1:8787 or [::1]:8787`)
  }
  try {
    return await listenAt(server, listen)
  } catch (thrown) {
    throw new Said(`cannot listen at ${listen}: ${textOf(thrown)}`)
  }
}

const hostPort = (address: string, port: number): string => (address.includes(':') ? `http://[${address}]:${port}` : `http://${address}:${port}`)
