import { expect, test } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { answerOf, failureOf } from '../../../src/drivers/probes/answer.ts'
import { probeTcp } from '../../../src/drivers/probes/tcp.ts'
import type { TcpQuestion } from '../../../src/drivers/probes/tcp.ts'
import { hasV6, listenTcp, openSockets, refusingPort } from '../../lab/sockets.ts'

const ask = (port: number, address = '127.0.0.1', signal = new AbortController().signal) => {
  const question: TcpQuestion = { kind: 'tcp', site: 'aws', address, port, timeoutMs: 2000 }
  return answerOf(question, machineClock, signal, (limit) => probeTcp(question, { clock: machineClock, version: '0' }, limit))
}

const six = hasV6 ? ['::1'] : []

test.each(['127.0.0.1', '127.0.0.9', ...six])('a port that accepts at %s is ok, and is let go at once', async (address) => {
  const port = await listenTcp(() => {}, address)
  expect(await ask(port, address)).toMatchObject({ kind: 'ok', address, detail: `port ${port} accepts`, certificateUntilMs: null })
  await expect.poll(openSockets).toEqual([])
})

test.each(['127.0.0.1', ...six])('a port that refuses at %s', async (address) => {
  expect(await ask(await refusingPort(address), address)).toMatchObject({ kind: 'refused' })
})

test('an abort rejects with its reason', async () => {
  await expect(ask(1, '127.0.0.1', AbortSignal.abort('over'))).rejects.toBe('over')
})

const failing = (code: string) => Object.assign(new Error(code), { code })

test.each([
  ['127.0.0.1', 'ETIMEDOUT', 'silent'],
  ['127.0.0.1', 'EHOSTUNREACH', 'silent'],
  ['127.0.0.1', 'ENETUNREACH', 'silent'],
  ['::1', 'EHOSTUNREACH', 'silent'],
  ['::1', 'ENETUNREACH', 'unable'],
  ['::1', 'EADDRNOTAVAIL', 'unable'],
  ['::1', 'EAFNOSUPPORT', 'unable'],
  ['127.0.0.1', 'EMFILE', 'unable'],
  ['127.0.0.1', 'EINVAL', 'unable'],
  ['127.0.0.1', 'ERR_INVALID_ARG_TYPE', 'unable'],
])('at %s, %s is %s', (address, code, kind) => {
  const question = { address, timeoutMs: 1000 }
  expect(failureOf(failing(code), question, new AbortController().signal).kind).toBe(kind)
})

test('whatever it was, a limit that is over is silence', () => {
  const question = { address: '127.0.0.1', timeoutMs: 1500 }
  expect(failureOf(failing('ECONNREFUSED'), question, AbortSignal.abort())).toEqual({ kind: 'silent', detail: 'no answer in 1.5 s' })
})

test('our own mistake is never held against the site', () => {
  const result = failureOf(new TypeError('x is not a function'), { address: '127.0.0.1', timeoutMs: 1000 }, new AbortController().signal)
  expect(result).toEqual({ kind: 'unable', detail: 'could not ask: x is not a function' })
})

test.each([[1_100, 'silent'], [2_300, 'unable']])('a time-out of 1 s that is noticed after %d ms is %s: whoever was held up so long is no witness', async (tookMs, kind) => {
  let nowMs = 0
  const clock = { ...machineClock, now: () => ({ monoMs: nowMs, wallMs: 0 }), deadline: () => AbortSignal.abort(new Error('over')) }
  const question: TcpQuestion = { kind: 'tcp', site: 'aws', address: '127.0.0.1', port: 1, timeoutMs: 1_000 }
  const asked = answerOf(question, clock, new AbortController().signal, (limit) => {
    nowMs += tookMs
    return Promise.reject(limit.reason as Error)
  })
  expect((await asked).kind).toBe(kind)
})
