import type { Clock } from '../../clock.ts'
import type { Channel, Delivery } from '../../ports.ts'
import { callOnce } from '../call.ts'
import type { Called } from '../call.ts'
import type { Form } from './forms.ts'

/** Nothing of an answer is read but its status. */
const answerMaxBytes = 64 * 1024

const timeoutMs = 10_000

/** `form`: what the receiver behind the address takes. */
export type HttpChannelOptions = { channel: string; events: Channel['events']; url: string; form: Form; clock: Clock; version: string }

/** Posts each message as JSON. 2xx is success; a redirect is followed nowhere, since the address is a secret. */
export const httpChannel = ({ channel, events, url, form, clock, version }: HttpChannelOptions): Channel => ({
  channel,
  events,
  send: async (message, signal) => {
    const { url: to, body } = form.post(new URL(url), message)
    const headers = { 'content-type': 'application/json', 'user-agent': `lifeboat/${version}` }
    return deliveryOf(await callOnce({ url: to.href, headers, post: JSON.stringify(body), timeoutMs, bytesMax: answerMaxBytes, clock, signal }), to.hostname)
  },
})

function deliveryOf(called: Called, hostname: string): Delivery {
  if (called.kind === 'none') return { outcome: 'unknown', detail: whyNone(called, hostname), againMs: null }
  const { status, headers, at } = called
  if (isSuccess(status)) return { outcome: 'done', detail: '', againMs: null }
  return { outcome: 'refused', detail: statusText(status), againMs: afterOf(headers['retry-after'], at.wallMs) }
}

/** 2xx, whatever the body says. */
export const isSuccess = (status: number): boolean => status >= 200 && status < 300

/** A failed look-up names the host, which is a part of the address. */
export const whyNone = ({ why }: Extract<Called, { kind: 'none' }>, hostname: string): string => why.replaceAll(hostname, 'its host')

/** `HTTP 404: …`, with what it means for an address that is called. */
export function statusText(status: number): string {
  const means: Record<number, string> = { 401: 'it wants credentials', 403: 'it may not be written to', 404: 'there is nothing at this address', 410: 'it was taken away', 429: 'too many at once' }
  const redirect = status >= 300 && status < 400 ? 'a redirect, and it is followed nowhere' : undefined
  const meaning = redirect ?? means[status]
  return meaning === undefined ? `HTTP ${status}` : `HTTP ${status}: ${meaning}`
}

/** RFC 9110, 10.2.3: seconds or a date. Null: it does not say. */
function afterOf(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null
  const ms = /^\d+(\.\d+)?$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs
  return Number.isFinite(ms) ? Math.max(0, ms) : null
}
