import { machineClock } from '../../src/clock.ts'
import { openStream } from '../../src/drivers/dns/exchange.ts'
import { sign } from '../../src/drivers/dns/tsig.ts'
import type { TsigKey } from '../../src/drivers/dns/tsig.ts'
import { classes, decodeMessage, encodeMessage, encodeValue, opcodes, rrTypes } from '../../src/drivers/dns/wire.ts'
import type { Rr, ValueType } from '../../src/drivers/dns/wire.ts'

/** An addition by another hand, of a value in text or of raw rdata. */
export const addition = (name: string, ttlS: number, type: keyof typeof rrTypes, value: string | Buffer): Rr => ({
  name, type: rrTypes[type], class: classes.IN, ttlS, rdata: typeof value === 'string' ? encodeValue(type as ValueType, value) : value,
})

/** A deletion of a whole set by another hand. */
export const deletion = (name: string, type: keyof typeof rrTypes): Rr => ({ name, type: rrTypes[type], class: classes.ANY, ttlS: 0, rdata: Buffer.alloc(0) })

/** Changes a zone as another tool would, with no prerequisites; gives the response code. */
export const updateByHand = async (server: string, zone: string, key: TsigKey | null, authorities: Rr[]): Promise<number> => {
  const questions = [{ name: zone, type: rrTypes.SOA, class: classes.IN }]
  const message = encodeMessage({ id: 1, opcode: opcodes.UPDATE, rcode: 0, flags: 0, questions, answers: [], authorities, additionals: [] })
  const stream = await openStream(server, AbortSignal.timeout(5000))
  try {
    return decodeMessage(await stream.ask(key ? sign(message, key, machineClock.now().wallMs).bytes : message)).rcode
  } finally {
    stream.close()
  }
}
