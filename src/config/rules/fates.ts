import { isServerAt } from '../addresses.ts'
import { dnsDrivers } from '../companies.ts'
import type { Fault } from '../faults.ts'
import { entriesOf } from '../lists.ts'
import type { File, FileDnsHost } from '../schema.ts'
import type { Path } from '../paths.ts'
import { hostIdOf } from './dns.ts'
import type { Rule } from './rule.ts'

// What is taken away together with a site, by one company or with one machine (DESIGN.md, rule 11). `sharedFate: accepted` overrules.

/** `entry`: where the key sharedFate goes. `whose`: what is lost, for sentences. */
type Fate = { entry: Path; whose: string; site: string; accepted: boolean }

const sitesAt = ({ sites }: File, company: string | null): string[] =>
  entriesOf(sites).flatMap(([site, { cloud }]) => (cloud !== 'none' && cloud === company ? [site] : []))

const hostFate = (i: number, host: FileDnsHost, site: string): Fate =>
  ({ entry: ['dns', 'hosts', i], whose: `DNS host ${hostIdOf(host)}`, site, accepted: host.sharedFate !== undefined })

const dnsHostFates = (file: File): Fate[] =>
  [...file.dns.hosts.entries()].flatMap(([i, host]) => sitesAt(file, dnsDrivers[host.driver].company).map((site) => hostFate(i, host, site)))

/** A name server of one's own that is a site's machine. */
const nameServerFates = ({ dns, sites }: File): Fate[] =>
  [...dns.hosts.entries()].flatMap(([i, host]) =>
    entriesOf(sites)
      .filter(([, { address, addressV6 }]) => 'server' in host && isServerAt(host.server, [address, addressV6]))
      .map(([site]) => hostFate(i, host, site)),
  )

/** Beside an sqlite store there is one controller, and where it goes every controller goes. An etcd's others are named in no file. */
const controllerFates = (file: File): Fate[] =>
  file.store.driver !== 'sqlite'
    ? []
    : entriesOf(file.vantages ?? {})
        .filter(([, { url }]) => url === undefined)
        .flatMap(([vantage, { cloud, sharedFate }]) =>
          sitesAt(file, cloud).map((site) => ({ entry: ['vantages', vantage], whose: 'this process, the controller,', site, accepted: sharedFate !== undefined })),
        )

/** A sentence for each fate that was accepted. */
export const acceptedFates = (file: File): string[] =>
  [...dnsHostFates(file), ...nameServerFates(file), ...controllerFates(file)]
    .filter(({ accepted }) => accepted)
    .map(({ whose, site }) => `${whose} is lost together with site ${site}`)

const refused = (fates: Fate[]): Fate[] => fates.filter(({ accepted }) => !accepted)

export const dnsHostInSitesAccount: Rule = {
  reads: ['dns.hosts.*.driver', 'dns.hosts.*.sharedFate', 'sites.*.cloud'],
  judge: (file) =>
    refused(dnsHostFates(file)).map(({ entry, site }): Fault[] => {
      const host = `dns.hosts[${entry.at(-1)}]`
      return [
        {
          path: [...entry, 'driver'],
          what: `is lost together with site ${site}: one company keeps both`,
          instead: 'Host the zone elsewhere, or write sharedFate: accepted here',
        },
        {
          path: ['sites', site, 'cloud'],
          what: `keeps ${host} too, which is lost together with this site`,
          instead: `Host the zone elsewhere, or write sharedFate: accepted at ${host}`,
        },
      ]
    }),
}

export const nameServerAtSite: Rule = {
  reads: ['dns.hosts.*.driver', 'dns.hosts.*.server', 'dns.hosts.*.sharedFate', 'sites.*.address', 'sites.*.addressV6'],
  judge: (file) =>
    refused(nameServerFates(file)).map(({ entry, site }) => ({
      path: [...entry, 'server'],
      what: `is the machine of site ${site}, and is lost together with it`,
      instead: 'Write a name server elsewhere, or sharedFate: accepted here',
    })),
}

export const controllerInSitesAccount: Rule = {
  reads: ['vantages.*.url', 'vantages.*.cloud', 'vantages.*.sharedFate', 'sites.*.cloud', 'store.driver'],
  judge: (file) =>
    refused(controllerFates(file)).map(({ entry, site }): Fault[] => {
      const here = entry.join('.')
      return [
        {
          path: [...entry, 'cloud'],
          what: `keeps this process, the controller, which is lost together with site ${site}: one company keeps both`,
          instead: 'Run it elsewhere, or write sharedFate: accepted here',
        },
        {
          path: ['sites', site, 'cloud'],
          what: `keeps ${here} too, the controller, which is lost together with this site`,
          instead: `Run it elsewhere, or write sharedFate: accepted at ${here}`,
        },
      ]
    }),
}

/** Of a vantage elsewhere nothing is refused that could be accepted: it only falls silent. */
export const sharedFateElsewhere: Rule = {
  reads: ['vantages.*.url', 'vantages.*.sharedFate'],
  judge: ({ vantages = {} }) =>
    entriesOf(vantages)
      .filter(([, { url, sharedFate }]) => url !== undefined && sharedFate !== undefined)
      .map(([name]) => ({
        path: ['vantages', name, 'sharedFate'],
        what: 'means nothing at a vantage with url, which is not the controller',
        instead: 'Delete it',
      })),
}
