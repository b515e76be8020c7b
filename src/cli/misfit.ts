import type { Ledger } from '../core/types.ts'
import { Said } from '../errors.ts'
import type { Ground } from './ground.ts'

/** Throws Said where the file no longer fits what the ledger knows (DESIGN.md rule 15). */
export function refuseMisfit(ledger: Ledger | null, { file, core }: Ground): void {
  if (!ledger) return
  const sites = core.sites.map(({ site }) => site)
  const missing = (site: string | null): boolean => site !== null && !sites.includes(site)
  if (ledger.app !== core.app) throw new Said(`The store belongs to the app ${ledger.app}, and ${file} says ${core.app}. Put app: ${ledger.app} back, or name another store.path`)
  if (ledger.record && ledger.owner !== core.owner) throw new Said(`The names were adopted by owner ${ledger.owner}, and ${file} says ${core.owner ?? 'none'}. Put owner: "${ledger.owner}" back`)
  if (missing(ledger.active)) throw new Said(`${ledger.active} is the active site, and ${file} does not list it. Put it back; to leave it out, move first: lifeboat switchover`)
  const { move } = ledger
  const gone = move && [move.from, move.to].find(missing)
  if (move && gone) throw new Said(`${gone} belongs to the ${move.kind} that is under way (epoch ${move.epoch}), and ${file} does not list it. Put it back until the move has ended: lifeboat status`)
}
