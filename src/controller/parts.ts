import type { Clock } from '../clock.ts'
import type { Check } from '../config/settings.ts'
import type { Config, Written } from '../core/types.ts'
import type { Channel, Cloud, Data, DnsHost, Heartbeat, Held, Journal, Leader, Log, NameServers, Stack, Store, Vantage } from '../ports.ts'

/** Everything that a controller stands on. `cli/` wires the machine's, the simulation its twins. */
export type Parts = {
  config: Config
  configHash: string
  /** The file that hash is of, for what differs from another. */
  written: Written
  checks: { active: Check[]; standby: Check[] | null }
  canaries: string[]
  clock: Clock
  store: Store
  log: Log
  vantages: Vantage[]
  /** Left out: nothing is held open between rounds. */
  held?: Held
  clouds: Cloud[]
  /** The sites' stacks, read again and again while this process leads. Left out: there is none. */
  stacks?: Stack[]
  hosts: DnsHost[]
  nameServers: NameServers
  /** Which name servers are which DNS host's own, as `IP:port`; a host that is not listed has no server to itself. */
  serversOf: Record<string, string[]>
  /** Null: no data driver. */
  data: Data | null
  /** Whom to tell, and the journal that says of what. Left out: nobody. */
  tells?: { channels: Channel[]; journal: Journal }
  /** Left out: nobody outside misses this process. */
  heartbeat?: Heartbeat
  /** What others read of this process while it leads. */
  leader: Leader
}
