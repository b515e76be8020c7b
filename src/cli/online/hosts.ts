import { callMs } from '../../controller/times.ts'
import type { DnsHostSettings } from '../../config/settings.ts'
import { ask, recordsIn, serialOf } from '../../drivers/dns/query.ts'
import { rrTypes } from '../../drivers/dns/wire.ts'
import { foundAbout, type Finding, type Found } from './finding.ts'
import { keyFindings } from './keys.ts'
import type { HostViews, Looking } from './looking.ts'
import { reachFindings } from './reach.ts'
import { recordFindings } from './records.ts'

/** One DNS host: is it there, may it be written, and what does it show? */
export async function hostFindings(settings: DnsHostSettings, views: Promise<HostViews>, looking: Looking): Promise<Finding[]> {
  const found = foundAbout(`DNS host ${settings.host}`)
  const at = { server: settings.options.server ?? '', zone: settings.zone }
  const host = looking.settings.core.dns.hosts.find((each) => each.host === settings.host)!
  const [reach, read] = await Promise.all([reachFindings(found, { ...at, or: 'correct server in dns.hosts' }, looking), views])
  const view = read[settings.host] ?? null
  // Where nothing answers at all, what else might be asked would only say so again.
  if (!view && reach.every(({ finding }) => finding === 'fail')) return [...reach, found.unknown('what its key may do and what it shows: it gives no answer with authority')]
  const keys = await keyFindings(found, { settings, host, view }, looking)
  const records = view ? recordFindings(found, { view, host, looking }) : [found.unknown('what it shows of the names')]
  return [...reach, ...keys, ...(await serialFindings(found, at, view?.serial ?? null, looking)), ...records]
}

/** That nothing was written shows in the zone's serial. */
async function serialFindings(found: Found, { server, zone }: { server: string; zone: string }, before: number | null, { clock, limit }: Looking): Promise<Finding[]> {
  const records = recordsIn(await ask({ server, name: zone, type: rrTypes.SOA, timeoutMs: callMs.read }, clock, limit), zone)
  const soa = records?.find(({ type }) => type === rrTypes.SOA)
  if (before === null || !soa || serialOf(soa) === before) return []
  return [found.warn(`its serial went from ${before} to ${serialOf(soa)} meanwhile: somebody else changes the zone`)]
}
