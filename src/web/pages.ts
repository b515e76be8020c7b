import type { Clock } from '../clock.ts'
import type { Config, State } from '../core/types.ts'
import type { Journal, Store } from '../ports.ts'
import { metrics } from './metrics.ts'
import type { Page } from './server.ts'
import { queryOf, requestOf } from './shapes.ts'

export type PagesOptions = {
  /** The path of lifeboat.yaml, for the sentences of commands elsewhere. */
  file: string
  core: Config
  store: Store & Journal
  clock: Clock
  /** `lifeboat status --json`. */
  status(): Promise<unknown>
  /** What this controller sees now; `leading`: whether it leads. */
  seen(): { state: State; leading: boolean }
}

const json = 'application/json'

/** Every page but /healthz. What is asked at /requests is put into the store, as a command on this machine puts it there; whoever leads takes it. */
export function pagesOf({ file, core, store, clock, status, seen }: PagesOptions): Record<string, Page> {
  const { contentType, text } = metrics()
  const scrape = async () => {
    const { state, leading } = seen()
    return text({ config: core, ledger: state.ledger, watch: state.watch, leading, now: clock.now() })
  }
  return {
    '/status': { type: json, read: async () => JSON.stringify(await status()) },
    '/metrics': { type: contentType, read: scrape },
    '/config': { type: json, read: async () => JSON.stringify({ file, core }) },
    '/store': { type: json, read: async () => JSON.stringify({ nowMs: clock.now().wallMs, view: await store.read() }) },
    '/journal': { type: json, read: async (query) => JSON.stringify(await store.entries(queryOf(query))) },
    '/requests': {
      type: json,
      take: async (body) => {
        await store.ask({ request: requestOf(body) })
        return '{}'
      },
    },
  }
}
