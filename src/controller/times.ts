/** Every call to the outside ends within these, in milliseconds; together they are far less than a lease. */
export const callMs = { read: 1_500, walk: 5_000, write: 4_000, data: 3_000 } as const

/** How often each loop turns, in milliseconds. */
export const turnMs = { requests: 250, lead: 2_000, dns: 60_000, dnsLost: 10_000, report: 5_000, move: 200, confirm: 10, backOff: 500, tell: 500, stacks: 300_000 } as const

/** A leader writes its report at least this often, with room for a slow disk; in milliseconds. */
export const reportFreshMs = 15_000
