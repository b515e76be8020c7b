import pino from 'pino'
import type { Log, LogLine } from '../ports.ts'
import type { Cli } from './cli.ts'
import { hidden } from './secrets.ts'
import { clockTime } from './times.ts'

/** Lines on standard output: readable on a terminal (unless --json asks for it), JSON with `time, level, event, msg` first elsewhere. */
export const logTo = (cli: Cli): Log => (cli.terminal.out && !cli.flags.json ? readable(cli) : asJson(cli))

function asJson(cli: Cli): Log {
  const logger = pino(
    {
      base: null,
      level: cli.flags.logLevel,
      timestamp: () => `,"time":"${new Date(cli.clock.now().wallMs).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => cli.raw(ordered(line)) },
  )
  return ({ level, ...line }) => logger[level](hidden(line, cli.secrets()))
}

/** pino begins with the level. */
const ordered = (line: string): string => line.trimEnd().replace(/^\{("level":"[a-z]+"),("time":"[^"]+")/, '{$2,$1')

const ranks = ['debug', 'info', 'warn', 'error']
const colours = { info: 'dim', warn: 'yellow', error: 'red' } as const

function readable(cli: Cli): Log {
  return ({ level, event, msg }: LogLine) => {
    if (ranks.indexOf(level) < ranks.indexOf(cli.flags.logLevel)) return
    cli.out(`${cli.paint('dim', clockTime(cli.clock.now().wallMs))}  ${cli.paint(colours[level], level.padEnd(5))}  ${event.padEnd(8)}  ${msg}`)
  }
}
