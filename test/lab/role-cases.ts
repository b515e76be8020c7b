import type { RoleSeen } from '../../src/core/role.ts'

// What three sorts of askers are held against: the core, the README's shell, and the command on real name servers.

export const owner = '5f0c9a7be2d14c3f8a60b1d29e7c4f11'
export const others = '0123456789abcdef0123456789abcdef'
export const moveOf = (epoch: number) => `11111111-2222-4333-8444-${String(epoch).padStart(12, '0')}`
export const marker = (site: string, epoch: number, { state = 'pointed', by = owner, app = 'shop', move = moveOf(epoch) } = {}) => `v=lifeboat1 app=${app} owner=${by} epoch=${epoch} site=${site} move=${move} state=${state}`
export const claimed = (site: string, epoch: number) => marker(site, epoch, { state: 'claimed' })
export const [old, now] = [marker('aws', 7), marker('hetzner', 8)]

/** One name server's word: a text, null for no answer, a list for several TXTs or none. */
export type Word = string | null | string[]

/** What is said, and what aws, given up in epoch 8, and hetzner, its target, are told. */
export const roleCases: [string, Word[], RoleSeen['is'], RoleSeen['is']][] = [
  ['all show it', [now, now, now], 'not', 'active'],
  ['one is behind', [now, now, old], 'not', 'active'],
  ['most are behind, so the move is not done', [now, old, old], 'not', 'unknown'],
  ['half are behind, and a move is done at half of them', [now, old], 'not', 'active'],
  ['one of three does not answer', [now, null, now], 'not', 'active'],
  ['one of three does not answer, and one is behind', [now, null, old], 'not', 'unknown'],
  ['one of two does not answer: a newer move may stand there', [now, null], 'unknown', 'unknown'],
  ['one of two does not answer, and the other is behind: no given-up site believes it', [old, null], 'unknown', 'unknown'],
  ['two of three do not answer', [now, null, null], 'unknown', 'unknown'],
  ['none answers', [null, null], 'unknown', 'unknown'],
  ['there is none', [], 'unknown', 'unknown'],
  ['only the one before it is seen', [old, old, null], 'active', 'not'],
  ['the move is claimed, and not pointed', [claimed('hetzner', 8), claimed('hetzner', 8)], 'unknown', 'unknown'],
  ['the claim is seen at one alone', [claimed('hetzner', 8), old, old], 'unknown', 'unknown'],
  ['claimed at one, pointed at another', [claimed('hetzner', 8), now, now], 'not', 'active'],
  ['two moves of one epoch, one of them claimed', [now, marker('aws', 8, { move: moveOf(9), state: 'claimed' }), now], 'unknown', 'unknown'],
  ['two moves of one epoch', [now, marker('aws', 8, { move: moveOf(9) }), now], 'unknown', 'unknown'],
  ['one move of one epoch that names two sites', [now, marker('aws', 8), now], 'unknown', 'unknown'],
  ['not adopted', [[], []], 'unknown', 'unknown'],
  ['one lost it', [now, [], now], 'not', 'active'],
  ["another owner's", [marker('aws', 9, { by: others }), marker('aws', 9, { by: others })], 'unknown', 'unknown'],
  ["another owner's at one of three says nothing", [now, marker('aws', 9, { by: others }), now], 'not', 'active'],
  ["another app's", [marker('aws', 9, { app: 'shed' })], 'unknown', 'unknown'],
  ['two TXTs, one of them ours', [[now, marker('aws', 9, { by: others })]], 'unknown', 'unknown'],
  ["a text that is not lifeboat's", ['v=spf1 -all'], 'unknown', 'unknown'],
]
