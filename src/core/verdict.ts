import { evidenceFreshMs } from './limits.ts'
import { spell } from './spell.ts'
import { withoutAddress } from './stacks.ts'
import type { Answer, Config, Evidence, SiteConfig, Watch } from './types.ts'
import { verb } from './verb.ts'
import type { Tally } from './votes.ts'
import type { AnswerKind, Claim, Health, Verdict } from './words.ts'

/** What a verdict is made of: one site's votes and its fresh evidence. */
export type Case = {
  site: SiteConfig
  tally: Tally
  health: Health
  /** The last failed answers of the voters that say down, and which of those voters reached the site since. */
  failures: Answer[]
  again: string[]
  /** The answer of another site of ours at one of this site's addresses. Null: none. */
  misplaced: Answer | null
  /** Enough voters have begun to count, and not yet counted to `rise` or `fall`. */
  early: boolean
  evidence: Evidence[]
  /** For how long it has been down, an operator's stop left out. */
  failingMs: number
  /** Why the observer does not trust itself. Null: it does. */
  abstains: string | null
  config: Config
}

/** A verdict, the row that gave it, and why in words. */
export type Judgement = { row: number; verdict: Verdict; why: string }

/** The row of a cut that stands by itself, whatever the probes say, and its claims. */
export const definitiveRow = 2
const definitive: readonly Claim[] = ['account-locked', 'machine-locked', 'machine-blocked']
/** A cut only where the voters say down as well (rows 3 and 4). */
const supported: readonly Claim[] = ['credentials-refused', 'machine-gone']
/** Every claim that speaks of a cut, confirmed or not. */
export const cuts: readonly Claim[] = [...definitive, ...supported]

/** What still counts of a site's evidence. Where our clock is off, refused credentials may be our own fault: they say nothing. */
export const freshEvidence = (watch: Watch, site: string, nowMs: number): Evidence[] => {
  const fresh = watch.evidence.filter((e) => e.site === site && nowMs - e.lastMs <= evidenceFreshMs)
  const clockOff = fresh.some((e) => e.claim === 'clock-off')
  return clockOff ? fresh.filter((e) => e.claim !== 'credentials-refused') : fresh
}

const confirmed = (e: Evidence, config: Config) => e.lastMs - e.firstMs >= config.policy.confirmCutMs

/** Polls are at most half a minute apart, so that two minutes hold more than two readings. */
const apart = ({ firstMs, lastMs }: Evidence) =>
  lastMs - firstMs < 120_000 ? `read twice ${spell(lastMs - firstMs)} apart` : `read again and again for ${spell(lastMs - firstMs)}`

/** Rows 3 and 4: a key that was rotated while all was well is no cut at the first failed rounds, so the site must be down for as long too. */
const lasted = ({ failingMs, config }: Pick<Case, 'failingMs' | 'config'>) => failingMs >= config.policy.confirmCutMs

/** Evidence of a cut that does not count yet: it was read once only, or the site is not down for long enough. */
export const unconfirmedCut = (c: Pick<Case, 'evidence' | 'health' | 'failingMs' | 'config'>): Evidence | undefined =>
  c.evidence.find((e) =>
    definitive.includes(e.claim) ? !confirmed(e, c.config) : c.health === 'down' && supported.includes(e.claim) && !(confirmed(e, c.config) && lasted(c)),
  )

const cutBy = (claimsOfRow: readonly Claim[], c: Case): string | null => {
  const found = c.evidence.find((e) => claimsOfRow.includes(e.claim) && confirmed(e, c.config))
  return found ? `${found.detail}, ${apart(found)}` : null
}

const supportedCut = (claim: Claim, c: Case): string | null => (down(c) && lasted(c) ? cutBy([claim], c) : null)

const claimed = (c: Case, ...wanted: Claim[]) => c.evidence.find((e) => wanted.includes(e.claim))

