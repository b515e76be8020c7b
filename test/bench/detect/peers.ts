import { execa } from 'execa'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { debian } from '../../lab/debian.ts'
import type { Unpacked } from '../../lab/debian.ts'
import type { World } from '../../real/world.ts'
import type { BenchOptions, Figure } from '../frame.ts'
import { cuts, timeCut, unmake } from './cuts.ts'
import type { Cut, Looks } from './cuts.ts'
import { openEye } from './eye.ts'
import { peers } from './programs.ts'
import type { Peer } from './programs.ts'

type Running = Looks & { peer: Peer; stop(): Promise<void> }

/** The same cuts before the eyes of others, all at once: the time to each one's changed answer. One that cannot be had is left out, and that is said. */
export const peersBeside = async (world: World, options: BenchOptions, figures: Figure[]): Promise<void> => {
  const running: Running[] = []
  try {
    for (const peer of peers) {
      const started = await begin(world, peer, options).catch((error: unknown) => `${error instanceof Error ? error.message : String(error)}`)
      if (typeof started === 'string') options.say(`${peer.name} is left out: ${started}`)
      else running.push(started)
    }
    if (running.length > 0) for (const cut of cuts) await measureCut(world, running, cut, options, figures)
  } finally {
    await Promise.all(running.map(({ stop }) => stop()))
  }
}

const measureCut = async (world: World, running: Running[], cut: Cut, { runs, say }: BenchOptions, figures: Figure[]): Promise<void> => {
  const own = running.map(({ peer }): Figure => ({ what: `${peer.name}: ${cut}`, unit: 'ms', values: [], goal: null, beside: null }))
  figures.push(...own)
  const intervalMs = Math.max(...running.map(({ peer }) => peer.intervalMs))
  for (let run = 1; run <= runs; run++) {
    const values = await timeCut(world, running, { cut, intervalMs })
    await unmake[cut](world, 'alpha')
    for (const [i, value] of values.entries()) own[i]!.values.push(value)
    say(`${cut} (${run} of ${runs}): ${running.map(({ peer }, i) => `${peer.name} ${Math.round(values[i]!)} ms`).join(' · ')}`)
  }
}

/** Starts it, with a customer who asks it, and waits until that one is led to alpha. */
const begin = async (world: World, peer: Peer, options: BenchOptions): Promise<Running> => {
  const unpacked = await debian(peer.packages)
  if (unpacked === null) throw new Error('it could not be unpacked')
  const folder = await mkdtemp(join(tmpdir(), 'lab-peer-'))
  const end = await start(world, peer, unpacked, folder, options)
  const eye = await openEye(world.net, 'customer', peer.asked)
  const stop = async (): Promise<void> => {
    await eye.stop()
    await end()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await eye.shows(peer.shows.alpha, 30_000)
    return { peer, eye, shows: peer.shows, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Starts it on its host; gives what stops it. */
const start = async (world: World, peer: Peer, { root, env }: Unpacked, folder: string, { uses }: BenchOptions): Promise<() => Promise<void>> => {
  const write = async (name: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  const [[versionProgram = '', ...versionArgs], form] = peer.version
  const told = await execa(join(root, versionProgram), versionArgs, { env, reject: false, all: true })
  uses(`${peer.name.split(/[ ,]/)[0]} ${form.exec(told.all)?.[1] ?? '?'}`)
  const [program = '', ...args] = await peer.prepare(folder, { root, env }, write)
  const [ip = '', ...words] = [...world.net.on(peer.host), join(root, program), ...args]
  const child = spawn(ip, words, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said = `${said}${part}`.slice(-2_000)))
  const ended = once(child, 'exit')
  child.on('exit', (code) => code !== null && code !== 0 && console.warn(`${peer.name} ended with ${code}: ${said}`))
  return async () => {
    child.kill('SIGKILL')
    await ended
  }
}
