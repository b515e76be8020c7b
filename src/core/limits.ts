// Bounds that no config changes; times in milliseconds. Each says what it bounds.

/** A site's write lease; a fence is waited out for this × 1.1 + `fenceMarginMs` (DESIGN.md rule 1). */
export const leaseMs = 15_000
/** What a fence is waited out for beyond the lease: clocks of two machines run apart. */
const fenceMarginMs = 1_000
/** How long after this process read the fence no lease can still be held. */
export const fenceWaitMs = leaseMs * 1.1 + fenceMarginMs

/** A DNS host that shows nothing of a change for this long is a debt (DNS.md, "Confirm"). */
export const hostLostAfterMs = 90_000

/** Evidence that was not read again for this long says nothing any more: three polls and some slack. */
export const evidenceFreshMs = 100_000

/** A signature lasts this long at the least when a move is confirmed: time for a person to find that nobody signs any more (DNS.md, "DNSSEC"). */
export const signatureLeastMs = 3 * 86_400_000

/** While a streak falls a new round begins no sooner than this after the one before, where a quarter of the interval is not sooner anyway. */
export const roundLeastMs = 100

/** Wall and monotonic clock may differ by this much over one round. */
export const clockDriftMs = 2_000

/** A move whose target is not known to be well for this long is turned to another site, where one is well. */
export const readyMostMs = 60_000

/** A planned move of which no DNS host takes the epoch for this long is given up: the names could not follow it. */
export const claimMostMs = 60_000

/** A planned move whose target has not caught up after this long is given up: nobody may write meanwhile. */
export const caughtUpMostMs = 60_000

/** Where no DNS host takes a change: how often it is tried in quick succession, and for each failed try so much later again. */
export const pointTriesMost = 3
/** For each failed try so much later the next one, once the quick ones are over. */
export const pointAgainMs = 10_000

/** A request is taken within this time of being asked, or never (DESIGN.md rule 9). */
export const requestMostMs = 60_000

/** The time over which policy.maxMovesPerHour counts. */
export const hourMs = 3_600_000

/** How often drift is written back in an hour under `dns.drift: reassert`. */
export const reassertsPerHour = 3

/** What a vantage elsewhere takes in one request, at most; lengths in characters. Its server refuses more, and the file's rules what would ask for more. */
export const askMost = {
  questions: 128,
  canaries: 16,
  timeoutMs: 60_000,
  urlLength: 2_048,
  statuses: 100,
  bodyLength: 4_096,
  caLength: 65_536,
  names: 64,
  /** Of the whole request: a certificate authority's PEM stands in each question. */
  requestBytes: 1_048_576,
} as const

/** A vantage takes no shorter token: it would be guessed. */
export const tokenLeast = 16
