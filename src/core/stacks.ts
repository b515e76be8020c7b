import type { Ledger, SiteConfig, StackCopy } from './types.ts'

/** What one reading of a stack changes. `told`: what is new, a sentence; null: the age alone. */
export type Taken = { ledger: Ledger; told: string | null }

/** Puts what a site's stack said into the ledger. */
export function takeCopy(ledger: Ledger, site: string, copy: StackCopy): Taken {
  const before = ledger.stacks?.[site]
  return { ledger: { ...ledger, stacks: { ...ledger.stacks, [site]: copy } }, told: before?.stack === copy.stack ? differenceOf(site, before, copy) : `the stack ${copy.stack} of site ${site} was read: ${placeOf(copy)}` }
}

function differenceOf(site: string, before: StackCopy, after: StackCopy): string | null {
  const [old, now] = [placeOf(before), placeOf(after)]
  return old === now ? null : `the stack ${after.stack} of site ${site} says ${now}, and said ${old}`
}

/** Where a stack says that its site is. */
export const placeOf = ({ address, addressV6, machineId }: StackCopy): string =>
  `${[address, addressV6].filter((each) => each !== null).join(', ')}${machineId === null ? '' : ` (machine ${machineId})`}`

/** The copy that a site goes by. Null: its stack was never read, or it has none. */
export function copyOf({ site, stack }: SiteConfig, stacks: Ledger['stacks']): StackCopy | null {
  const copy = stacks?.[site]
  return copy && copy.stack === stack ? copy : null
}

/** Why a site has no address, and the way to one. */
export const withoutAddress = ({ site, stack, standby }: SiteConfig): string =>
  stack === undefined || standby === 'cold' ? 'it has no address yet' : `it has no address yet: lifeboat up ${site} creates it, lifeboat outputs ${site} reads its stack`
