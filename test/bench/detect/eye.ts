import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Asked, Seen } from '../../lab/net-poller.ts'
import type { Net } from '../../lab/net.ts'

/** Whoever asks all the time from a host of the network. */
export type Eye = {
  /** When an answer with this text in it first came, or comes, since `watch`; ns on the monotonic clock. */
  since(text: string, mostMs: number): Promise<bigint>
  /** From now on only new answers count. */
  watch(): void
  /** Waits until the newest answer has this text in it. */
  shows(text: string, mostMs: number): Promise<void>
  stop(): Promise<void>
}

const program = join(import.meta.dirname, '../../lab/net-poller.ts')

/** Opens an eye at a host. */
export const openEye = async (net: Net, host: string, asked: Asked): Promise<Eye> => {
  const [ip = '', ...words] = [...net.on(host), process.execPath, program]
  const child = spawn(ip, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const ended = once(child, 'exit')
  let last = ''
  let seen: Seen[] = []
  let look = (): void => {}
  child.on('message', (each: Seen) => {
    last = each.value
    seen.push(each)
    look()
  })
  const until = <T>(what: string, mostMs: number, find: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${host} never saw ${what} in ${mostMs / 1000} s, but ${last || 'nothing'}`)), mostMs)
      look = () => {
        const found = find()
        if (found === undefined) return
        clearTimeout(late)
        look = () => {}
        resolve(found)
      }
      look()
    })
  await once(child, 'spawn')
  child.send(asked)
  return {
    watch: () => void (seen = []),
    since: async (text, mostMs) => BigInt((await until(text, mostMs, () => seen.find(({ value }) => value.includes(text)))).atNs),
    shows: (text, mostMs) => until(text, mostMs, () => last.includes(text) || undefined).then(() => undefined),
    stop: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
