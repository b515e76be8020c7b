import { request as ask } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, expect, onTestFinished } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { hereVantage } from '../../../src/drivers/vantages/here.ts'
import { remoteVantage } from '../../../src/drivers/vantages/remote.ts'
import { serveVantage } from '../../../src/drivers/vantages/server.ts'
import { nonceHeader, signatureHeader, signingWith } from '../../../src/drivers/vantages/signing.ts'
import type { Ask, Dig, LogLine, Vantage } from '../../../src/ports.ts'
import { listenHttp } from '../../lab/sockets.ts'

export const token = 'a-token-for-tests-only'
export const never = new AbortController().signal
export const view = { txt: ['v=lifeboat1'], txtTtlS: 60, sets: [{ name: 'shop.example', type: 'A', ttlS: 60, values: ['127.0.0.1'] }], serial: null }
export const dig: Dig = { server: '127.0.0.1:5353', zone: 'shop.example', marker: '_lifeboat-shop.shop.example', names: ['shop.example'], timeoutMs: 1000 }
export const about = { site: 'aws', address: '127.0.0.1', timeoutMs: 1000 }
export const empty: Ask = { questions: [], canaries: [], timeoutMs: 1000 }

/** What the two log in one test; never the token. */
export const lines: LogLine[] = []
export const log = (line: LogLine) => void lines.push(line)
afterEach(() => {
  expect(JSON.stringify(lines)).not.toContain(token)
  lines.length = 0
})

export const here = hereVantage({ vantage: 'paris', clock: machineClock, version: '0', digHost: async ({ server }) => (server === 'dead' ? null : view) })
export const serve = async (vantage: Vantage = here, listen = '127.0.0.1:0') => {
  const serving = await serveVantage({ listen, token, vantage, log, clock: machineClock })
  onTestFinished(() => serving.stop())
  return serving
}
export const at = (port: number, withToken = token) => remoteVantage({ vantage: 'paris', url: `http://127.0.0.1:${port}`, token: withToken, clock: machineClock, log })

/** Sends one request by hand. */
export const send = (port: number, body: string, { path = '/probe', method = 'POST', nonce = machineClock.id(), signature = '' } = {}) =>
  new Promise<{ status: number | undefined; text: string; headers: IncomingMessage['headers'] }>((resolve, reject) => {
    const headers = { [nonceHeader]: nonce, [signatureHeader]: signature }
    const request = ask({ host: '127.0.0.1', port, path, method, headers, agent: false }, async (response) => {
      let text = ''
      for await (const chunk of response) text += chunk
      resolve({ status: response.statusCode, text, headers: response.headers })
    })
    request.on('error', reject).end(body)
  })
export const signed = (body: string, nonce = machineClock.id()) => ({ nonce, signature: signingWith(token).sign({ what: 'ask', action: 'probe', nonce, body }) })

/** A vantage that answers as told; it is handed what an honest one would send. */
export const fake = (answer: (response: ServerResponse, honest: { nonce: string; sign(text: string): string }) => void) =>
  listenHttp(async (request, response) => {
    request.resume()
    const nonce = String(request.headers[nonceHeader])
    answer(response, { nonce, sign: (body) => signingWith(token).sign({ what: 'answer', action: 'probe', nonce, body }) })
  })
export const good = JSON.stringify({ answers: [], canaries: { well: 0, asked: 0 } })
