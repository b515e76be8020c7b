import { callMs } from '../../controller/times.ts'
import type { Settings } from '../../config/settings.ts'
import { markerName } from '../../core/marker.ts'
import { roleOf, type Saying } from '../../core/role.ts'
import { digHost } from '../../drivers/dns/query.ts'
import { exits, Said } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import { readSettings } from '../ground.ts'
import { nameServersOf } from '../wiring.ts'

/** Is this site active? Read from the zone alone, with no store, no controller and no secret: 0 active, 5 not, 4 could not find out. */
export async function role(cli: Cli, { site }: { site: string }): Promise<number> {
  const settings = readSettings(cli, { lenient: true })
  const { core, file } = settings
  if (!core.sites.some((each) => each.site === site)) throw new Said(`There is no site ${site} in ${file}; there are ${core.sites.map((each) => each.site).join(', ')}`)
  if (core.owner === null) throw new Said(`${file} has no owner, so its marker in DNS could not be told from another's. Put the owner of the file that lifeboat watch runs with into it`)
  const seen = roleOf(site, await sayingsOf(settings, cli), core)
  cli.stop().throwIfAborted()
  if (seen.is === 'unknown') throw new Said(seen.sentence, exits.unfinished)
  cli.out(seen.sentence)
  return seen.is === 'active' ? exits.done : exits.notAsItShouldBe
}

/** What each name server of each zone says at each of its addresses, asked directly. Throws Said where it could not be found out which there are. */
async function sayingsOf(settings: Settings, cli: Cli): Promise<Saying[][]> {
  const nameServers = nameServersOf(settings, cli.clock)
  const zones = [...new Set(settings.core.dns.hosts.map(({ zone }) => zone))]
  const ofZones = await Promise.all(
    zones.map(async (zone) => {
      const machines = await nameServers.machines(zone, cli.clock.deadline(callMs.walk, cli.stop()))
      if (machines === null) throw new Said(`The name servers of ${zone} could not be found out: nobody who knows its parent answers. To name them: dns.nameservers in ${settings.file}`, exits.unfinished)
      const limit = cli.clock.deadline(callMs.read, cli.stop())
      const ask = async (server: string): Promise<Saying> => {
        const dig = { server, zone, marker: markerName(settings.core.app, zone), names: [], timeoutMs: callMs.read }
        return { server, txt: (await digHost(dig, cli.clock, limit))?.txt ?? null }
      }
      return Promise.all(machines.map((addresses) => Promise.all(addresses.map(ask))))
    }),
  )
  return ofZones.flat()
}
