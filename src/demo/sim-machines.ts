// The machines of a simulated cloud: each is a process of its own that answers as its site at the machine's addresses.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { newTroupe } from './troupe.ts'

export type SimMachines = {
  /** Boots the machine, or tells the one that runs which addresses it has now. Resolves when it listens; rejects where it cannot. */
  run(id: string, site: string, addresses: string[]): Promise<void>
  /** Power off: resolves when nothing of it answers any more. */
  halt(id: string): Promise<void>
  /** The site's name, the addresses and the process id of each that runs. */
  running(): { id: string; site: string; addresses: string[]; pid: number }[]
  stop(): Promise<void>
}

/** Machines whose app listens at this port. Null: they boot nothing, and answer nobody. */
export function newMachines(port: number | null, clock: Clock): SimMachines {
  const troupe = newTroupe()
  const known = new Map<string, { site: string; addresses: string[] }>()
  const alive = (id: string): ChildProcess | null => {
    const child = troupe.get(id)
    return child && child.exitCode === null && child.signalCode === null ? child : null
  }
  const ending = new Set<Promise<unknown>>()
  let stopped = false
  const halt = async (id: string): Promise<void> => {
    const child = alive(id)
    if (!child) return
    const gone = once(child, 'exit')
    ending.add(gone)
    child.kill('SIGKILL')
    await gone
    ending.delete(gone)
  }
  return {
    run: async (id, site, addresses) => {
      if (port === null) return
      await Promise.all(ending) // One that is going may still hold an address.
      if (stopped) throw new Error('the cloud has been stopped')
      if (addresses.length === 0) return await halt(id)
      known.set(id, { site, addresses })
      const runs = alive(id)
      const machine = runs ?? troupe.start(id, join(import.meta.dirname, 'site.ts'), [site, addresses.join(','), String(port)], {}, 'ignore')
      runs?.send({ addresses })
      await listening(machine)
    },
    halt,
    running: () => [...known].flatMap(([id, machine]) => (alive(id) ? [{ id, ...machine, pid: alive(id)!.pid! }] : [])),
    stop: async () => {
      stopped = true
      await troupe.stop(clock)
    },
  }
}

async function listening(machine: ChildProcess): Promise<void> {
  const over = new AbortController()
  const ended = once(machine, 'exit', { signal: over.signal }).then(() => {
    throw new Error('the machine has ended')
  })
  try {
    await Promise.race([once(machine, 'message', { signal: over.signal }), ended])
  } finally {
    over.abort()
  }
}

/** Hands out addresses of 127.x.y.0/24, where x and y are the port at which the cloud itself listens: no two clouds of one machine share any. */
export function addressPool(port: number): () => string {
  let last = 0
  return () => {
    last += 1
    if (last > 254) throw new Error('a simulated cloud has 254 addresses')
    return `127.${port >> 8}.${port & 255}.${last}`
  }
}

/** A machine's IPv6 address, as IPv6 writes the next IPv4 one: `::ffff:7f04:506`. Of loopback's own there is only one. */
export const mappedV6 = (address: string): string => {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
  return `::ffff:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}
