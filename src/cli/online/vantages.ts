import { spell } from '../../core/spell.ts'
import { callMs } from '../../controller/times.ts'
import type { Settings } from '../../config/settings.ts'
import { callOnce } from '../../drivers/call.ts'
import { version } from '../../version.ts'
import { foundAbout, type Finding, type Found } from './finding.ts'
import type { Looking } from './looking.ts'
import type { Round } from './sites.ts'

/** A vantage judges by its clock whether a certificate is valid; votes rest on no clock. */
const clockWarnMs = 60_000

/** One vantage: does it answer, signed with the token that both know, and does it see the way out? */
export async function vantageFindings({ vantage, url, token }: Settings['vantages'][number], round: Promise<Round>, looking: Looking): Promise<Finding[]> {
  const found = foundAbout(`vantage ${vantage}${url === null ? ' (this process)' : ''}`)
  const [{ sights }, clocks] = await Promise.all([round, url === null ? [] : clockFindings(found, url, looking)])
  const sight = sights.find((each) => each.vantage === vantage)?.sight
  if (!sight) return [found.fail(`does not answer as it should: ${looking.complaints.get(vantage) ?? 'no answer in time'}`), ...clocks]
  const { well, asked } = sight.canaries
  const canaries = `${well} of ${asked} canaries answer it`
  const signed = token === null ? [] : [found.ok('answers, signed with our token')]
  const other = url === null || sight.version === version ? [] : [found.warn(`runs ${sight.version === undefined ? 'a lifeboat that does not say its version' : `lifeboat ${sight.version}`}, and this is ${version}`)]
  const same = url !== null && other.length === 0 ? [found.ok(`runs lifeboat ${version}, as this machine`)] : []
  const sees = asked === 0 ? [] : [well * 2 < asked ? found.fail(`${canaries}: it is blind, and abstains`) : well < asked ? found.warn(canaries) : found.ok(canaries)]
  return [...signed, ...same, ...other, ...sees, ...clocks]
}

/** By the Date of its answer, which a proxy before it may have written. */
async function clockFindings(found: Found, url: string, { clock, limit }: Looking): Promise<Finding[]> {
  const health = new URL('healthz', url.endsWith('/') ? url : `${url}/`).href
  const called = await callOnce({ url: health, headers: {}, timeoutMs: callMs.read, bytesMax: 65_536, clock, signal: limit })
  const theirs = called.kind === 'answer' ? Date.parse(called.headers.date ?? '') : Number.NaN
  if (Number.isNaN(theirs)) return []
  const aheadMs = called.at.wallMs - theirs
  if (Math.abs(aheadMs) < clockWarnMs) return [found.ok('its clock is ours, to 1 min')]
  return [found.warn(`our clock is ${spell(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'} its own, and whichever is wrong may take a certificate for expired, or for good: set both by NTP`)]
}
