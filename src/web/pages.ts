import type { Clock } from '../clock.ts'
import type { Config, State } from '../core/types.ts'
import type { Journal, Store, StoreView } from '../ports.ts'
import { metrics } from './metrics.ts'
import type { Page } from './server.ts'
import { askerOf, queryOf, requestOf } from './shapes.ts'

export type PagesOptions = {
  core: Config
  store: Store & Journal
  clock: Clock
  /** What commands elsewhere rest on, with `nowMs` still to come. */
  config: object
  /** The store as it shows on this machine, where it can be told whether the leader's process lives. */
  view(): Promise<StoreView>
  /** `lifeboat status --json`. */
  status(): Promise<unknown>
  /** What this controller sees now; `leading`: whether it leads; `sinceMs`: when its process began, wall clock. */
  seen(): { state: State; leading: boolean; sinceMs: number }
  /** What a command on this machine would do by itself, for one elsewhere: look at DNS, accept the file that stands here, try each channel. */
  look(): Promise<unknown>
  accept(by: string): Promise<string>
  tryChannels(by: string): Promise<unknown>
  /** The same plain data without what may be printed nowhere. */
  mask(value: unknown): unknown
}

const json = 'application/json'

/** Every page but /healthz. What is asked at /requests is put into the store, as a command on this machine puts it there; whoever leads takes it. */
export function pagesOf({ core, store, clock, config, view, status, seen, look, accept, tryChannels, mask }: PagesOptions): Record<string, Page> {
  const { contentType, text } = metrics()
  const scrape = async () => {
    const { state, leading, sinceMs } = seen()
    return text({ config: core, ledger: state.ledger, watch: state.watch, leading, sinceMs, now: clock.now() })
  }
  const masked = (value: unknown): string => JSON.stringify(mask(value))
  const nowMs = () => clock.now().wallMs
  const forAsker = (act: (by: string) => Promise<unknown>): Page => ({ type: json, take: async (body) => masked(await act(askerOf(body))) })
  return {
    '/status': { type: json, read: async () => JSON.stringify(await status()) },
    '/metrics': { type: contentType, read: scrape },
    '/config': { type: json, read: async () => masked({ ...config, nowMs: nowMs() }) },
    '/store': { type: json, read: async () => masked({ view: await view(), nowMs: nowMs() }) },
    '/journal': { type: json, read: async (query) => masked(await store.entries(queryOf(query))) },
    '/requests': {
      type: json,
      take: async (body) => {
        await store.ask({ request: requestOf(body) })
        return '{}'
      },
    },
    '/zones': forAsker(look),
    '/accept': forAsker(async (by) => ({ said: await accept(by) })),
    '/notify': forAsker(tryChannels),
  }
}
