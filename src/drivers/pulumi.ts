// The only caller of the pulumi CLI: facts of 3.274.1, measured 2026-11. It runs in a group of its own, so that a terminal's Ctrl-C
// reaches it once, through us, and not twice, which would have it let go of what is under way.

import { execa } from 'execa'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import type { Clock } from '../clock.ts'
import { spell } from '../core/spell.ts'
import { exits, Said } from '../errors.ts'
import { scrubbed, type Env } from './pulumi/environment.ts'
import { heardIn, type Progress, type Summary } from './pulumi/events.ts'
import { faultOf, noPulumi, packagesSentence, type StackAt } from './pulumi/faults.ts'

/** `env`: what this process has; pulumi is given its part of it. */
export type PulumiOptions = { env: Env; clock: Clock }

/** `interrupts`: tells when a person wants it to stop; the first lets the call under way end, the second does not. */
export type Up = { onProgress: (progress: Progress) => void; interrupts: (interrupt: () => void) => void; limitMs?: number }

/** Reading the state waits for its place alone. */
const readMs = 20_000
/** A machine is there within minutes; a cloud that answers nothing at all has its own time-outs below this. */
const upMs = 1_800_000
/** How long pulumi may take to stop after each kind of signal. */
const graceMs = 60_000

const upArguments = ['up', '--yes', '--non-interactive', '--skip-preview', '--json']

/** The CLI's version, such as `v3.274.1`. Throws Said where there is no pulumi. */
export async function pulumiVersion({ env, clock }: PulumiOptions, signal?: AbortSignal): Promise<string> {
  const { stdout, failed, code } = await execa('pulumi', ['version'], { env: scrubbed(env, 'none'), extendEnv: false, reject: false, stdin: 'ignore', cancelSignal: clock.deadline(readMs, signal), forceKillAfterDelay: false })
  if (code === 'ENOENT' || code === 'EACCES') throw noPulumi()
  if (failed) throw new Said('The pulumi on PATH does not run: pulumi version fails')
  return stdout.trim()
}

/** A stack's outputs as its state has them; no cloud is asked. Throws Said where they cannot be had. */
export async function stackOutput(at: StackAt, { env, clock }: PulumiOptions, signal?: AbortSignal): Promise<Record<string, unknown>> {
  const limit = clock.deadline(readMs, signal)
  const ran = await execa('pulumi', ['stack', 'output', '--json', '--non-interactive', '--stack', at.stack], {
    cwd: folderOf(at), env: scrubbed(env, at.cloud), extendEnv: false, reject: false, stdin: 'ignore', cancelSignal: limit, killSignal: 'SIGKILL',
  })
  if (ran.code === 'ENOENT' || ran.code === 'EACCES') throw noPulumi()
  signal?.throwIfAborted()
  if (limit.aborted) throw new Said(`The state cannot be reached: pulumi stack output gave no answer in ${readMs / 1_000} s`, exits.unfinished)
  if (ran.failed) throw faultOf(at, { code: ran.exitCode ?? null, err: ran.stderr, errors: [] }, 'pulumi stack output')
  return asMapping(ran.stdout, at)
}

function asMapping(text: string, { stack }: StackAt): Record<string, unknown> {
  try {
    const read: unknown = JSON.parse(text)
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read as Record<string, unknown>
  } catch {
    // Not JSON: said below.
  }
  throw new Said(`What pulumi gives as the outputs of ${stack} is no JSON object`, exits.unfinished)
}

