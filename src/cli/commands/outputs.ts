import { copyOf } from '../../core/stacks.ts'
import type { StackCopy } from '../../core/types.ts'
import { exits, Said } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import { columns } from '../columns.ts'
import { readSettings } from '../ground.ts'
import { readNow, stackOf, withStore, type SiteStack } from '../stacks.ts'
import { hasStore, ledgerNow } from '../store.ts'
import { ago } from '../times.ts'

/** What a site's stack says: from its state where that answers, and then it is kept; else as it was last read. */
export async function outputs(cli: Cli, { site }: { site: string }): Promise<number> {
  const settings = readSettings(cli, { lenient: true })
  const stack = stackOf(cli, settings, site)
  const { stacks = {} } = hasStore(settings) ? await ledgerNow(cli, settings) : {}
  try {
    const copy = await readNow(cli, stack, stacks)
    // Only now: a store with nothing in it would stand in the way of a failover without one.
    await withStore(cli, settings, ({ keep }) => keep(site, copy))
    show(cli, stack, copy, null)
  } catch (thrown) {
    const kept = copyOf(settings.core.sites.find((each) => each.site === site)!, stacks)
    if (!(thrown instanceof Said) || !kept) throw thrown
    show(cli, stack, kept, thrown.message)
  }
  return exits.done
}

/** `why`: it could not be read now, and what was last read is shown. Null: it was. */
function show(cli: Cli, stack: SiteStack, copy: StackCopy, why: string | null): void {
  const { site, cloud } = stack.at
  if (why !== null) cli.err(`${why}\nWhat stands here was read ${ago(copy.readMs, cli.clock.now().wallMs)} ago`)
  if (cli.flags.json) return cli.json({ site, cloud, app: stack.settings.core.app, ...copy, why })
  for (const line of outputLines(copy)) cli.out(line)
}

/** A line for each thing that the stack says. */
export const outputLines = ({ address, addressV6, machineId, region }: StackCopy): string[] =>
  columns(Object.entries({ address, addressV6, machineId, region }).flatMap(([name, value]) => (value === null ? [] : [[name, value]])))
