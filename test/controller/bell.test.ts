import { expect, test } from 'vitest'
import { newBell } from '../../src/controller/bell.ts'
import { handClock } from './bench.ts'

const never = new AbortController().signal

test('a bell ends a wait early, also one rung before it, once', async () => {
  const clock = handClock()
  const bell = newBell(clock)
  const waited = async (): Promise<number> => {
    const startedMs = clock.now().monoMs
    await clock.until(bell.wait(1_000, never))
    return clock.now().monoMs - startedMs
  }
  expect(await waited()).toBe(1_000)
  bell.ring()
  bell.ring()
  expect([await waited(), await waited()]).toEqual([0, 1_000])
  void clock.sleep(300).then(bell.ring)
  expect(await waited()).toBe(300)
})

test('a signal ends the wait with its reason', async () => {
  const clock = handClock()
  const stop = new AbortController()
  const waiting = newBell(clock).wait(1_000, stop.signal)
  stop.abort(new Error('stopped'))
  await expect(waiting).rejects.toThrow('stopped')
})
