import type { Act, Progress, Summary } from '../../drivers/pulumi/events.ts'
import { exits } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import { readSettings } from '../ground.ts'
import { onSignal } from '../signals.ts'
import { readNow, stackOf, withStore } from '../stacks.ts'
import { took } from '../times.ts'
import { outputLines } from './outputs.ts'

/** Brings a site's stack to what its program says, shows that as it happens, and keeps what the stack then says of the site. */
export async function up(cli: Cli, { site }: { site: string }): Promise<number> {
  const settings = readSettings(cli, { lenient: true })
  const stack = stackOf(cli, settings, site)
  const { pulumiUp } = await import('../../drivers/pulumi.ts')
  // Before anything is created: a store that cannot be written would not learn where the site is.
  return withStore(cli, settings, async ({ copies, keep }) => {
    const { stack: name, folder } = stack.at
    cli.out(`${site}: pulumi up of the stack ${name} in ${folder}`)
    const startedMs = cli.clock.now().monoMs
    const summary = await pulumiUp(stack.at, { env: stack.env, clock: cli.clock }, { onProgress: tellerOf(cli), interrupts: (interrupt) => interruptBy(cli, interrupt) })
    const copy = await readNow(cli, stack, copies)
    await keep(site, copy)
    cli.out(`${site} stands: ${changesIn(summary)}, in ${took(cli.clock.now().monoMs - startedMs)}`)
    for (const line of outputLines(copy)) cli.out(`  ${line}`)
    return exits.done
  })
}

/** The first Ctrl-C lets the call under way end, the second does not. */
function interruptBy(cli: Cli, interrupt: () => void): void {
  let times = 0
  const heard = (): void => {
    times += 1
    cli.err(times === 1 ? 'It stops after the call that is under way. Once more, and it stops at once: what that call made may then be recorded nowhere' : 'It stops at once')
    interrupt()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) onSignal(signal, cli.clock, heard)
}

const verbs: Record<Act, { begins: string; done: string; failed: string }> = {
  create: { begins: 'creating', done: 'created', failed: 'not created' },
  update: { begins: 'changing', done: 'changed', failed: 'not changed' },
  delete: { begins: 'deleting', done: 'deleted', failed: 'not deleted' },
  import: { begins: 'importing', done: 'imported', failed: 'not imported' },
}

/** A line for each thing that begins or ends; what ended, with how long it took. */
function tellerOf(cli: Cli): (progress: Progress) => void {
  const sinceMs = new Map<string, number>()
  return (progress) => {
    if (progress.kind === 'says') return cli.err(`  ${progress.level === 'warn' ? 'warning: ' : ''}${progress.text}`)
    const { kind, act, what } = progress
    const { monoMs } = cli.clock.now()
    const since = sinceMs.get(`${act} ${what}`)
    if (kind === 'begins') sinceMs.set(`${act} ${what}`, monoMs)
    cli.out(`  ${verbs[act][kind].padEnd(9)} ${what}${kind === 'begins' || since === undefined ? '' : ` in ${took(monoMs - since)}`}`)
  }
}

/** What was done, in words of the engine's own count. */
function changesIn(summary: Summary): string {
  const words: Record<string, string> = { create: 'created', update: 'changed', delete: 'deleted', replace: 'replaced', import: 'imported' }
  const changed = Object.entries(words).flatMap(([op, word]) => (summary[op] ? [`${summary[op]} ${word}`] : []))
  const same = summary.same ? [`${summary.same} as they were`] : []
  return changed.length === 0 ? 'nothing had to be changed' : [...changed, ...same].join(', ')
}
