import { expect, test } from 'vitest'
import { channelName, discord, formOf, json, ntfy, slack } from '../../../src/drivers/channels/forms.ts'
import { message } from './receiver.ts'

test.each([
  ['https://ntfy.sh/mytopic', 'ntfy'],
  ['https://ntfy.example/shop', 'ntfy'],
  ['https://ntfy-2.ops.example/shop?auth=abc', 'ntfy'],
  ['https://ntfy.example/', 'json'],
  ['https://hooks.slack.com/services/T0/B0/x', 'slack'],
  ['https://hooks.slack-gov.com/services/T0/B0/x', 'slack'],
  ['https://hooks.slack.com.evil.example/services/T0/B0/x', 'json'],
  ['https://discord.com/api/webhooks/1/x', 'discord'],
  ['https://canary.discordapp.com/api/v10/webhooks/1/x', 'discord'],
  ['https://discord.com/api/webhooks/1/x/slack', 'slack'],
  ['https://discord.com/channels/1', 'json'],
  ['https://hooks.example/alerts', 'json'],
  ['http://127.0.0.1:8080/ntfy', 'json'],
])('%s is %s', (url, kind) => expect(formOf(new URL(url)).kind).toBe(kind))

test('a channel is named by its place and kind, never by its address', () => {
  expect([channelName(0, 'https://ntfy.example/shop'), channelName(2, null)]).toEqual(['notify[0] (ntfy)', 'notify[2] (exec)'])
})

const text = 'move: aws is down <b>&. Failover aws → hetzner starts\nnext: follow it: lifeboat status --watch\nepoch 8, 2026-11-25 03:06:58 UTC'

test('ntfy takes JSON at its root, and an alarm rings', () => {
  const post = (address: string, more = {}) => ntfy.post(new URL(address), { ...message, ...more })
  const { url, body } = post('https://ntfy.example/shop?auth=abc')
  expect([url.href, body]).toEqual(['https://ntfy.example/?auth=abc', { topic: 'shop', title: 'shop: alarm', message: text, priority: 5, tags: ['rotating_light'] }])
  expect(post('https://ntfy.example/shop/').body).toMatchObject({ topic: 'shop' })
  expect(post('https://ntfy.example/shop', { events: ['move'] }).body).toMatchObject({ title: 'shop: move', priority: 3 })
  expect(post('https://ntfy.example/shop', { events: ['alarm'], over: true }).body).toMatchObject({ title: 'shop: over', priority: 3 })
  const long = post('https://ntfy.example/shop', { sentence: 'ä'.repeat(5_000) }).body as { message: string }
  expect(Buffer.byteLength(long.message)).toBeLessThanOrEqual(4_096)
  expect(long.message).toMatch(/^ä{1500,}…$/)
})

test('Slack takes a text in which three characters are escaped', () => {
  const address = new URL('https://hooks.slack.com/services/T0/B0/x')
  expect(slack.post(address, message)).toEqual({ url: address, body: { text: `*shop: alarm*\n${text.replace('<b>&', '&lt;b&gt;&amp;')}` } })
})

test('Discord takes at most 2,000 characters, at an address with a version, and nobody is called by a text', () => {
  const post = (sentence: string) => discord.post(new URL('https://discord.com/api/webhooks/1/x'), { ...message, sentence })
  const { url, body } = post(message.sentence)
  expect([url.href, body]).toEqual(['https://discord.com/api/v10/webhooks/1/x', { content: `**shop: alarm**\n${text}`, allowed_mentions: { parse: [] } }])
  const { content } = post('🛟'.repeat(3_000)).body as { content: string }
  expect(content.length).toBeLessThanOrEqual(2_000)
  expect(content).toMatch(/^\*\*shop: alarm\*\*\n(🛟){900,}…$/u)
  expect(discord.post(new URL('https://discord.com/api/v9/webhooks/1/x'), message).url.pathname).toBe('/api/v9/webhooks/1/x')
})

test("a test belongs to no epoch, and anybody's own receiver gets the message as it is", () => {
  const tried = { ...message, events: ['test' as const], epoch: null }
  expect(slack.post(new URL('https://hooks.slack.com/services/x'), tried).body).toMatchObject({ text: expect.stringMatching(/^\*shop: test\*[^]*\n2026-11-25 03:06:58 UTC$/) })
  expect(json.post(new URL('https://hooks.example/alerts'), message).body).toEqual(message)
})
