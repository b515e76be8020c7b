import type { Question } from '../../ports.ts'
import { openTcp } from './connection.ts'
import type { Means, ProbeResult } from './answer.ts'

export type TcpQuestion = Extract<Question, { kind: 'tcp' }>

/** Connects, and hangs up. */
export const probeTcp = async ({ address, port }: TcpQuestion, { source }: Means, limit: AbortSignal): Promise<ProbeResult> => {
  const socket = await openTcp({ host: address, port, source }, limit)
  socket.destroy()
  return { kind: 'ok', detail: `port ${port} accepts` }
}