/** Brings a stack to what its program says, with no refresh: what was done to how many resources. Throws Said where it did not come to its end. */
export async function pulumiUp(at: StackAt, { env, clock }: PulumiOptions, { onProgress, interrupts, limitMs = upMs }: Up): Promise<Summary> {
  refuseNoPackages(folderOf(at))
  const child = execa('pulumi', [...upArguments, '--stack', at.stack], {
    cwd: at.folder, env: scrubbed(env, at.cloud), extendEnv: false, reject: false, stdin: 'ignore', detached: true, buffer: { stdout: false }, forceKillAfterDelay: false,
  })
  const stopping = stopper((signal) => child.kill(signal))
  interrupts(stopping.next)
  const over = new AbortController()
  const limited = stopAtLimit(stopping, { clock, limitMs, over: over.signal })
  let summary: Summary | null = null
  const errors: string[] = []
  for await (const line of child.iterable({ from: 'stdout' })) {
    const heard = heardIn(line)
    if (heard && 'summary' in heard) summary = heard.summary
    if (!heard || !('progress' in heard)) continue
    const { progress } = heard
    if (progress.kind === 'says' && progress.level === 'error') errors.push(progress.text)
    // Once it is told to stop, the SDK prints at length that nobody listens to it any more.
    else if (progress.kind !== 'says' || stopping.count() === 0) onProgress(progress)
  }
  const ran = await child
  over.abort(new Error('pulumi has ended'))
  const isLate = await limited
  if (ran.code === 'ENOENT' || ran.code === 'EACCES') throw noPulumi()
  if (!ran.failed && summary) return summary
  if (stopping.count() > 0) throw stopped(at, stopping.count(), isLate ? limitMs : null)
  throw faultOf(at, { code: ran.exitCode ?? null, err: ran.stderr, errors }, `pulumi up of ${at.site}`)
}

/** What each further word to stop comes to. */
const ladder = ['SIGINT', 'SIGINT', 'SIGKILL'] as const

function stopper(kill: (signal: NodeJS.Signals) => void) {
  let count = 0
  return {
    count: () => count,
    next: () => {
      kill(ladder[Math.min(count, ladder.length - 1)]!)
      count += 1
    },
  }
}

/** True: the time was up before pulumi had ended. */
async function stopAtLimit({ next }: { next: () => void }, { clock, limitMs, over }: { clock: Clock; limitMs: number; over: AbortSignal }): Promise<boolean> {
  let isLate = false
  try {
    for (let waitMs = limitMs; ; waitMs = graceMs) {
      await clock.sleep(waitMs, over)
      isLate = true
      next()
    }
  } catch (thrown) {
    if (!over.aborted) throw thrown
    return isLate
  }
}

function stopped({ site }: StackAt, times: number, limitMs: number | null): Said {
  const why = limitMs === null ? 'was stopped' : `was stopped after ${spell(limitMs)}`
  const left = times === 1 ? 'What it had done is recorded' : 'What was under way may have been done, and may not be recorded'
  return new Said(`pulumi up of ${site} ${why}. ${left}; to go on: lifeboat up ${site}`, exits.unfinished)
}

/** Throws Said where there is no such folder: what is started in one that is not there fails as if the program were not. */
function folderOf({ site, folder }: StackAt): string {
  if (!existsSync(folder)) throw new Said(`There is no folder ${folder}, which sites.${site}.dir names. Correct it: it starts at the folder of the file`)
  return folder
}

/** What every program needs, before pulumi says it in thirty lines. Throws Said. */
function refuseNoPackages(folder: string): void {
  const project = projectOf(folder)
  if (project === null || runtimeOf(project) !== 'nodejs') return
  try {
    createRequire(project).resolve('@pulumi/pulumi')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw thrown
    throw new Said(packagesSentence(dirname(project)))
  }
}

/** The Pulumi.yaml that pulumi finds from there, upwards. Null: none, and pulumi says so. */
function projectOf(folder: string): string | null {
  const found = ['Pulumi.yaml', 'Pulumi.yml'].map((name) => join(folder, name)).find((path) => existsSync(path))
  if (found !== undefined) return found
  return dirname(folder) === folder ? null : projectOf(dirname(folder))
}

/** Null: it does not say, and pulumi says what is wrong with it. */
function runtimeOf(project: string): string | null {
  try {
    const { runtime } = (parse(readFileSync(project, 'utf8')) ?? {}) as { runtime?: string | { name?: string } }
    return (typeof runtime === 'string' ? runtime : runtime?.name) ?? null
  } catch {
    return null // Unreadable or no YAML: pulumi reads it next, and says so.
  }
}
