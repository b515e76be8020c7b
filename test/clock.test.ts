import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { machineClock } from '../src/clock.ts'
import { until } from './lab/wait.ts'

const { deadline } = machineClock
const over = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => (signal.aborted ? resolve(signal.reason) : signal.addEventListener('abort', () => resolve(signal.reason))))

test('a deadline ends by itself, alone and within another', async () => {
  const parent = new AbortController()
  for (const signal of [deadline(5), deadline(5, parent.signal), deadline(60_000, deadline(5, parent.signal))])
    expect(await over(signal)).toMatchObject({ name: 'TimeoutError' })
  expect(parent.signal.aborted).toBe(false)
})

test('a deadline ends with the one that it is within, for the same reason', async () => {
  const parent = new AbortController()
  const inner = deadline(60_000, deadline(60_000, parent.signal))
  parent.abort(new Error('stopped'))
  expect(await over(inner)).toBe(parent.signal.reason)
  expect(deadline(60_000, parent.signal).reason).toBe(parent.signal.reason)
})

test('nothing keeps a deadline that is over, nor one that was made from it', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const parent = new AbortController()
  const make = (): WeakRef<AbortSignal>[] => {
    const outer = deadline(1, parent.signal)
    return [new WeakRef(outer), new WeakRef(deadline(1, outer))]
  }
  const made = Array.from({ length: 20 }, make).flat()
  await until('all are collected', () => {
    collect()
    return made.every((each) => each.deref() === undefined)
  })
})
