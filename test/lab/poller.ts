import { createSocket } from 'node:dgram'
import { setTimeout } from 'node:timers/promises'
import { parseServer } from '../../src/drivers/dns/exchange.ts'
import { classes, decodeMessage, decodeValue, encodeMessage, opcodes, rrTypes } from '../../src/drivers/dns/wire.ts'
import { waitMs } from './wait.ts'

/** `empty`: answers without an address, each as `name TYPE rcode`. `values`: every address that was seen. */
export type Polled = { asked: number; answered: number; empty: string[]; values: Set<string> }

export type Poller = {
  /** Ends it once 21 answers came, and one with this address. PowerDNS may give for the 20 s of its cache-ttl what it looked up as the zone changed. Throws where that address never came. */
  stop(seen?: string): Promise<Polled>
}

/** Asks a server for an address of each name in turn, about 1,000 times a second over UDP, and counts the answers that have none. */
export const startPoller = (server: string, names: string[], type: 'A' | 'AAAA' = 'A'): Poller => {
  const place = parseServer(server)
  if (!place) throw new Error(`not a server: ${server}`)
  const polled: Polled = { asked: 0, answered: 0, empty: [], values: new Set() }
  const socket = createSocket(place.address.includes(':') ? 'udp6' : 'udp4')
  socket.on('error', () => undefined) // A server that is away answers nothing, which is not an empty answer.
  socket.on('message', (bytes) => {
    const answer = decodeMessage(bytes)
    const found = answer.answers.filter((rr) => rr.type === rrTypes[type]).map((rr) => decodeValue(type, rr.rdata))
    polled.answered++
    if (found.length === 0) polled.empty.push(`${answer.questions[0]?.name} ${type} ${answer.rcode}`)
    for (const value of found) polled.values.add(value)
  })
  const askOnce = (): void => {
    const name = names[polled.asked % names.length] ?? ''
    const questions = [{ name, type: rrTypes[type], class: classes.IN }]
    const id = polled.asked & 0xffff
    polled.asked++
    socket.send(encodeMessage({ id, opcode: opcodes.QUERY, rcode: 0, flags: 0, questions, answers: [], authorities: [], additionals: [] }), place.port, place.address)
  }
  const timer = setInterval(askOnce, 1)
  return {
    stop: async (seen) => {
      const limit = AbortSignal.timeout(waitMs)
      while (!limit.aborted && (polled.answered <= 20 || (seen && !polled.values.has(seen)))) await setTimeout(5)
      clearInterval(timer)
      socket.close()
      if (seen && !polled.values.has(seen)) throw new Error(`${server} never gave ${seen}, but ${[...polled.values].join(', ') || 'nothing'}`)
      return polled
    },
  }
}
