// What a command stands on: the file of this machine and its store, or a controller elsewhere.

import { isReadable } from '../config/addresses.ts'
import { hasFile, loadSettings } from '../config/loading.ts'
import type { Settings } from '../config/settings.ts'
import type { Copies } from '../config/stacks.ts'
import { exits, Said } from '../errors.ts'
import { controllerAt, type Controller } from '../store/remote.ts'
import { version } from '../version.ts'
import type { Cli } from './cli.ts'
import { hasStore, reading } from './store.ts'

/** What a controller elsewhere says of its file, and the way to it. */
export type Elsewhere = Pick<Settings, 'file' | 'hash' | 'core' | 'sharedFates'> & { controller: Controller }
/** The part that both have is all that a command needs which only reads the store and asks. */
export type Ground = Settings | Elsewhere

/** The file, read and checked; from then on none of its secrets is printed. `lenient`: for a command that needs none of them, a variable that is not set is no mistake. `copies`: what its stacks say; left out: a site by its stack has no address. */
export function readSettings(cli: Cli, { lenient = false, copies = {} }: { lenient?: boolean; copies?: Copies | undefined } = {}): Settings {
  const { env, cwd, flags } = cli
  const settings = loadSettings({ env, cwd, lenient, copies, ...(flags.config === undefined ? {} : { file: flags.config }) })
  cli.keepSecret(settings.secrets)
  return settings
}

/** The file, with what its stacks were last read to say, where there is a store that can be read. */
export async function readSettled(cli: Cli): Promise<Settings> {
  const settings = readSettings(cli)
  if (!settings.core.sites.some(({ stack }) => stack !== undefined) || !hasStore(settings)) return settings
  try {
    const { ledger } = await reading(cli, settings, (store) => store.read())
    return readSettings(cli, { copies: ledger?.stacks })
  } catch (thrown) {
    if (!(thrown instanceof Said)) throw thrown
    cli.err(`What the stacks were last read to say is not known: ${thrown.message}`)
    return settings
  }
}

/** --controller, then LIFEBOAT_CONTROLLER. Undefined: neither names one. */
const namedBy = ({ flags, env }: Cli): string | undefined => flags.controller ?? (env.LIFEBOAT_CONTROLLER || undefined)

/** The controller that is named, else the file here. From then on what may be printed nowhere is not, and `cli.clock` is the controller's. */
export async function groundOf(cli: Cli): Promise<Ground> {
  const named = namedBy(cli)
  if (named === undefined) return readSettled(cli)
  const [url, token] = [addressOf(named), tokenOf(cli)]
  if (token !== null && isReadable(url.href)) cli.err(`The token goes to ${url.origin} over plain http: anybody on the way there can read it. Better is https, or an SSH tunnel to 127.0.0.1`)
  const controller = controllerAt({ url, token, clock: cli.clock, version })
  const { file, hash, core, sharedFates, hide } = await controller.config()
  cli.keepSecret(hide)
  cli.clock = controller.clock
  return { file, hash, core, sharedFates, controller }
}

/** Throws Said, without what was written: it may hold a password. */
function addressOf(text: string): URL {
  const url = URL.parse(text)
  const say = 'Write https://HOST or http://HOST:PORT, as in --controller http://127.0.0.1:8686'
  if (!url || !/^https?:$/.test(url.protocol)) throw new Said(`--controller (or LIFEBOAT_CONTROLLER) is no address of a controller. ${say}`)
  if (url.username || url.password || url.search || url.hash) throw new Said(`--controller (or LIFEBOAT_CONTROLLER) holds more than an address. ${say}; a token goes into LIFEBOAT_CONTROLLER_TOKEN`)
  return url
}

/** LIFEBOAT_CONTROLLER_TOKEN, else that of `listen` in the file here, where there is one. Null: none. */
function tokenOf(cli: Cli): string | null {
  const { env, cwd, flags } = cli
  const whence = { env, cwd, lenient: true, ...(flags.config === undefined ? {} : { file: flags.config }) }
  const token = env.LIFEBOAT_CONTROLLER_TOKEN || (hasFile(whence) && loadSettings(whence).listen?.token) || null
  if (token === null) return null
  cli.keepSecret([token])
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Said('LIFEBOAT_CONTROLLER_TOKEN holds what no token can, such as a blank or a line end. Set it to the token of the listen there')
  return token
}

/** A command never leads from elsewhere. */
export const noLeader = ({ url }: Controller): Said =>
  new Said(`No controller leads at ${url}, and from here this command does not act by itself: nothing was done. What is known: lifeboat status`, exits.unfinished)
