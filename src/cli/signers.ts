import type { ServerView } from '../core/moving.ts'
import { otherSigners } from '../core/signatures.ts'
import type { Config } from '../core/types.ts'
import { Said } from '../errors.ts'
import type { Cli } from './cli.ts'
import type { Ground } from './ground.ts'
import { lookAtServers } from './zone-look.ts'

/** Throws Said where the DNS hosts of a zone sign it with keys that have nothing in common. `servers` null: could not find out, and that bars nothing. */
export function refuseOtherSigners(servers: ServerView[] | null, core: Config): void {
  const found = otherSigners(servers ?? [], core)
  if (found !== null) throw new Said(`${found}. Whoever validates takes the answers of one of them for forged. Nothing was written. Put the keys of each into the zone of the other (RFC 8901), or take one of the two out of dns.hosts`)
}

/** The same before a planned move, where a zone has several DNS hosts at all. A failover does not wait for it: it makes nothing worse. */
export async function mindSigners(cli: Cli, ground: Ground): Promise<void> {
  const zones = ground.core.dns.hosts.map(({ zone }) => zone)
  if (new Set(zones).size < zones.length) refuseOtherSigners(await lookAtServers(cli, ground), ground.core)
}
