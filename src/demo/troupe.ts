import { fork, type ChildProcess } from 'node:child_process'
import type { Clock } from '../clock.ts'

/** Every process that the demo starts, so that none outlives it. */
export type Troupe = {
  /** Starts a script with this very Node; its standard output is a pipe or nothing. It ends when this process does, however that ends. */
  start(name: string, script: string, args: string[], env: NodeJS.ProcessEnv, output: 'pipe' | 'ignore'): ChildProcess
  get(name: string): ChildProcess | undefined
  /** Adds what is stopped after the processes, which may still need it. */
  last(stop: () => Promise<void>): void
  stop(clock: Clock): Promise<void>
}

/** How long a process may take to end before it is killed: the demo owes nobody a safe point. */
const graceMs = 2_000

/** A troupe of nobody yet. */
export function newTroupe(): Troupe {
  const children = new Map<string, ChildProcess>()
  const lasts: (() => Promise<void>)[] = []
  return {
    start: (name, script, args, env, output) => {
      // In a group of its own: Ctrl-C reaches the demo, which ends the others in order.
      const child = fork(script, args, { env, stdio: ['ignore', output, 'inherit', 'ipc'], execArgv: [], detached: true })
      children.set(name, child)
      return child
    },
    get: (name) => children.get(name),
    last: (stop) => void lasts.push(stop),
    stop: async (clock) => {
      await Promise.all([...children.values()].map((child) => endOf(child, clock)))
      await Promise.all(lasts.map((stop) => stop()))
    },
  }
}

async function endOf(child: ChildProcess, clock: Clock): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const over = new AbortController()
  const ended = new Promise<void>((end) => child.once('exit', () => end())).then(() => over.abort())
  child.kill('SIGTERM')
  await clock.sleep(graceMs, over.signal).then(
    () => child.kill('SIGKILL'),
    () => {}, // It ended by itself.
  )
  await ended
}
