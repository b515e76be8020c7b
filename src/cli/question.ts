import { on } from 'node:events'
import { createInterface } from 'node:readline'
import { Said } from '../errors.ts'
import type { Cli } from './cli.ts'

/** Puts one question, and gives the line that is answered. Null: the input has ended. */
export type Question = (text: string) => Promise<string | null>

/** Lets `use` ask the person at the terminal as often as it likes; what is typed ahead is kept for the next question. Rejects when the process is told to stop. */
export async function withQuestions<T>(cli: Cli, use: (question: Question) => Promise<T>): Promise<T> {
  // Without raw mode, so that Ctrl-C stays a signal.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  const answers = on(lines, 'line', { close: ['close'], signal: cli.stop() })
  try {
    return await use(async (text) => {
      process.stderr.write(`${text} `)
      const { done, value } = await answers.next()
      return done ? null : String(value[0])
    })
  } finally {
    lines.close()
    process.stdin.unref()
  }
}

/** Goes on where the person says yes, or said so with --yes; throws Said otherwise. */
export async function agree(cli: Cli, question: string): Promise<void> {
  if (cli.flags.yes) return
  if (!cli.terminal.asks) throw new Said('Nobody can be asked here, since this is no terminal: nothing was done. To do it: the same command with --yes')
  const answer = await withQuestions(cli, (ask) => ask(`${question} [y/N]`))
  if (!/^y(es)?$/i.test(answer?.trim() ?? '')) throw new Said('Nothing was done')
}
