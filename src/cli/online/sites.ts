import { callMs } from '../../controller/times.ts'
import { questionsOf } from '../../controller/round.ts'
import { spell } from '../../core/spell.ts'
import type { Answer, SiteConfig } from '../../core/types.ts'
import type { Connection } from '../../drivers/probes/connection.ts'
import { get, openTarget } from '../../drivers/probes/exchange.ts'
import type { HttpQuestion } from '../../drivers/probes/http.ts'
import type { Question, Sight } from '../../ports.ts'
import { version } from '../../version.ts'
import { markersOf, servedOf } from '../zone-look.ts'
import { foundAbout, listed, type Finding, type Found } from './finding.ts'
import { inTime, type HostViews, type Looking } from './looking.ts'

/** Whoever renews by machine does so earlier; at less somebody must look. */
const certificateWarnMs = 14 * 86_400_000

/** Nobody waits longer for one answer here, so that the whole ends in time. */
const answerMostMs = 4_000

/** What every vantage was asked in one round, and what each saw. Null: it did not answer. */
export type Round = { questions: (Question & { standby: boolean })[]; sights: { vantage: string; sight: Sight | null }[]; active: string | null }

/** Asks each vantage once what a controller asks it each round. Where no site is known to be active, the standby's check is asked of all as well. */
export async function askRound(looking: Looking, views: Promise<HostViews>): Promise<Round> {
  const { parts, clock, limit } = looking
  const { checks, config } = parts
  const active = await activeSite(looking, views)
  const asked = questionsOf(parts, active).map((question) => ({ ...question, standby: active !== null && question.site !== active }))
  const standby = active === null && checks.standby ? questionsOf({ config, checks: { active: checks.standby, standby: null } }, null).map((question) => ({ ...question, standby: true })) : []
  const timeoutMs = Math.min(config.check.timeoutMs, answerMostMs)
  const questions = [...asked, ...standby].map((question) => ({ ...question, timeoutMs }))
  const ask = { questions: questions.map(({ standby: _, ...question }) => question), canaries: parts.canaries, timeoutMs }
  const sights = await Promise.all(
    parts.vantages.map(async (each) => ({ vantage: each.vantage, sight: await inTime(clock.deadline(timeoutMs + 1_500, limit), (within) => each.probe(ask, within)) })),
  )
  limit.throwIfAborted()
  return { questions, sights, active }
}

/** The store's; without one, the marker's; before an adoption, the one whose address the names have. Null: not known. */
async function activeSite({ ledger, settings }: Looking, views: Promise<HostViews>): Promise<string | null> {
  if (ledger.active !== null) return ledger.active
  const { sites } = settings.core
  const look = { hosts: await views, servers: null }
  const [marker] = markersOf(look, settings.core)
  const served = servedOf(look, settings.core)
  const holding = sites.filter(({ addresses }) => addresses.some((address) => served.includes(address)))
  return sites.find(({ site }) => site === marker?.site)?.site ?? (holding.length === 1 ? holding[0]!.site : null)
}

/** One site at each of its addresses, as every vantage sees it. */
export async function siteFindings({ site, addresses, standby }: SiteConfig, round: Promise<Round>, looking: Looking): Promise<Finding[]> {
  const { questions, sights, active } = await round
  const found = foundAbout(`site ${site}${site === active ? ' (active)' : ''}`)
  if (addresses.length === 0) return [standby === 'cold' ? found.ok('has no address yet: it is cold') : found.fail(`has no address yet, so that nothing can move there. To create it: lifeboat up ${site}; where it stands already: lifeboat outputs ${site}`)]
  const mine = questions.map((question, i) => ({ question, i })).filter(({ question }) => question.site === site)
  const several = new Set(mine.map(({ question }) => whatOf(question))).size > 1
  const answers = mine.map(({ question, i }) => ({ question, answers: sights.flatMap(({ vantage, sight }) => (sight ? [{ vantage, answer: sight.answers[i]! }] : [])) }))
  const all = answers.flatMap((each) => each.answers.map(({ answer }) => answer))
  if (all.length === 0) return [found.unknown('how it is: no vantage answers')]
  const asked = mine.flatMap(({ question }) => (question.kind === 'http' ? [question] : []))
  const looks = await Promise.all(asked.map((question) => lookAt(question, looking)))
  looking.limit.throwIfAborted()
  return [
    ...answers.flatMap((each) => answerFindings(found, { ...each, several, mayTakeMs: looking.parts.config.check.timeoutMs })),
    ...certificateFindings(found, looks, { answers: all, wallMs: looking.clock.now().wallMs }),
    ...headerFindings(found, looks, site),
  ]
}

