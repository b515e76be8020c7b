import { hourMs, reassertsPerHour } from './limits.ts'
import { markerFor, oursOf } from './move-hosts.ts'
import { leavesData } from './plan.ts'
import type { HostView, Marker } from './moving.ts'
import type { Config, HostConfig, Ledger, State } from './types.ts'
import type { Event } from './words.ts'
import { addressesOf, foreignValues, shows } from './zone.ts'

/** Something to log and to journal. */
export type Note = { event: Event; level: 'info' | 'warn'; site: string | null; host: string | null; msg: string }

/** What the ledger owes the passing of time: a pause that ended, a fenced site that is well again. Null: nothing. */
export function upkeep({ ledger, watch }: State, config: Config): { ledger: Ledger; notes: Note[] } | null {
  if (watch.at === null || watch.abstains !== null) return null
  const notes: Note[] = []
  let kept = ledger
  const { pause } = ledger
  if (pause?.untilMs != null && (watch.deadlines[`pause:${pause.untilMs}`] ?? Infinity) <= watch.at.monoMs) {
    kept = { ...kept, pause: null }
    notes.push({ event: 'request', level: 'info', site: null, host: null, msg: 'the pause has ended: automatic moves are on again' })
  }
  // Where a site holds data, a person must say that it is in order (`lifeboat rejoin`).
  const back = ledger.given.filter(({ site, epoch }) => {
    const seen = watch.sites[site]
    return seen?.health === 'up' && seen.verdict !== 'cut' && (watch.deadlines[`given:${site}:${epoch}`] ?? Infinity) <= watch.at!.monoMs
  })
  if (back.length > 0 && !leavesData(config) && !config.data.carried && ledger.move === null) {
    kept = { ...kept, given: kept.given.filter((g) => !back.includes(g)) }
    for (const { site } of back)
      notes.push({ event: 'health', level: 'info', site, host: null, msg: `${site} is well again and stands by` })
  }
  return notes.length > 0 ? { ledger: kept, notes } : null
}

/** What to do about one DNS host between moves. `write`: bring it to the record. `aside`: somebody else acts. */
export type Mend =
  | { do: 'nothing'; note: Note | null }
  | { do: 'write'; marker: Marker; addresses: string[]; drift: boolean; note: Note }
  | { do: 'aside'; note: Note }

/** Holds one DNS host, as read, against the ledger's record. A null view is "could not find out". */
export function mend(host: HostConfig, view: HostView | null, { ledger, watch }: State, config: Config): Mend {
  const { record } = ledger
  const say = (level: 'info' | 'warn', msg: string): Note => ({ event: 'dns', level, site: null, host: host.host, msg })
  if (!view) return { do: 'nothing', note: say('warn', `${host.host} does not answer: it stays a debt until it does`) }
  if (!record || !config.owner) return { do: 'nothing', note: null }
  const marker = markerFor(record, config, 'pointed')
  const write = (drift: boolean, why: string): Mend => ({
    do: 'write',
    marker,
    addresses: record.addresses,
    drift,
    note: say(drift ? 'warn' : 'info', why),
  })
  const serves = addressesOf(view, host.names).join(', ') || 'no address'
  switch (shows(view, host, marker, record.addresses, oursOf(ledger, config))) {
    case 'yes':
      return { do: 'nothing', note: strangers(host, view, ledger, config, say) }
    case 'older':
      return write(false, `${host.host} is brought up to epoch ${record.epoch}`)
    case 'newer':
    case 'other-move':
      return {
        do: 'aside',
        note: say('warn', `${host.host} shows ${view.txt[0]}, and this store knows epoch ${ledger.epoch}: another controller acts, or this store is an old copy. It watches, and does nothing until: lifeboat adopt`),
      }
    case 'foreign':
      return { do: 'nothing', note: say('warn', `${host.host}: a TXT that is not ours stands at the marker's name: nothing is written there`) }
    case 'absent':
      if (ledger.hosts[host.host] === undefined) return write(false, `${host.host} is brought up to epoch ${record.epoch}`)
      if (addressesOf(view, host.names, ledger.ours).join() === [...record.addresses].sort().join())
        return write(false, `${host.host} lost our TXT and still serves our addresses: the TXT is written again`)
      return { do: 'nothing', note: say('warn', `${host.host} lost our TXT and serves ${serves}: nothing is written there until: lifeboat adopt`) }
    case 'other-addresses':
      return drifted(host, ledger, watch.at?.wallMs ?? 0, config, write, say, serves)
  }
}

function drifted(
  host: HostConfig,
  ledger: Ledger,
  wallMs: number,
  config: Config,
  write: (drift: boolean, why: string) => Mend,
  say: (level: 'info' | 'warn', msg: string) => Note,
  serves: string,
): Mend {
  const ours = ledger.record!.addresses.join(', ')
  const what = `${host.host} serves ${serves} instead of ${ours}, changed by somebody else (a Pulumi or Terraform run, external-dns or a person)`
  const lately = ledger.reassertsMs.filter((ms) => wallMs - ms < hourMs).length
  if (config.dns.drift === 'hold') return { do: 'nothing', note: say('warn', `${what}: it stays, as dns.drift says. To take the names back: lifeboat adopt`) }
  if (ledger.pause) return { do: 'nothing', note: say('warn', `${what}: it stays while paused`) }
  if (lately >= reassertsPerHour)
    return { do: 'nothing', note: say('warn', `${what}: it was written back ${lately} times within an hour, and stays now`) }
  return write(true, `${what}: it is written back`)
}

function strangers(
  host: HostConfig,
  view: HostView,
  ledger: Ledger,
  config: Config,
  say: (level: 'info' | 'warn', msg: string) => Note,
): Note | null {
  const toHostname = ledger.record!.addresses.some((address) => !/^[0-9.]+$|:/.test(address))
  const foreign = foreignValues(view, host, oursOf(ledger, config), toHostname)
  if (foreign.length === 0) return null
  const list = foreign.map((v) => `${v.name} ${v.type} ${v.value}`).join(', ')
  const barred = [...new Set(foreign.filter(({ bars }) => bars).map(({ name }) => name))]
  const still = barred.length > 0 ? `. Beside it nothing of ours can stand, so this is not moved: ${barred.join(', ')}` : ''
  return say('warn', `${host.host} also serves what lifeboat did not write, and leaves alone: ${list}${still}`)
}
