import ipaddr from 'ipaddr.js'

// DNS messages as bytes (RFC 1035, RFC 2136). Our own, since dns-packet 5.6.1 cannot write an UPDATE: class NONE becomes 0, an empty A
// gets four bytes (measured 2026-11). Pure: time, ids and keys are handed in. Names are lower case without the last dot; the root is ''.

/** Numbers of record types (IANA, DNS parameters). */
export const rrTypes = {
  A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33, OPT: 41,
  DS: 43, RRSIG: 46, DNSKEY: 48, SVCB: 64, HTTPS: 65, TSIG: 250, IXFR: 251, AXFR: 252, ANY: 255, CAA: 257,
} as const
/** Numbers of classes (RFC 1035, RFC 2136). */
export const classes = { IN: 1, NONE: 254, ANY: 255 } as const
/** Numbers of the two kinds of message that we send. */
export const opcodes = { QUERY: 0, UPDATE: 5 } as const
/** Bits of a header's second word (RFC 1035, section 4.1.1). */
export const flags = { response: 0x8000, authoritative: 0x0400, truncated: 0x0200 } as const
/** Numbers of answers (RFC 1035, RFC 2136, RFC 8945). */
export const rcodes = {
  NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, YXDOMAIN: 6, YXRRSET: 7, NXRRSET: 8, NOTAUTH: 9, NOTZONE: 10,
  BADSIG: 16, BADKEY: 17, BADTIME: 18,
} as const

/** The word of a response or TSIG error code. */
export const rcodeWord = (code: number): string => Object.entries(rcodes).find(([, value]) => value === code)?.[0] ?? `RCODE ${code}`

/** One record; `rdata` as bytes with no compressed name in it. */
export type Rr = { name: string; type: number; class: number; ttlS: number; rdata: Buffer }
export type Question = { name: string; type: number; class: number }

/** In an UPDATE the sections are zone, prerequisites, updates and additional (RFC 2136 section 2). */
export type Message = { id: number; opcode: number; rcode: number; flags: number; questions: Question[]; answers: Rr[]; authorities: Rr[]; additionals: Rr[] }

// ── Names ────────────────────────────────────────────────────────────────────

const escapeLabel = (label: Buffer): string =>
  label
    .toString('latin1')
    .replace(/[^\x21-\x7e]|[.\\]/g, (char) => (char === '.' || char === '\\' ? `\\${char}` : `\\${String(char.charCodeAt(0)).padStart(3, '0')}`))
    .toLowerCase()

const unescapeLabel = (label: string): Buffer =>
  Buffer.from(
    label.replace(/\\(\d{3})|\\(.)/g, (_, code: string | undefined, char: string) => (code ? String.fromCharCode(Number(code)) : char)),
    'latin1',
  )

/** A name as bytes, in lower case and uncompressed. Throws where it is none (RFC 1035 section 2.3.4). */
export const encodeName = (name: string): Buffer => {
  const labels = name === '' ? [] : (name.toLowerCase().match(/(?:\\.|[^.\\])+/g) ?? [])
  const bytes = labels.map(unescapeLabel)
  if (labels.join('.') !== name.toLowerCase() || bytes.some((label) => label.length > 63)) throw new Error(`not a DNS name: ${name}`)
  const encoded = Buffer.concat([...bytes.flatMap((label) => [Buffer.from([label.length]), label]), Buffer.from([0])])
  if (encoded.length > 255) throw new Error(`longer than 255 bytes: ${name}`)
  return encoded
}

/** A name's labels and where it ends. Throws where it runs out of the message or does not point backwards. */
const labelsAt = (bytes: Buffer, at: number): { labels: Buffer[]; end: number } => {
  const labels: Buffer[] = []
  let end: number | null = null
  let bound = at
  for (let from = at, length = 0; ; ) {
    const size = bytes.readUInt8(from)
    if (size === 0) return { labels, end: end ?? from + 1 }
    if (size >= 0xc0) {
      end ??= from + 2
      from = bytes.readUInt16BE(from) & 0x3fff
      if (from >= bound) throw new Error('a compressed name does not point backwards')
      bound = from
      continue
    }
    length += size + 1
    if (size > 63 || length > 254 || from + 1 + size > bytes.length) throw new Error('a name is malformed')
    labels.push(bytes.subarray(from + 1, from + 1 + size))
    from += size + 1
  }
}

/** The name at `at`, and where it ends. Throws on a name that runs out of the message or does not point backwards. */
export const decodeName = (bytes: Buffer, at: number): { name: string; end: number } => {
  const { labels, end } = labelsAt(bytes, at)
  return { name: labels.map(escapeLabel).join('.'), end }
}

/** A name's labels as `encodeName` writes them: in lower case and uncompressed. */
const expandName = (labels: Buffer[]): Buffer =>
  Buffer.concat([...labels.flatMap((label) => [Buffer.of(label.length), label.map((byte) => (byte > 0x40 && byte < 0x5b ? byte + 0x20 : byte))]), Buffer.of(0)])

// ── Rdata ────────────────────────────────────────────────────────────────────

/** A text as the character-strings of one TXT, 255 bytes each. */
const encodeText = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'latin1')
  const parts = bytes.length === 0 ? [bytes] : []
  for (let at = 0; at < bytes.length; at += 255) parts.push(bytes.subarray(at, at + 255))
  return Buffer.concat(parts.flatMap((part) => [Buffer.from([part.length]), part]))
}

