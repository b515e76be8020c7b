// What a person is asked for: by flags, and on a terminal by questions.

import { Said } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import type { Question } from '../question.ts'

/** A sentence that says what is wrong with an answer. */
export type Wrong = { wrong: string }

/** `about`: what it is, for whoever has no terminal, as in `--key (its name)`. */
export type Lack = { flag: string; about: string }

/** One thing that is needed. */
export type Wish<T> = Lack & {
  question: string
  /** Taken where the answer is empty; `found`: it was found rather than made up, so without a terminal it is taken too, and where it is sure nobody is asked. */
  fallback?: string
  found?: 'sure' | 'likely'
  read(text: string): T | Wrong | Promise<T | Wrong>
}

const isWrong = (answer: unknown): answer is Wrong => typeof answer === 'object' && answer !== null && 'wrong' in answer

/** The needs of one run. `given`: the flags; each is read once, and a wish that comes again is asked. */
export type Wishes = {
  /** Null: it is missing or wrong, and nobody can be asked; `end` says so. */
  obtain<T>(wish: Wish<T>): Promise<T | null>
  /** Says something between the questions. */
  say(text: string): void
  /** True: a person can be asked. */
  asks: boolean
  /** The line that is answered to one question; empty where nobody can be asked. */
  ask(text: string): Promise<string>
  /** It is missing, whatever might be found yet. */
  lack(lack: Lack): void
  /** Takes in what is wrong where nobody can be asked. */
  fault(sentence: string): void
  /** Throws Said with all that is wrong and missing, where anything is. */
  end(): void
}

/** Asks until the answer is none that is wrong. */
async function askUntil<T>(cli: Cli, ask: (text: string) => Promise<string>, { question, about, fallback, read }: Wish<T>): Promise<T> {
  for (;;) {
    const line = (await ask(`${question}${fallback === undefined ? '' : ` [${fallback}]`}:`)) || (fallback ?? '')
    const answer = line === '' ? { wrong: `Nothing was typed. Type ${about}` } : await read(line)
    if (!isWrong(answer)) return answer
    cli.err(answer.wrong)
  }
}

/** `question` null: nobody can be asked. */
export function wishesOf(cli: Cli, given: Record<string, string | null>, question: Question | null): Wishes {
  const flags = { ...given }
  const faults: string[] = []
  const missing: Lack[] = []
  const answered = async (text: string): Promise<string> => {
    const line = await question!(text)
    if (line === null) throw new Said('The input ended before every question was answered: nothing was written')
    return line.trim()
  }
  return {
    obtain: async (wish) => {
      const text = flags[wish.flag] ?? null
      flags[wish.flag] = null
      const used = text ?? (wish.found === 'sure' || (wish.found === 'likely' && question === null) ? (wish.fallback ?? null) : null)
      const answer = used === null ? null : await wish.read(used)
      if (answer !== null && !isWrong(answer)) return answer
      if (isWrong(answer)) {
        if (question === null) faults.push(`--${wish.flag}: ${answer.wrong}`)
        else cli.err(answer.wrong)
      } else if (question === null) missing.push(wish)
      return question === null ? null : askUntil(cli, answered, wish)
    },
    say: (text) => {
      if (question !== null) cli.err(text)
    },
    asks: question !== null,
    ask: async (text) => (question === null ? '' : answered(text)),
    lack: (lack) => void missing.push(lack),
    fault: (sentence) => void faults.push(sentence),
    end: () => {
      const lacks = missing.map(({ flag, about }) => `--${flag} (${about})`).join(' · ')
      const end = `Nothing was written${lacks === '' ? '' : `: nobody can be asked here, since this is no terminal, and this is missing: ${lacks}`}`
      if (faults.length > 0 || lacks !== '') throw new Said([...faults, end].join('\n'))
    },
  }
}
