import type { Reading } from '../../core/types.ts'
import type { Claim, FindingKind } from '../../core/words.ts'
import { lookAtTokens } from '../../drivers/clouds/digitalocean-tokens.ts'
import type { AskedAccount, TokenLook, TokensLook } from '../../drivers/clouds/digitalocean-tokens.ts'
import type { Cloud } from '../../ports.ts'
import { foundAbout, listed, type Finding, type Found } from './finding.ts'
import { inTime, type Looking } from './looking.ts'

const worth: Record<Claim, FindingKind> = {
  'account-well': 'ok', 'machine-running': 'ok', 'account-warning': 'warn', 'clock-off': 'warn',
  'account-locked': 'fail', 'machine-locked': 'fail', 'machine-blocked': 'fail', 'machine-gone': 'fail', 'machine-stopped': 'fail', 'machine-stopped-by-operator': 'fail', 'credentials-refused': 'fail',
  'api-failing': 'unknown', unknown: 'unknown',
}

/** One cloud: the account, the machines that the sites stand on, and the credentials themselves. */
export async function cloudFindings(cloud: Cloud, looking: Looking): Promise<Finding[]> {
  const found = foundAbout(`cloud ${cloud.cloud}`)
  if (cloud.cloud !== 'digitalocean') return []
  const { clock, limit, settings } = looking
  const entry = settings.clouds.digitalocean ?? {}
  const tokens = { token: entry.token ?? '', secondToken: entry.secondToken ?? null, endpoint: entry.endpoint, clock }
  const turn = { signal: limit, untilMs: clock.now().monoMs + turnMs }
  const poll = inTime(clock.deadline(turnMs, limit), (within) => cloud.poll(false, within))
  const [readings, look] = await Promise.all([poll, lookAtTokens(tokens, turn)])
  limit.throwIfAborted()
  const sites = settings.core.sites.filter((site) => site.cloud === cloud.cloud).map(({ site }) => site)
  return [...(readings ? readingFindings(found, readings, sites) : [found.unknown('how the account and its machines are: its API does not answer in time')]), ...tokenFindings(found, look)]
}

/** All calls to one cloud together. */
const turnMs = 8_000

function readingFindings(found: Found, readings: Reading[], sites: string[]): Finding[] {
  const shared = readings.filter(({ source }, i) => source !== 'droplet' && readings.findIndex((other) => other.source === source) === i)
  const own = sites.flatMap((site) => {
    const droplet = readings.find((reading) => reading.site === site && reading.source === 'droplet')
    return [droplet ? asFinding(found, droplet, `${site}: `) : found.warn(`${site}: nothing is known by which to find its machine. Write machineId at the site`)]
  })
  return [...shared.map((reading) => asFinding(found, reading, '')), ...own]
}

const asFinding = (found: Found, { claim, detail }: Reading, before: string): Finding => {
  const finding = worth[claim]
  return finding === 'unknown' ? found.unknown(`${before === '' ? 'how the account is' : `how the machine of ${before.slice(0, -2)} is`}: ${detail}`) : found[finding](`${before}${detail}`)
}

const needed = 'account:read, droplet:read and reserved_ip:read'

function tokenFindings(found: Found, { first, second, bogus }: TokensLook): Finding[] {
  return [
    ...acceptedFindings(found, 'token', first.account),
    ...(second ? acceptedFindings(found, 'secondToken', second.account) : [found.warn('there is no secondToken: a token that was revoked cannot be told from an account that was closed')]),
    ...(second ? sameAccount(found, first.account, second.account) : []),
    ...bogusFindings(found, bogus),
    ...scopeFindings(found, 'token', first),
    ...(second ? scopeFindings(found, 'secondToken', second) : []),
  ]
}

function acceptedFindings(found: Found, key: string, account: AskedAccount): Finding[] {
  if (account.kind === 'ok') return [found.ok(`${key} is accepted`)]
  return account.kind === 'refused' ? [found.fail(`${key}: ${account.detail}`)] : [found.unknown(`whether ${key} is accepted: ${account.detail}`)]
}

const ownerOf = (asked: AskedAccount): string | null => (asked.kind === 'ok' ? (asked.value.account.team?.uuid ?? asked.value.account.uuid ?? null) : null)

function sameAccount(found: Found, first: AskedAccount, second: AskedAccount): Finding[] {
  const [one, other] = [ownerOf(first), ownerOf(second)]
  // That one of them was not accepted is said already.
  if (first.kind !== 'ok' || second.kind !== 'ok') return []
  if (one === null || other === null) return [found.unknown('whether both tokens belong to one account: it names none')]
  return [one === other ? found.ok('both tokens belong to one account') : found.fail('the two tokens belong to different accounts: refused both, they would not tell of one account that was closed')]
}

function bogusFindings(found: Found, bogus: AskedAccount): Finding[] {
  if (bogus.kind === 'refused') return [found.ok('a token that nobody has is refused, as it should be')]
  if (bogus.kind === 'ok') return [found.fail('a token that nobody has is accepted: what answers is no API that could tell of a closed account')]
  return [found.unknown(`whether a token that nobody has is refused: ${bogus.detail}`)]
}

function scopeFindings(found: Found, key: string, { account, scopes }: TokenLook): Finding[] {
  if (account.kind !== 'ok') return []
  if (scopes === null) return [found.warn(`whether ${key} may do more than read cannot be told: DigitalOcean does not say. It needs ${needed}`)]
  const beyond = scopes.filter((scope) => !/(^|:)read$/.test(scope)).sort()
  return [beyond.length === 0 ? found.ok(`${key} may only read`) : found.warn(`${key} may do more than read (${listed(beyond)}), and whoever gets hold of it too: make one with ${needed}`)]
}
