import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Asked, Seen } from '../../lab/net-poller.ts'
import type { Net } from '../../lab/net.ts'

/** Whoever asks all the time from a host of the network. */
export type Eye = {
  /** When an answer with this text in it first came, or comes, since `watch`; ns on the monotonic clock. */
  since(text: string, mostMs: number): Promise<bigint>
  /** From now on only new answers count. */
  watch(): void
  last(): string
  /** Waits until every answer of 2 s had this text in it. */
  shows(text: string, mostMs: number): Promise<void>
  stop(): Promise<void>
}

const calmMs = 2_000

const program = join(import.meta.dirname, '../../lab/net-poller.ts')

/** Opens an eye at a host. */
export const openEye = async (net: Net, host: string, asked: Asked): Promise<Eye> => {
  const [ip = '', ...words] = [...net.on(host), process.execPath, program]
  const child = spawn(ip, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const ended = once(child, 'exit')
  let last = ''
  let lastMs = performance.now()
  let seen: Seen[] = []
  let look = (): void => {}
  child.on('message', (each: Seen) => {
    last = each.value
    lastMs = performance.now()
    seen.push(each)
    look()
  })
  const shows = async (text: string, mostMs: number): Promise<void> => {
    const untilMs = performance.now() + mostMs
    while (!last.includes(text) || performance.now() - lastMs < calmMs) {
      if (performance.now() > untilMs) throw new Error(`${host} did not come to see ${text} for good in ${mostMs / 1000} s, but ${last || 'nothing'}`)
      await sleep(50)
    }
  }
  await once(child, 'spawn')
  child.send(asked)
  return {
    last: () => last,
    shows,
    watch: () => void (seen = []),
    since: async (text, mostMs) => {
      const found = new Promise<Seen>((resolve) => {
        look = () => {
          const first = seen.find(({ value }) => value.includes(text))
          if (first) resolve(first)
        }
        look()
      })
      const late = sleep(mostMs, null, { ref: false }).then(() => Promise.reject(new Error(`${host} never saw ${text} in ${mostMs / 1000} s, but ${last || 'nothing'}`)))
      return BigInt((await Promise.race([found, late])).atNs)
    },
    stop: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
