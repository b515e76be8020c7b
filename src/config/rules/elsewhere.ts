import { askMost, tokenLeast } from '../../core/limits.ts'
import { checksOf } from '../checks.ts'
import { formatDuration } from '../durations.ts'
import type { Finding } from '../faults.ts'
import { entriesOf } from '../lists.ts'
import type { File } from '../schema.ts'
import type { Check } from '../settings.ts'
import { formatPath, type Path } from '../paths.ts'
import type { Rule } from './rule.ts'

// What a vantage elsewhere takes. It refuses an ask that goes beyond, whole, and would be silent in every round.

/** `most`: what it takes, for sentences. `got`: for what is no single value. */
type Excess = { path: Path; most: string; instead: string; got?: string }

const timeoutMost = formatDuration(askMost.timeoutMs)
const characters = (length: number): string => `${length} characters`

const tooLong = (path: Path, text: string | undefined, length: number, instead = `Write at most ${characters(length)}`): Excess[] =>
  text !== undefined && text.length > length ? [{ path, most: characters(length), instead, got: characters(text.length) }] : []

const tooMany = (path: Path, list: unknown[] | undefined, most: number, what: string): Excess[] =>
  list !== undefined && list.length > most ? [{ path, most: `${most} ${what}`, instead: `Keep ${most}`, got: `${list.length}` }] : []

const ofCheck = (at: Path, { url = [], status, body }: Partial<Pick<File['check'], 'url' | 'status' | 'body'>>): Excess[] => [
  ...url.flatMap((each, i) => tooLong([...at, 'url', i], each, askMost.urlLength)),
  ...tooMany([...at, 'status'], status, askMost.statuses, 'statuses'),
  ...tooLong([...at, 'body'], body, askMost.bodyLength),
]

/** Single values. */
const singly = ({ check, canaries }: File, caPem: string | null): Excess[] => [
  ...(check.timeout > askMost.timeoutMs ? [{ path: ['check', 'timeout'], most: timeoutMost, instead: `Write ${timeoutMost} or less` }] : []),
  ...tooLong(['check', 'tls', 'ca'], caPem ?? undefined, askMost.caLength, 'Name a file that holds the certificate of this one authority'),
  ...tooMany(['canaries'], canaries, askMost.canaries, 'canaries'),
  ...canaries.flatMap((url, i) => tooLong(['canaries', i], url, askMost.urlLength)),
  ...ofCheck(['check'], check),
  ...ofCheck(['check', 'standby'], check.standby ?? {}),
]

/** A site whose stack is not read yet has one address at least. */
const addressesOf = ({ sites }: File): { site: string; address: string }[] =>
  entriesOf(sites).flatMap(([site, { address = '', addressV6 }]) => [{ site, address }, ...(addressV6 === undefined ? [] : [{ site, address: addressV6 }])])

/** All questions of one round. Which site is active is not known here, so every site is taken to be asked for what is longer. */
const together = (file: File, caPem: string | null): Excess[] => {
  const { active, standby } = checksOf(file, caPem)
  const addresses = addressesOf(file)
  const questions = (checks: Check[]) => addresses.flatMap((at) => checks.map((check) => ({ ...at, timeoutMs: file.check.timeout, ...check, names: file.dns.names })))
  const sizeOf = (checks: Check[]) => Buffer.byteLength(JSON.stringify(questions(checks)))
  const count = addresses.length * Math.max(active.length, standby?.length ?? 0)
  const bytes = Math.max(sizeOf(active), sizeOf(standby ?? []))
  const at = file.check.url === undefined ? ['sites'] : standby && standby.length > active.length ? ['check', 'standby', 'url'] : ['check', 'url']
  const excess = (path: Path, most: string, got: string, instead: string): Excess[] => [{ path, most, got, instead }]
  if (count > askMost.questions)
    return excess(at, `${askMost.questions} questions a round`, `${count}`, 'Keep fewer: each is asked at each address of the sites')
  if (bytes > askMost.requestBytes)
    return excess(caPem === null ? at : ['check', 'tls', 'ca'], `${askMost.requestBytes} bytes a round`, `${bytes} bytes`, 'Keep it shorter: it goes along with each question')
  return []
}

const reads = ['check', 'canaries', 'sites.*.address', 'sites.*.addressV6', 'dns.names', 'vantages.*.url']

export const moreThanItTakes: Rule = {
  reads,
  judge: (file, _, caPem) => {
    const [name] = entriesOf(file.vantages ?? {}).find(([, { url }]) => url !== undefined) ?? []
    if (name === undefined) return []
    return [...singly(file, caPem), ...together(file, caPem)].map(({ path, most, ...told }): Finding => [
      { path, what: `is more than a vantage elsewhere takes: at most ${most}`, ...told },
      {
        path: ['vantages', name, 'url'],
        what: `is a vantage elsewhere, which takes at most ${most}, and ${formatPath(path)} is more`,
        instead: `Correct ${formatPath(path)}, or do without vantages elsewhere`,
      },
    ])
  },
}

/** It would not start with such a token. */
export const shortToken: Rule = {
  reads: ['vantages.*.token'],
  warns: true,
  judge: ({ vantages = {} }) =>
    entriesOf(vantages)
      .filter(([, { token }]) => token !== undefined && token.length < tokenLeast)
      .map(([name]) => ({
        path: ['vantages', name, 'token'],
        what: `is shorter than the ${tokenLeast} characters that a vantage takes`,
        instead: 'Set a longer one at both ends',
      })),
}
