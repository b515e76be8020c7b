import type { Reason, Verdict } from '../../src/core/words.ts'
import type { Answers } from '../lab/net-site.ts'
import { cut } from '../lab/net.ts'
import { budgets, vantages } from './setting.ts'
import type { Layout } from './setting.ts'
import type { World } from './world.ts'

// What can happen between two sites, three vantages, a controller and a name server, and what lifeboat makes of each: the verdict on
// alpha, the decision and its sentence as `watch` logs it and `status` shows it. In sentences `#` is how many have said so by then and
// `*` a time that passes. Whatever has no `moves` moves nothing.

export type Row = {
  what: string
  fault(world: World): Promise<unknown>
  verdict: Verdict
  /** What it says while it holds or refuses; before a move, of the budget that runs. */
  holds: [Reason, string]
  /** What it says when it moves from alpha to beta, and of beta afterwards. */
  moves?: [Reason, string, string]
  /** Shows that the fault was there, where nothing that lifeboat says does. */
  shows?(world: World): Promise<void>
  /** Whose clouds the vantages are at: none of a site's unless given. */
  layout?: Layout
  /** For how many rounds it is held, where that is longer than the budgets. */
  rounds?: number
  /** True: no round of it reaches a site, so that none can be counted. */
  unseen?: boolean
}

const lost = (...hosts: string[]) => (world: World) => world.net.lose(...cut(...hosts))
const answers = (how: Answers) => (world: World) => world.answer('alpha', how)

const outage = 'A failover starts when policy.outage (2 s) is over, in * s'
const appFault = 'A failover starts when policy.appFault (1.5 s) is over, in * s'
const betaIsWell = 'hold: beta is well: 3 of 3 vantages'

/** Nobody is there, and nobody says why. */
const down = (seen: string): Pick<Row, 'verdict' | 'holds' | 'moves'> => ({
  verdict: 'down',
  holds: ['outage-budget', `hold: alpha is down: # of 3 vantages say down: ${seen}; no account evidence. ${outage}`],
  moves: ['outage', `move: alpha has been down for * s: # of 3 vantages say down: ${seen}; no account evidence. Failover alpha → beta starts`, betaIsWell],
})

/** The app itself answers, and not as the check asks. */
const appFails = (seen: string): Pick<Row, 'verdict' | 'holds' | 'moves'> => ({
  verdict: 'app-fault',
  holds: ['app-fault-budget', `hold: alpha's host answers and its app fails: # of 3 vantages say down: ${seen}. ${appFault}`],
  moves: ['app-fault', `move: alpha's app has failed for * s: # of 3 vantages say down: ${seen}. Failover alpha → beta starts`, betaIsWell],
})

/** Somebody else answers. */
const stranger = (seen: string): Pick<Row, 'verdict' | 'holds' | 'moves'> => ({
  verdict: 'foreign',
  holds: ['outage-budget', `hold: somebody else answers at alpha: ${seen}. ${outage}`],
  moves: ['outage', `move: somebody else has answered at alpha for * s: ${seen}. Failover alpha → beta starts`, betaIsWell],
})

const allWell: Pick<Row, 'verdict' | 'holds'> = { verdict: 'well', holds: ['well', 'hold: alpha is well: 3 of 3 vantages'] }

/** Fails where no more than a few of what the site was asked did fail. */
const failsFor = (least: number) => async (world: World) => {
  const failed = await world.answer('alpha', 'well')
  if (failed < least) throw new Error(`alpha failed ${failed} requests only`)
}

const areOff = async (world: World): Promise<void> => {
  for (const vantage of vantages) {
    const offMs = Math.abs((await world.dateAt(vantage)) - Date.now())
    if (offMs < 590_000) throw new Error(`${vantage}'s clock is off by ${offMs} ms only`)
  }
}

