import { isLoopback } from '../addresses.ts'
import type { Fault, Finding } from '../faults.ts'
import { entriesOf, pairs } from '../lists.ts'
import type { File } from '../schema.ts'
import type { Rule } from './rule.ts'

type Vantages = NonNullable<File['vantages']>

/** As core counts them (votesOf in core/votes.ts), over the file. Left out, this process alone votes, at nobody's cloud. */
const votersOf = (vantages: Vantages | undefined, cloud: string): string[] =>
  vantages ? entriesOf(vantages).filter(([, v]) => v.cloud === 'none' || v.cloud !== cloud).map(([name]) => name) : ['this process']

export const noVantages: Rule = {
  reads: ['vantages'],
  judge: ({ vantages }) =>
    vantages && Object.keys(vantages).length === 0
      ? [{ path: ['vantages'], what: 'lists nobody who could vote', instead: 'Leave the key out, and this process alone votes' }]
      : [],
}

export const thisProcessTwice: Rule = {
  reads: ['vantages.*.url'],
  judge: ({ vantages = {} }) =>
    entriesOf(vantages)
      .filter(([, { url }]) => url === undefined)
      .slice(1)
      .map(([name]) => ({ path: ['vantages', name], what: 'is this process a second time, since it has no url', got: null, instead: 'Write its url, or delete it' })),
}

export const urlAndToken: Rule = {
  reads: ['vantages.*.url', 'vantages.*.token'],
  judge: ({ vantages = {} }) =>
    entriesOf(vantages).flatMap(([name, { url, token }]): Fault[] => {
      if (url !== undefined && token === undefined)
        return [{ path: ['vantages', name, 'url'], what: 'has no token beside it, so that its answers could be anybody\'s', instead: 'Write token: "${NAME}", as that vantage has it in LIFEBOAT_VANTAGE_TOKEN' }]
      if (url === undefined && token !== undefined)
        return [{ path: ['vantages', name, 'token'], what: 'stands at a vantage without url, which is this process', instead: 'Write its url, or delete the token' }]
      return []
    }),
}

export const sameVantage: Rule = {
  reads: ['vantages.*.url'],
  judge: ({ vantages = {} }) =>
    pairs(entriesOf(vantages).flatMap(([name, { url }]) => (url === undefined ? [] : [{ name, href: new URL(url).href }])))
      .filter(([one, other]) => one.href === other.href)
      .map(([one, other]) =>
        [one, other].map(({ name }, i): Fault => {
          const twin = i === 0 ? other : one
          return { path: ['vantages', name, 'url'], what: `is vantage ${twin.name} again, which would vote twice`, instead: 'Write the address of another vantage' }
        }),
      ),
}

export const plainHttp: Rule = {
  reads: ['vantages.*.url'],
  warns: true,
  judge: ({ vantages = {} }) =>
    entriesOf(vantages)
      .filter(([, { url }]) => url?.startsWith('http:') && !isLoopback(new URL(url).hostname))
      .map(([name]) => ({ path: ['vantages', name, 'url'], what: 'is plain http: what is asked and answered can be read on the way, though not changed', instead: 'Write https:// where the vantage can serve it' })),
}

// ── Who votes, and how many must agree ───────────────────────────────────────

const reads = ['sites.*.cloud', 'vantages.*.cloud', 'quorum']

export const nobodyVotes: Rule = {
  reads: ['sites.*.cloud', 'vantages.*.cloud'],
  judge: ({ sites, vantages }) =>
    vantages && Object.keys(vantages).length > 0
      ? entriesOf(sites)
          .filter(([, { cloud }]) => votersOf(vantages, cloud).length === 0)
          .map(([name]): Finding => {
            const instead = 'Add a vantage at another cloud'
            return [
              { path: ['sites', name, 'cloud'], what: 'is where every vantage stands, so that nobody may vote on this site', instead },
              { path: ['vantages'], what: `all stand at the cloud of site ${name}, so that nobody may vote on it`, got: null, instead },
            ]
          })
      : [],
}

/** The site with the fewest voters, or with the most. */
const siteBy = ({ sites, vantages }: File, most: boolean): { site: string; voters: string[] } | undefined =>
  entriesOf(sites)
    .map(([site, { cloud }]) => ({ site, voters: votersOf(vantages, cloud) }))
    .filter(({ voters }) => voters.length > 0)
    .sort((a, b) => (most ? b.voters.length - a.voters.length : a.voters.length - b.voters.length))[0]

/** A site whose voters are fewer than the quorum could never be known to be up or down. */
export const quorumAboveVoters: Rule = {
  reads,
  judge: (file) => {
    const { site, voters } = siteBy(file, false) ?? { site: '', voters: [] }
    if (file.quorum === undefined || voters.length === 0 || file.quorum <= voters.length) return []
    const who = `only ${voters.join(', ')} may vote on site ${site}`
    return [
      [
        { path: ['quorum'], what: `is more than there are voters: ${who}`, instead: `Write ${voters.length}, or add a vantage at another cloud than the site's` },
        { path: ['vantages'], what: `are too few for quorum: ${who}`, got: null, instead: `Add a vantage at another cloud than the site's, or write quorum: ${voters.length}` },
      ],
    ]
  },
}

/** Half of the voters could say up while the other half says down. */
export const quorumWithoutMajority: Rule = {
  reads,
  judge: (file) => {
    const { site, voters } = siteBy(file, true) ?? { site: '', voters: [] }
    const least = Math.floor(voters.length / 2) + 1
    if (file.quorum === undefined || file.quorum >= least) return []
    const who = `the ${voters.length} voters of site ${site} (${voters.join(', ')})`
    return [
      [
        { path: ['quorum'], what: `is not more than half of ${who}`, instead: `Write ${least} or more, or leave the key out` },
        { path: ['vantages'], what: `make quorum not more than half of ${who}`, got: null, instead: `Write quorum: ${least} or more, or leave quorum out` },
      ],
    ]
  },
}
