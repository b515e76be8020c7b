import { hourMs, reassertsPerHour } from './limits.ts'
import { endPauses, pausesOf } from './ledger.ts'
import { markerFor, oursOf } from './move-hosts.ts'
import { leavesData } from './plan.ts'
import { markerName, parseMarker } from './marker.ts'
import type { Change, HostView, Marker } from './moving.ts'
import type { Config, HostConfig, Ledger, Pause, Placement, State } from './types.ts'
import type { Event } from './words.ts'
import { addressesOf, foreignTxt, foreignValues, planRemoval, shows, stillServes, throughUnlisted } from './zone.ts'

/** Something to log and to journal. */
export type Note = { event: Event; level: 'info' | 'warn'; site: string | null; host: string | null; msg: string }

/** What the ledger owes the passing of time: a pause that ended, a fenced site that is well again. Null: nothing. */
export function upkeep({ ledger, watch }: State, config: Config): { ledger: Ledger; notes: Note[] } | null {
  if (watch.at === null || watch.abstains !== null) return null
  const notes: Note[] = []
  let kept = ledger
  const isOver = ({ untilMs }: Pause) => untilMs !== null && (watch.deadlines[`pause:${untilMs}`] ?? Infinity) <= watch.at!.monoMs
  if (pausesOf(ledger).some(isOver)) {
    kept = endPauses(ledger, isOver)
    const msg = kept.pause ? `a pause has ended: automatic moves stay paused by ${kept.pause.by}` : 'the pause has ended: automatic moves are on again'
    notes.push({ event: 'decision', level: 'info', site: null, host: null, msg })
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

/**
 * What to do about one DNS host between moves. `write`: bring it to the record; `drift`: somebody else changed it, and what they
 * wrote (`over`) is replaced as well. `remove`: the names were let go of, and our marker goes by this change; null: it does not stand there.
 * `aside`: somebody else acts.
 */
export type Mend =
  | { do: 'nothing'; note: Note | null }
  | { do: 'write'; marker: Marker; addresses: string[]; drift: boolean; over: string[]; note: Note }
  | { do: 'remove'; change: Change | null; note: Note }
  | { do: 'aside'; note: Note }

type At = { host: HostConfig; view: HostView; record: Placement; ledger: Ledger; wallMs: number; config: Config }

const noteOf = (host: HostConfig, level: Note['level'], msg: string): Note => ({ event: 'dns', level, site: null, host: host.host, msg })
const leave = ({ host }: At, msg: string): Mend => ({ do: 'nothing', note: noteOf(host, 'warn', `${host.host} ${msg}`) })
const bring = ({ host, record, config }: At, msg: string, over: string[] = []): Mend => ({
  do: 'write',
  marker: markerFor(record, config, 'pointed'),
  addresses: record.addresses,
  drift: over.length > 0,
  over,
  note: noteOf(host, over.length > 0 ? 'warn' : 'info', `${host.host} ${msg}`),
})

const aside = (host: HostConfig, view: HostView, { epoch }: Ledger): Mend => ({
  do: 'aside',
  note: noteOf(host, 'warn', `${host.host} shows ${view.txt[0]}, and this store knows epoch ${epoch}: another controller acts, or this store is an old copy. It watches, and does nothing until: lifeboat adopt`),
})

/** A host of names that were let go of. What stands there and is not ours stays. */
function leaveHost(host: HostConfig, view: HostView | null, ledger: Ledger): Mend {
  if (!view) return { do: 'nothing', note: noteOf(host, 'warn', `${host.host} gives no usable answer: our TXT is removed there when it does`) }
  const change = planRemoval({ view, host, app: ledger.app, owner: ledger.owner ?? '' })
  if (change === null) return { do: 'remove', change, note: noteOf(host, 'info', `${host.host}: no TXT of ours stands there any more, and the records stay`) }
  if ('refused' in change) return { do: 'remove', change: null, note: noteOf(host, 'warn', `${host.host}: ${change.refused}: it stays`) }
  if ((parseMarker(view.txt[0] ?? '')?.epoch ?? 0) > ledger.epoch) return aside(host, view, ledger)
  return { do: 'remove', change, note: noteOf(host, 'info', `${host.host}: our TXT is removed, and the records stay`) }
}

/** Holds one DNS host, as read, against the ledger's record. A null view is "could not find out". */
export function mend(host: HostConfig, view: HostView | null, { ledger, watch }: State, config: Config): Mend {
  const { record } = ledger
  if (ledger.leaving?.includes(host.host)) return leaveHost(host, view, ledger)
  if (!view) return { do: 'nothing', note: noteOf(host, 'warn', `${host.host} gives no usable answer: it stays a debt until it does`) }
  if (!record || !config.owner) return { do: 'nothing', note: null }
  const at: At = { host, view, record, ledger, wallMs: watch.at?.wallMs ?? 0, config }
  const serves = addressesOf(view, host.names)
  switch (shows(view, host, markerFor(record, config, 'pointed'), record.addresses, oursOf(ledger, config))) {
    case 'yes':
      return beside(at)
    case 'older':
      return bring(at, `is brought up to epoch ${record.epoch}`)
    case 'newer':
    case 'other-move':
      return aside(host, view, ledger)
    case 'foreign':
      return leave(at, `has a TXT at the marker's name that is not ours, so nothing is written there: ${foreignTxt(view, markerName(ledger.app, host.zone))}`)
    case 'absent':
      if (ledger.hosts[host.host] === undefined) return bring(at, `is brought up to epoch ${record.epoch}`)
      if (stillServes(view, host, record.addresses, ledger.ours))
        return bring(at, 'lost our TXT and still serves our addresses: the TXT is written again')
      return leave(at, `lost our TXT and serves ${serves.join(', ') || 'no address'}: nothing is written there until: lifeboat adopt`)
    case 'other-addresses':
      return drifted(at, `serves ${serves.join(', ') || 'no address'} instead of ${record.addresses.join(', ')}`, serves.length > 0 ? serves : record.addresses)
  }
}

/** Somebody else's change of the names: it stays with an alarm, or is undone a few times an hour, as dns.drift says. */
function drifted(at: At, what: string, over: string[]): Mend {
  const { ledger, wallMs, config } = at
  const told = `${what}, changed by somebody else (a Pulumi or Terraform run, external-dns or a person)`
  const lately = ledger.reassertsMs.filter((ms) => wallMs - ms < hourMs).length
  if (config.dns.drift === 'hold') return leave(at, `${told}: it stays, as dns.drift says. To take the names back: lifeboat adopt`)
  if (ledger.pause) return leave(at, `${told}: it stays while paused`)
  if (lately >= reassertsPerHour) return leave(at, `${told}: it was written back ${lately} times within an hour, and stays now`)
  return bring(at, `${told}: it is written back`, over)
}

/** What others wrote beside ours at the names. */
function beside(at: At): Mend {
  const { host, view, record, ledger, config } = at
  const toHostname = record.addresses.some((address) => !/^[0-9.]+$|:/.test(address))
  const foreign = foreignValues(view, host, oursOf(ledger, config), toHostname)
  const through = throughUnlisted(view, host)
  if (foreign.length === 0) return through.length > 0 ? leave(at, `is not moved whole: ${through.join('; ')}`) : { do: 'nothing', note: null }
  const list = foreign.map((v) => `${v.name} ${v.type} ${v.value}`).join(', ')
  const barred = [...new Set(foreign.filter(({ bars }) => bars).map(({ name }) => name))]
  const still = barred.length > 0 ? `. Beside it nothing of ours can stand, so this is not moved: ${barred.join(', ')}` : ''
  const what = `also serves what lifeboat did not write: ${list}${still}`
  return drifted(at, what, foreign.map((v) => v.value))
}
