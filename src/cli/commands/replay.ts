import { isDeepStrictEqual } from 'node:util'
import { admit } from '../../core/admit.ts'
import { decide } from '../../core/decide.ts'
import { next } from '../../core/next.ts'
import type { Snapshot } from '../../core/moving.ts'
import { exits } from '../../errors.ts'
import type { StoredEntry } from '../../ports.ts'
import { readEntries } from '../../store/entries.ts'
import type { Cli } from '../cli.ts'

/** Decides again over every snapshot of a store or its export; exit 5 where anything comes out otherwise. */
export async function replay(cli: Cli, { file }: { file: string }): Promise<number> {
  const entries = await readEntries(file)
  const again = entries.flatMap((entry) => (entry.snapshot ? [runAgain(entry, entry.snapshot)] : []))
  const differ = again.filter(({ was, is }) => !isDeepStrictEqual(was, is))
  const counts = Object.fromEntries((['decide', 'admit', 'next'] as const).map((of) => [of, again.filter((each) => each.of === of).length]))
  if (cli.flags.json) cli.json({ entries: entries.length, ...counts, differences: differ })
  else {
    for (const { seq, of, msg, was, is } of differ) {
      cli.out(`entry ${seq}, ${of}: ${msg}`)
      for (const line of differences(was, is)) cli.out(`  ${line}`)
    }
    cli.out(`${entries.length} entries; run again: ${counts.decide} decide, ${counts.admit} admit, ${counts.next} next; ${differ.length === 0 ? 'all came out the same' : `${differ.length} came out otherwise`}`)
  }
  return differ.length === 0 ? exits.done : exits.notAsItShouldBe
}

type Again = { seq: number; of: Snapshot['of']; msg: string; was: unknown; is: unknown }

function runAgain({ seq, msg }: StoredEntry, snapshot: Snapshot): Again {
  const { of } = snapshot
  const was = of === 'next' ? snapshot.next : snapshot.decision
  const is = result(snapshot)
  // As the journal holds it: what is undefined is not there.
  return { seq, of, msg, was, is: JSON.parse(JSON.stringify(is)) }
}

/** A snapshot of another version may lack what this one reads: that is a difference, and no bug. */
function result(snapshot: Snapshot): unknown {
  try {
    if (snapshot.of === 'decide') return decide(snapshot.state, snapshot.config)
    if (snapshot.of === 'admit') return admit(snapshot.state, snapshot.config, snapshot.request)
    return next(snapshot.move, snapshot.world, snapshot.config)
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown
    return { failed: thrown.message }
  }
}

/** Each leaf that differs, by its path. */
function differences(was: unknown, is: unknown, path = ''): string[] {
  if (isDeepStrictEqual(was, is)) return []
  if (!hasParts(was) || !hasParts(is)) return [`${path || 'all'}: was ${JSON.stringify(was)}, is ${JSON.stringify(is)}`]
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap((key) => differences(was[key], is[key], path ? `${path}.${key}` : key))
}

/** A list has its places. */
const hasParts = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
