import { callMs } from '../../controller/parts.ts'
import { ask, askByTcp, recordsIn } from '../../drivers/dns/query.ts'
import { rcodes, rcodeWord, rrTypes } from '../../drivers/dns/wire.ts'
import type { Message } from '../../drivers/dns/wire.ts'
import type { Finding, Found } from './finding.ts'
import type { Looking } from './looking.ts'

type Way = { way: string; wrong: string | null }

const wayOf = (way: string, answer: Message | null, zone: string): Way => {
  if (!answer) return { way, wrong: `does not answer over ${way}` }
  const isSoa = recordsIn(answer, zone)?.some(({ type }) => type === rrTypes.SOA)
  const word = answer.rcode === rcodes.NOERROR ? '' : ` (${rcodeWord(answer.rcode)})`
  return { way, wrong: isSoa ? null : `answers over ${way} without authority for ${zone}${word}` }
}

/** Does a name server answer for the zone with authority, over each of UDP and TCP? */
export async function reachFindings(found: Found, { server, zone }: { server: string; zone: string }, { clock, limit }: Looking): Promise<Finding[]> {
  const asking = { server, name: zone, type: rrTypes.SOA, timeoutMs: callMs.read }
  const [udp, tcp] = await Promise.all([ask(asking, clock, limit), askByTcp(asking, clock, limit)])
  limit.throwIfAborted()
  const ways = [wayOf('UDP', udp, zone), wayOf('TCP', tcp, zone)]
  const well = ways.filter(({ wrong }) => wrong === null).map(({ way }) => way)
  return [
    ...(well.length > 0 ? [found.ok(`answers over ${well.join(' and ')} with authority for ${zone}`)] : []),
    ...ways.flatMap(({ wrong }) => (wrong === null ? [] : [found.fail(wrong)])),
  ]
}
