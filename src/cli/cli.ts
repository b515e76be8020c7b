import type { Clock } from '../clock.ts'
import { oneLine } from '../core/one-line.ts'
import { hide, hidden } from './secrets.ts'
import { stopOnSignals } from './signals.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What every command may be told. */
export type Flags = { config: string | undefined; controller: string | undefined; json: boolean; yes: boolean; logLevel: LogLevel }

/** What a command holds of the machine: its flags, its terminal, its clock. */
export type Cli = {
  flags: Flags
  env: Record<string, string | undefined>
  cwd: string
  /** The machine's; for a command that asks a controller elsewhere, the one there. */
  clock: Clock
  /** One line, or several, on standard output or standard error, without what a terminal would obey. */
  out(text: string): void
  err(text: string): void
  /** A line of JSON on standard output from which the secrets are out already. */
  raw(line: string): void
  /** Empties the screen, where standard output is a terminal. */
  clear(): void
  /** One value as JSON on standard output. */
  json(value: unknown): void
  /** From now on these values are printed nowhere. */
  keepSecret(secrets: string[]): void
  secrets(): string[]
  /** Whether standard output is a terminal that wants colours. */
  coloured: boolean
  /** The text in a colour, where `coloured`. */
  paint(colour: Colour, text: string): string
  /** Whether standard output is a terminal, and whether a person can be asked. */
  terminal: { out: boolean; asks: boolean }
  /** Aborts when the process is told to stop, or nobody reads its output any more. Until it is first called, a signal ends the process at once. */
  stop(): AbortSignal
  /** By which signal. Null: by none. */
  stoppedBy(): NodeJS.Signals | null
}

/** Who asks, as the journal names them. */
export const asker = ({ env }: Cli): string => oneLine(env.USER || env.LOGNAME || '') || 'a person'

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const
export type Colour = keyof typeof codes

const ownCodes = new Set([0, ...Object.values(codes)].map((code) => `\u001b[${code}m`))

/** What others wrote (a record in DNS, an answer of a site) may hold what moves the cursor or hides a line: of all that only our own colours stay. */
export const printable = (text: string, coloured: boolean): string =>
  text.replace(/\u001b\[\d+m|[^\P{Cc}\n\t]/gu, (found) => (coloured && ownCodes.has(found) ? found : ''))

/** JSON writes the control characters below the blank as escapes; this does so with the rest of them. The value stays the same. */
export const printableJson = (json: string): string => json.replace(/[\u007f-\u009f]/g, (found) => `\\u00${found.charCodeAt(0).toString(16)}`)

/** The real one. */
export function machineCli(flags: Flags, clock: Clock): Cli {
  const { stdin, stdout, stderr, env } = process
  const out = stdout.isTTY === true
  const coloured = out && !env.NO_COLOR && env.TERM !== 'dumb'
  let secrets: string[] = []
  let stop: AbortController | null = null
  let unread = false
  // A reader that went away (`| head`, a closed terminal) is no fault: the command goes on to its end, or to its next safe point.
  for (const stream of [stdout, stderr])
    stream.on('error', (thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== 'EPIPE' && thrown.code !== 'EIO') throw thrown
      unread ||= stream === stdout
      if (unread) stop?.abort(thrown)
    })
  const write = (stream: NodeJS.WriteStream, text: string) => {
    if (!stream.writable) return
    stream.write(`${text}\n`)
  }
  return {
    flags,
    env,
    cwd: process.cwd(),
    clock,
    out: (text) => write(stdout, printable(hide(text, secrets), coloured)),
    err: (text) => write(stderr, printable(hide(text, secrets), coloured)),
    raw: (line) => write(stdout, printableJson(line)),
    clear: () => void (out && stdout.writable && stdout.write('\u001b[2J\u001b[H')),
    json: (value) => write(stdout, printableJson(JSON.stringify(hidden(value, secrets), null, out ? 2 : undefined))),
    keepSecret: (more) => (secrets = [...new Set([...secrets, ...more])]),
    secrets: () => secrets,
    coloured,
    paint: (colour, text) => (coloured ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text),
    terminal: { out, asks: stdin.isTTY === true && (out || stderr.isTTY === true) },
    stop: () => {
      stop ??= stopOnSignals(clock)
      if (unread) stop.abort()
      return stop.signal
    },
    stoppedBy: () => stop?.signal.reason?.signal ?? null,
  }
}
