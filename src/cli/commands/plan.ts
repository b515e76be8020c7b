import type { State } from '../../core/types.ts'
import { exits, Said } from '../../errors.ts'
import type { StoreView } from '../../ports.ts'
import type { OpenStore } from '../../store/sqlite.ts'
import { observeOnce } from '../actor.ts'
import { liftedBy, planFor, refusalOf, type MoveWish } from '../ask.ts'
import type { Cli } from '../cli.ts'
import { groundOf, noLeader, type Ground } from '../ground.ts'
import { planJson, planLines } from '../plans.ts'
import { liveReport, sayOtherFile, stateOf } from '../live-report.ts'
import { refuseMisfit } from '../misfit.ts'
import { reading } from '../store.ts'

type Options = { kind: string; to: string | null; force: boolean; unready: boolean; unfenced: boolean; acceptLoss: string | null }

const kinds = ['failover', 'switchover', 'failback'] as const

/** Prints the steps that the command would run now, and what it would answer where it would refuse. Changes nothing. */
export async function plan(cli: Cli, { kind: word, to, ...flags }: Options): Promise<number> {
  const kind = kinds.find((each) => each === word)
  if (!kind) throw new Said(`lifeboat plan does not know "${word}". Write failover, switchover or failback`)
  const ground = await groundOf(cli)
  if (kind === 'switchover' && to === null) throw new Said(`lifeboat plan switchover needs the site to move to: lifeboat plan switchover SITE. The sites are ${ground.core.sites.map(({ site }) => site).join(', ')}`)
  if (kind === 'failback' && to !== null) throw new Said(`A failback goes to the most preferred site that is well, so it takes no SITE. To move to ${to}: lifeboat plan switchover ${to}`)
  return reading(cli, ground, (store) => show(cli, ground, store, { kind, to, lifted: liftedBy(flags) }))
}

async function show(cli: Cli, ground: Ground, store: OpenStore, wish: MoveWish): Promise<number> {
  const view = await store.read()
  refuseMisfit(view.ledger, ground)
  const state = await stateNow(cli, ground, store, view)
  const { plan: found, epoch, decision } = planFor(wish, state, ground.core)
  const given = found && { plan: found, epoch, config: ground.core, ledger: state.ledger, nowMs: cli.clock.now().wallMs }
  if (given && cli.flags.json) cli.json(planJson(given))
  else if (given) for (const line of planLines(given)) cli.out(line)
  if (decision.kind === 'refuse') throw refusalOf(decision, state, ground.core)
  return exits.done
}

/** What a controller sees; where none runs, what this process sees by itself. */
async function stateNow(cli: Cli, ground: Ground, store: OpenStore, view: StoreView): Promise<State> {
  const live = liveReport(view, cli.clock)
  if (live) sayOtherFile(cli, live, ground)
  if (live) return stateOf(view, live, ground)
  if ('controller' in ground) throw noLeader(ground.controller)
  return observeOnce(cli, ground, store)
}