const whatOf = (question: Question): string => (question.kind === 'http' ? question.url : question.kind === 'tcp' ? `port ${question.port}` : `${question.name} ${question.type}`)

const worth = { ok: 'ok', app: 'fail', foreign: 'fail', refused: 'fail', silent: 'fail', 'other-site': 'fail', unable: 'warn' } as const

type Asked = { question: Round['questions'][number]; answers: { vantage: string; answer: Answer }[]; several: boolean; mayTakeMs: number }

/** What one question at one address came to, vantages that saw the same together. */
function answerFindings(found: Found, { question, answers, several, mayTakeMs }: Asked): Finding[] {
  const kinds = [...new Set(answers.map(({ answer }) => `${answer.kind} ${answer.detail}`))]
  return kinds.map((kind) => {
    const same = answers.filter(({ answer }) => `${answer.kind} ${answer.detail}` === kind)
    const { answer } = same[0]!
    const asked = `${question.address}${several ? ` ${whatOf(question)}` : ''}${question.standby ? ' (as a standby)' : ''}`
    if (answer.kind === 'silent' && question.timeoutMs < mayTakeMs) return found.unknown(`how ${asked} is: ${answer.detail}, and check.timeout gives it ${spell(mayTakeMs)}`)
    return found[worth[answer.kind]](`${asked}: ${answer.detail}, seen by ${listed(same.map(({ vantage }) => vantage), 9)}${answer.kind === 'unable' ? ', which cannot vote on it' : ''}`)
  })
}

function certificateFindings(found: Found, looks: Look[], { answers, wallMs }: { answers: Answer[]; wallMs: number }): Finding[] {
  const wrong = looks.filter((look) => look.wrong !== null)
  // Where any certificate is taken, no probe says what is wrong with one.
  const taken = [...new Set(wrong.flatMap(({ tls, wrong }) => (tls === 'any' ? [wrong!] : [])))].map((each) => found.warn(`${each}. tls: any takes it, a browser does not: mend it there, or write tls: { ca: FILE } where the authority is your own`))
  const ends = answers.filter(({ address }) => !wrong.some((look) => look.address === address)).flatMap(({ certificateUntilMs }) => certificateUntilMs ?? [])
  const leftMs = Math.min(...ends) - wallMs
  // One that is over is said by the probe.
  if (ends.length === 0 || leftMs <= 0) return taken
  return [...taken, leftMs < certificateWarnMs ? found.warn(`its certificate ends in ${spell(leftMs)}`) : found.ok(`its certificate lasts ${spell(leftMs)} more`)]
}

/** Whether the app names its site, so that another's answer at its address is told from its own. That another's is there is said by the probe. */
function headerFindings(found: Found, looks: Look[], site: string): Finding[] {
  const given = looks.flatMap(({ name }) => (name === null ? [] : [name]))
  if (given.length === 0 || given.some((name) => name !== '' && name !== site)) return []
  return [given.every((name) => name === '') ? found.ok('says no Lifeboat-Site (optional: another site that answered here would go unseen)') : found.ok(`says Lifeboat-Site: ${site}`)]
}

/** `name`: the site that the app names; empty: none; null: it does not answer from here, which the probes say. `wrong`: with its certificate, for whoever visits; null: nothing. */
type Look = Pick<HttpQuestion, 'address' | 'tls'> & { name: string | null; wrong: string | null }

/** One GET from here. */
async function lookAt({ url, address, tls }: HttpQuestion, { clock, limit }: Looking): Promise<Look> {
  const within = clock.deadline(callMs.read, limit)
  const target = new URL(url)
  const look = { address, tls, name: null, wrong: null }
  try {
    const connection = await openTarget({ url: target, address, trust: tls === 'any' ? 'public' : tls }, { clock, version }, within)
    const wrong = wrongIn(connection)
    try {
      return { ...look, wrong, name: await get(connection.socket, target, version, within, async ({ headers }) => String(headers['lifeboat-site'] ?? '').trim()) }
    } catch {
      return { ...look, wrong } // The probes say why.
    } finally {
      connection.socket.destroy()
    }
  } catch {
    return look // The probes say what is wrong.
  }
}

/** Who issued it is looked at first, so one that nobody trusts may have another flaw as well. */
function wrongIn({ fault, flaw }: Connection): string | null {
  if (!fault) return null
  return flaw === null || fault.detail.includes(flaw) ? fault.detail : `${fault.detail}, and ${flaw}`
}
