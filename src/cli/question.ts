import { createInterface } from 'node:readline'
import { Said } from '../errors.ts'
import type { Cli } from './cli.ts'

/** Goes on where the person says yes, or said so with --yes; throws Said otherwise. */
export async function agree(cli: Cli, question: string): Promise<void> {
  if (cli.flags.yes) return
  if (!cli.terminal.asks) throw new Said('Nobody can be asked here, since this is no terminal: nothing was done. To do it: the same command with --yes')
  // Without raw mode, so that Ctrl-C stays a signal.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  try {
    process.stderr.write(`${question} [y/N] `)
    const answer = await firstLine(lines, cli.stop())
    if (!/^y(es)?$/i.test(answer.trim())) throw new Said('Nothing was done')
  } finally {
    lines.close()
    process.stdin.unref()
  }
}

/** The end of the input is an empty answer. */
const firstLine = (lines: ReturnType<typeof createInterface>, signal: AbortSignal): Promise<string> =>
  new Promise((answered, stopped) => {
    signal.addEventListener('abort', () => stopped(signal.reason), { once: true })
    lines.once('line', answered)
    lines.once('close', () => answered(''))
  })
