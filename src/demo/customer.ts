import { createSocket } from 'node:dgram'
import { request } from 'node:http'
import { decode, encode, type Packet } from 'dns-packet'
import type { Clock } from '../clock.ts'

export type Customer = {
  requests: number
  failed: number
  /** Monotonic moments of the last answer, of the first failure after it, and of the first answer after that. */
  lastGoodMs: number
  outage: { fromMs: number; untilMs: number | null } | null
  /** Which site answered last. */
  servedBy: string | null
  /** Monotonic moment at which a fresh DNS answer last differed from the one before. */
  answerChangedMs: number | null
}

const everyMs = 50
/** A killed site refuses at once; a slow machine answers late, and that is no failure of the app's. */
const patienceMs = 2_000

/**
 * Somebody who uses the app without a break: a name server asked over UDP when the cached answer's TTL has ended, then a
 * request at that address, 20 times a second. Returns its tally, which goes on changing until the signal aborts.
 */
export function startCustomer(to: { name: string; port: number; dns: { address: string; port: number } }, clock: Clock, signal: AbortSignal): Customer {
  const tally: Customer = { requests: 0, failed: 0, lastGoodMs: 0, outage: null, servedBy: null, answerChangedMs: null }
  let cached: { address: string; untilMs: number } | null = null
  const resolve = async () => {
    const nowMs = clock.now().monoMs
    if (cached && nowMs < cached.untilMs) return cached.address
    const fresh = await ask(to.dns, to.name, clock.deadline(patienceMs, signal))
    if (!fresh) return null
    if (cached && cached.address !== fresh.address) tally.answerChangedMs = nowMs
    cached = { address: fresh.address, untilMs: nowMs + fresh.ttlS * 1000 }
    return fresh.address
  }
  const once = async () => {
    const address = await resolve()
    const site = address && (await get(address, to, clock.deadline(patienceMs, signal)))
    signal.throwIfAborted()
    const nowMs = clock.now().monoMs
    tally.requests += 1
    if (site) {
      tally.servedBy = site
      tally.lastGoodMs = nowMs
      if (tally.outage?.untilMs === null) tally.outage.untilMs = nowMs
      return
    }
    tally.failed += 1
    if (tally.outage === null || tally.outage.untilMs !== null) tally.outage = { fromMs: tally.lastGoodMs, untilMs: null }
  }
  const run = async () => {
    while (!signal.aborted) {
      await once()
      await clock.sleep(everyMs, signal)
    }
  }
  run().catch((thrown) => {
    if (!signal.aborted) throw thrown
  })
  return tally
}

/** One question over UDP, with no resolver between. Null: no answer in time, or none with an address. */
function ask(server: { address: string; port: number }, name: string, signal: AbortSignal): Promise<{ address: string; ttlS: number } | null> {
  const socket = createSocket('udp4')
  return new Promise((done) => {
    const end = (answer: { address: string; ttlS: number } | null) => {
      signal.removeEventListener('abort', silent)
      socket.close()
      done(answer)
    }
    const silent = () => end(null)
    signal.addEventListener('abort', silent, { once: true })
    socket.on('error', silent)
    socket.on('message', (bytes) => {
      const first = (decode(bytes) as Packet).answers?.find((a) => a.type === 'A')
      end(first && 'data' in first ? { address: String(first.data), ttlS: first.ttl ?? 0 } : null)
    })
    const question = encode({ type: 'query', id: 1, flags: 0, questions: [{ type: 'A', name }] })
    socket.send(question, server.port, server.address)
  })
}

/** One request. Null: no good answer in time. */
function get(address: string, to: { name: string; port: number }, signal: AbortSignal): Promise<string | null> {
  return new Promise((done) => {
    const asked = request({ host: address, port: to.port, path: '/', headers: { Host: to.name }, agent: false, signal }, (response) => {
      response.resume()
      response.on('end', () => done(response.statusCode === 200 ? String(response.headers['lifeboat-site']) : null))
      response.on('error', () => done(null))
    })
    asked.on('error', () => done(null))
    asked.end()
  })
}
