import { admit, requested } from '../core/admit.ts'
import { sentenceOf } from '../core/explain.ts'
import { planHash } from '../core/plan.ts'
import type { Config, Decision, Lifted, Plan, Request, State } from '../core/types.ts'
import type { AskedKind } from '../core/words.ts'
import { exits, Said } from '../errors.ts'
import type { OpenStore } from '../store/sqlite.ts'
import { findActor, type Actor } from './actor.ts'
import { asker, type Cli } from './cli.ts'
import { follow } from './follow.ts'
import type { Ground } from './ground.ts'
import { planLines } from './plans.ts'
import { agree } from './question.ts'
import { mindSigners } from './signers.ts'
import { refuseMisfit } from './misfit.ts'
import { openToAsk } from './store.ts'

const requestMs = 30_000

type Kinds<R> = R extends Request ? Omit<R, 'id' | 'by' | 'expiresMs'> : never
/** What is asked for; the rest of the request is filled in here. */
export type Wish = Kinds<Request>

const requestOf = (cli: Cli, wish: Wish): Request =>
  ({ id: cli.clock.id(), by: asker(cli), expiresMs: cli.clock.now().wallMs + requestMs, ...wish }) as Request

/** `after`: what is waited for once the request was carried out, while whoever acts goes on. */
type Asked = {
  command: string
  warm: boolean
  creates?: boolean
  wish: (state: State) => Promise<Wish>
  after?: (store: OpenStore, actor: Actor) => Promise<number>
}

/** Puts a wish to whoever acts, and follows it to its end. `wish` is made of what the actor sees, shows it, and gets the person's yes. */
export async function ask(cli: Cli, ground: Ground, asked: Asked): Promise<number> {
  const store = await openToAsk(cli, ground, asked.creates ?? false)
  try {
    const { ledger } = await store.read()
    refuseMisfit(ledger, ground)
    const actor = await findActor({ cli, ground, store, command: asked.command, warm: asked.warm })
    try {
      return await Promise.race([put(cli, store, actor, asked), actor.fault])
    } finally {
      await actor.end()
    }
  } finally {
    await store.close()
  }
}

async function put(cli: Cli, store: OpenStore, actor: Actor, { wish, after }: Asked): Promise<number> {
  const wanted = await wish(await actor.state())
  cli.stop().throwIfAborted()
  const request = requestOf(cli, wanted)
  const newest = (await store.entries({ most: 1 }))[0]?.seq ?? 0
  await store.ask({ request })
  const exit = await follow({ cli, store, request, afterSeq: newest, own: () => actor.own() })
  return exit === exits.done && after ? after(store, actor) : exit
}

export type MoveWish = { kind: AskedKind; to: string | null; lifted: Lifted }

/** The plan that a wish for a move stands for now, and what would be answered to it. `plan` null: there is none. */
export function planFor(wish: MoveWish, state: State, config: Config): { plan: Plan | null; epoch: number; decision: Decision } {
  const epoch = state.ledger.epoch + 1
  const found = requested(state, config, wish)
  const plan = 'reason' in found ? null : found
  const request = { what: 'move', ...wish, id: '', by: '', expiresMs: 0, planHash: plan ? planHash(plan, epoch) : '' } as const
  return { plan, epoch, decision: admit(state, config, request) }
}

/** A refusal as it is thrown: a site that does not exist is the user's error. */
export const refusalOf = (decision: Decision, state: State, config: Config): Said =>
  new Said(sentenceOf(decision, state, config), decision.reason === 'unknown-site' ? exits.user : exits.refused)

/** A failover, switchover or failback: the plan is shown, a person agrees, and whoever acts carries it out. */
export async function askMove(cli: Cli, ground: Ground, wish: MoveWish): Promise<number> {
  if (wish.kind !== 'failover') await mindSigners(cli, ground)
  return ask(cli, ground, { command: wish.kind, warm: true, wish: (state) => agreeToMove(cli, ground, wish, state) })
}

/** The plan as things stand, shown and agreed to; throws Said where it is refused. */
export async function agreeToMove(cli: Cli, { core }: Ground, wish: MoveWish, state: State): Promise<Wish> {
  const { plan, epoch, decision } = planFor(wish, state, core)
  if (decision.kind === 'refuse' || !plan) throw refusalOf(decision, state, core)
  for (const line of planLines({ plan, epoch, config: core, ledger: state.ledger, nowMs: cli.clock.now().wallMs })) cli.out(line)
  await agree(cli, 'Do it?')
  return { what: 'move', kind: wish.kind, to: plan.to, lifted: wish.lifted, planHash: planHash(plan, epoch) }
}

/** What the flags lift. Throws Said for a loss that nothing here can measure. */
export function liftedBy({ force, unready, unfenced, acceptLoss }: { force: boolean; unready: boolean; unfenced: boolean; acceptLoss: string | null }): Lifted {
  if (acceptLoss !== null && acceptLoss !== 'all') throw new Said(`--accept-loss ${acceptLoss}: a loss by time is not yet built, since no data driver is. Write --accept-loss all`)
  return { force, unready, unfenced, acceptLoss: acceptLoss === 'all' }
}