/** More than half of the failing answers are of these kinds. */
const mostly = (c: Case, ...kinds: AnswerKind[]): Answer | null => {
  const of = c.failures.filter((a) => kinds.includes(a.kind))
  return of.length * 2 > c.failures.length ? of[0]! : null
}

const share = (some: string[], { voters }: Tally, what: string) =>
  `${some.length} of ${voters.length} vantages ${verb(some, 'says', 'say')} ${what}`

/** How many say down, what they last saw fail, and how many of them reach the site again. */
const saysDown = ({ tally, failures, again }: Case, detail = failures[0]?.detail ?? 'no answer') => {
  const reach = again.length > 0 ? `, and ${again.length} of them ${verb(again, 'reaches', 'reach')} it again` : ''
  return `${share(tally.down, tally, 'down')}: ${detail}${reach}`
}

/** What the cloud's API and the keys say beside an outage, for the sentence of row 8. */
const beside = (c: Case): string => {
  const said = c.evidence.map((e) => e.detail)
  return said.length > 0 ? `; ${[...new Set(said)].join(', ')}` : '; no account evidence'
}

const down = (c: Case) => c.health === 'down'

// One line a row, in the table's order: the first that says something is the verdict.
const rows: { row: number; verdict: Verdict; says: (c: Case) => string | null }[] = [
  { row: 1, verdict: 'abstain', says: (c) => c.abstains ?? claimed(c, 'clock-off')?.detail ?? null },
  { row: definitiveRow, verdict: 'cut', says: (c) => cutBy(definitive, c) },
  { row: 3, verdict: 'cut', says: (c) => supportedCut('credentials-refused', c) },
  { row: 4, verdict: 'cut', says: (c) => supportedCut('machine-gone', c) },
  {
    row: 5,
    verdict: 'stopped',
    says: (c) => (down(c) ? (claimed(c, 'machine-stopped', 'machine-stopped-by-operator')?.detail ?? null) : null),
  },
  { row: 6, verdict: 'foreign', says: (c) => (down(c) ? (mostly(c, 'foreign')?.detail ?? null) : null) },
  { row: 7, verdict: 'app-fault', says: (c) => appFault(c) },
  {
    row: 8,
    verdict: 'down',
    says: (c) => (down(c) ? `${saysDown(c)}${beside(c)}` : null),
  },
  { row: 9, verdict: 'notice', says: (c) => claimed(c, 'account-warning')?.detail ?? null },
  {
    row: 10,
    verdict: 'control-plane-degraded',
    says: (c) =>
      c.health === 'up' && c.tally.down.length === 0 ? (claimed(c, 'api-failing')?.detail ?? null) : null,
  },
  { row: 11, verdict: 'blip', says: (c) => doubt(c) },
  {
    row: 12,
    verdict: 'well',
    says: ({ tally }) => `${tally.up.length} of ${tally.voters.length} vantages`,
  },
]

function appFault(c: Case): string | null {
  if (!down(c)) return null
  const app = mostly(c, 'app')
  if (app) return saysDown(c, app.detail)
  const running = claimed(c, 'machine-running')
  const refused = mostly(c, 'app', 'refused')
  return running && refused ? `${saysDown(c, refused.detail)}, and ${running.detail}` : null
}

function doubt(c: Case): string | null {
  const { tally, health, site } = c
  if (site.addresses.length === 0) return withoutAddress(site)
  const agree = tally.voters.length > 1 ? `, and ${tally.quorum} would have to agree` : ''
  if (tally.down.length > 0) return `${saysDown(c)}${agree}`
  if (health !== 'unknown') return null
  const misplaced = c.misplaced ? `; at ${c.misplaced.address} ${c.misplaced.detail}` : ''
  return `${c.early ? 'too few rounds yet; ' : ''}${share(tally.up, tally, 'up')}${agree}${misplaced}`
}

/** The first row of DESIGN.md's table that matches; the last always does. */
export const judge = (c: Case): Judgement => {
  for (const { row, verdict, says } of rows) {
    const why = says(c)
    if (why !== null) return { row, verdict, why }
  }
  throw new Error('the last row matches always')
}
