import { signatureLeastMs } from './limits.ts'
import type { HostView, RecordSet, ServerView } from './moving.ts'
import { spell } from './spell.ts'
import type { Config } from './types.ts'

// What a zone with a DS at its parent must show besides its records: whoever validates takes nothing without a good signature.

const untilOf = ({ signed }: RecordSet): number => (signed === undefined ? Infinity : (signed?.untilMs ?? -Infinity))

/** Until when every set in a view is signed, wall clock. -Infinity: one is not; Infinity: nobody looked. */
export const signedUntilMs = (view: HostView): number => Math.min(...view.sets.map(untilOf))

/** What is wrong with the signatures in a view, as the end of a sentence. Null: nothing, or nobody looked. */
export function signatureFault(view: HostView, wallMs: number): string | null {
  const leftMs = signedUntilMs(view) - wallMs
  const worst = view.sets.find((set) => untilOf(set) === leftMs + wallMs)
  if (leftMs >= signatureLeastMs || !worst) return null
  const what = `${worst.name} ${worst.type}`
  if (leftMs === -Infinity) return `serves ${what} without a signature that verifies`
  return leftMs <= 0 ? `serves ${what} with a signature that ended ${spell(-leftMs)} ago` : `serves ${what} with a signature that ends in ${spell(leftMs)}, and ${spell(signatureLeastMs)} must be left`
}

/**
 * Name servers of one zone, of different DNS hosts, of which one signs with no key that the other publishes: whoever holds the keys of
 * the one throws the answers of the other away (RFC 8901, section 2). Which, as a sentence; null: there are none, or none is known. Only a zone
 * with a DS at its parent counts.
 */
export function otherSigners(servers: ServerView[], { dns }: Config): string | null {
  const shared = (zone: string): boolean => dns.hosts.filter((h) => h.zone === zone).length > 1
  const signed = servers.filter(({ zone, ds, view }) => ds === true && shared(zone) && view?.signers)
  for (const one of signed.filter(({ view }) => view!.signers!.signs.length > 0))
    for (const other of signed.filter(({ zone, host }) => zone === one.zone && (host === null || host !== one.host))) {
      const [{ signs }, { publishes }] = [one.view!.signers!, other.view!.signers!]
      if (signs.some((key) => publishes.includes(key))) continue
      const others = publishes.length > 0 ? `publishes other keys: ${publishes.join(', ')}` : 'is not signed'
      return `${one.zone} has a DS at its parent; ${one.server} signs it with key ${signs.join(', ')}, and ${other.server} ${others}`
    }
  return null
}
