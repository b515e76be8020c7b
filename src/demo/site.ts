// A site of the demo, and a machine of a simulated cloud: the customer's app, a process of its own. `node site.ts NAME ADDRESS,... PORT`. It ends with its parent.
// Its parent may cut its network to some addresses (`{ cut: [...] }`): their packets are then dropped, as a firewall would. Or it gives it other addresses (`{ addresses: [...] }`).
import { createServer, type RequestListener, type Server } from 'node:http'

const [name = '', first = '', port = ''] = process.argv.slice(2)
let cut: string[] = []
const servers = new Map<string, Server>()

const answer: RequestListener = (request, response) => {
  if (cut.includes(request.socket.remoteAddress ?? '')) return // Dropped: no answer ever comes.
  response.setHeader('Lifeboat-Site', name)
  response.setHeader('Connection', 'close')
  response.end(`ok from ${name}\n`)
}

const standAt = async (addresses: string[]): Promise<void> => {
  for (const [address, server] of servers) {
    if (addresses.includes(address)) continue
    server.close()
    server.closeAllConnections()
    servers.delete(address)
  }
  for (const address of addresses.filter((each) => !servers.has(each))) {
    const server = createServer(answer)
    servers.set(address, server)
    await new Promise<void>((listening, failed) => server.once('error', failed).listen(Number(port), address, listening))
  }
  process.send?.({ listening: (servers.get(addresses[0]!)!.address() as { port: number }).port })
}

const end = (thrown: unknown): void => {
  console.error(`${name}: ${(thrown as Error).message}`)
  process.exit(1)
}

process.on('message', (said: { cut?: string[]; addresses?: string[] }) => {
  if (said.cut) cut = said.cut
  if (said.addresses) standAt(said.addresses).catch(end)
})
process.on('disconnect', () => process.exit(0))
standAt(first.split(',')).catch(end)
