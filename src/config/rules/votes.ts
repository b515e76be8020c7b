import { quorumOf, votersOf } from '../../core/votes.ts'
import type { Finding } from '../faults.ts'
import { entriesOf } from '../lists.ts'
import type { File } from '../schema.ts'
import type { Rule } from './rule.ts'

// Who votes on which site, and how many must agree (DESIGN.md, "Votes").

/** Left out, this process alone votes, at nobody's cloud. */
const vantagesOf = ({ vantages }: File): { vantage: string; cloud: string }[] =>
  vantages ? entriesOf(vantages).map(([vantage, { cloud }]) => ({ vantage, cloud })) : [{ vantage: 'this process', cloud: 'none' }]

type Poll = { site: string; cloud: string; voters: string[]; quorum: number; majority: number }

/** As core counts. */
const pollsOf = (file: File): Poll[] => {
  const config = { vantages: vantagesOf(file), quorum: file.quorum ?? null }
  return entriesOf(file.sites).map(([site, at]) => ({
    site,
    cloud: at.cloud,
    voters: votersOf(config, at),
    quorum: quorumOf(config, at),
    majority: quorumOf({ ...config, quorum: null }, at),
  }))
}

const reads = ['sites.*.cloud', 'vantages.*.cloud', 'quorum']

export const nobodyVotes: Rule = {
  reads: ['sites.*.cloud', 'vantages.*.cloud'],
  judge: (file) =>
    vantagesOf(file).length === 0
      ? []
      : pollsOf(file)
          .filter(({ voters }) => voters.length === 0)
          .map(({ site }): Finding => {
            const instead = 'Add a vantage at another cloud'
            return [
              { path: ['sites', site, 'cloud'], what: 'is where every vantage stands, so that nobody may vote on this site', instead },
              { path: ['vantages'], what: `all stand at the cloud of site ${site}, so that nobody may vote on it`, got: null, instead },
            ]
          }),
}

/** The sites with voters, those with the fewest first. */
const byVoters = (file: File): Poll[] => pollsOf(file).filter(({ voters }) => voters.length > 0).sort((a, b) => a.voters.length - b.voters.length)

/** A site whose voters are fewer than the quorum could never be known to be up or down. */
export const quorumAboveVoters: Rule = {
  reads,
  judge: (file) => {
    const least = byVoters(file)[0]
    if (file.quorum === undefined || least === undefined || file.quorum <= least.voters.length) return []
    const { site, voters } = least
    const who = `only ${voters.join(', ')} may vote on site ${site}`
    return [
      [
        {
          path: ['quorum'],
          what: `is more than there are voters: ${who}`,
          instead: `Write ${voters.length}, or add a vantage at another cloud than the site's`,
        },
        {
          path: ['vantages'],
          what: `are too few for quorum: ${who}`,
          got: null,
          instead: `Add a vantage at another cloud than the site's, or write quorum: ${voters.length}`,
        },
      ],
    ]
  },
}

/** Half of the voters could say up while the other half says down. */
export const quorumWithoutMajority: Rule = {
  reads,
  judge: (file) => {
    const most = byVoters(file).at(-1)
    if (file.quorum === undefined || most === undefined || file.quorum >= most.majority) return []
    const { site, voters, majority } = most
    const who = `the ${voters.length} voters of site ${site} (${voters.join(', ')})`
    return [
      [
        { path: ['quorum'], what: `is not more than half of ${who}`, instead: `Write ${majority} or more, or leave the key out` },
        { path: ['vantages'], what: `make quorum not more than half of ${who}`, got: null, instead: `Write quorum: ${majority} or more, or leave quorum out` },
      ],
    ]
  },
}

/** What can be known of a site once a cloud is gone, of which no voter is left, or fewer than must agree. A target needs one voter, and health a quorum. */
const stateOf = ({ site, quorum }: Poll, left: number): string =>
  left === 0
    ? `nobody is left to vote on site ${site}, so that nothing moves there by itself`
    : `site ${site} keeps ${left} of the ${quorum} voters that must agree: a move there still starts, and from then on it is known to be neither up nor down`

/** The cloud of a site takes along the vantages that stand there, and the quorum of the sites that are left never shrinks. */
export const quorumLostWithCloud: Rule = {
  reads,
  warns: true,
  judge: (file) => {
    const polls = pollsOf(file)
    const clouds = [...new Set(polls.map(({ cloud }) => cloud))].filter((cloud) => cloud !== 'none')
    return clouds.flatMap((lost) => {
      const silent = vantagesOf(file).filter(({ cloud }) => cloud === lost).map(({ vantage }) => vantage)
      const states = polls
        .filter(({ cloud }) => cloud !== lost)
        .map((poll) => ({ poll, left: poll.voters.filter((voter) => !silent.includes(voter)).length }))
        .filter(({ poll, left }) => left < poll.quorum)
        .map(({ poll, left }) => stateOf(poll, left))
      if (states.length === 0) return []
      return [{
        path: ['vantages'],
        what: `with ${lost}, ${silent.join(', ')} would be lost too, and ${states.join('; ')}`,
        got: null,
        instead: 'Add vantages where no site stands',
      }]
    })
  },
}
