import { execa } from 'execa'
import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { dumpZone, serialAt, untilServed } from './transfer.ts'

/** A real name server that runs. */
export type NameServer = {
  /** `IP:port`. */
  server: string
  /** The zone's records as sorted lines, SOA and DNSSEC left out. */
  dump(zone: string): Promise<string[]>
  serial(zone: string): Promise<number>
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void
  stop(): Promise<void>
}

type Start = { program: string; args: string[]; env: Record<string, string>; folder: string; server: string; zones: string[] }

/** Starts a name server over a folder that is its own and goes with it; ready when it serves every zone. */
export const startNameServer = async ({ program, args, env, folder, server, zones }: Start): Promise<NameServer> => {
  const daemon = execa(program, args, { env, reject: false, all: true })
  const stop = async (): Promise<void> => {
    daemon.kill('SIGKILL')
    await daemon
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await untilServed(server, zones)
  } catch (error) {
    await stop()
    throw new Error(`${basename(program)} did not start at ${server}:\n${(await daemon).all}`, { cause: error })
  }
  return {
    server,
    dump: (zone) => dumpZone(server, zone),
    serial: async (zone) => (await serialAt(server, zone)) ?? -1,
    signal: (signal) => void daemon.kill(signal),
    stop,
  }
}
