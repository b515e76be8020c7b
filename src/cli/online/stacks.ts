import { copyOf, placeOf } from '../../core/stacks.ts'
import type { Stack } from '../../ports.ts'
import { foundAbout, type Finding } from './finding.ts'
import type { Looking } from './looking.ts'

/** One site's stack: whether its outputs can be read, what they are, and whether they are what lifeboat goes by. */
export async function stackFindings(stack: Stack, { settings, ledger, limit }: Looking): Promise<Finding[]> {
  const found = foundAbout(`stack of ${stack.site}`)
  const site = settings.core.sites.find((each) => each.site === stack.site)!
  const read = await stack.read(ledger.stacks ?? {}, limit)
  limit.throwIfAborted()
  if ('why' in read) return [found.unknown(`what it says: ${read.why}`)]
  const [says, kept] = [placeOf(read.copy), copyOf(site, ledger.stacks)]
  const readable = found.ok(`its outputs can be read: ${says}`)
  if (!kept) return [readable, found.warn(`they were never kept. To keep them: lifeboat outputs ${stack.site}`)]
  return placeOf(kept) === says ? [readable] : [readable, found.warn(`lifeboat goes by what was read before: ${placeOf(kept)}. A controller takes the new up within minutes; at once: lifeboat outputs ${stack.site}`)]
}
