import { spawn } from 'node:child_process'
import type { Clock } from '../../clock.ts'
import { textOf } from '../../errors.ts'
import type { Channel, Delivery } from '../../ports.ts'

const timeoutMs = 10_000

/** `argv`: the program and its arguments, no shell. `folder`: where it runs; a relative path of the program starts there. */
export type ExecChannelOptions = { channel: string; events: Channel['events']; argv: string[]; folder: string; clock: Clock }

/** Runs a program with the message as one line of JSON on its standard input; 0 is success. What it prints is read by nobody: it may be secret. */
export const execChannel = ({ channel, events, argv, folder, clock }: ExecChannelOptions): Channel => ({
  channel,
  events,
  send: async (message, signal) => {
    const limit = clock.deadline(timeoutMs, signal)
    const delivery = await run(argv, folder, `${JSON.stringify(message)}\n`, limit)
    signal.throwIfAborted()
    return delivery
  },
})

const run = ([program = '', ...args]: string[], folder: string, input: string, limit: AbortSignal): Promise<Delivery> =>
  new Promise((resolve) => {
    const end = (outcome: Delivery['outcome'], detail = '') => {
      limit.removeEventListener('abort', kill)
      resolve({ outcome, detail, againMs: null })
    }
    // A group of its own, so that what it started ends with it.
    const child = spawn(program, args, { cwd: folder, stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    const kill = () => {
      if (child.pid !== undefined) killGroup(child.pid)
      end('unknown', `it did not end within ${timeoutMs / 1000} s, and was killed`)
    }
    child.on('error', (thrown) => end('refused', textOf(thrown)))
    child.on('exit', (code, by) => (code === 0 ? end('done') : end('refused', code === null ? `it was ended by ${by}` : `it ended with ${code}`)))
    child.stdin.on('error', () => {}) // A program may end without reading: its exit code says how it went.
    child.stdin.end(input)
    if (limit.aborted) kill()
    else limit.addEventListener('abort', kill, { once: true })
  })

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown
  }
}
