// The Pulumi stacks of the file: how each is asked, and where what it says is kept. The driver is loaded when one is.

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isNobodys, familyOf } from '../config/addresses.ts'
import { loadSettings } from '../config/loading.ts'
import { nearestWord } from '../config/nearest.ts'
import type { Settings } from '../config/settings.ts'
import type { Copies } from '../config/stacks.ts'
import { environmentIn } from '../config/variables.ts'
import { openBook } from '../controller/book.ts'
import { keepCopy } from '../controller/stacks.ts'
import type { StackCopy } from '../core/types.ts'
import { scrubbed, secretsIn, type Env } from '../drivers/pulumi/environment.ts'
import type { StackAt } from '../drivers/pulumi/faults.ts'
import { exits, Said } from '../errors.ts'
import type { Stack } from '../ports.ts'
import type { Cli } from './cli.ts'
import { readSettings } from './ground.ts'
import { openToWrite } from './store.ts'

/** A stack of the file, with all that asking it needs. */
export type SiteStack = { at: StackAt; env: Env; settings: Settings }

/** Longer than a driver waits for a state. */
const statesMs = 30_000

/** Where lifeboat's own programs stand. */
const ownFolder = resolve(import.meta.dirname, '../..')

/** The stack of one site; from then on none of its credentials is printed. Throws Said where there is no such site, or none of a stack. */
export function stackOf(cli: Cli, settings: Settings, site: string): SiteStack {
  const found = settings.core.sites.find((each) => each.site === site)
  if (!found) throw new Said(`There is no site ${site} in ${settings.file}.${nearby(site, settings)}`)
  const { cloud, stack, addresses } = found
  if (stack === undefined) throw new Said(`${site} is no Pulumi stack: ${settings.file} says its address, ${addresses.join(', ')}. Nothing was done`)
  const env = environmentIn(cli.env, settings.folder)
  cli.keepSecret(secretsIn(scrubbed(env, cloud)))
  return { at: { site, cloud, stack, folder: folderOf(settings, site) }, env, settings }
}

const nearby = (site: string, { core }: Settings): string => {
  const names = core.sites.map((each) => each.site)
  const near = nearestWord(site, names)
  return near === null ? ` The sites are ${names.join(', ')}` : ` Did you mean ${near}?`
}

/** The folder that the file names; else that of the file, where a program stands in it, else lifeboat's own. */
function folderOf({ folder, sites }: Settings, site: string): string {
  const dir = sites[site]?.dir ?? null
  if (dir !== null) return resolve(folder, dir)
  return existsSync(join(folder, 'Pulumi.yaml')) ? folder : ownFolder
}

/** What a stack says now, from its state. Throws Said where that cannot be read, or cannot stand beside `copies`, those of the other sites. */
export async function readNow(cli: Cli, { at, env, settings }: SiteStack, copies: Copies, signal?: AbortSignal): Promise<StackCopy> {
  const [{ stackOutput }, { outputsIn }] = await Promise.all([import('../drivers/pulumi.ts'), import('../drivers/pulumi/outputs.ts')])
  const { site, cloud, stack } = at
  const raw = await stackOutput(at, { env, clock: cli.clock }, signal)
  const outputs = outputsIn(raw, { stack, cloud, app: settings.core.app, names: settings.sites[site]!.outputs })
  if (familyOf(outputs.address) && isNobodys(outputs.address)) throw new Said(`The stack ${stack} has an address that no site can be reached at: ${outputs.address}`)
  const copy = { ...outputs, stack, readMs: cli.clock.now().wallMs }
  // With it the file must be as sound as if it stood there: it would not be read at the next start.
  loadSettings({ env: cli.env, cwd: cli.cwd, file: settings.file, lenient: true, copies: { ...copies, [site]: copy } })
  return copy
}

/** Every stack of the file, for a controller. */
export const stacksOf = (cli: Cli, settings: Settings): Stack[] =>
  settings.core.sites.flatMap(({ site, stack }) => (stack === undefined ? [] : [asStack(cli, stackOf(cli, settings, site))]))

const asStack = (cli: Cli, siteStack: SiteStack): Stack => ({
  site: siteStack.at.site,
  read: async (copies, signal) => {
    try {
      return { copy: await readNow(cli, siteStack, copies, signal) }
    } catch (thrown) {
      if (!(thrown instanceof Said)) throw thrown
      return { why: thrown.message.replaceAll('\n', ' · ') }
    }
  },
})

/** The file with what its stacks say now, for who has no store that would know. A state that gives no answer is said, and leaves its site without an address. */
export async function readFromStates(cli: Cli, settings: Settings): Promise<{ settings: Settings; copies: Copies }> {
  const limit = cli.clock.deadline(statesMs)
  const read = await Promise.all(stacksOf(cli, settings).map(async (stack) => ({ site: stack.site, answer: await stack.read({}, limit) })))
  for (const { site, answer } of read) if ('why' in answer) cli.err(`${site} has no address: ${answer.why}`)
  const copies = Object.fromEntries(read.flatMap(({ site, answer }) => ('copy' in answer ? [[site, answer.copy]] : [])))
  return { settings: read.length > 0 ? readSettings(cli, { copies }) : settings, copies }
}

/** What the stacks were last read to say. The store is begun where there is none: an address is needed before anything is adopted. */
export async function withStore<T>(cli: Cli, settings: Settings, work: (store: { copies: Copies; keep(site: string, copy: StackCopy): Promise<void> }) => Promise<T>): Promise<T> {
  const store = await openToWrite(settings, cli.clock)
  const book = openBook(store, settings.core, cli.clock)
  const keep = async (site: string, copy: StackCopy): Promise<void> => {
    const { kept } = await keepCopy(book, site, copy)
    if (!kept) throw new Said('Others wrote to the store again and again: what the stack says was not kept. Try again', exits.unfinished)
  }
  try {
    return await work({ copies: (await book.refresh()).ledger?.stacks ?? {}, keep })
  } finally {
    await store.close()
  }
}
