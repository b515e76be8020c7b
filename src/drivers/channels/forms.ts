import type { Message } from '../../core/messages.ts'
import type { Tell } from '../../core/words.ts'

/** How a message is posted to one kind of receiver. */
export type Form = {
  kind: 'ntfy' | 'slack' | 'discord' | 'json'
  /** Where it goes, out of the address in the file, and its JSON. */
  post(address: URL, message: Message): { url: URL; body: unknown }
}

/** Anybody's own receiver: the message as it is. */
export const json: Form = { kind: 'json', post: (url, message) => ({ url, body: message }) }

/** ntfy turns a longer message into an attached file (docs.ntfy.sh/publish, 2026-11). */
const ntfyMaxBytes = 4_096

/** Priority 5 rings through a phone's silence, 3 is the usual one; the tags are shown as emoji. */
const rings = {
  alarm: { priority: 5, tag: 'rotating_light' },
  over: { priority: 3, tag: 'white_check_mark' },
  move: { priority: 3, tag: 'anchor' },
  test: { priority: 3, tag: 'anchor' },
} as const

/**
 * docs.ntfy.sh/publish, "Publish as JSON" (2026-11): JSON goes to the server's root and names its topic; at the topic's own address it would
 * be shown as it is. Headers instead of it could not carry our arrows.
 */
export const ntfy: Form = {
  kind: 'ntfy',
  post: (address, message) => {
    const [, base = '/', topic = ''] = /^(.*\/)([^/]*)$/.exec(address.pathname.replace(/\/$/, '')) ?? []
    const url = new URL(address)
    url.pathname = base
    const { priority, tag } = rings[kindOf(message)]
    const text = cut(textOf(message), ntfyMaxBytes, (part) => Buffer.byteLength(part))
    return { url, body: { topic, title: titleOf(message), message: text, priority, tags: [tag] } }
  },
}

/**
 * docs.slack.dev, incoming webhooks and formatting (2026-11): `text` is all that is needed, and three characters of it are escaped.
 * Success is 200 with `ok`; an archived channel is 410, one a second is allowed (429 with Retry-After).
 */
export const slack: Form = {
  kind: 'slack',
  post: (url, message) => {
    const text = `*${titleOf(message)}*\n${textOf(message)}`.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    return { url, body: { text } }
  },
}

/** docs.discord.com, execute webhook (2026-11): more than that is 400. */
const discordMax = 2_000

/**
 * docs.discord.com, webhooks and rate limits (2026-11). Success is 204. At an address without a version Retry-After is in milliseconds
 * (discord-api-docs issue 4722), with v10 in seconds. Without allowed_mentions a text could call everybody.
 */
export const discord: Form = {
  kind: 'discord',
  post: (address, message) => {
    const url = new URL(address)
    url.pathname = url.pathname.replace(/^\/api\/webhooks\//, '/api/v10/webhooks/')
    return { url, body: { content: cut(`**${titleOf(message)}**\n${textOf(message)}`, discordMax, (part) => part.length), allowed_mentions: { parse: [] } } }
  },
}

/** By its address. A host whose first name is or begins with ntfy is one, whoever runs it; Discord's `/slack` takes what Slack takes. */
export function formOf({ hostname, pathname }: URL): Form {
  if (/^hooks\.slack(-gov)?\.com$/.test(hostname)) return slack
  if (/^((ptb|canary)\.)?discord(app)?\.com$/.test(hostname) && /^\/api\/(v\d+\/)?webhooks\//.test(pathname)) return pathname.endsWith('/slack') ? slack : discord
  return /^ntfy[^.]*\./.test(hostname) && /^(\/[^/]+)+\/?$/.test(pathname) ? ntfy : json
}

/** How a channel is named wherever it is spoken of: by its place in the file and its kind, since its address is a secret. `url` null: a program. */
export const channelName = (index: number, url: string | null): string => `notify[${index}] (${url === null ? 'exec' : formOf(new URL(url)).kind})`

const titleOf = (message: Message): string => `${message.app}: ${kindOf(message)}`

const kindOf = ({ events, over }: Message): Tell | 'over' => (over ? 'over' : events.includes('alarm') ? 'alarm' : (events[0] ?? 'test'))

/** The time is that of the event: a message may arrive much later. */
const textOf = ({ sentence, next, epoch, atMs }: Message): string =>
  `${sentence}\nnext: ${next}\n${epoch === null ? '' : `epoch ${epoch}, `}${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** No longer than `most`, as `measure` counts it. Sentences are cut, never characters. */
function cut(text: string, most: number, measure: (part: string) => number): string {
  if (measure(text) <= most) return text
  const letters = [...text]
  while (measure(letters.join('')) > most - 3) letters.length -= Math.max(1, Math.ceil((measure(letters.join('')) - most + 3) / 4))
  return `${letters.join('')}…`
}
