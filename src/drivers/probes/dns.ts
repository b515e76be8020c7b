import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import packet from 'dns-packet'
import type { DecodedPacket, Packet, RecordType } from 'dns-packet'
import type { Question } from '../../ports.ts'
import { within } from './connection.ts'
import type { Means, ProbeResult } from './answer.ts'

export type DnsQuestion = Extract<Question, { kind: 'dns' }>

/** One query over UDP, recursion not asked for: well where a record of that name comes back. */
export const probeDns = async (question: DnsQuestion, { clock, source }: Means, limit: AbortSignal): Promise<ProbeResult> => {
  const { address } = question
  const query: Packet = {
    type: 'query',
    id: Math.floor(clock.random() * 0x10000),
    questions: [{ name: question.name, type: question.type as RecordType, class: 'IN' }],
    // The size that passes without fragments (DNS Flag Day 2020).
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }],
  }
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  try {
    return judge(await within(exchange(socket, { address, port: question.port ?? 53, source }, query), limit), question)
  } finally {
    socket.close()
  }
}

const judge = (reply: DecodedPacket, { name, type }: DnsQuestion): ProbeResult => {
  // dns-packet 5.6 decodes the code into `rcode`, which its types leave out.
  const { rcode } = reply as DecodedPacket & { rcode: string }
  if (rcode !== 'NOERROR') return { kind: 'app', detail: `${rcode} for ${name} ${type}` }
  // Cut short means: more records than fit.
  if (reply.flag_tc || reply.answers?.length) return { kind: 'ok', detail: `answers ${name} ${type}` }
  return { kind: 'app', detail: `no ${type} record at ${name}` }
}

type Peer = { address: string; port: number; source: string | undefined }

// A connected UDP socket hears only the address it asked, and of a port that refuses (ICMP) too.
const exchange = (socket: Socket, { address, port, source }: Peer, query: Packet): Promise<DecodedPacket> => {
  const { promise, resolve, reject } = Promise.withResolvers<DecodedPacket>()
  socket.on('error', reject)
  socket.on('message', (bytes) => {
    const reply = decode(bytes)
    if (reply && isReply(reply, query)) resolve(reply)
  })
  socket.once('connect', () => socket.send(packet.encode(query), (error) => error && reject(error)))
  if (source) socket.bind(0, source)
  socket.connect(port, address)
  return promise
}

// What cannot be read is no answer: the right one may still come.
const decode = (bytes: Buffer): DecodedPacket | null => {
  try {
    return packet.decode(bytes)
  } catch {
    return null
  }
}

const isReply = (reply: DecodedPacket, query: Packet): boolean => {
  const [asked] = query.questions ?? []
  const [echoed] = reply.questions ?? []
  return (
    reply.type === 'response' &&
    reply.id === query.id &&
    echoed?.type === asked?.type &&
    echoed?.name.toLowerCase() === asked?.name.toLowerCase().replace(/\.$/, '')
  )
}
