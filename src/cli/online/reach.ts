import { callMs } from '../../controller/times.ts'
import { ask, askByTcp, recordsIn } from '../../drivers/dns/query.ts'
import { rcodes, rcodeWord, rrTypes } from '../../drivers/dns/wire.ts'
import type { Message } from '../../drivers/dns/wire.ts'
import { listed, type Finding, type Found } from './finding.ts'
import type { Looking } from './looking.ts'

/** `or`: what else may be done about one that does not answer as it should. */
type Place = { server: string; zone: string; or: string }

/** What is wrong with an answer, in two halves around how it was asked. Null: nothing. */
const wrongIn = (answer: Message | null, zone: string): [string, string] | null => {
  if (!answer) return ['does not answer over', ': start it there or open its firewall']
  if (recordsIn(answer, zone)?.some(({ type }) => type === rrTypes.SOA)) return null
  const word = answer.rcode === rcodes.NOERROR ? '' : ` (${rcodeWord(answer.rcode)})`
  return ['answers over', ` without authority for ${zone}${word}: have it serve the zone`]
}

/** Does a name server answer for the zone with authority, over each of UDP and TCP? */
export async function reachFindings(found: Found, { server, zone, or }: Place, { clock, limit }: Looking): Promise<Finding[]> {
  const asking = { server, name: zone, type: rrTypes.SOA, timeoutMs: callMs.read }
  const [udp, tcp] = await Promise.all([ask(asking, clock, limit), askByTcp(asking, clock, limit)])
  limit.throwIfAborted()
  const ways = [{ way: 'UDP', wrong: wrongIn(udp, zone) }, { way: 'TCP', wrong: wrongIn(tcp, zone) }]
  // What is wrong with both alike is said once.
  const says = [...new Set(ways.map(({ wrong }) => wrong?.join(' ')))]
  return says.map((one) => {
    const same = ways.filter(({ wrong }) => wrong?.join(' ') === one)
    const over = listed(same.map(({ way }) => way))
    const [wrong] = same.map((each) => each.wrong)
    return wrong ? found.fail(`${wrong[0]} ${over}${wrong[1]}, or ${or}`) : found.ok(`answers over ${over} with authority for ${zone}`)
  })
}
