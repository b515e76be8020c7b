// Whoever asks all the time, on a host of a network, as a process of its own: a name server for a name's address, or a proxy for a page.
// Its first message says what to ask; it tells each answer that differs from the one before, and when that came.
import { createSocket } from 'node:dgram'
import { get } from 'node:http'
import { parseServer } from '../../src/drivers/dns/exchange.ts'
import { classes, decodeMessage, decodeValue, encodeMessage, opcodes, rrTypes } from '../../src/drivers/dns/wire.ts'

export type Asked = { dns: { server: string; name: string } } | { http: { url: string } }
/** `atNs`: on the monotonic clock, which all processes of a Linux machine share. A BigInt as text. */
export type Seen = { value: string; atNs: string }

let last = ''
const tell = (value: string): void => {
  if (value === last) return
  last = value
  process.send?.({ value, atNs: String(process.hrtime.bigint()) } satisfies Seen)
}

const askDns = ({ server, name }: { server: string; name: string }): void => {
  const place = parseServer(server)
  if (!place) throw new Error(`not a server: ${server}`)
  const socket = createSocket('udp4')
  socket.on('error', () => undefined) // A server that is away answers nothing.
  socket.on('message', (bytes) => {
    const addresses = decodeMessage(bytes).answers.filter(({ type }) => type === rrTypes.A).map(({ rdata }) => decodeValue('A', rdata))
    if (addresses.length > 0) tell(addresses.sort().join())
  })
  const questions = [{ name, type: rrTypes.A, class: classes.IN }]
  let id = 0
  setInterval(() => {
    id = (id + 1) & 0xffff
    socket.send(encodeMessage({ id, opcode: opcodes.QUERY, rcode: 0, flags: 0, questions, answers: [], authorities: [], additionals: [] }), place.port, place.address)
  }, 1)
}

// A page takes more than a datagram: every 10 ms.
const askHttp = ({ url }: { url: string }): void =>
  void setInterval(() => {
    const request = get(url, { agent: false, timeout: 10_000 }, (response) => {
      let text = ''
      response.on('data', (part: Buffer) => (text += part)).on('end', () => response.statusCode === 200 && tell(text))
      response.on('error', () => undefined)
    })
    request.on('timeout', () => request.destroy()).on('error', () => undefined) // A proxy without a site answers nobody well.
  }, 10)

process.once('message', (asked: Asked) => ('dns' in asked ? askDns(asked.dns) : askHttp(asked.http)))
process.on('disconnect', () => process.exit())
