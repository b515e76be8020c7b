// A site of the demo: the customer's app, a process of its own. `node site.ts NAME ADDRESS PORT`. It ends with its parent.
// Its parent may cut its network to some addresses (`{ cut: [...] }`): their packets are then dropped, as a firewall would.
import { createServer } from 'node:http'

const [name = '', address = '', port = ''] = process.argv.slice(2)
let cut: string[] = []

const server = createServer((request, response) => {
  if (cut.includes(request.socket.remoteAddress ?? '')) return // Dropped: no answer ever comes.
  response.setHeader('Lifeboat-Site', name)
  response.setHeader('Connection', 'close')
  response.end(`ok from ${name}\n`)
})
server.listen(Number(port), address, () => process.send?.({ listening: (server.address() as { port: number }).port }))
process.on('message', (said: { cut?: string[] }) => (cut = said.cut ?? []))
process.on('disconnect', () => process.exit(0))
