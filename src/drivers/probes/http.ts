import type { Dispatcher } from 'undici'
import type { Question } from '../../ports.ts'
import { hostOf } from '../../url-host.ts'
import type { Connection } from './connection.ts'
import { get, openTarget, readBody } from './exchange.ts'
import type { Target } from './exchange.ts'
import { failureOf } from './answer.ts'
import type { Means, ProbeResult } from './answer.ts'

export type HttpQuestion = Extract<Question, { kind: 'http' }>

/** One GET at the question's address on a connection of its own; redirects are judged, never followed. */
export const probeHttp = async (question: HttpQuestion, means: Means, limit: AbortSignal): Promise<ProbeResult> => {
  const target = { url: new URL(question.url), address: question.address, trust: question.tls }
  const connection = await openTarget(target, means, limit)
  try {
    if (connection.fault) return (await strangerOf(target, means, limit, connection)) ?? connection.fault
    const result = await get(connection.socket, target.url, means.version, limit, (reply) => judge(question, target.url, reply)).catch(
      (thrown: unknown) => failureOf(thrown, question, limit),
    )
    return { ...result, certificateUntilMs: connection.certificateUntilMs }
  } finally {
    connection.socket.destroy()
  }
}

// Where only one authority of the user's own is trusted, a stranger's good certificate looks like any by an unknown
// issuer. A second handshake against the public roots tells them apart: a stranger, or an app with the wrong certificate.
const strangerOf = async (target: Target, means: Means, limit: AbortSignal, { fault }: Connection): Promise<ProbeResult | null> => {
  if (typeof target.trust !== 'object' || fault?.kind !== 'app') return null
  try {
    const second = await openTarget({ ...target, trust: 'public' }, means, limit)
    second.socket.destroy()
    return second.fault?.kind === 'foreign' ? second.fault : null
  } catch {
    // What the first handshake said stands.
    return null
  }
}

const judge = async (question: HttpQuestion, url: URL, reply: Dispatcher.ResponseData): Promise<ProbeResult> => {
  const { statusCode } = reply
  const site = headerOf(reply, 'lifeboat-site')
  if (site !== null && site !== question.site) return { kind: 'other-site', detail: `site ${site} answers here` }
  const place = redirectOf(reply, url)
  // Even where the status is one that the check allows: whoever lists 302 means the app's own redirect.
  if (place && !isOwn(place, question, url)) return { kind: 'foreign', detail: `redirect to ${place.protocol}//${place.host}` }
  if (!question.status.some((pattern) => fits(statusCode, pattern))) {
    return { kind: 'app', detail: place ? `HTTP ${statusCode}, redirect to ${place.host}${place.pathname}` : `HTTP ${statusCode}` }
  }
  // Without a text the body must end all the same: a server that hangs halfway serves nobody.
  const read = await readBody(reply.body, question.body)
  if (question.body === null || read === 'found') return { kind: 'ok', detail: `HTTP ${statusCode}` }
  return { kind: 'app', detail: `HTTP ${statusCode} without the expected text${read === 'long' ? ' in its first MiB' : ''}` }
}

const fits = (status: number, pattern: number | string): boolean => {
  const text = String(status)
  const wanted = String(pattern).toLowerCase()
  return wanted.length === text.length && [...wanted].every((sign, at) => sign === 'x' || sign === text[at])
}

const headerOf = (reply: Dispatcher.ResponseData, name: string): string | null => {
  const value = reply.headers[name]
  return (Array.isArray(value) ? value[0] : value)?.trim() || null
}

const redirects = new Set([301, 302, 303, 307, 308])

const redirectOf = (reply: Dispatcher.ResponseData, url: URL): URL | null => {
  const location = headerOf(reply, 'location')
  return redirects.has(reply.statusCode) && location !== null ? URL.parse(location, url.href) : null
}

const isOwn = (place: URL, { names, address }: HttpQuestion, url: URL): boolean => {
  const host = bare(hostOf(place))
  const covered = names.some((name) => name.startsWith('*.') && host.endsWith(name.slice(1)))
  return covered || [...names, bare(hostOf(url)), address].includes(host)
}

// A URL's hostname is in lower case already.
const bare = (name: string): string => name.replace(/\.$/, '')
