import type { Settings } from '../../config/settings.ts'
import { exits, Said } from '../../errors.ts'
import { observeOnce } from '../actor.ts'
import { liftedBy, planFor, refusalOf, type MoveWish } from '../ask.ts'
import type { Cli } from '../cli.ts'
import { planJson, planLines } from '../plans.ts'
import { liveReport, openToRead, readSettings, refuseMisfit, sayOtherFile, stateOf } from '../store.ts'

type Options = { kind: string; to: string | null; force: boolean; unready: boolean; unfenced: boolean; acceptLoss: string | null }

const kinds = ['failover', 'switchover', 'failback'] as const

/** Prints the steps that the command would run now, and what it would answer where it would refuse. Changes nothing. */
export async function plan(cli: Cli, { kind: word, to, ...flags }: Options): Promise<number> {
  const kind = kinds.find((each) => each === word)
  if (!kind) throw new Said(`lifeboat plan does not know "${word}". Write failover, switchover or failback`)
  const settings = readSettings(cli)
  if (kind === 'switchover' && to === null) throw new Said(`lifeboat plan switchover needs the site to move to: lifeboat plan switchover SITE. The sites are ${settings.core.sites.map(({ site }) => site).join(', ')}`)
  if (kind === 'failback' && to !== null) throw new Said(`A failback goes to the most preferred site that is well, so it takes no SITE. To move to ${to}: lifeboat plan switchover ${to}`)
  return show(cli, settings, { kind, to, lifted: liftedBy(flags) })
}

async function show(cli: Cli, settings: Settings, wish: MoveWish): Promise<number> {
  const store = await openToRead(settings, cli.clock)
  const view = await store.read()
  refuseMisfit(view.ledger, settings)
  const live = liveReport(view, cli.clock)
  if (live) sayOtherFile(cli, live, settings)
  const state = live ? stateOf(view, live, settings) : await observeOnce(cli, settings, store)
  const { plan: found, epoch, decision } = planFor(wish, state, settings.core)
  const given = found && { plan: found, epoch, config: settings.core, ledger: state.ledger, nowMs: cli.clock.now().wallMs }
  if (given && cli.flags.json) cli.json(planJson(given))
  else if (given) for (const line of planLines(given)) cli.out(line)
  if (decision.kind === 'refuse') throw refusalOf(decision, state, settings.core)
  return exits.done
}
