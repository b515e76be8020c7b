import type { Config } from '../core/types.ts'
import type { Tell } from '../core/words.ts'

/** One check, as the file gives it. `ca`: PEM text, read from the file that is named. */
export type Check =
  | { kind: 'http'; url: string; status: (number | string)[]; body: string | null; tls: 'public' | 'any' | { ca: string } }
  | { kind: 'tcp'; port: number }
  | { kind: 'dns'; name: string; type: string }

/** `host` is core's name of it; `nameservers` null: those of the zone's parent; `options` are its driver's own (server, key, secret, token, zoneId …). */
export type DnsHostSettings = { host: string; driver: string; zone: string; sharedFate: boolean; ttlS: number; nameservers: string[] | null; options: Record<string, string> }

/** The whole file, read, checked, expanded. Everything that lifeboat runs on; core's share is `core`. */
export type Settings = {
  /** Absolute path of lifeboat.yaml, and its folder: relative paths in the file start there. */
  file: string
  folder: string
  /** SHA-256 over the text, `${NAME}` unexpanded: no secret is in it. */
  hash: string
  core: Config
  /** What is asked at a site; `standby` where it is not active (null: the same). */
  checks: { active: Check[]; standby: Check[] | null }
  /** Per site what the file says besides core's share. `dir` as it is written; `outputs`: under which names its stack gives ours, empty: under the same. */
  sites: Record<string, { machineId: string | null; stack: string | null; dir: string | null; outputs: Record<string, string> }>
  /** `url` null: this process. In the order of the file. */
  vantages: { vantage: string; cloud: string; url: string | null; token: string | null; sharedFate: boolean }[]
  canaries: string[]
  dns: { hosts: DnsHostSettings[]; nameservers: string[] | null }
  /** One entry per cloud of a site, `none` excepted; values are strings as in the file. */
  clouds: Record<string, Record<string, string>>
  /** Who is told of what, in the order of the file: by an address or by a program. The address is a secret. */
  notify: { url: string | null; exec: string[] | null; events: Tell[] }[]
  /** Where we are missed. Null: nowhere. */
  heartbeat: { url: string; everyMs: number } | null
  store: { driver: 'sqlite'; path: string }
  /** Where status, metrics and requests are served: IP:port. `token` null: whoever reaches it may ask. Null: nowhere. */
  listen: { address: string; token: string | null } | null
  /** Every text that may be printed nowhere: secrets, and whatever came from `${NAME}`, in each form that it is printed in. None is empty. */
  secrets: string[]
  /** What is lost together with a site and was accepted (`sharedFate`), a sentence each; `check` and `status` say them. */
  sharedFates: string[]
  /** Sentences that do not stop anything, e.g. that no canaries are configured. */
  warnings: string[]
}
