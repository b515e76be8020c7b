import { BlockList, isIP } from 'node:net'

/** An SPF record: its `a` and `mx` with the name that each is about, and whether an ip4 or ip6 of it lets an address send. */
export type Spf = { at: string; about: { mechanism: 'a' | 'mx'; name: string; term: string }[]; lets(address: string): boolean }

/** The SPF record in a TXT at a name (RFC 7208, section 4.6); null: it is none. */
export function spfIn(at: string, text: string): Spf | null {
  if (!/^v=spf1( |$)/i.test(text)) return null
  const terms = text.toLowerCase().split(/ +/).slice(1)
  const about = terms.flatMap((each) => {
    const term = each.replace(/^[+?~-]/, '')
    const [, mechanism, name] = /^(a|mx)(?::([^/%]+))?(?:\/.*)?$/.exec(term) ?? []
    return mechanism === undefined ? [] : [{ mechanism: mechanism as 'a' | 'mx', name: (name ?? at).replace(/\.$/, ''), term }]
  })
  const list = new BlockList()
  for (const term of terms) {
    const [, range = '', bits] = /^\+?ip[46]:([^/]+)(?:\/(\d{1,3}))?$/.exec(term) ?? []
    const most = isIP(range) === 6 ? 128 : 32
    // A range that is none lets nobody send.
    if (isIP(range) !== 0 && Number(bits ?? most) <= most) list.addSubnet(range, Number(bits ?? most), familyOf(range))
  }
  return { at, about, lets: (address) => isIP(address) !== 0 && list.check(address, familyOf(address)) }
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
