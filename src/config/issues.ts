import type { z } from 'zod'
import type { Fault } from './faults.ts'
import { nearestWord } from './nearest.ts'
import { shownKey, type Path } from './paths.ts'

const isStep = (step: PropertyKey): step is string | number => typeof step !== 'symbol'

const unknownKey = (at: Path, key: string, known: string[]): Fault => {
  const near = nearestWord(/^[\w.-]*/.exec(key)?.[0] ?? '', known)
  const some = known.length > 8 ? `${known.slice(0, 8).join(', ')} …` : known.join(', ')
  return {
    path: [...at, key],
    what: 'no such key',
    got: shownKey(key),
    instead: near ? `Write ${near}${key.startsWith(near) ? ':, with a space after the colon' : ''}` : `Known here: ${some}`,
    ...(near ? { meant: [...at, near] } : {}),
  }
}

/** What zod found, as faults. Every message of the schema is two halves of ours; an unknown key's is the list of the known ones. */
export const faultsOf = (issues: readonly z.core.$ZodIssue[]): Fault[] =>
  issues.flatMap((issue): Fault[] => {
    const path = issue.path.filter(isStep)
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, issue.message.split(' ')))
    const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? '') : issue.message
    const [what = '', instead = ''] = message.split('\n')
    const key = path.at(-1)
    // A text that stands where a mapping or a list belongs may be a secret whose key was forgotten.
    if (issue.code === 'invalid_type' && ['object', 'array', 'record'].includes(issue.expected)) return [{ path, what, instead, got: null }]
    return [{ path, what, instead, ...(issue.code === 'invalid_key' ? { got: shownKey(String(key)) } : {}) }]
  })
