import type { Settings } from '../config/settings.ts'
import { isOnTime } from '../controller/heartbeat.ts'
import { isLeading, type Self } from '../controller/self.ts'
import { freshLedger } from '../core/ledger.ts'
import { emptyWatch } from '../core/observe.ts'
import { Said } from '../errors.ts'
import type { Log } from '../ports.ts'
import type { OpenStore } from '../store/sqlite.ts'
import { pagesOf } from '../web/pages.ts'
import { serveWeb } from '../web/server.ts'
import type { Cli } from './cli.ts'
import { offersOf } from './offers.ts'
import { hidden } from './secrets.ts'
import { statusOf } from './status.ts'
import { liveReport } from './live-report.ts'

type Served = {
  cli: Cli
  settings: Settings
  store: OpenStore
  log: Log
  /** The controller of this process. Null: it has not turned yet. */
  self(): Self | null
}

/** False as well while it has not turned yet. */
const isOnWatch = (self: Self | null): boolean => self !== null && isOnTime(self)

/** Serves what `listen` asks for, and gives what ends it. An address that cannot be had is said, and watching goes on: it matters more. */
export async function serve({ cli, settings, store, log, self }: Served): Promise<() => Promise<void>> {
  const { core, listen } = settings
  const { clock } = cli
  if (!listen) return async () => {}
  const status = async () => {
    const view = await store.read()
    return hidden(await statusOf({ ground: settings, view, live: liveReport(view, clock), journal: store, nowMs: clock.now().wallMs }), cli.secrets())
  }
  const seen = () => {
    const now = self()
    return { state: now?.state ?? { ledger: freshLedger(core), watch: emptyWatch() }, leading: now !== null && isLeading(now) && isOnWatch(now), sinceMs: now?.parts.leader.sinceMs ?? Infinity }
  }
  const pages = pagesOf({ core, store, clock, status, seen, ...offersOf({ cli, settings, store }) })
  try {
    const { stop } = await serveWeb({ address: listen.address, token: listen.token, pages, isOnTime: () => isOnWatch(self()), log })
    log({ level: 'info', event: 'start', msg: `/status, /metrics, /healthz and requests are served at ${listen.address}`, address: listen.address })
    return stop
  } catch (thrown) {
    if (!(thrown instanceof Said)) throw thrown
    log({ level: 'error', event: 'config', msg: `${thrown.message}; watching goes on without it` })
    return async () => {}
  }
}
