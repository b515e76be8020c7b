import { join } from 'node:path'
import { freshLedger } from '../../core/ledger.ts'
import type { SiteConfig } from '../../core/types.ts'
import { verb } from '../../core/verb.ts'
import { exits, Said } from '../../errors.ts'
import { bring } from '../../release/bring.ts'
import { keep, keptIds, keptIn } from '../../release/kept.ts'
import type { Release } from '../../release/release.ts'
import { ask } from '../ask.ts'
import type { Cli } from '../cli.ts'
import { groundOf, type Ground } from '../ground.ts'
import { gatherRelease } from '../push/gathering.ts'
import { lookAt } from '../push/look.ts'
import { hasStore, ledgerNow } from '../store.ts'

export type PushOptions = { site: string | null; all: boolean; env: string | null; certificate: string | null }

/** Brings one release to a site or to all of them, standbys first; where one fails, those behind it are left as they are. */
export async function push(cli: Cli, options: PushOptions): Promise<number> {
  const ground = await groundOf(cli)
  const sites = sitesOf(ground, options)
  const { settings, app, release, brought } = await gatherRelease(cli, ground, options)
  const ledger = hasStore(ground) ? await ledgerNow(cli, ground) : freshLedger(ground.core)
  const [cold, warm] = [sites.filter(({ addresses }) => addresses.length === 0), inOrder(sites.filter(({ addresses }) => addresses.length > 0), ledger.active)]
  if (warm.length > 0) cli.out(`release ${release.id} of ${app.name}: to ${warm.map(({ site }) => (site === ledger.active ? `${site} (active)` : site)).join(', then ')}`)
  for (const [i, site] of warm.entries()) {
    await bringTo(site).catch((thrown: unknown) => {
      const rest = warm.slice(i + 1).map((each) => each.site)
      if (rest.length > 0) cli.err(`${rest.join(', ')} ${verb(rest, 'is', 'are')} left alone`)
      throw thrown
    })
    if (i === 0) keep(settings.folder, release)
    await record(cli, ground, site.site, release)
  }
  if (warm.length === 0) keep(settings.folder, release)
  for (const { site } of cold) cli.out(`${site} is cold: it gets the release that is kept in ${keptIn(settings.folder)} when it is created`)
  if (warm.length > 0) cli.out(`done: release ${release.id} runs at ${warm.map(({ site }) => site).join(', ')}`)
  return exits.done

  /** Values that are kept here may be older than those of a release that somebody else has brought since. */
  function mayReplace(site: string): (before: string | null) => void {
    const ours = keptIds(settings.folder)
    return (before) => {
      if (options.env !== null || before === null || ours.includes(before)) return
      throw new Said(`${site} runs release ${before}, which was not brought from here, so its values may be newer than those that are kept here: nothing was sent. Say where they are: lifeboat push ${options.site ?? '--all'} --env FILE`)
    }
  }

  async function bringTo({ site, addresses }: SiteConfig): Promise<void> {
    const says = (line: string): void => cli.out(`${site}  ${line}`)
    const place = { address: addresses[0]!, knownHosts: join(settings.folder, '.lifeboat', 'known_hosts'), config: cli.env.LIFEBOAT_SSH_CONFIG || null }
    const look = lookAt({ cli, core: ground.core, checks: settings.checks, site, active: ledger.active })
    const before = await bring({ site, app: app.name, place, release: brought, clock: cli.clock, signal: cli.stop(), look: look.app, mayReplace: mayReplace(site), says })
    says(`runs release ${release.id}${before === null ? '' : before === release.id ? ', as before' : `; before: ${before}`}`)
    const unlike = cli.stop().aborted ? null : await look.asChecked(cli.stop())
    if (unlike !== null) says(`its check fails all the same: ${unlike}`)
  }
}

function sitesOf({ core: { sites } }: Ground, { site, all }: PushOptions): SiteConfig[] {
  const names = sites.map((each) => each.site).join(', ')
  if (all && site !== null) throw new Said(`push takes ${site} or --all, not both`)
  if (all) return sites
  if (site === null) throw new Said(`lifeboat push needs a site or --all: lifeboat push SITE. The sites are ${names}`)
  const found = sites.find((each) => each.site === site)
  if (!found) throw new Said(`There is no site ${site}; there are ${names}`)
  if (found.addresses.length === 0) throw new Said(`${site} has no address yet. To keep the release here until it has one: lifeboat push --all`)
  return [found]
}

/** The least preferred first, and the active site last, so that what is broken is met where nobody is served. */
const inOrder = (sites: SiteConfig[], active: string | null): SiteConfig[] => {
  const backwards = sites.toReversed()
  return [...backwards.filter(({ site }) => site !== active), ...backwards.filter(({ site }) => site === active)]
}

/** Has whoever leads write down what runs there. A store is begun by `watch` and `adopt` alone. */
async function record(cli: Cli, ground: Ground, site: string, { id }: Release): Promise<void> {
  if (!hasStore(ground)) return cli.out(`${site}  not recorded: there is no store yet. After lifeboat adopt, the next push records it`)
  const pushedMs = Math.round(cli.clock.now().wallMs)
  try {
    const exit = await ask(cli, ground, { command: 'push', warm: false, wish: async () => ({ what: 'release', site, release: id, pushedMs }) })
    if (exit !== exits.done) throw new Said('nobody took it', exit)
  } catch (thrown) {
    if (!(thrown instanceof Said)) throw thrown
    throw new Said(`${site} runs release ${id}, and that could not be recorded: ${thrown.message}. To record it: the same command again`, exits.unfinished)
  }
}
