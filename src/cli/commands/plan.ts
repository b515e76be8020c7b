import { exits, Said } from '../../errors.ts'
import { observeOnce } from '../actor.ts'
import { liftedBy, planFor, refusalOf, type MoveWish } from '../ask.ts'
import type { Cli } from '../cli.ts'
import { planJson, planLines } from '../plans.ts'
import { liveReport, openToRead, readSettings, refuseMisfit, stateOf } from '../store.ts'

type Options = { kind: string; to: string | null; force: boolean; unready: boolean; unfenced: boolean; acceptLoss: string | null }

const kinds = ['failover', 'switchover', 'failback'] as const

/** Prints the steps that the command would run now, and what it would answer where it would refuse. Changes nothing. */
export async function plan(cli: Cli, { kind: word, to, ...flags }: Options): Promise<number> {
  const kind = kinds.find((each) => each === word)
  if (!kind) throw new Said(`lifeboat plan does not know "${word}". Write failover, switchover or failback`)
  if (kind === 'switchover' && to === null) throw new Said('A switchover needs to know where to: lifeboat plan switchover SITE')
  return show(cli, { kind, to, lifted: liftedBy(flags) })
}

async function show(cli: Cli, wish: MoveWish): Promise<number> {
  const settings = readSettings(cli)
  const store = await openToRead(settings, cli.clock)
  const view = await store.read()
  refuseMisfit(view.ledger, settings)
  const live = liveReport(view, cli.clock)
  const state = live ? stateOf(view, live, settings) : await observeOnce(cli, settings, store)
  const { plan: found, epoch, decision } = planFor(wish, state, settings.core)
  if (found && cli.flags.json) cli.json(planJson(found, epoch, settings.core))
  else if (found) for (const line of planLines(found, epoch, settings.core)) cli.out(line)
  if (decision.kind === 'refuse') throw refusalOf(decision, state, settings.core)
  return exits.done
}
