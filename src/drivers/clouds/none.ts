import type { Cloud } from '../../ports.ts'

/** Sites at a cloud without an API that we read: no evidence, ever. `status` says so. */
export const none = (): Cloud => ({
  cloud: 'none',
  pollMs: 3_600_000,
  pollFloorMs: 3_600_000,
  poll: async (_doubt, signal) => {
    signal.throwIfAborted()
    return []
  },
})
