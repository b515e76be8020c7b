import type { StackOutputs } from '../../core/types.ts'
import { exits, Said } from '../../errors.ts'
import { stackOutputs } from '../../stack-outputs.ts'

/** Whose the outputs must be, and under which names somebody's own stack gives them: ours first. Empty: it is a stack of lifeboat's programs. */
export type Expected = { stack: string; cloud: string; app: string; names: Record<string, string> }

/** A stack that was not made for lifeboat tells what its file says that it tells; where the site is, at least. */
const somebodys = stackOutputs.partial().required({ address: true })

/** What a stack tells of its site, held to the one schema. Throws Said. An empty answer is none: pulumi gives one with exit 0 after a run that was killed. */
export function outputsIn(raw: Record<string, unknown>, { stack, cloud, app, names }: Expected): StackOutputs {
  if (Object.keys(raw).length === 0) throw new Said(`The stack ${stack} has no outputs: nothing of it was created yet, or its last run was killed`, exits.unfinished)
  const wrong = (what: string): Said => new Said(`The stack ${stack} ${what}`)
  const named = { ...raw, ...Object.fromEntries(Object.entries(names).map(([ours, theirs]) => [ours, raw[theirs]])) }
  const isOurs = Object.keys(names).length === 0
  const { data, error } = (isOurs ? stackOutputs : somebodys).safeParse(typeof named.machineId === 'number' ? { ...named, machineId: String(named.machineId) } : named)
  if (!data) {
    const { path, message } = error.issues[0]!
    const key = String(path[0])
    throw wrong(raw[names[key] ?? key] === undefined ? `has no output ${names[key] ?? key}` : `has an output ${names[key] ?? key} that ${message.startsWith('is') ? message : 'is not what it should be'}`)
  }
  if (isOurs && data.cloud !== cloud) throw wrong(`stands at ${data.cloud}, and the file says cloud: ${cloud}`)
  if (isOurs && data.app !== app) throw wrong(`is of the app ${data.app}, and the file says app: ${app}`)
  return { address: data.address, addressV6: data.addressV6 ?? null, machineId: data.machineId ?? null, region: data.region ?? null }
}
