import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import type { MoveRun } from '../../src/cli/moves.ts'
import type { Status } from '../../src/cli/status.ts'
import { waitMs } from '../lab/wait.ts'
import { holdMs, holdRounds } from './table.ts'
import type { Row } from './table.ts'
import { hosts, owner, vantages } from './setting.ts'
import type { Site } from './setting.ts'
import type { World } from './world.ts'

/** A sentence as the table writes it. How many agree, and whether one of them just had an answer, depends on the round. */
const asWritten = (sentence: string): string =>
  sentence
    .replace(/, and \d of them reach(es)? it again/g, '')
    .replace(/\b[23] of 3 vantages say down/g, '# of 3 vantages say down')
    .replace(/is over, in [\d.]+ m?s/g, 'is over, in * s')
    .replace(/ for [\d.]+ m?s:/g, ' for * s:')

/** A decision as a row holds it against. */
type Decided = { kind: string; reason: string; verdict: string; sentence: string }

const decidedSince = ({ lines }: World, from: number): Decided[] =>
  lines.slice(from).flatMap(({ event, kind = '', reason = '', verdict = '', msg }) => (event === 'decision' ? [{ kind, reason, verdict, sentence: asWritten(msg) }] : []))

const decidedBy = ({ decision, sites }: Status): Decided => {
  const { kind = '', reason = '', sentence = '' } = decision ?? {}
  return { kind, reason, sentence: asWritten(sentence), verdict: sites.find(({ site }) => site === 'alpha')?.verdict ?? '' }
}

const kindOf = (sentence: string): string => sentence.split(':')[0] ?? ''

/** What DNS shows of the app: the names' addresses, and whom the marker names in which state. */
const shown = async (world: World): Promise<string[]> =>
  (await world.zone()).filter((line) => / (A|TXT) /.test(line) && !line.startsWith('ns1')).map((line) => line.replace(/move=\S+ /, ''))

const pointed = (site: Site, epoch: number): string[] => [
  `_lifeboat-shop.shop.example. 1 TXT "v=lifeboat1 app=shop owner=${owner} epoch=${epoch} site=${site} state=pointed"`,
  `shop.example. 1 A ${hosts[site]}`,
  `www.shop.example. 1 A ${hosts[site]}`,
]

/** Everything by which a move would show. */
type Traces = { dns: string[]; moves: MoveRun[]; active: string | null; epoch: number; open: MoveRun | null }

const traces = async (world: World): Promise<Traces> => {
  const [dns, moves, { active, epoch, move }] = await Promise.all([shown(world), world.history(), world.status()])
  return { dns, moves, active, epoch, open: move }
}

/** Plays one row in a world that is well, and holds lifeboat to what the row says; the caller heals the world. */
export const play = async (world: World, row: Row): Promise<void> => {
  await world.lay(row.layout ?? 'apart')
  if (row.layout) await world.until('alpha is well', async () => (await world.status()).decision?.reason === 'well')
  const before = await traces(world)
  const from = world.lines.length
  await row.fault(world)
  await (row.moves ? playMove(world, row, from, before) : playHold(world, row, from, before))
  await row.shows?.(world)
}

const playMove = async (world: World, { verdict, holds, moves }: Row, from: number, before: Traces): Promise<void> => {
  const [reason, sentence, after] = moves!
  await world.until('a move is confirmed', () => world.lines.slice(from).some(({ event, msg }) => event === 'move' && msg.includes('is confirmed')))
  await world.until(after, async () => asWritten((await world.status()).decision?.sentence ?? '') === after)
  const decided = decidedSince(world, from)
  expect(decided).toContainEqual({ kind: 'hold', reason: holds[0], verdict, sentence: holds[1] })
  expect(decided.filter(({ kind }) => kind !== 'hold')).toEqual([{ kind: 'move', reason, verdict, sentence }])
  const { dns, moves: made, ...now } = await traces(world)
  expect(dns).toEqual(pointed('beta', before.epoch + 1))
  expect(now).toEqual({ active: 'beta', epoch: before.epoch + 1, open: null })
  expect(made.slice(1)).toEqual(before.moves)
  expect(made[0]).toMatchObject({ epoch: before.epoch + 1, kind: 'failover', from: 'alpha', to: 'beta', by: 'lifeboat', reason, state: 'done' })
}

const playHold = async (world: World, { verdict, holds: [reason, sentence], rounds, unseen = false }: Row, from: number, before: Traces): Promise<void> => {
  const expected = { kind: kindOf(sentence), reason, sentence, verdict }
  if (rounds) await waitRounds(world, rounds, Math.min)
  else await Promise.all([new Promise((over) => setTimeout(over, holdMs)), ...(unseen ? [] : [waitRounds(world, holdRounds, Math.max)])])
  let last: Decided | null = null
  const shows = async () => isDeepStrictEqual((last = decidedBy(await world.status())), expected)
  // What only counts on is written to the report every 5 s. Where it never comes, what came instead tells more than that.
  await world.until(sentence, shows).catch(() => expect(last).toEqual(expected))
  const surprising = decidedSince(world, from).filter((each) => each.kind !== 'hold' && !isDeepStrictEqual(each, expected))
  expect(surprising).toEqual([])
  expect(await traces(world)).toEqual(before)
  expect(before.dns).toEqual(pointed('alpha', before.epoch))
}

/** Each round begins one connection from a vantage to a site: the network counts them, lost ones too. `of`: of each vantage, or of any. */
const waitRounds = async (world: World, rounds: number, of: (...each: number[]) => number): Promise<void> => {
  const counts = await Promise.all(vantages.map((vantage) => world.net.count(vantage, 'alpha')))
  await world.until(`${rounds} rounds`, async () => of(...(await Promise.all(counts.map((count) => count())))) >= rounds, Math.max(waitMs, rounds * 1_000))
}
