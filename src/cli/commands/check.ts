import type { Settings } from '../../config/settings.ts'
import { exits, Said } from '../../errors.ts'
import { keptIn, newestKept } from '../../release/kept.ts'
import { acceptFile } from '../acceptance.ts'
import { describe } from '../check-report.ts'
import { asker, type Cli } from '../cli.ts'
import { groundOf, readSettled } from '../ground.ts'
import { isAppTold, readApp } from '../push/gathering.ts'
import { openToAsk } from '../store.ts'

/** Reads the file, and says what it comes to. `online`: also looks at all that it names, with no write. With `accept` it is the one that a controller may come to lead by. */
export async function check(cli: Cli, { online, accept }: { online: boolean; accept: boolean }): Promise<number> {
  if (online && accept) throw new Said('check takes --online or --accept, not both: look first, then accept')
  if (cli.flags.json && !online) throw new Said('check prints data with --online alone: lifeboat check --online --json')
  if (accept) return acceptThere(cli)
  const settings = await readSettled(cli)
  if (isAppTold(settings)) readApp(settings, settings)
  if (!cli.flags.json) for (const line of describe({ ...settings, warnings: [...settings.warnings, ...withoutRelease(settings)] })) cli.out(line)
  return online ? (await import('../online/online.ts')).checkOnline(cli, settings) : exits.done
}

/** A cold site is given the release that is kept on this machine when it is created: with none it would come up empty. */
export const withoutRelease = ({ folder, core }: Pick<Settings, 'folder' | 'core'>): string[] =>
  newestKept(folder) !== null ? [] : core.sites.filter(({ standby }) => standby === 'cold').map(({ site }) => `sites.${site}: is cold, and no release is kept for it in ${keptIn(folder)}. Type lifeboat push --all --env FILE`)

/** The file that stands where the store is: here, or with the controller that is named. */
async function acceptThere(cli: Cli): Promise<number> {
  const ground = await groundOf(cli)
  const by = asker(cli)
  if ('controller' in ground) {
    cli.out((await ground.controller.call<{ said: string }>('/accept', { post: { by } })).said)
    return exits.done
  }
  const store = await openToAsk(cli, ground, false)
  try {
    cli.out(await acceptFile({ settings: ground, store, clock: cli.clock, by }))
    return exits.done
  } finally {
    await store.close()
  }
}
