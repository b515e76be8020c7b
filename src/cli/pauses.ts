import { pausesAt } from '../core/ledger.ts'
import type { Ledger, Pause } from '../core/types.ts'
import type { Ground } from './ground.ts'
import { shortTime } from './times.ts'

/** How long a pause lasts. `untilMs` null: for ever. */
export const pauseLength = ({ untilMs }: Pick<Pause, 'untilMs'>, nowMs: number): string => (untilMs === null ? 'for ever' : `until ${shortTime(untilMs, nowMs)} UTC`)

/** A pause for people: how long, by whom, why. */
export const pauseText = (pause: Pause, nowMs: number): string => `${pauseLength(pause, nowMs)} by ${pause.by}${pause.why ? ` (${pause.why})` : ''}`

/** The pause that ends last of those that stand beside a holder's. `holder` undefined: beside a person's. Null: there is none. */
export const pauseBeside = (ledger: Ledger, holder: string | undefined, wallMs: number): Pause | null => pausesAt(ledger, wallMs).find((pause) => pause.holder !== holder) ?? null

/** What to say where a pause has ended. */
export const pauseIsOver = ({ core }: Ground): string =>
  core.policy.automatic ? 'Automatic moves are on again' : 'The pause is over; policy.automatic is false, so nothing moves by itself'
