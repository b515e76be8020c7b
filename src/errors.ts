/** Exit codes of every command (CONTRACT.md). */
export const exits = { done: 0, bug: 1, user: 2, refused: 3, unfinished: 4, notAsItShouldBe: 5 } as const

/** Something that a person must read: one sentence, no stack. Anything else that is thrown is our bug, and shows its stack. */
export class Said extends Error {
  override name = 'Said'
  readonly exit: number
  constructor(sentence: string, exit: number = exits.user) {
    super(sentence)
    this.exit = exit
  }
}

/** The text of whatever was thrown, for a sentence; never a stack. */
export const textOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown)
  const cause = thrown.cause instanceof Error ? thrown.cause.message : ''
  if (cause.includes(thrown.message)) return cause
  return cause && !thrown.message.includes(cause) ? `${thrown.message}: ${cause}` : thrown.message
}
