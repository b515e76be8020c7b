import { machineClock } from '../../src/clock.ts'
import { sign, splitTsig } from '../../src/drivers/dns/tsig.ts'
import type { TsigKey } from '../../src/drivers/dns/tsig.ts'
import { decodeMessage, encodeMessage, flags, opcodes } from '../../src/drivers/dns/wire.ts'
import { startProxy } from './proxy.ts'

const isUpdate = (message: Buffer): boolean => ((message.readUInt8(2) >> 3) & 15) === opcodes.UPDATE

/** `frozen`: takes no update and says nothing · `lying`: answers NOERROR, and does nothing · `mute`: carries it out, and the answer is lost. */
export type Fault = 'frozen' | 'lying' | 'mute'

export type Faulty = {
  /** Where updates are sent. */
  server: string
  fault: Fault | null
  /** Updates that arrived. */
  updates: number
  /** Keeps back the next update; `release` lets it go on to the server, and resolves with its response code. */
  hold(): { arrived: Promise<void>; release(): Promise<number> }
  stop(): Promise<void>
}

/** The way of updates to a DNS server, on which they can be lost, held up, or answered by a liar who has the key. */
export const startFaulty = async (to: string, key: TsigKey | null): Promise<Faulty> => {
  const lied = new Map<number, Buffer>()
  const landed = new Map<number, (rcode: number) => void>()
  let held: { arrived: () => void; released: Promise<void>; id: number | null } | null = null

  /** The server is asked something harmless under the same id, and its answer replaced. */
  const lie = (message: Buffer): Buffer => {
    lied.set(message.readUInt16BE(0), message)
    const { id, questions } = decodeMessage(message)
    return encodeMessage({ id, opcode: opcodes.QUERY, rcode: 0, flags: 0, questions, answers: [], authorities: [], additionals: [] })
  }
  const lieOf = (message: Buffer): Buffer => {
    const { id, questions } = decodeMessage(message)
    const answer = encodeMessage({ id, opcode: opcodes.UPDATE, rcode: 0, flags: flags.response, questions, answers: [], authorities: [], additionals: [] })
    return key ? sign(answer, key, machineClock.now().wallMs, splitTsig(message)?.tsig.mac ?? null).bytes : answer
  }

  const proxy = await startProxy(to, {
    request: async (message) => {
      if (!isUpdate(message)) return message
      faulty.updates++
      if (held) {
        const { arrived, released } = held
        held.id = message.readUInt16BE(0)
        held = null
        arrived()
        await released
        return message
      }
      if (faulty.fault === 'frozen') return null
      return faulty.fault === 'lying' ? lie(message) : message
    },
    reply: (message) => {
      const id = message.readUInt16BE(0)
      const untrue = lied.get(id)
      if (untrue) {
        lied.delete(id)
        return lieOf(untrue)
      }
      if (!isUpdate(message)) return message
      landed.get(id)?.(message.readUInt8(3) & 15)
      return faulty.fault === 'mute' ? null : message
    },
  })
  const faulty: Faulty = {
    server: proxy.server,
    fault: null,
    updates: 0,
    hold: () => {
      const [arrived, released, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<number>()]
      const mine = { arrived: arrived.resolve, released: released.promise, id: null as number | null }
      held = mine
      return {
        arrived: arrived.promise,
        release: () => {
          landed.set(mine.id ?? -1, answered.resolve)
          released.resolve()
          return answered.promise
        },
      }
    },
    stop: proxy.stop,
  }
  return faulty
}
