import type { Config, Ledger } from './types.ts'

const releaseOf = ({ releases }: Pick<Ledger, 'releases'>, site: string): string => releases?.[site]?.release ?? 'one that is not known'

/** Which site runs what, where sites that stand run different releases. Null: they do not, or nobody ever told. */
export function releasesApart(ledger: Pick<Ledger, 'releases'>, { sites }: Pick<Config, 'sites'>): string | null {
  const standing = sites.filter(({ addresses }) => addresses.length > 0).map(({ site }) => site)
  const told = standing.some((site) => ledger.releases?.[site] !== undefined)
  const differ = new Set(standing.map((site) => releaseOf(ledger, site))).size > 1
  return told && differ ? standing.map((site) => `${site} runs ${releaseOf(ledger, site)}`).join(', ') : null
}

/** The same for a move: what its target runs, where that differs from what is left. Null: it does not, or nobody ever told. */
export function releaseChange(ledger: Pick<Ledger, 'releases'>, { from, to }: { from: string | null; to: string }): string | null {
  if (from === null || from === to || !(ledger.releases?.[from] || ledger.releases?.[to])) return null
  const [old, next] = [releaseOf(ledger, from), releaseOf(ledger, to)]
  return old === next ? null : `${to} runs ${next}, and ${from} ${old}`
}
