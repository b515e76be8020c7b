import { spell } from '../core/spell.ts'

const iso = (ms: number): string => new Date(ms).toISOString()

/** `03:12:40`, UTC. */
export const clockTime = (ms: number): string => iso(ms).slice(11, 19)

/** `2026-11-25 03:12:40`, UTC. */
export const dateTime = (ms: number): string => iso(ms).slice(0, 19).replace('T', ' ')

/** The time of day where it is within the last day, else the date with it. */
export const shortTime = (ms: number, nowMs: number): string => (Math.abs(nowMs - ms) < 86_400_000 ? clockTime(ms) : dateTime(ms))

/** How long ago, as in `6 min`. */
export const ago = (ms: number, nowMs: number): string => spell(Math.max(0, nowMs - ms))

/** How long a step took; most take milliseconds. */
export const took = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : spell(ms))