const decodeText = (rdata: Buffer): string => {
  let text = ''
  for (let at = 0; at < rdata.length; at += 1 + rdata.readUInt8(at)) text += rdata.toString('latin1', at + 1, at + 1 + rdata.readUInt8(at))
  return text
}

export type ValueType = 'A' | 'AAAA' | 'CNAME' | 'NS' | 'TXT'

/** A value in text as rdata. */
export const encodeValue = (type: ValueType, value: string): Buffer => {
  if (type === 'A') return Buffer.from(ipaddr.IPv4.parse(value).toByteArray())
  if (type === 'AAAA') return Buffer.from(ipaddr.IPv6.parse(value).toByteArray())
  return type === 'TXT' ? encodeText(value) : encodeName(value)
}

/** Rdata as text, in canonical form: lower-case names, IPv6 as RFC 5952, a TXT's strings joined (bytes as Latin-1). */
export const decodeValue = (type: ValueType, rdata: Buffer): string => {
  if (type === 'A' && rdata.length === 4) return rdata.join('.')
  if (type === 'AAAA' && rdata.length === 16) return new ipaddr.IPv6([...rdata]).toRFC5952String()
  if (type === 'TXT') return decodeText(rdata)
  if (type === 'CNAME' || type === 'NS') return decodeName(rdata, 0).name
  throw new Error(`an ${type} of ${rdata.length} bytes`)
}

/** How many bytes stand before a compressible name, and how many such names follow one another. */
const namesWithin: Record<number, { skip: number; names: number }> = {
  [rrTypes.NS]: { skip: 0, names: 1 },
  [rrTypes.CNAME]: { skip: 0, names: 1 },
  [rrTypes.PTR]: { skip: 0, names: 1 },
  [rrTypes.SOA]: { skip: 0, names: 2 },
  [rrTypes.MX]: { skip: 2, names: 1 },
  [rrTypes.SRV]: { skip: 6, names: 1 },
}

const expandRdata = (bytes: Buffer, type: number, at: number, end: number): Buffer => {
  const within = namesWithin[type]
  if (!within || at === end) return Buffer.from(bytes.subarray(at, end))
  const parts = [bytes.subarray(at, at + within.skip)]
  let from = at + within.skip
  for (let n = 0; n < within.names; n++) {
    const { labels, end: next } = labelsAt(bytes, from)
    parts.push(expandName(labels))
    from = next
  }
  if (from > end) throw new Error('a name runs out of its record')
  return Buffer.concat([...parts, bytes.subarray(from, end)])
}

// ── Messages ─────────────────────────────────────────────────────────────────

/** A record as bytes, its name uncompressed. */
export const encodeRr = (rr: Rr): Buffer => {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(rr.type, 0)
  fixed.writeUInt16BE(rr.class, 2)
  fixed.writeUInt32BE(rr.ttlS, 4)
  fixed.writeUInt16BE(rr.rdata.length, 8)
  return Buffer.concat([encodeName(rr.name), fixed, rr.rdata])
}

/** A message as bytes, without compression. */
export const encodeMessage = (message: Message): Buffer => {
  const { questions, answers, authorities, additionals } = message
  const head = Buffer.alloc(12)
  head.writeUInt16BE(message.id, 0)
  head.writeUInt16BE(message.flags | (message.opcode << 11) | message.rcode, 2)
  for (const [n, section] of [questions, answers, authorities, additionals].entries()) head.writeUInt16BE(section.length, 4 + 2 * n)
  const asked = questions.map((question) => {
    const fixed = Buffer.alloc(4)
    fixed.writeUInt16BE(question.type, 0)
    fixed.writeUInt16BE(question.class, 2)
    return Buffer.concat([encodeName(question.name), fixed])
  })
  return Buffer.concat([head, ...asked, ...[...answers, ...authorities, ...additionals].map(encodeRr)])
}

const decodeRr = (bytes: Buffer, at: number): { rr: Rr; end: number } => {
  const { name, end: fixed } = decodeName(bytes, at)
  const type = bytes.readUInt16BE(fixed)
  const from = fixed + 10
  const end = from + bytes.readUInt16BE(fixed + 8)
  if (end > bytes.length) throw new Error('a record runs out of the message')
  const rr = { name, type, class: bytes.readUInt16BE(fixed + 2), ttlS: bytes.readUInt32BE(fixed + 4), rdata: expandRdata(bytes, type, from, end) }
  return { rr, end }
}

/** A message from bytes; `lastAt` is where its last record begins (a TSIG is always the last). Throws where it is malformed. */
export const decodeMessage = (bytes: Buffer): Message & { lastAt: number } => {
  const word = bytes.readUInt16BE(2)
  let at = 12
  let lastAt = 12
  const questions: Question[] = []
  for (let n = bytes.readUInt16BE(4); n > 0; n--) {
    const { name, end } = decodeName(bytes, at)
    questions.push({ name, type: bytes.readUInt16BE(end), class: bytes.readUInt16BE(end + 2) })
    at = end + 4
  }
  const section = (countAt: number): Rr[] =>
    Array.from({ length: bytes.readUInt16BE(countAt) }, () => {
      lastAt = at
      const { rr, end } = decodeRr(bytes, at)
      at = end
      return rr
    })
  const [answers, authorities, additionals] = [section(6), section(8), section(10)]
  if (at !== bytes.length) throw new Error('bytes follow the message')
  return { id: bytes.readUInt16BE(0), opcode: (word >> 11) & 15, rcode: word & 15, flags: word & 0x87b0, questions, answers, authorities, additionals, lastAt }
}
