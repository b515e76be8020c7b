import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

const isFree = async (address: string, port: number): Promise<boolean> => {
  const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  const tcp = createServer()
  try {
    udp.bind(port, address)
    await once(udp, 'listening')
    tcp.listen(port, address)
    await once(tcp, 'listening')
    return true
  } catch {
    return false
  } finally {
    udp.close()
    tcp.close()
  }
}

/** A port that is free for UDP and TCP at every one of the addresses; below the range from which the system hands out its own. */
export const freePort = async (addresses: string[]): Promise<number> => {
  for (let tries = 0; tries < 200; tries++) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    const free = await Promise.all(addresses.map((address) => isFree(address, port)))
    if (free.every(Boolean)) return port
  }
  throw new Error(`no port is free at ${addresses.join(', ')}`)
}
