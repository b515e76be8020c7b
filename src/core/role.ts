import { parseMarker } from './marker.ts'
import type { Marker } from './moving.ts'
import type { Config } from './types.ts'

// Is a site active, by what the name servers of its zones say? For a job that must run at the active site only, so a wrong yes is the one
// mistake that may not happen, and whatever is not clear is "could not find out".

/** What one of the parent's name servers says at the marker's name. `txt` null: no answer, or none with authority. */
export type Saying = { server: string; txt: string[] | null }

/** `unknown`: could not find out. */
export type RoleSeen = { is: 'active' | 'not' | 'unknown'; sentence: string }

type Read = Saying & { marker: Marker | null }
type Shown = Saying & { marker: Marker }

const place = ({ epoch, state }: Marker): number => epoch * 2 + Number(state === 'pointed')

/**
 * The highest epoch that any name server shows counts, so that one which is behind makes no given-up site believe that it is active. A
 * move is confirmed when half of the name servers show it (DNS.md, "Confirm"): where half of them say nothing of ours, a newer one
 * may stand there, and where fewer than half show this one, it is not done. `machines`: what the addresses of each name server say.
 */
export function roleOf(site: string, machines: Saying[][], config: Pick<Config, 'app' | 'owner'>): RoleSeen {
  const sayings = machines.flatMap(borrow)
  const unknown = (why: string): RoleSeen => ({ is: 'unknown', sentence: `Whether ${site} is active could not be found out: ${why}` })
  const read: Read[] = sayings.map((saying) => ({ ...saying, marker: markerIn(saying, config) }))
  const shows = read.filter((each): each is Shown => each.marker !== null)
  const silent = read.filter(({ marker }) => marker === null)
  if (silent.length * 2 >= sayings.length) return unknown(whySilent(silent, sayings, config))
  const top = Math.max(...shows.map(({ marker }) => place(marker)))
  const newest = shows.filter(({ marker }) => place(marker) === top)
  const { epoch, move, state, site: named } = newest[0]!.marker
  const other = shows.find(({ marker }) => marker.epoch === epoch && (marker.move !== move || marker.site !== named))
  if (other) return unknown(`${newest[0]!.server} and ${other.server} show two moves of one epoch (${epoch}), so two stores act`)
  const seen = `epoch ${epoch} at ${newest.length} of ${sayings.length} name servers`
  // From the claim on the site that was active is being given up, and its target is not reached yet. The marker names the target alone,
  // so nobody else can say of himself what he was: all are told to ask again, and none is told a quiet no for a job that then runs nowhere.
  if (state === 'claimed') return unknown(`a move to ${named} is under way (${seen}). When it has ended, ask again`)
  if (named !== site) return { is: 'not', sentence: `${site} is not active: ${named} is (${seen})` }
  if (newest.length * 2 < sayings.length) return unknown(`the move to it is not done (${seen}, and half of them must). Ask again`)
  return { is: 'active', sentence: `${site} is active (${seen})` }
}

/** Behind its addresses a name server is one: who has no IPv6 hears over IPv4 what stands at both. */
function borrow(machine: Saying[]): Saying[] {
  const heard = machine.find(({ txt }) => txt !== null)?.txt ?? null
  return machine.map(({ server, txt }) => ({ server, txt: txt ?? heard }))
}

/** The marker of ours that it shows. Null: none; two TXTs are nobody's word, whatever one of them is. */
function markerIn({ txt }: Saying, { app, owner }: Pick<Config, 'app' | 'owner'>): Marker | null {
  const marker = txt?.length === 1 ? parseMarker(txt[0]!) : null
  return marker?.app === app && marker.owner === owner ? marker : null
}

function whySilent(silent: Saying[], sayings: Saying[], { app, owner }: Pick<Config, 'app' | 'owner'>): string {
  if (sayings.length === 0) return 'there is no name server to ask'
  const each = silent.map(({ server, txt }) => `${server} ${whatOf(txt, app)}`)
  const adopted = silent.every(({ txt }) => txt?.length === 0) ? '. Where the names are not adopted: lifeboat adopt' : ''
  return `of ${sayings.length} name servers more than half must show ${app}'s marker by owner ${owner}, and ${each.join(', ')}${adopted}`
}

function whatOf(txt: string[] | null, app: string): string {
  if (txt === null) return 'does not answer'
  if (txt.length === 0) return 'shows none'
  if (txt.length > 1) return `shows ${txt.length} TXT records there, and only one may stand`
  const marker = parseMarker(txt[0]!)
  if (!marker) return "shows a TXT there that is not lifeboat's"
  return marker.app === app ? `shows another owner's (${marker.owner})` : `shows another app's (${marker.app})`
}
