import { dirname } from 'node:path'
import { lookupIn } from '../../config/variables.ts'
import { exits } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import type { Draft } from '../init/draft.ts'
import { faultsIn } from '../init/faults.ts'
import { gather, type Given } from '../init/gathering.ts'
import { reportLines } from '../init/report.ts'
import { fileText } from '../init/text.ts'
import { wishesOf } from '../init/wishes.ts'
import { placeOf, writeFresh } from '../init/writing.ts'
import { withQuestions } from '../question.ts'

/** Writes a commented lifeboat.yaml out of what is found, what the flags say, and what a person answers. Nothing is changed in DNS. */
export async function init(cli: Cli, given: Given): Promise<number> {
  const path = placeOf(cli)
  // A lifeboat.env that others may read is refused before anybody is asked.
  const valueOf = lookupIn(cli.env, dirname(path))
  const gathered = cli.terminal.asks ? await withQuestions(cli, (question) => gather(cli, given, wishesOf(cli, given, question))) : await gather(cli, given, wishesOf(cli, given, null))
  const text = fileText(gathered.draft, gathered.sources)
  const faults = faultsIn(text)
  if (faults.length > 0) throw new Error(`the new file is not sound: ${faults.join('; ')}`)
  cli.stop().throwIfAborted()
  writeFresh(path, text, cli.clock.id())
  const unset = variablesOf(gathered.draft).filter((name) => valueOf(name) === undefined)
  for (const line of reportLines({ ...gathered, path, unset }, cli)) cli.out(line)
  return exits.done
}

const variablesOf = ({ key, sites }: Draft): string[] => [...(key === null ? [] : ['TSIG_SECRET']), ...(sites.some(({ cloud }) => cloud === 'digitalocean') ? ['DIGITALOCEAN_TOKEN'] : [])]
