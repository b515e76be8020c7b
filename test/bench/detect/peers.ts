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
import type { Cut } from './cuts.ts'
import { openEye } from './eye.ts'
import type { Eye } from './eye.ts'
import { peers } from './programs.ts'
import type { Peer } from './programs.ts'

/** The same cuts before the eyes of others, each alone: the time to their changed answer. One that cannot be had is left out, and that is said. */
export const peersBeside = async (world: World, options: BenchOptions): Promise<Figure[]> => {
  const figures: Figure[] = []
  for (const peer of peers) {
    const unpacked = await debian(peer.packages)
    if (unpacked === null) options.say(`${peer.name} is left out: it could not be unpacked`)
    const values = unpacked && await measureOne(world, peer, unpacked, options).catch((error: unknown) => {
      options.say(`${peer.name} is left out: ${error instanceof Error ? error.message : String(error)}`)
      return null
    })
    for (const cut of cuts) figures.push({ what: `${peer.name}: ${cut}`, unit: 'ms', values: values?.[cut] ?? [], goal: null, beside: null })
  }
  return figures
}

const measureOne = async (world: World, peer: Peer, unpacked: Unpacked, options: BenchOptions): Promise<Record<Cut, number[]>> => {
  const folder = await mkdtemp(join(tmpdir(), 'lab-peer-'))
  const stop = await start(world, peer, unpacked, folder, options)
  const eye = await openEye(world.net, 'customer', peer.asked)
  try {
    const kill = await measureCuts(world, peer, eye, 'kill', options)
    return { kill, blackhole: await measureCuts(world, peer, eye, 'blackhole', options) }
  } finally {
    await eye.stop()
    await stop()
    await rm(folder, { recursive: true, force: true })
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

const measureCuts = async (world: World, peer: Peer, eye: Eye, cut: Cut, { runs, say }: BenchOptions): Promise<number[]> => {
  const values: number[] = []
  while (values.length < runs) {
    await eye.shows(peer.shows.alpha, 60_000)
    values.push(await timeCut(world, eye, { cut, intervalMs: peer.intervalMs, changed: peer.shows.beta }))
    await unmake[cut](world, 'alpha')
    say(`${peer.name}, ${cut}: ${Math.round(values.at(-1)!)} ms (${values.length} of ${runs})`)
  }
  return values
}
