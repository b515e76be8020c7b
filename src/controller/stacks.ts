import { copyOf, takeCopy } from '../core/stacks.ts'
import type { StackCopy } from '../core/types.ts'
import type { Stack } from '../ports.ts'
import type { Book } from './book.ts'
import { isLeading, say, type Self } from './self.ts'
import { turnMs } from './times.ts'

/** Copies a stack's outputs to the store when this process comes to lead and every few minutes after. What could not be read leaves the last good copy as it is: nothing waits for a stack. */
export async function readStack(self: Self, stack: Stack, signal: AbortSignal): Promise<void | 'not due'> {
  const { clock } = self.parts
  const { site } = stack
  const last = self.stackReads[site]
  if (!isLeading(self) || (last && clock.now().monoMs - last.atMs < turnMs.stacks)) return 'not due'
  const read = await stack.read(self.book.ledger().stacks ?? {}, signal)
  self.stackReads = { ...self.stackReads, [site]: { atMs: clock.now().monoMs, failing: 'why' in read ? { sinceMs: last?.failing?.sinceMs ?? clock.now().wallMs, why: read.why } : null } }
  self.reportDue = true
  if ('why' in read) return void (last?.failing?.why !== read.why && sayUnread(self, site, read.why))
  if (last?.failing) say(self, 'info', 'config', `the stack of site ${site} can be read again`, { site })
  const { told } = await keepCopy(self.book, site, read.copy)
  if (told !== null) say(self, 'info', 'config', told, { site })
}

function sayUnread(self: Self, site: string, why: string): void {
  const settings = self.parts.config.sites.find((each) => each.site === site)
  const kept = settings && copyOf(settings, self.book.ledger().stacks) ? 'what it last said stays' : 'it was never read, so that the site has no address'
  say(self, 'warn', 'config', `the stack of site ${site} could not be read, and ${kept}: ${why}`, { site })
}

/** Puts a copy into the ledger. `told`: what is new in it, as it was journaled; null: nothing. `kept` false: others wrote again and again, and it was not. */
export async function keepCopy(book: Book, site: string, copy: StackCopy): Promise<{ kept: boolean; told: string | null }> {
  let told: string | null = null
  const ledger = await book.change((now) => {
    const taken = takeCopy(now, site, copy)
    told = taken.told
    return { ledger: taken.ledger, entries: told === null ? [] : [book.entry('config', told, { site })] }
  })
  return { kept: ledger !== null, told }
}
