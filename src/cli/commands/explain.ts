import { others, targetOf, whyNot } from '../../core/decide.ts'
import { factsOf, planName, sentenceOf } from '../../core/explain.ts'
import { stepOf } from '../../core/step-sentences.ts'
import { planOf } from '../../core/plan.ts'
import type { Snapshot } from '../../core/moving.ts'
import type { Plan } from '../../core/types.ts'
import { exits, Said } from '../../errors.ts'
import type { StoredEntry } from '../../ports.ts'
import type { OpenStore } from '../../store/sqlite.ts'
import type { Cli } from '../cli.ts'
import { groundOf } from '../ground.ts'
import { reading } from '../store.ts'
import { dateTime } from '../times.ts'

type Decided = Extract<Snapshot, { of: 'decide' | 'admit' }>

/** Every fact that a decision rested on, in words. `id` null: the latest. */
export const explain = async (cli: Cli, { id }: { id: string | null }): Promise<number> => reading(cli, await groundOf(cli), (store) => show(cli, store, id))

async function show(cli: Cli, store: OpenStore, id: string | null): Promise<number> {
  const entry = await find(store, id)
  const decided = entry.snapshot as Decided | undefined
  const name = String(entry.fields.id ?? entry.fields.request ?? '')
  if (!decided) throw new Said(`The facts of ${name} are no longer kept; what it said: ${entry.msg}`)
  const sentence = sentenceOf(decided.decision, decided.state, decided.config)
  const facts = factsOf(decided.state, decided.config)
  const after = await afterwards(decided, entry, store)
  if (cli.flags.json) cli.json({ id: name, atMs: entry.atMs, kind: decided.decision.kind, reason: decided.decision.reason, sentence, facts, next: after })
  else for (const line of [`${name}  ${dateTime(entry.atMs)} UTC  ${decided.decision.kind}, ${decided.decision.reason}`, sentence, '', ...facts, '', ...after]) cli.out(line)
  return exits.done
}

/** How many decisions are looked through; the journal keeps no more snapshots than that. */
const entriesMost = 1_000

async function find(store: OpenStore, id: string | null): Promise<StoredEntry> {
  const most = id === null ? 1 : entriesMost
  const [decisions, requests] = await Promise.all([store.entries({ event: 'decision', most }), store.entries({ event: 'request', most })])
  if (id === null) {
    const latest = decisions[0]
    if (!latest) throw new Said('No decision was made yet: they begin with the first rounds of lifeboat watch')
    return latest
  }
  const found = [...decisions, ...requests].find(({ fields }) => String(fields.id ?? fields.request ?? '').startsWith(id))
  if (!found) throw new Said(`No decision ${id} is in the journal. The latest: lifeboat explain; its id stands in lifeboat status --json and in the log`)
  return found
}

/** What came of a move that was decided; or what would come next, as things stood. */
async function afterwards({ decision, state, config }: Decided, { fields }: StoredEntry, store: OpenStore): Promise<string[]> {
  if (decision.kind === 'set') return ['It was carried out at once']
  const steps = (plan: Plan) => plan.steps.map((step) => `  ${step}: ${stepOf(step, plan, config).sentence}`)
  if (decision.kind === 'move') {
    const { ledger } = await store.read()
    const opened = Number(fields.epoch ?? state.ledger.epoch + 1)
    const moves = [...(ledger?.move ? [{ ...ledger.move, state: 'open' }] : []), ...(ledger?.past ?? [])]
    const came = moves.find(({ epoch }) => epoch === opened)
    return [`what came of it: ${came ? `epoch ${came.epoch}, ${came.state}` : 'it was not opened'}`, ...steps(decision.plan)]
  }
  if (decision.kind === 'refuse') return decision.would ? [`what it would have done: ${planName(decision.would)}`, ...steps(decision.would)] : []
  return [`what would come next: ${ifItStays(state, config)}`]
}

function ifItStays(state: Decided['state'], config: Decided['config']): string {
  const { active, record, move, trusted } = state.ledger
  if (!trusted || record === null || active === null) return 'nothing by itself, until lifeboat adopt'
  if (move) return `the steps of ${planName(move)}`
  if (state.watch.at === null) return 'the first rounds'
  const to = targetOf(state, config, 'request')
  if (to !== null) return `were ${active} lost, ${planName(planOf('failover', active, to, config))}`
  return `were ${active} lost, nothing: ${others(state, config).map((site) => `${site} ${whyNot(state, config, site) ?? 'can take over'}`).join(', ') || 'there is no other site'}`
}

