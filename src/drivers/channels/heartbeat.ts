import type { Clock } from '../../clock.ts'
import type { Heartbeat } from '../../ports.ts'
import { callOnce } from '../call.ts'
import { isSuccess, statusText, whyNone } from './http.ts'

const answerMaxBytes = 64 * 1024

/** Longer than a second, and below the period. */
const timeoutMsMost = 10_000

/** A plain GET; 2xx is success. Where it goes somebody is alarmed when none comes for longer than `everyMs` (and some grace). */
export const httpHeartbeat = ({ url, everyMs, clock, version }: { url: string; everyMs: number; clock: Clock; version: string }): Heartbeat => ({
  everyMs,
  beat: async (signal) => {
    const headers = { 'user-agent': `lifeboat/${version}` }
    const called = await callOnce({ url, headers, timeoutMs: Math.min(everyMs, timeoutMsMost), bytesMax: answerMaxBytes, clock, signal })
    if (called.kind === 'none') return whyNone(called, new URL(url).hostname)
    return isSuccess(called.status) ? null : statusText(called.status)
  },
})
