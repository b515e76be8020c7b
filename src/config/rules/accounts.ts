import { isReadable } from '../addresses.ts'
import { cloudNames, clouds } from '../companies.ts'
import type { Fault } from '../faults.ts'
import { entriesOf } from '../lists.ts'
import type { File } from '../schema.ts'
import type { Rule } from './rule.ts'

const sitesAt = (sites: File['sites'], cloud: string): string[] => entriesOf(sites).filter(([, site]) => site.cloud === cloud).map(([name]) => name)

const withApi = cloudNames.filter((cloud) => cloud !== 'none')

/** Without its entry a cloud cannot be asked for evidence. */
export const cloudWithoutEntry: Rule = {
  reads: ['sites.*.cloud', 'clouds'],
  judge: (file) =>
    withApi
      .filter((cloud) => clouds[cloud].built && file.clouds[cloud] === undefined)
      .flatMap((cloud) => {
        const [site] = sitesAt(file.sites, cloud)
        if (site === undefined) return []
        const instead = `Write clouds: { ${cloud}: { token: "\${TOKEN}" } }, or cloud: none at the site to do without account evidence`
        return [
          [
            { path: ['sites', site, 'cloud'], what: `has no entry clouds.${cloud}`, instead },
            { path: ['clouds'], what: `has no entry ${cloud}, where site ${site} stands`, got: null, instead },
          ],
        ]
      }),
}

/** Dated: goes with the drivers for aws and hetzner. */
export const cloudWithoutDriver: Rule = {
  reads: ['sites.*.cloud'],
  warns: true,
  judge: (file) =>
    withApi
      .filter((cloud) => !clouds[cloud].built)
      .flatMap((cloud) =>
        sitesAt(file.sites, cloud).map((site) => ({
          path: ['sites', site, 'cloud'],
          what: `site ${site} is watched without account evidence, since the driver for this cloud is not built yet`,
          instead: 'Nothing need be changed; a cut there is seen as an outage',
        })),
      ),
}

export const entryWithoutSite: Rule = {
  reads: ['sites.*.cloud', 'clouds'],
  warns: true,
  judge: (file) =>
    withApi
      .filter((cloud) => file.clouds[cloud] !== undefined && sitesAt(file.sites, cloud).length === 0)
      .map((cloud) => ({
        path: ['clouds', cloud],
        what: 'is an account that no site stands in, and is never asked',
        instead: 'Delete it if no site was meant',
      })),
}

export const sameCredentialTwice: Rule = {
  reads: ['clouds.*.token', 'clouds.*.secondToken'],
  judge: (file) =>
    (['hetzner', 'digitalocean'] as const)
      .filter((cloud) => file.clouds[cloud]?.secondToken !== undefined && file.clouds[cloud].secondToken === file.clouds[cloud].token)
      .map((cloud) => {
        const instead = 'Make a second token in the account: it proves that a refused one was not merely revoked'
        return [
          { path: ['clouds', cloud, 'secondToken'], what: 'is the same credential as token', instead },
          { path: ['clouds', cloud, 'token'], what: 'is the same credential as secondToken', instead },
        ]
      }),
}

const otherKey = { accessKeyId: 'secretAccessKey', secretAccessKey: 'accessKeyId' } as const

const halfKey = (entry: { accessKeyId?: string | undefined; secretAccessKey?: string | undefined }, path: Fault['path']): Fault[] =>
  (['accessKeyId', 'secretAccessKey'] as const)
    .filter((key) => entry[key] !== undefined && entry[otherKey[key]] === undefined)
    .map((key) => ({ path: [...path, key], what: `has no ${otherKey[key]} beside it`, instead: 'Write both, or neither to use what the AWS SDK finds' }))

export const halfAwsKey: Rule = {
  reads: ['clouds.aws', 'dns.hosts'],
  judge: (file) => [
    ...halfKey(file.clouds.aws ?? {}, ['clouds', 'aws']),
    ...[...file.dns.hosts.entries()].flatMap(([i, host]) => (host.driver === 'route53' ? halfKey(host, ['dns', 'hosts', i]) : [])),
  ],
}

/** A credential must not go over the wire for all to read. */
export const plainEndpoint: Rule = {
  reads: ['clouds.*.endpoint', 'dns.hosts.*.driver', 'dns.hosts.*.endpoint', 'dns.hosts.*.url'],
  judge: (file) =>
    [
      ...withApi.map((cloud) => ({ path: ['clouds', cloud, 'endpoint'], url: file.clouds[cloud]?.endpoint })),
      ...[...file.dns.hosts.entries()].flatMap(([i, host]) => [
        { path: ['dns', 'hosts', i, 'endpoint'], url: 'endpoint' in host ? host.endpoint : undefined },
        { path: ['dns', 'hosts', i, 'url'], url: 'url' in host ? host.url : undefined },
      ]),
    ]
      .filter(({ url }) => url !== undefined && isReadable(url))
      .map(({ path }) => ({ path, what: 'is plain http off loopback, where anybody on the way reads the credential', instead: 'Write https://' })),
}
