import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { frame, parseServer, takeMessages } from '../../src/drivers/dns/exchange.ts'

/** What becomes of a message on its way: itself, another, or none (null). A promise delays it. */
export type Hook = (message: Buffer) => Buffer | null | Promise<Buffer | null>

export type Proxy = { server: string; stop(): Promise<void> }

/** A hook for UPDATEs; everything else passes. */
export const forUpdates =
  (hook: Hook): Hook =>
  (message) =>
    ((message.readUInt8(2) >> 3) & 15) === 5 ? hook(message) : message

/**
 * A TCP proxy before a DNS server that can drop, delay or change each message. The server's side outlives the client's until every
 * request that was let through is answered, so a delayed one still lands; not longer, since a server takes only so many connections.
 */
export const startProxy = async (to: string, hooks: { request?: Hook; reply?: Hook }): Promise<Proxy> => {
  const target = parseServer(to)
  if (!target) throw new Error(`not a server: ${to}`)
  const open = new Set<Socket>()
  const pass = async (message: Buffer, into: Socket, hook: Hook = (same) => same): Promise<boolean> => {
    const kept = await hook(Buffer.from(message))
    if (kept && into.writable) into.write(frame(kept))
    return kept !== null
  }
  const server = createServer((client) => {
    const behind = connect({ host: target.address, port: target.port })
    let owed = 0
    const settle = (change: number): void => {
      owed += change
      if (client.destroyed && owed === 0) behind.destroy()
    }
    for (const socket of [client, behind]) {
      open.add(socket)
      socket.on('close', () => open.delete(socket))
      socket.on('error', () => socket.destroy())
    }
    client.on('close', () => settle(0))
    takeMessages(client, (message) => {
      settle(1)
      void pass(message, behind, hooks.request).then((kept) => settle(kept ? 0 : -1))
    })
    takeMessages(behind, (message) => void pass(message, client, hooks.reply).then(() => settle(-1)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const place = server.address()
  if (place === null || typeof place === 'string') throw new Error('not listening')
  return {
    server: `127.0.0.1:${place.port}`,
    stop: async () => {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
