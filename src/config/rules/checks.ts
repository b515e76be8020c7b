import { isIn } from '../../core/dns-names.ts'
import { hostOfUrl } from '../addresses.ts'
import { clouds } from '../companies.ts'
import { formatDuration } from '../durations.ts'
import type { Fault } from '../faults.ts'
import { entriesOf, pairs } from '../lists.ts'
import type { File } from '../schema.ts'
import type { Rule } from './rule.ts'

const kinds = ['url', 'tcp', 'dns'] as const

export const oneKindOfCheck: Rule = {
  reads: ['check.url', 'check.tcp', 'check.dns'],
  judge: ({ check }) => {
    const given = kinds.filter((kind) => check[kind] !== undefined)
    if (given.length === 0)
      return [{ path: ['check'], what: 'asks nothing', got: null, instead: 'Write one of url, tcp and dns' }]
    return pairs(given).map(([one, other]) =>
      [one, other].map((kind, i): Fault => {
        const twin = i === 0 ? other : one
        return { path: ['check', kind], what: `stands beside check.${twin}`, instead: 'Keep one of url, tcp and dns' }
      }),
    )
  },
}

export const onlyWithUrl: Rule = {
  reads: ['check.url', 'check.tcp', 'check.dns', 'check.status', 'check.body', 'check.tls'],
  judge: ({ check }) =>
    check.url !== undefined || (check.tcp === undefined && check.dns === undefined)
      ? []
      : (['status', 'body', 'tls'] as const)
          .filter((key) => check[key] !== undefined)
          .map((key) => ({ path: ['check', key], what: 'means nothing without check.url', instead: `Write check.url, or leave ${key} out` })),
}

export const timeoutBelowInterval: Rule = {
  reads: ['check.timeout', 'check.interval'],
  judge: ({ check: { timeout, interval } }) =>
    timeout < interval
      ? []
      : [
          [
            {
              path: ['check', 'timeout'],
              what: 'is not below check.interval',
              instead: `Write less than the interval, such as ${formatDuration(Math.max(1, Math.floor(interval / 2)))}`,
            },
            { path: ['check', 'interval'], what: 'is not above check.timeout', instead: `Write more than the timeout, such as ${formatDuration(timeout * 2)}` },
          ],
        ],
}

const covers = (names: string[], host: string): boolean =>
  names.some((name) => name === host || (name.startsWith('*.') && host.endsWith(name.slice(1))))

/** A site is asked under this name; one that is never moved is probably a slip. */
export const urlOffTheNames: Rule = {
  reads: ['check.url', 'dns.names'],
  warns: true,
  judge: ({ check, dns }) =>
    (check.url ?? []).flatMap((url, i) => {
      const instead = 'Write a URL under a name that is moved, if this one was not meant'
      return covers(dns.names, hostOfUrl(url)) ? [] : [{ path: ['check', 'url', i], what: 'asks under a name that is not among dns.names', instead }]
    }),
}

// ── Canaries ─────────────────────────────────────────────────────────────────

const insteadOf = 'Write a target that no cloud of a site runs, such as https://one.one.one.one'

/** The canaries of which `shared` says why they fall silent together with a site. */
const canariesThat = ({ canaries }: File, shared: (host: string) => string | null): Fault[] =>
  canaries.flatMap((canary, i) => {
    const why = shared(hostOfUrl(canary))
    return why ? [{ path: ['canaries', i], what: `${why}, and falls silent with it`, instead: insteadOf }] : []
  })

export const canaryInsideSite: Rule = {
  reads: ['canaries', 'sites.*.address', 'sites.*.addressV6'],
  judge: (file) =>
    canariesThat(file, (host) => {
      const [name] = entriesOf(file.sites).find(([, { address, addressV6 }]) => [address, addressV6].includes(host)) ?? []
      return name === undefined ? null : `is inside site ${name}`
    }),
}

export const canaryAtSitesCloud: Rule = {
  reads: ['canaries', 'sites.*.cloud'],
  judge: (file) =>
    canariesThat(file, (host) => {
      const [name] = entriesOf(file.sites).find(([, { cloud }]) => clouds[cloud].domains.some((domain) => isIn(host, domain))) ?? []
      return name === undefined ? null : `is at the cloud of site ${name}`
    }),
}

export const canaryIsMovedName: Rule = {
  reads: ['canaries', 'dns.names'],
  judge: (file) =>
    canariesThat(file, (host) => (covers(file.dns.names, host) ? 'is one of the names that are moved' : null)),
}

export const sameCanary: Rule = {
  reads: ['canaries'],
  judge: ({ canaries }) =>
    pairs(canaries.map((canary, i) => ({ i, canary })))
      .filter(([one, other]) => new URL(one.canary).href === new URL(other.canary).href)
      .map(([one, other]) => ({ path: ['canaries', other.i], what: `is canaries[${one.i}] again`, instead: 'Write another target' })),
}

export const withoutCanaries: Rule = {
  reads: ['canaries'],
  warns: true,
  judge: ({ canaries }) =>
    canaries.length > 0
      ? []
      : [{
        path: ['canaries'],
        what: 'without one, lifeboat cannot tell a lost site from its own lost connection',
        got: 'none',
        instead: 'Write two targets that no cloud of a site runs, such as [https://one.one.one.one, https://dns.google]',
      }],
}
