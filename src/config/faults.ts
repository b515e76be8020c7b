import type { Path } from './paths.ts'

/** One thing that is wrong with one key. Neither text repeats a value of the file: only `(got …)` does, and knows what is secret. */
export type Fault = {
  path: Path
  /** Goes on from the key: `is not below check.interval`. */
  what: string
  /** What to write instead, as a sentence without its full stop. */
  instead: string
  /** Takes the value's place in `(got …)`; for what is no single value. Null: the kind of the value alone. */
  got?: string | null
  /** The key that this one was meant to be; nothing that reads that key can be judged. */
  meant?: Path
  /** It is a variable that is not set. */
  unset?: true
}

/** One fault; or the same contradiction as told from each of its sides, of which the later one in the file is printed. */
export type Finding = Fault | Fault[]
