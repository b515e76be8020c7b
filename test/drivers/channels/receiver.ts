import type { IncomingHttpHeaders } from 'node:http'
import type { Message } from '../../../src/core/messages.ts'
import { listenHttp } from '../../lab/sockets.ts'

/** What one request to a receiver was. */
export type Received = { method: string | undefined; path: string; headers: IncomingHttpHeaders; text: string }

/** How it answers; null: never. */
export type Answer = { status: number; headers?: Record<string, string> } | null

/** A receiver of messages, for one test: keeps what it was sent, and answers as it is told to. */
export const startReceiver = async (answer: () => Answer = () => ({ status: 200 })) => {
  const received: Received[] = []
  const port = await listenHttp((request, response) => {
    let text = ''
    request.on('data', (part: Buffer) => (text += part)).on('end', () => {
      received.push({ method: request.method, path: request.url ?? '', headers: request.headers, text })
      const found = answer()
      if (found) response.writeHead(found.status, found.headers).end('ok')
    })
  })
  return { received, messages: () => received.map(({ text }) => JSON.parse(text) as Message), url: `http://127.0.0.1:${port}`, port }
}

export const message: Message = {
  id: 'shop-7', app: 'shop', epoch: 8, events: ['move', 'alarm'], over: false, atMs: Date.UTC(2026, 10, 25, 3, 6, 58), reason: 'outage',
  sentence: 'move: aws is down <b>&. Failover aws → hetzner starts', next: 'follow it: lifeboat status --watch',
}
