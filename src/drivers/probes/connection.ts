import { connect as connectTcp, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { checkServerIdentity, connect as connectTls } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { spell } from '../../core/spell.ts'
import { plain } from './answer.ts'
import type { ProbeResult } from './answer.ts'

/** Whose certificates are trusted. `ca`: PEM text, and nobody else's. */
export type Trust = 'public' | 'any' | { ca: string }

/**
 * `fault`: why its certificate is not trusted for the name that was asked for; null: it is, or there is no TLS. `flaw`: what is wrong with
 * it whoever issued it, as in "its certificate expired 3 d ago" or "… is for other.example"; trust `any` passes over it. Null: nothing, or no TLS.
 */
export type Connection = { socket: Socket; certificateUntilMs: number | null; fault: ProbeResult | null; flaw: string | null }

/** `source`: the local address to connect from; left out: any. */
export type Place = { host: string; port: number; source: string | undefined }

/** Opens one TCP connection. The socket is the caller's to destroy; on abort or error nothing stays open. */
export const openTcp = async ({ host, port, source }: Place, limit: AbortSignal): Promise<Socket> => {
  limit.throwIfAborted()
  const socket = connectTcp({ host, port, localAddress: source, noDelay: true })
  await opened(socket, 'connect', limit)
  return socket
}

/** Opens one TLS connection to `host` for `name`, whatever its certificate: what is wrong with that stands in `fault`. */
export const openTls = async (
  { host, port, source, name, trust, nowMs }: Place & { name: string; trust: Trust; nowMs: number },
  limit: AbortSignal,
): Promise<Connection> => {
  limit.throwIfAborted()
  // It takes all that a TCP connection takes; its types leave `localAddress` out (@types/node 24.19).
  const place = { host, port, localAddress: source }
  const socket = connectTls({
    ...place,
    // SNI carries names only (RFC 6066, section 3).
    servername: isIP(name) ? '' : name,
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: false,
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    ...(typeof trust === 'object' ? { ca: trust.ca } : {}),
  })
  await opened(socket, 'secureConnect', limit)
  const certificateUntilMs = Date.parse(socket.getPeerCertificate().valid_to) || null
  return { socket, certificateUntilMs, fault: trust === 'any' ? null : faultOf(socket, certificateUntilMs, nowMs), flaw: flawOf(socket, name, nowMs) }
}

const opened = async (socket: Socket, event: 'connect' | 'secureConnect', limit: AbortSignal): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once(event, () => resolve())
  // Stays for the socket's life: an error after this promise is settled must not end the process.
  socket.on('error', reject)
  socket.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
  try {
    await within(promise, limit)
  } catch (thrown) {
    socket.destroy()
    throw thrown
  }
}

/** The promise's outcome, or the limit's reason where that comes first; what is no longer waited for may still fail, unheard. */
export const within = async <T>(promise: Promise<T>, limit: AbortSignal): Promise<T> => {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const giveUp = () => reject(limit.reason)
  limit.addEventListener('abort', giveUp, { once: true })
  if (limit.aborted) giveUp()
  try {
    return await Promise.race([promise, aborted])
  } finally {
    limit.removeEventListener('abort', giveUp)
  }
}

// Node asks OpenSSL first whether the chain is trusted and in date, and looks at the names only then. So a wrong name
// here means a certificate that is valid for somebody else; an invalid one is the app's fault whatever its name.
const faultOf = (socket: TLSSocket, untilMs: number | null, nowMs: number): ProbeResult | null => {
  if (socket.authorized) return null
  const code = String(socket.authorizationError)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return { kind: 'foreign', detail: `the certificate is for ${namesOf(socket)}`, certificateUntilMs: untilMs }
  }
  return { kind: 'app', detail: wordsOf(code, untilMs, nowMs), certificateUntilMs: untilMs }
}

const flawOf = (socket: TLSSocket, name: string, nowMs: number): string | null => {
  const certificate = socket.getPeerCertificate()
  const untilMs = Date.parse(certificate.valid_to)
  if (untilMs < nowMs) return `expired ${spell(nowMs - untilMs)} ago`
  return checkServerIdentity(name, certificate) ? plain(`is for ${namesOf(socket)}`) : null
}

const wordsOf = (code: string, untilMs: number | null, nowMs: number): string => {
  if (code === 'CERT_HAS_EXPIRED' && untilMs !== null && untilMs < nowMs) return `certificate expired ${spell(nowMs - untilMs)} ago`
  if (code === 'DEPTH_ZERO_SELF_SIGNED_CERT') return 'the certificate is self-signed'
  if (unknownIssuer.has(code)) return 'the certificate is by an unknown issuer'
  return `the certificate is not trusted (${code})`
}

const unknownIssuer = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

const namesOf = (socket: TLSSocket): string => {
  const { subject, subjectaltname } = socket.getPeerCertificate()
  const names = subjectaltname?.split(', ').map((each) => each.replace(/^DNS:|^IP Address:/, '')) ?? [String(subject?.CN ?? 'no name')]
  return names.length > 2 ? `${names.slice(0, 2).join(', ')} and ${names.length - 2} more` : names.join(', ')
}
