import type { Question } from '../../ports.ts'
import { openTcp } from './connection.ts'
import type { Finding, Means } from './finding.ts'

export type TcpQuestion = Extract<Question, { kind: 'tcp' }>

/** Connects, and hangs up. */
export const probeTcp = async ({ address, port }: TcpQuestion, _means: Means, limit: AbortSignal): Promise<Finding> => {
  const socket = await openTcp(address, port, limit)
  socket.destroy()
  return { kind: 'ok', detail: `port ${port} accepts` }
}
