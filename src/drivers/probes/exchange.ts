import { Client, errors } from 'undici'
import type { Dispatcher } from 'undici'
import type { Socket } from 'node:net'
import { hostOf } from '../../url-host.ts'
import { openTcp, openTls } from './connection.ts'
import type { Connection, Trust } from './connection.ts'
import type { Means } from './answer.ts'

/** How much of a body is read at most. */
export const bodyMaxBytes = 1024 * 1024

/** Where a URL is asked. `address` is connected to; the URL's name goes into Host and SNI. */
export type Target = { url: URL; address: string; trust: Trust }

/** The port that an http or https URL is asked at. */
export const portOfUrl = ({ port, protocol }: URL): number => Number(port) || (protocol === 'https:' ? 443 : 80)

/** Connects to the address at the URL's port. The socket is the caller's to destroy. */
export const openTarget = async ({ url, address, trust }: Target, { clock, source }: Means, limit: AbortSignal): Promise<Connection> => {
  const place = { host: address, port: portOfUrl(url), source }
  if (url.protocol === 'http:') return { socket: await openTcp(place, limit), certificateUntilMs: null, fault: null, flaw: null }
  return openTls({ ...place, name: hostOf(url), trust, nowMs: clock.now().wallMs }, limit)
}

/** Asks for the URL once on this connection, follows nothing, and hands over the answer while its body still arrives. */
export const get = async <T>(
  socket: Socket,
  url: URL,
  version: string,
  limit: AbortSignal,
  use: (reply: Dispatcher.ResponseData) => Promise<T>,
): Promise<T> => {
  let handed = false
  const client = new Client(url.origin, {
    // undici asks for a second connection when the first is lost before the request is out. An answer to it that comes
    // at once, before this function has returned, is overlooked (8.13, 2026-11).
    connect: (_options, done) => {
      queueMicrotask(handed ? () => done(new errors.SocketError('closed'), null) : () => done(null, socket))
      handed = true
    },
    // `limit` bounds the whole.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  try {
    const reply = await client.request({
      method: 'GET',
      path: url.pathname + url.search,
      headers: { 'user-agent': `lifeboat/${version}`, accept: '*/*', 'accept-encoding': 'identity' },
      reset: true,
      signal: limit,
    })
    // A body that nobody reads on fails when the client is destroyed; that is no news.
    reply.body.on('error', () => {})
    return await use(reply)
  } finally {
    await client.destroy()
  }
}

/** `found`: the text is there · `ended`: the body ended without it · `long`: nor is it in the first MiB. No text is looked for where it is null. */
export const readBody = async (body: AsyncIterable<Buffer>, text: string | null): Promise<'found' | 'ended' | 'long'> => {
  const wanted = text === null ? null : Buffer.from(text)
  let bytes = 0
  let tail = Buffer.alloc(0)
  for await (const chunk of body) {
    bytes += chunk.length
    if (wanted !== null) {
      const seen = Buffer.concat([tail, chunk])
      if (seen.includes(wanted)) return 'found'
      tail = seen.subarray(Math.max(0, seen.length - wanted.length + 1))
    }
    if (bytes >= bodyMaxBytes) return 'long'
  }
  return 'ended'
}
