import { createSocket } from 'node:dgram'
import type { Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import type { Clock } from '../../clock.ts'
import { isIn } from '../../core/dns-names.ts'
import { Said } from '../../errors.ts'
import type { DnsHost } from '../../ports.ts'
import { isLoopback } from '../loopback.ts'
import { embeddedZone } from './embedded-zone.ts'
import type { EmbeddedRecord, EmbeddedZone } from './embedded-zone.ts'
import { formatServer, frame, parseServer, takeMessages } from './exchange.ts'
import { rfc2136 } from './rfc2136.ts'
import type { Rfc2136Options } from './rfc2136.ts'
import { classes, decodeMessage, encodeMessage, flags, opcodes, rcodes, rrTypes } from './wire.ts'
import type { Message } from './wire.ts'

// An authoritative server for the demo and the tests. It takes UPDATEs from anybody who reaches it, so it listens on loopback only.

/** Largest UDP answer without EDNS (RFC 1035 section 4.2.1), and with it whatever the asker says (dnsflagday.net/2020). */
const udpLeast = 512
const udpMost = 1232

const zoneOf = (zones: EmbeddedZone[], name: string): EmbeddedZone | undefined =>
  zones.filter((zone) => isIn(name, zone.name)).sort((a, b) => b.name.length - a.name.length)[0]

type Body = Pick<Message, 'rcode' | 'answers' | 'authorities'> & { authoritative?: boolean }
const only = (rcode: number): Body => ({ rcode, answers: [], authorities: [] })

/** It has no secondaries, so whoever asks for a whole zone is told so rather than that there is none (RFC 5936, section 2.2.1). */
const transfers: number[] = [rrTypes.IXFR, rrTypes.AXFR]

const query = (zones: EmbeddedZone[], { questions: [question] }: Message): Body => {
  if (!question) return only(rcodes.FORMERR)
  const zone = zoneOf(zones, question.name)
  if (!zone || question.class !== classes.IN || transfers.includes(question.type)) return only(rcodes.REFUSED)
  return { ...zone.lookup(question.name, question.type), authoritative: true }
}

const update = (zones: EmbeddedZone[], message: Message, tcp: boolean): Body => {
  const asked = message.questions[0]
  if (!tcp) return only(rcodes.REFUSED)
  if (message.additionals.some((rr) => rr.type === rrTypes.TSIG)) return only(rcodes.NOTAUTH)
  if (asked?.type !== rrTypes.SOA || message.questions.length > 1) return only(rcodes.FORMERR)
  const zone = zones.find(({ name }) => name === asked.name)
  return only(zone ? zone.update(message) : rcodes.NOTAUTH)
}

const bodyOf = (zones: EmbeddedZone[], message: Message, tcp: boolean): Body => {
  if (message.opcode === opcodes.QUERY) return query(zones, message)
  return message.opcode === opcodes.UPDATE ? update(zones, message, tcp) : only(rcodes.NOTIMP)
}

const decoded = (bytes: Buffer): Message | null => {
  try {
    return decodeMessage(bytes)
  } catch {
    return null // Malformed: it gets no answer, as from nobody.
  }
}

/** The answer to a message. Null: none, since it is no question. */
const respond = (zones: EmbeddedZone[], bytes: Buffer, tcp: boolean): Buffer | null => {
  const message = decoded(bytes)
  if (!message || message.flags & flags.response) return null
  const edns = message.additionals.find((rr) => rr.type === rrTypes.OPT)
  const { rcode, answers, authorities, authoritative } = bodyOf(zones, message, tcp)
  const answer = {
    ...message,
    rcode,
    flags: flags.response | (message.flags & 0x0100) | (authoritative ? flags.authoritative : 0),
    answers,
    authorities,
    additionals: edns ? [{ name: '', type: rrTypes.OPT, class: udpMost, ttlS: 0, rdata: Buffer.alloc(0) }] : [],
  }
  const encoded = encodeMessage(answer)
  const most = tcp ? 65_535 : Math.min(udpMost, Math.max(udpLeast, edns?.class ?? 0))
  return encoded.length <= most ? encoded : encodeMessage({ ...answer, flags: answer.flags | flags.truncated, answers: [], authorities: [] })
}

/** One port for UDP and TCP; a port that the system picked for one may be taken for the other, so it tries a few. */
const listen = async (address: string, port: number): Promise<{ udp: UdpSocket; tcp: Server }> => {
  for (let tries = 1; ; tries++) {
    const tcp = createServer()
    const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    try {
      tcp.listen(port, address)
      await once(tcp, 'listening')
      udp.bind(portOf(tcp), address)
      await once(udp, 'listening')
      return { udp, tcp }
    } catch (error) {
      tcp.close()
      udp.close()
      if (port !== 0 || tries === 10) throw error
    }
  }
}

const portOf = (tcp: Server): number => {
  const place = tcp.address()
  if (place === null || typeof place === 'string') throw new Error('not listening')
  return place.port
}

const serve = (zones: EmbeddedZone[], { udp, tcp }: { udp: UdpSocket; tcp: Server }, open: Set<Socket>): void => {
  udp.on('message', (bytes, from) => {
    const answer = respond(zones, bytes, false)
    if (answer) udp.send(answer, from.port, from.address)
  })
  tcp.on('connection', (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => socket.destroy()) // The asker went away; there is nobody to tell.
    takeMessages(socket, (bytes) => {
      const answer = respond(zones, bytes, true)
      if (answer) socket.write(frame(answer))
    })
  })
}

export type Embedded = {
  address: string
  port: number
  /** `IP:port`. */
  server: string
  /** Every record but the SOA as sorted lines. */
  dump(zone: string): string[]
  serial(zone: string): number
  stop(): Promise<void>
}

/** Starts an authoritative server over UDP and TCP. `zones`: zone name → its records. `port` 0, the default, is a free one. Throws where the address is not loopback. */
export const startEmbedded = async (options: { zones: Record<string, EmbeddedRecord[]>; address?: string; port?: number }): Promise<Embedded> => {
  const { address = '127.0.0.1', port = 0 } = options
  if (!isLoopback(address)) throw new Said(`The embedded DNS server takes updates from anybody, so it listens on loopback only (got ${address}).`)
  const zones = Object.entries(options.zones).map(([name, records]) => embeddedZone(name, records))
  const sockets = await listen(address, port)
  const open = new Set<Socket>()
  serve(zones, sockets, open)
  const zoneNamed = (name: string): EmbeddedZone => {
    const zone = zones.find((each) => each.name === name)
    if (!zone) throw new Error(`no zone ${name}`)
    return zone
  }
  return {
    address,
    port: portOf(sockets.tcp),
    server: formatServer(address, portOf(sockets.tcp)),
    dump: (zone) => zoneNamed(zone).dump(),
    serial: (zone) => zoneNamed(zone).serial(),
    stop: async () => {
      for (const socket of open) socket.destroy()
      sockets.udp.close()
      sockets.tcp.close()
      await Promise.all([once(sockets.udp, 'close'), once(sockets.tcp, 'close')])
    },
  }
}

/** The DNS host `embedded`: an rfc2136 without a key, on loopback only. */
export const embedded = (options: Omit<Rfc2136Options, 'key'>, clock: Clock): DnsHost => {
  const place = parseServer(options.server)
  if (!place || !isLoopback(place.address)) throw new Said(`dns: the driver "embedded" is for loopback only (got server ${options.server}). Use rfc2136 with a key.`)
  return rfc2136({ ...options, key: null }, clock)
}
