import ipaddr from 'ipaddr.js'

/** 4 or 6; null: not an IP address. Short IPv4 forms such as 127.1 are none. */
export const familyOf = (text: string): 4 | 6 | null =>
  ipaddr.IPv4.isValidFourPartDecimal(text) ? 4 : /^[0-9a-f:.]+$/i.test(text) && ipaddr.IPv6.isValid(text) ? 6 : null

/** The one way to write an IP address (RFC 5952), so that equal ones are equal texts. */
export const canonicalIp = (ip: string): string => ipaddr.parse(ip).toString()

/** An address that no site can be reached at: 0.0.0.0, a multicast group. */
export const isNobodys = (ip: string): boolean =>
  ['unspecified', 'multicast', 'broadcast', 'reserved'].includes(ipaddr.parse(ip).range()) && !isDocumentation(ip)

// ipaddr.js counts the documentation ranges as reserved; examples are full of them.
const isDocumentation = (ip: string): boolean => /^(192\.0\.2|198\.51\.100|203\.0\.113)\.|^2001:db8:/i.test(ip)

/** True also for the name localhost, with or without a port or brackets around the address. */
export const isLoopback = (host: string): boolean => {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return bare === 'localhost' || (familyOf(bare) !== null && ipaddr.parse(bare).range() === 'loopback')
}

const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/

/** A DNS name in lower case without its trailing dot; null: not one. One label is a name too, as of a private zone; the last is not all digits. */
export const canonicalName = (text: string): string | null => {
  const name = text.toLowerCase().replace(/\.$/, '')
  const labels = name.split('.')
  const well = name.length <= 253 && labels.every((l) => label.test(l)) && !/^\d+$/.test(labels.at(-1) ?? '')
  return well ? name : null
}

/** `IP:port` or `[v6]:port`; null: not that form. `port` is taken where none is given; null: one must be. */
export const canonicalServer = (text: string, port: number | null): string | null => {
  const [, v6, v6Port] = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text) ?? []
  const [, v4, v4Port] = /^([\d.]+):(\d{1,5})$/.exec(text) ?? []
  const ip = v6 ?? v4 ?? text
  const at = Number(v6Port ?? v4Port ?? port ?? Number.NaN)
  const family = familyOf(ip)
  if (!family || (v6 !== undefined && family !== 6) || !(at >= 1 && at <= 65_535)) return null
  return family === 6 ? `[${canonicalIp(ip)}]:${at}` : `${ip}:${at}`
}

/** Where to listen: the same with its port, or `localhost` with one. */
export const canonicalListen = (text: string): string | null => {
  const [, port] = /^localhost:(\d{1,5})$/.exec(text) ?? []
  if (port === undefined) return canonicalServer(text, null)
  return canonicalServer(`127.0.0.1:${port}`, null) && text
}

/** The IP address of an `IP:port`. */
export const ipOfServer = (server: string): string => server.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')

/** Is the name server one of the machines at these addresses? Loopback is one machine always, and says nothing. */
export const isServerAt = (server: string, addresses: (string | undefined)[]): boolean =>
  !isLoopback(ipOfServer(server)) && addresses.includes(ipOfServer(server))

/** Does anybody on the way read what goes there? */
export const isReadable = (url: string): boolean => url.startsWith('http:') && !isLoopback(new URL(url).hostname)

/** The host of a URL as a site's address or a listed name would be written. */
export const hostOfUrl = (url: string): string => {
  const { hostname } = new URL(url)
  const bare = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
  return familyOf(bare) ? canonicalIp(bare) : bare
}
