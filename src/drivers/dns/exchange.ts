import { connect, isIP } from 'node:net'
import type { Socket } from 'node:net'

// One message to one DNS server and its answer back, as bytes.

/** `192.0.2.53`, `192.0.2.53:53`, `2001:db8::53` or `[2001:db8::53]:53` in parts. Null: none of these. */
export const parseServer = (server: string, defaultPort = 53): { address: string; port: number } | null => {
  if (isIP(server)) return { address: server, port: defaultPort }
  const parts = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(server)
  const address = parts?.[1] ?? parts?.[2] ?? ''
  const port = Number(parts?.[3] ?? defaultPort)
  return isIP(address) === (parts?.[1] ? 6 : 4) && port > 0 && port < 65_536 ? { address, port } : null
}

/** `IP:port`, with brackets around an IPv6 address. */
export const formatServer = (address: string, port: number): string => (isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`)

/** Its parts; throws where it is none. */
export const placeOf = (server: string): { address: string; port: number } => {
  const place = parseServer(server)
  if (!place) throw new Error(`not IP:port: ${server}`)
  return place
}

/** A TCP connection to a DNS server; questions may overlap, and are told apart by id. */
export type Stream = {
  /** Rejects where the connection ends or the signal aborts first: whether the server took the message is then unknown. */
  ask(bytes: Buffer): Promise<Buffer>
  close(): void
}

/** Calls `take` with each whole message that arrives on a TCP connection. */
export const takeMessages = (socket: Socket, take: (message: Buffer) => void): void => {
  let pending = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0)
      if (end > 4) take(pending.subarray(2, end))
      pending = pending.subarray(end)
    }
  })
}

/** A message with its length in front (RFC 1035 section 4.2.2). Throws where it is longer than 65,535 bytes. */
export const frame = (message: Buffer): Buffer => {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

/** Opens a TCP connection; rejects where that fails, and then nothing was sent. Ends with the signal. */
export const openStream = async (server: string, signal: AbortSignal): Promise<Stream> => {
  const { address, port } = placeOf(server)
  signal.throwIfAborted()
  const socket = connect({ host: address, port, noDelay: true, signal })
  const leaving: Buffer[] = []
  const waiting = new Map<number, { resolve: (answer: Buffer) => void; reject: (error: unknown) => void }>()
  const end = (error: unknown): void => {
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
    socket.destroy()
  }
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.on('error', reject)
  })
  socket.on('error', end)
  socket.on('close', () => end(new Error('the connection was closed without an answer')))
  takeMessages(socket, (message) => {
    const id = message.readUInt16BE(0)
    waiting.get(id)?.resolve(message)
    waiting.delete(id)
  })
  return {
    ask: (bytes) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error('the connection is closed'))
        waiting.set(bytes.readUInt16BE(0), { resolve, reject })
        // What is asked in one go leaves in one go.
        if (leaving.push(frame(bytes)) === 1) process.nextTick(() => socket.write(Buffer.concat(leaving.splice(0))))
      }),
    close: () => end(new Error('closed')),
  }
}
