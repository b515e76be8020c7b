import { ipOfServer, isLoopback, isReadable } from '../addresses.ts'
import type { Fault } from '../faults.ts'
import type { Rule } from './rule.ts'

/** Who lets lifeboat move by itself must have said what a move would leave behind. */
export const automaticWithoutData: Rule = {
  reads: ['policy.automatic', 'data'],
  judge: ({ policy, data }) =>
    policy.automatic && data === undefined
      ? [{
        path: ['policy', 'automatic'],
        what: 'needs the line data: { driver, holds }',
        instead: 'Write data: { driver: none, holds: nothing }, or in holds what a move would leave behind',
      }]
      : [],
}

export const withoutData: Rule = {
  reads: ['policy.automatic', 'data'],
  warns: true,
  judge: ({ policy, data }) =>
    policy.automatic || data !== undefined
      ? []
      : [{
        path: ['data'],
        what: 'is left out, and taken as if a move left nothing behind',
        instead: 'Write data: { driver: none, holds: nothing }, or in holds what a move would leave behind',
      }],
}

export const withoutOwner: Rule = {
  reads: ['owner'],
  warns: true,
  judge: ({ owner }) =>
    owner !== undefined
      ? []
      : [{ path: ['owner'], what: 'is missing, and nothing can be adopted without it', instead: 'Type lifeboat adopt, which prints a fresh one' }],
}

export const urlOrExec: Rule = {
  reads: ['notify'],
  judge: ({ notify = [] }) =>
    [...notify.entries()].flatMap(([i, { url, exec }]): (Fault | Fault[])[] => {
      const path = ['notify', i]
      if (url === undefined && exec === undefined) return [{ path, what: 'says nowhere to send to', got: null, instead: 'Write url or exec' }]
      if (url === undefined || exec === undefined) return []
      return [(['url', 'exec'] as const).map((key) => ({
        path: [...path, key],
        what: `stands beside ${key === 'url' ? 'exec' : 'url'}`,
        instead: 'Keep one, and give the other an entry of its own',
      }))]
    }),
}

export const listenWithoutToken: Rule = {
  reads: ['listen'],
  judge: ({ listen }) =>
    listen === undefined || listen.token !== undefined || isLoopback(ipOfServer(listen.address))
      ? []
      : [{
        path: ['listen', 'address'],
        what: 'is off loopback without a token',
        instead: 'Write listen: { address, token: "${LISTEN_TOKEN}" }, or an address such as 127.0.0.1:8686',
      }],
}

/** Whoever knows such an address may write there, or keep the silence from being noticed. */
export const plainChannel: Rule = {
  reads: ['notify', 'heartbeat'],
  warns: true,
  judge: ({ notify = [], heartbeat }) =>
    [...notify.map(({ url }, i) => ({ path: ['notify', i, 'url'], url })), { path: ['heartbeat', 'url'], url: heartbeat?.url }]
      .filter(({ url }) => url !== undefined && isReadable(url))
      .map(({ path }) => ({ path, what: 'is plain http: the address and what is sent can be read on the way', instead: 'Write https:// where it is served' })),
}