export const rows: Row[] = [
  { what: 'alpha is killed', fault: (world) => world.kill('alpha'), ...down('the port refuses the connection') },
  { what: 'packets to and from alpha are dropped', fault: lost('alpha'), ...down('no answer in 0.3 s') },
  { what: 'packets from alpha are dropped, and those to it arrive', fault: (world) => world.net.lose({ from: 'alpha', percent: 100 }), ...down('no answer in 0.3 s') },
  { what: 'half of the packets to and from alpha are lost', fault: (world) => world.net.lose({ from: 'alpha', percent: 50 }, { to: 'alpha', percent: 50 }), ...down('no answer in 0.3 s') },
  { what: 'alpha is slow by 10 s', fault: answers('slow'), ...down('no answer in 0.3 s') },
  { what: 'alpha accepts connections and never answers', fault: answers('never'), ...down('no answer in 0.3 s') },

  { what: 'alpha answers 503', fault: answers('HTTP 503'), ...appFails('HTTP 503') },
  { what: 'alpha answers a 403 page', fault: answers('HTTP 403'), ...appFails('HTTP 403') },
  { what: 'alpha answers 200 with a wrong body', fault: answers('wrong body'), ...appFails('HTTP 200 without the expected text') },
  { what: "alpha's certificate has expired", fault: answers('expired certificate'), ...appFails('certificate expired 25 h ago') },
  { what: 'alpha redirects to a stranger', fault: answers('redirect'), ...stranger('redirect to https://stranger.example') },
  { what: "alpha shows a certificate for a stranger's name", fault: answers('wrong certificate'), ...stranger('the certificate is for stranger.example') },
  {
    what: "alpha's address answers with beta's header",
    fault: answers('other site'),
    verdict: 'blip',
    holds: ['blip', 'hold: alpha is in doubt: 0 of 3 vantages say up, and 2 would have to agree; at 192.0.2.11 site beta answers here. Doubt holds'],
  },

  { what: 'one vantage is cut off', fault: lost('tokyo'), verdict: 'well', holds: ['well', 'hold: alpha is well: 2 of 3 vantages'] },
  {
    what: 'one vantage loses its way out, and the controller still reaches it',
    fault: (world) => world.net.lose(...['alpha', 'beta', 'north', 'south'].flatMap((to) => [{ from: 'tokyo', to, percent: 100 }])),
    verdict: 'well',
    holds: ['well', 'hold: alpha is well: 2 of 3 vantages'],
  },
  {
    what: 'one vantage loses its way to alpha alone',
    fault: (world) => world.net.lose({ from: 'tokyo', to: 'alpha', percent: 100 }),
    verdict: 'blip',
    holds: ['blip', 'hold: alpha is in doubt: 1 of 3 vantages says down: no answer in 0.3 s, and 2 would have to agree. Doubt holds'],
  },
  {
    what: 'the controller is cut off',
    unseen: true,
    fault: lost('controller'),
    verdict: 'abstain',
    holds: ['abstain', 'hold: the observer does not trust itself (no vantage can judge alpha: oslo does not answer, paris does not answer, tokyo does not answer), so it says nothing of alpha and nothing moves'],
  },
  {
    what: 'two of three vantages are cut off',
    fault: lost('oslo', 'paris'),
    verdict: 'blip',
    holds: ['blip', 'hold: alpha is in doubt: 1 of 3 vantages says up, and 2 would have to agree. Doubt holds'],
  },
  {
    what: 'two of three vantages are cut off, and alpha with them',
    fault: lost('oslo', 'paris', 'alpha'),
    verdict: 'blip',
    holds: ['blip', 'hold: alpha is in doubt: 1 of 3 vantages says down: no answer in 0.3 s, and 2 would have to agree. Doubt holds'],
  },
  {
    what: 'alpha is cut off together with the vantage at its cloud',
    layout: 'beside',
    fault: lost('alpha', 'oslo'),
    verdict: 'down',
    holds: ['outage-budget', `hold: alpha is down: 2 of 2 vantages say down: no answer in 0.3 s; no account evidence. ${outage}`],
    moves: [
      'outage',
      'move: alpha has been down for * s: 2 of 2 vantages say down: no answer in 0.3 s; no account evidence. Failover alpha → beta starts',
      'hold: beta is in doubt: 1 of 2 vantages says up, and 2 would have to agree. Doubt holds',
    ],
  },
  {
    what: 'both sites are cut off',
    fault: lost('alpha', 'beta'),
    verdict: 'down',
    holds: [
      'no-target',
      'refuse: alpha is down: # of 3 vantages say down: no answer in 0.3 s; no account evidence. No other site can take over (beta is not well: # of 3 vantages say down: no answer in 0.3 s; no account evidence): the last answer stays. To go there all the same: lifeboat failover beta --unready',
    ],
  },

  { what: 'alpha fails two rounds of three, and fall is 3', fault: answers('flapping'), ...allWell, shows: failsFor(20) },
  { what: "each vantage's clock is 10 min off", fault: (world) => world.clocks({ oslo: 600, paris: -600, tokyo: 600 }), ...allWell, shows: areOff },
  {
    what: "each vantage's clock is 10 min off, and alpha is killed",
    fault: async (world) => {
      await world.clocks({ oslo: -600, paris: 600, tokyo: -600 })
      await world.kill('alpha')
    },
    ...down('the port refuses the connection'),
    shows: areOff,
  },
  {
    what: "the controller's clock is set back by 10 min",
    fault: (world) => world.clocks({ controller: -600 }),
    ...allWell,
    // A round counts for nothing, and those after it count again.
    shows: async ({ lines }) => {
      const doubt = "the observer does not trust itself (this machine's clock jumped by 10 min: it slept, or its clock was set)"
      if (!lines.some(({ msg }) => msg.includes(doubt))) throw new Error('its jump was not seen')
    },
  },
]

/** In a world of its own: it takes as long as the others together. */
export const longRow: Row = {
  what: '2 % of all packets are lost for 300 rounds',
  fault: (world) => world.net.lose({ percent: 2 }),
  ...allWell,
  rounds: 300,
  shows: async (world) => {
    const packets = await world.net.lost()
    if (packets < 300) throw new Error(`${packets} packets were lost only`)
  },
}

/** How long a row without a move is held at the least: a budget that ran would have ended. And for how many rounds: on a slow machine they take longer. */
export const holdMs = budgets.outageMs + 4 * budgets.intervalMs
export const holdRounds = 8
