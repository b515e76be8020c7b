// The words of a scenario: what the outside does, one line each. What lifeboat says of it stands below, indented.
import type { AnswerKind, Claim } from '../../src/core/words.ts'

export type Line =
  | { do: 'with'; key: string; value: string }
  | { do: 'pass'; ms: number }
  | { do: 'see'; site: string; kind: AnswerKind; from: string[] | null }
  | { do: 'canaries'; vantage: string; well: boolean }
  | { do: 'hear'; vantage: string; heard: boolean }
  | { do: 'read'; site: string; source: string; claim: Claim | null }
  | { do: 'host'; host: string; state: 'dead' | 'well' }
  | { do: 'sleep'; ms: number }
  | { do: 'ask'; by: string; command: string[] }

const units = { s: 1_000, min: 60_000, h: 3_600_000 }
const durationOf = (text: string): number => {
  const [, n, unit] = /^(\d+) (s|min|h)$/.exec(text) ?? []
  if (!n) throw new Error(`not a duration: ${text}`)
  return Number(n) * units[unit as keyof typeof units]
}
const listOf = (text: string) => text.split(/, | and /)

const seen: Record<string, AnswerKind> = {
  'answers well': 'ok',
  'answers with an error': 'app',
  'is answered by a stranger': 'foreign',
  'refuses connections': 'refused',
  'does not answer': 'silent',
}

const forms: [RegExp, (m: string[]) => Line][] = [
  [/^with (\S+) (.+)$/, ([, key, value]) => ({ do: 'with', key: key!, value: value! })],
  [/^for (.+)$/, ([, text]) => ({ do: 'pass', ms: durationOf(text!) })],
  [/^the controller's machine sleeps for (.+)$/, ([, text]) => ({ do: 'sleep', ms: durationOf(text!) })],
  [
    new RegExp(`^(\\S+) (${Object.keys(seen).join('|')})(?:, as seen from (.+))?$`),
    ([, site, what, from]) => ({ do: 'see', site: site!, kind: seen[what!]!, from: from ? listOf(from) : null }),
  ],
  [/^(\S+) (loses|has) its canaries(?: again)?$/, ([, vantage, what]) => ({ do: 'canaries', vantage: vantage!, well: what === 'has' })],
  [/^vantage (\S+) (falls silent|is heard again)$/, ([, vantage, what]) => ({ do: 'hear', vantage: vantage!, heard: what !== 'falls silent' })],
  [/^(\S+): its (\S+) says? (\S+)$/, ([, site, source, claim]) => ({ do: 'read', site: site!, source: source!, claim: claim === 'nothing' ? null : (claim as Claim) })],
  [/^DNS host (\S+) (dies|returns)$/, ([, host, what]) => ({ do: 'host', host: host!, state: what === 'dies' ? 'dead' : 'well' })],
  [/^(\S+) types: lifeboat (.+)$/, ([, by, command]) => ({ do: 'ask', by: by!, command: command!.split(' ') })],
]

/** One line of the script. Null: a comment, an empty line or something that was said. */
export const parseLine = (text: string): Line | null => {
  if (text === '' || text.startsWith('#') || text.startsWith(' ')) return null
  for (const [form, line] of forms) {
    const found = form.exec(text)
    if (found) return line([...found])
  }
  throw new Error(`a scenario cannot say: ${text}`)
}
