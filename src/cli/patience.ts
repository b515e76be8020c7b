import { exits, Said } from '../errors.ts'
import type { OpenStore } from '../store/sqlite.ts'
import type { Cli } from './cli.ts'

const againMs = 250
/** A controller that reads its file anew, or is started again, is back sooner than this. */
const outMsMost = 60_000
/** A request runs within 30 s of being asked, or never. */
const askMsMost = 20_000
/** What is over sooner is not worth a word. */
const tellMs = 3_000

/** The same store for a command that waits: one that is out of reach for a moment is asked again, until a minute is over or the command is told to stop. A store takes a request once, however often it is put there. */
export function patient(store: OpenStore, cli: Cli): OpenStore {
  const again = async <T>(mostMs: number, call: () => Promise<T>): Promise<T> => {
    const { clock } = cli
    const sinceMs = clock.now().monoMs
    for (let told = false; ; ) {
      try {
        return await call()
      } catch (thrown) {
        const outMs = clock.now().monoMs - sinceMs
        if (!(thrown instanceof Said) || thrown.exit !== exits.unfinished || cli.stop().aborted || outMs > mostMs) throw thrown
        if (!told && outMs > tellMs) cli.err(`Asked again, for ${mostMs / 1000} s at most: ${thrown.message}`)
        told ||= outMs > tellMs
      }
      await clock.sleep(againMs, cli.stop()).catch(() => {}) // Told to stop: the next try is the last.
    }
  }
  return {
    ...store,
    read: () => again(outMsMost, () => store.read()),
    entries: (query) => again(outMsMost, () => store.entries(query)),
    ask: (what) => again(askMsMost, () => store.ask(what)).catch((thrown: unknown) => Promise.reject(thrown instanceof Said && thrown.exit === exits.unfinished ? unknownAsk(thrown) : thrown)),
  }
}

const unknownAsk = ({ message }: Said): Said => new Said(`Whether the request was taken is not known; it runs within a minute or never. To look: lifeboat history. ${message}`, exits.unfinished)
