import { execa } from 'execa'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import { inShell } from '../../src/cli/shell-word.ts'
import type { Identity } from '../lab/certificates.ts'
import { listenHttp, listenHttps } from '../lab/sockets.ts'
import { waitMs } from '../lab/wait.ts'
import { main, start, type Ran } from './rig.ts'

/** An empty folder for one test. */
export const emptyFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-init-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Runs lifeboat without a terminal. */
export const lifeboat = (folder: string, words: string[], env: Record<string, string> = {}): Promise<Ran> => start(process.execPath, [main, ...words], { cwd: folder, env }).ended

export const fileIn = (folder: string): Promise<string> => readFile(join(folder, 'lifeboat.yaml'), 'utf8')

export const ok: RequestListener = (_, response) => void response.writeHead(200, { connection: 'close' }).end('ok')

/** A web server for one test. */
export const site = async (address: string, port: number, answer: RequestListener = ok, identity?: Identity): Promise<void> => {
  await (identity ? listenHttps(identity, answer, address, port) : listenHttp(answer, address, port))
}

export type Terminal = {
  /** All that the terminal has shown, as plain lines. */
  shown(): string
  /** Waits until the terminal shows this, behind what was waited for before. */
  until(text: string | RegExp): Promise<void>
  /** Types a line once the question is there. */
  answer(question: string | RegExp, line: string): Promise<void>
  /** Ctrl-C or Ctrl-D, as the keyboard sends it. */
  press(key: 'C' | 'D'): void
  ended: Promise<number | null>
}

/** The environment in which these servers, on loopback, are the machine's resolvers; made sure of before anything is asked of them. */
export const resolversAt = async (folder: string, servers: string[]): Promise<Record<string, string>> => {
  const file = join(folder, 'resolvers.mjs')
  await writeFile(file, `import dns from 'node:dns'\nimport { syncBuiltinESMExports } from 'node:module'\ndns.setServers(${JSON.stringify(servers)})\nsyncBuiltinESMExports()\n`)
  const env = { NODE_OPTIONS: `--import ${pathToFileURL(file).href}` }
  const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', "import { getServers } from 'node:dns'; console.log(getServers().join())"], { env })
  if (stdout !== servers.join()) throw new Error(`the machine's own resolvers would be asked: ${stdout}`)
  return env
}

/** Runs lifeboat on a pseudo-terminal of its own. */
export const onTerminal = (folder: string, words: string[], env: Record<string, string> = {}): Terminal => terminal(`exec ${[process.execPath, main, ...words].map(inShell).join(' ')}`, folder, env)

/** Runs a shell's command on a pseudo-terminal of its own (script(1), util-linux). A shell that stays beside what it runs hears Ctrl-C too, and ends by it: dash does, unless it is told to `exec`. */
export const terminal = (command: string, folder: string, env: Record<string, string> = {}): Terminal => {
  const { NO_COLOR: _, LIFEBOAT_CONFIG: __, ...inherited } = process.env
  const child = spawn('script', ['-qefc', command, '/dev/null'], { cwd: folder, env: { ...inherited, SHELL: '/bin/sh', TERM: 'dumb', ...env }, stdio: ['pipe', 'pipe', 'inherit'] })
  let text = ''
  let seen = 0
  const waiting = new Set<() => void>()
  child.stdout.on('data', (part: Buffer) => {
    text += part.toString().replaceAll('\r', '')
    for (const wake of waiting) wake()
  })
  const ended = once(child, 'close').then(([code]): number | null => {
    for (const wake of waiting) wake()
    return code
  })
  child.stdin.on('error', () => undefined) // It ended before it read all that was typed.
  onTestFinished(async () => {
    if (child.exitCode === null) child.kill('SIGKILL')
    await ended
  })
  const until: Terminal['until'] = async (wanted) => {
    const limit = AbortSignal.timeout(waitMs)
    for (;;) {
      const found = typeof wanted === 'string' ? text.indexOf(wanted, seen) : ((at) => (at < 0 ? -1 : at + seen))(text.slice(seen).search(wanted))
      if (found >= 0) return void (seen = found + 1)
      if (limit.aborted || child.exitCode !== null) throw new Error(`the terminal never showed ${wanted}; it showed:\n${text}`)
      await new Promise<void>((go) => {
        const wake = () => (waiting.delete(wake), go())
        waiting.add(wake)
        limit.addEventListener('abort', wake, { once: true })
      })
    }
  }
  return {
    shown: () => text,
    until,
    answer: async (question, line) => {
      await until(question)
      child.stdin.write(`${line}\n`)
    },
    press: (key) => void child.stdin.write(key === 'C' ? '\u0003' : '\u0004'),
    ended,
  }
}
