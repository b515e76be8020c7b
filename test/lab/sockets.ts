import { createServer as createPlainServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { onTestFinished } from 'vitest'
import type { Identity } from './certificates.ts'
import { freePort } from './ports.ts'

/** Starts the server for the length of one test, and says at which port; 0: any that is free. Whatever hangs on it is cut off at the end. */
export const listen = async (server: Server, host = '127.0.0.1', port = 0): Promise<number> => {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  return (server.address() as AddressInfo).port
}

export const listenHttp = (handler: RequestListener, host?: string, port?: number): Promise<number> => listen(createPlainServer(handler), host, port)

export const listenHttps = (identity: Identity, handler: RequestListener, host?: string, port?: number): Promise<number> =>
  listen(createTlsServer(identity, handler).on('tlsClientError', () => {}), host, port)

/** Reads what it is sent, so that it notices when the other end hangs up. */
export const listenTcp = (handler: (socket: Socket) => void, host?: string): Promise<number> =>
  listen(createTcpServer((socket) => handler(socket.resume())), host)

/** A port that nobody listens at, so that it refuses. */
export const refusingPort = (host = '127.0.0.1'): Promise<number> => freePort([host])

/** The sockets that this process holds open now, timers and pipes left out. */
export const openSockets = (): string[] => process.getActiveResourcesInfo().filter((each) => /TCPSocket|TLS|UDP|GetAddrInfo/.test(each))

/** Whether this machine has ::1: some containers do not, and the tests of that family are skipped there. */
export const hasV6 = Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === '::1'))
