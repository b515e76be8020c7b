import { familyOf } from '../addresses.ts'
import type { Fault } from '../faults.ts'
import { entriesOf, pairs } from '../lists.ts'
import type { Rule } from './rule.ts'

/** Nowhere to move to. */
export const fewerThanTwoSites: Rule = {
  reads: [],
  judge: (_, tree) => {
    const sites = tree.valueAt(['sites'])
    const count = typeof sites === 'object' && sites !== null ? Object.keys(sites).length : 2
    // A name that stands twice was meant to be two sites.
    const twice = tree.faults.some(({ path }) => path[0] === 'sites' && path.length === 2)
    if (count >= 2 || twice) return []
    return [{ path: ['sites'], what: 'has fewer than two sites, so that there is nowhere to move to', got: `${count}`, instead: 'Add a site at another cloud' }]
  },
}

export const addressOrStack: Rule = {
  reads: ['sites.*.address', 'sites.*.stack'],
  judge: ({ sites }, tree) =>
    entriesOf(sites).flatMap(([name, { stack }]) => {
      const path = ['sites', name]
      // As it is written: what a stack says is no address of the file.
      const isWritten = tree.valueAt([...path, 'address']) !== undefined
      if (!isWritten && stack === undefined)
        return [{ path, what: 'has neither address nor stack', got: null, instead: 'Write address: with the address that it serves at, or stack: with the Pulumi stack that it is' }]
      if (!isWritten || stack === undefined) return []
      const instead = 'Keep one of the two'
      return [
        [
          { path: [...path, 'address'], what: 'stands beside stack, whose outputs hold the address', instead },
          { path: [...path, 'stack'], what: 'stands beside address', instead },
        ],
      ]
    }),
}

/** Until then it is watched by nobody, and nothing can move there. */
export const stackNeverRead: Rule = {
  reads: ['sites.*.stack', 'sites.*.address', 'sites.*.standby'],
  warns: true,
  judge: ({ sites }) =>
    entriesOf(sites)
      .filter(([, { stack, address, standby }]) => stack !== undefined && address === undefined && standby === 'hot')
      .map(([name]) => ({
        path: ['sites', name, 'stack'],
        what: 'was never read, so that the site has no address yet',
        instead: `Type lifeboat up ${name}, which creates it, or lifeboat outputs ${name} where it stands already`,
      })),
}

/** `dir`, `outputs` and `standby: cold` say how a stack is used. */
export const withoutStack: Rule = {
  reads: ['sites.*.stack', 'sites.*.dir', 'sites.*.outputs', 'sites.*.standby'],
  judge: ({ sites }) =>
    entriesOf(sites).flatMap(([name, site]) => {
      if (site.stack !== undefined) return []
      const dependent = [...(site.dir ? ['dir'] : []), ...(site.outputs ? ['outputs'] : []), ...(site.standby === 'cold' ? ['standby'] : [])]
      return dependent.map((key): Fault => ({
        path: ['sites', name, key],
        what: 'means nothing without stack',
        instead: key === 'standby' ? 'Write stack: with the Pulumi stack that creates the site, or leave standby out' : `Write stack: too, or leave ${key} out`,
      }))
    }),
}

const addressKeys = ['address', 'addressV6'] as const

export const sameAddress: Rule = {
  reads: ['sites.*.address', 'sites.*.addressV6'],
  judge: ({ sites }) => {
    const all = entriesOf(sites).flatMap(([name, site]) =>
      addressKeys.flatMap((key) => (site[key] === undefined ? [] : [{ name, key, address: site[key] }])),
    )
    return pairs(all)
      .filter(([one, other]) => one.address === other.address)
      .map(([one, other]) =>
        [one, other].map(({ name, key }, i): Fault => {
          const twin = i === 0 ? other : one
          return { path: ['sites', name, key], what: `is the address of site ${twin.name} too`, instead: 'Give each site an address of its own' }
        }),
      )
  },
}

