import { request } from 'node:https'
import type { Host } from './host.ts'

/** Asks a host's HAProxy once. `ca`: who must have issued its certificate; left out: anybody. Null: well; else what is not. */
export const lookOverTls = ({ address, port }: Pick<Host, 'address' | 'port'>, ca?: string): Promise<string | null> =>
  new Promise((done) => {
    const trust = ca === undefined ? { rejectUnauthorized: false } : { ca }
    const asked = request({ host: address, port, path: '/healthz', servername: 'shop.example', headers: { host: 'shop.example' }, agent: false, timeout: 5_000, ...trust }, (answer) => {
      answer.resume()
      done(answer.statusCode === 200 ? null : `HTTP ${answer.statusCode}`)
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer')))
    asked.on('error', ({ message }) => done(message))
    asked.end()
  })
