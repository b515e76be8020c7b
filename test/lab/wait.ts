/**
 * How long a test waits for anything that should come, in one place: many times what it takes on idle cores, and less than
 * vitest's own limit (vitest.config.ts), so that the wait itself says what never came. Where it comes, this costs nothing.
 */
export const waitMs = 45_000

/** Waits until it is so, and gives what was found. Fails with `what`, and with what `said` tells besides, where it never comes. */
export const until = async <T>(what: string, look: () => T | Promise<T>, { said = (): string => '', everyMs = 25, mostMs = waitMs } = {}): Promise<NonNullable<T>> => {
  const untilMs = Date.now() + mostMs
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > untilMs) throw new Error(`it never came to this: ${what}\n${said()}`)
    await new Promise((again) => setTimeout(again, everyMs))
  }
}
