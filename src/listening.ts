// What every HTTP server of ours does alike: `lifeboat vantage`, and `listen` of the controller.

import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostOf } from './url-host.ts'

// Whoever reaches the port may hold a connection for some seconds, and no more; Node looks every `connectionsCheckingInterval`.
const limits = { headersTimeout: 2_000, requestTimeout: 5_000, connectionsCheckingInterval: 500, maxHeaderSize: 8_192 }

/** Not listening yet. `idleMs`: how long a connection is kept between two requests. */
export function boundedServer({ connections, idleMs }: { connections: number; idleMs: number }, listener: RequestListener): Server {
  const server = createServer({ ...limits, keepAliveTimeout: idleMs }, listener)
  server.maxConnections = connections
  return server
}

/** Listens at `IP:port` or `[v6]:port`; port 0 is any free one. Rejects where it cannot. */
export async function listenAt(server: Server, address: string): Promise<AddressInfo> {
  const url = new URL(`tcp://${address}`)
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(Number(url.port), hostOf(url), resolve))
  return server.address() as AddressInfo
}

/** Ends every connection, and resolves when the port is free. */
export async function stopListening(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
}

/** A request's body. Null: it is longer than `most` bytes. */
export async function bodyOf(request: IncomingMessage, most: number): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > most) return null
  const chunks: Buffer[] = []
  let bytes = 0
  // Stopping early must not destroy the request: its connection carries the refusal.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > most) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
