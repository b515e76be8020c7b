import { connect } from 'node:net'
import { machineClock } from '../../src/clock.ts'
import { recordLine } from '../../src/drivers/dns/embedded-zone.ts'
import { frame, parseServer, takeMessages } from '../../src/drivers/dns/exchange.ts'
import { digHost } from '../../src/drivers/dns/query.ts'
import { classes, decodeMessage, encodeMessage, opcodes, rcodeWord, rrTypes } from '../../src/drivers/dns/wire.ts'
import type { Message, Rr } from '../../src/drivers/dns/wire.ts'
import { until, waitMs } from './wait.ts'

// What any name server shows of a whole zone: by zone transfer, and by its SOA.

const message = (name: string, type: number): Buffer =>
  encodeMessage({ id: 1, opcode: opcodes.QUERY, rcode: 0, flags: 0, questions: [{ name, type, class: classes.IN }], answers: [], authorities: [], additionals: [] })

/** Every record of a zone, by AXFR (RFC 5936): from the SOA to the same SOA again, over as many messages as it takes. Rejects where it is refused. */
export const transfer = async (server: string, zone: string): Promise<Rr[]> => {
  const { address: host, port } = parseServer(server)!
  const socket = connect({ host, port, signal: AbortSignal.timeout(waitMs) })
  const { promise, resolve, reject } = Promise.withResolvers<Rr[]>()
  const records: Rr[] = []
  const take = ({ rcode, answers }: Message): void => {
    records.push(...answers)
    if (rcode !== 0) reject(new Error(`${server} does not transfer ${zone}: ${rcodeWord(rcode)}`))
    if (records.filter(({ type }) => type === rrTypes.SOA).length === 2) resolve(records.slice(0, -1))
  }
  socket.on('error', reject)
  socket.on('close', () => reject(new Error(`${server} ended the transfer of ${zone}`)))
  takeMessages(socket, (bytes) => take(decodeMessage(bytes)))
  socket.write(frame(message(zone, rrTypes.AXFR)))
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}

/** What a server makes by itself: the SOA, and all of DNSSEC (NSEC, NSEC3, NSEC3PARAM, CDS, CDNSKEY and BIND's own mark among it). */
const madeTypes: number[] = [rrTypes.SOA, rrTypes.RRSIG, rrTypes.DNSKEY, 47, 50, 51, 59, 60, 65_534]

/** The zone's records as sorted lines, SOA and DNSSEC left out. */
export const dumpZone = async (server: string, zone: string): Promise<string[]> =>
  (await transfer(server, zone)).filter(({ type }) => !madeTypes.includes(type)).map(recordLine).sort()

/** The zone's serial as a server shows it. Null: it does not answer with authority. */
export const serialAt = async (server: string, zone: string): Promise<number | null> =>
  (await digHost({ server, zone, marker: zone, names: [], timeoutMs: 1000 }, machineClock, AbortSignal.timeout(waitMs)))?.serial ?? null

/** Waits until a server answers for every zone with authority. */
export const untilServed = async (server: string, zones: string[]): Promise<void> => {
  // A secondary gets its zones one after another, half a second apart.
  for (const zone of zones) await until(`${server} serves ${zone}`, async () => (await serialAt(server, zone)) !== null)
}