export const v6BesideHostname: Rule = {
  reads: ['sites.*.address', 'sites.*.addressV6'],
  judge: ({ sites }) =>
    entriesOf(sites)
      .filter(([, site]) => site.addressV6 !== undefined && site.address !== undefined && !familyOf(site.address))
      .map(([name]) => [
        {
          path: ['sites', name, 'addressV6'],
          what: 'stands beside a hostname, which brings its own addresses',
          instead: 'Leave addressV6 out, or write an IPv4 address in address',
        },
        {
          path: ['sites', name, 'address'],
          what: 'is a hostname, and addressV6 stands beside it',
          instead: 'Leave addressV6 out, or write an IPv4 address here',
        },
      ]),
}

/** An address and a CNAME cannot take each other's place at a name (DNS.md). */
export const mixedKinds: Rule = {
  reads: ['sites.*.address'],
  judge: ({ sites }) => {
    const known = entriesOf(sites).flatMap(([name, { address }]) => (address === undefined ? [] : [{ name, ip: familyOf(address) !== null }]))
    const ip = known.find((site) => site.ip)
    if (!ip) return []
    return known
      .filter((site) => !site.ip)
      .map(({ name }) => [
        {
          path: ['sites', name, 'address'],
          what: `is a hostname, and site ${ip.name} has an IP address`,
          instead: 'Write a static IP address, or hostnames at all sites',
        },
        {
          path: ['sites', ip.name, 'address'],
          what: `is an IP address, and site ${name} has a hostname`,
          instead: `Write a static IP address at site ${name}, or hostnames at all sites`,
        },
      ])
  },
}

/** At the top of a zone no CNAME may stand. */
export const apexNeedsIp: Rule = {
  reads: ['sites.*.address', 'dns.names', 'dns.hosts.*.zone', 'dns.hosts.*.driver'],
  judge: ({ sites, dns }) => {
    const apex = dns.names.findIndex((name) => dns.hosts.some(({ zone }) => zone === name))
    const known = entriesOf(sites).filter(([, { address }]) => address !== undefined)
    if (apex < 0 || known.some(([, { address }]) => familyOf(address ?? ''))) return []
    return known.slice(0, 1).map(([name]) => [
      {
        path: ['sites', name, 'address'],
        what: `is a hostname, and dns.names[${apex}] is the top of its zone, where no CNAME may stand`,
        instead: 'Write a static IP address at each site',
      },
      {
        path: ['dns', 'names', apex],
        what: 'is the top of its zone, where no CNAME may stand, and the sites have hostnames',
        instead: 'Write a static IP address at each site',
      },
    ])
  },
}

/** A name that pointed at itself would answer nothing. */
export const addressIsMovedName: Rule = {
  reads: ['sites.*.address', 'dns.names'],
  judge: ({ sites, dns }) =>
    entriesOf(sites).flatMap(([name, { address }]) => {
      const index = address === undefined ? -1 : dns.names.indexOf(address)
      if (index < 0) return []
      return [
        [
          { path: ['sites', name, 'address'], what: `is dns.names[${index}], which is moved between the sites`, instead: "Write the site's own address" },
          { path: ['dns', 'names', index], what: `is the address of site ${name}`, instead: `Write the site's own address at site ${name}` },
        ],
      ]
    }),
}

/** Every name keeps an IPv4 address through every move (DESIGN.md, rule 2). */
export const withoutIpv4: Rule = {
  reads: ['sites.*.address'],
  judge: ({ sites }) => {
    const known = entriesOf(sites).filter(([, { address }]) => address !== undefined && familyOf(address))
    const four = known.find(([, { address }]) => familyOf(address ?? '') === 4)
    if (!four) return []
    return known
      .filter(([, { address }]) => familyOf(address ?? '') === 6)
      .map(([name]) => [
        {
          path: ['sites', name, 'address'],
          what: `is an IPv6 address, and site ${four[0]} has an IPv4 address that a move here would leave no name with`,
          instead: 'Write the IPv4 address here, and this one as addressV6',
        },
        {
          path: ['sites', four[0], 'address'],
          what: `is an IPv4 address, and site ${name} has none`,
          instead: `Write an IPv4 address at site ${name}, and its IPv6 address as addressV6`,
        },
      ])
  },
}
