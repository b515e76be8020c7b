// What a controller offers at `listen` to commands elsewhere (--controller): what they rest on, and what they would do on this machine.

import type { Settings } from '../config/settings.ts'
import * as words from '../core/words.ts'
import type { RemoteConfig } from '../store/remote.ts'
import type { OpenStore } from '../store/sqlite.ts'
import { version } from '../version.ts'
import type { PagesOptions } from '../web/pages.ts'
import { acceptFile } from './acceptance.ts'
import { tryChannels } from './channel-trial.ts'
import type { Cli } from './cli.ts'
import { hidden, secretsIn } from './secrets.ts'
import { readSettings } from './ground.ts'
import { viewForOthers } from './live-report.ts'
import { lookAtZones } from './zone-look.ts'

/** What is stored and compared by name: one of these words that stands behind a `${NAME}` as well must not be masked on the way. */
const codes = Object.values(words).flatMap((table) => (Array.isArray(table) ? table : Object.keys(table)))

type Offers = Pick<PagesOptions, 'config' | 'view' | 'look' | 'accept' | 'tryChannels' | 'mask'>

/**
 * A command elsewhere plans with the addresses and names of the file, so where those come from `${NAME}` they are handed out, with the word that
 * they are not to be printed; every other hidden text leaves this machine as `(hidden)`. The file is read anew where a command here would read it.
 */
export function offersOf({ cli, settings, store }: { cli: Cli; settings: Settings; store: OpenStore }): Offers {
  const { clock } = cli
  const { file, hash, core, sharedFates } = settings
  const hide = secretsIn([core, codes], cli.secrets())
  const config: Omit<RemoteConfig, 'nowMs'> = { version, file, hash, core, sharedFates, hide }
  return {
    config,
    view: async () => viewForOthers(await store.read(), clock),
    look: () => lookAtZones(cli, settings),
    accept: async (by) => acceptFile({ settings: readSettings(cli, { copies: (await store.read()).ledger?.stacks }), store, clock, by }),
    tryChannels: (machine) => tryChannels(readSettings(cli), { machine, clock, signal: cli.stop() }),
    mask: (value) => hidden(value, cli.secrets().filter((secret) => !hide.includes(secret))),
  }
}
