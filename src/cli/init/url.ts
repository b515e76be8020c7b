import { spell } from '../../core/spell.ts'
import type { Answer } from '../../core/types.ts'
import { openTarget } from '../../drivers/probes/exchange.ts'
import type { Question } from '../../ports.ts'
import { version } from '../../version.ts'
import type { Cli } from '../cli.ts'
import { localVantage } from '../wiring.ts'
import type { CheckDraft, Site } from './draft.ts'

/** `flaw`: what is wrong with the certificate whoever issued it, as in "is for other.example"; a check that takes any certificate does not see that. */
export type Seen = Answer & { flaw: string | null }

/** What each site answers to one check. */
export type Asked = { check: CheckDraft; answers: Record<string, Seen[]> }

/** As long as the check itself waits by default. */
const timeoutMs = 1_000

/** How a check may have to be written, the strictest first. */
const ways = (['public', 'any'] as const).flatMap((tls) => (['200', '2xx'] as const).map((status) => ({ tls, status })))

/** As the check wants it. */
export const isGood = ({ kind, flaw }: Seen): boolean => kind === 'ok' && flaw === null

const isWell = (answers: Seen[]): boolean => answers.length > 0 && answers.every(isGood)

/** What no URL could change: another may be asked of the site all the same, by the family that answers. */
const isNoAnswer = ({ kind }: Seen): boolean => kind === 'unable' || kind === 'refused' || kind === 'silent'
const answersWell = (answers: Seen[]): boolean => answers.some(isGood) && answers.every((each) => isGood(each) || isNoAnswer(each))

/** Asks the sites by a check, each at all of its addresses. */
export async function askSites(check: CheckDraft, sites: Site[], names: string[], cli: Cli): Promise<Asked> {
  const status = check.status === '200' ? 200 : check.status
  const questions = sites.flatMap(({ site, addresses }) =>
    addresses.map((address): Question => ({ kind: 'http', site, address, timeoutMs, url: check.url, status: [status], body: null, tls: check.tls, names })),
  )
  const sight = await localVantage('here', cli.clock).probe({ questions, canaries: [], timeoutMs }, cli.stop())
  const seen = await Promise.all((sight?.answers ?? []).map(async (answer): Promise<Seen> => ({ ...answer, flaw: await flawOf(answer, check.url, cli) })))
  return { check, answers: Object.fromEntries(sites.map(({ site }) => [site, seen.filter((_, i) => questions[i]?.site === site)])) }
}

/** What is wrong with the certificate behind an answer. Null: nothing, or it came without one. */
async function flawOf({ address, certificateUntilMs }: Answer, url: string, { clock, stop }: Cli): Promise<string | null> {
  if (certificateUntilMs === null) return null
  try {
    const { socket, flaw } = await openTarget({ url: new URL(url), address, trust: 'any' }, { clock, version }, clock.deadline(timeoutMs, stop()))
    socket.destroy()
    return flaw
  } catch {
    stop().throwIfAborted()
    return 'could not be looked at'
  }
}

/** The check by which a site answers this URL well, at one of its addresses at least; else what it answers to the strictest. */
export async function askUrl(url: string, site: Site, names: string[], cli: Cli): Promise<Asked & { well: boolean }> {
  let strictest: Asked | null = null
  for (const way of ways) {
    if (way.tls === 'any' && !url.startsWith('https:')) break
    const asked = await askSites({ url, ...way }, [site], names, cli)
    const answers = asked.answers[site.site] ?? []
    // Another issuer is a reason to take any certificate; one that is over or for other names is none.
    if (answersWell(answers)) return { ...asked, well: true }
    strictest ??= asked
    // Only the app's own answer may be one that another way takes: a stranger's and none stay what they are.
    if (!answers.some(({ kind }) => kind === 'app')) break
  }
  return { ...strictest!, well: false }
}

/** Hosts whose URLs are tried, and what is asked there. */
const hostsMost = 3
const isHttps = (url: string): boolean => url.startsWith('https:')
const candidates = (names: string[]): string[] => {
  const hosts = names.filter((name) => !name.startsWith('*.')).slice(0, hostsMost)
  return ['https', 'http'].flatMap((scheme) => hosts.flatMap((host) => ['/healthz', '/'].map((path) => `${scheme}://${host}${path}`)))
}

/** The first likely URL that a site answers well, those by https before all by http; what it answers to each; and what is amiss by https that the check does not show, as `https://shop.example/: certificate expired 3 d ago`. */
export async function findUrl(site: Site, names: string[], cli: Cli): Promise<{ found: Asked | null; tried: Asked[]; amiss: string[] }> {
  const tried = await Promise.all(candidates(names).map((url) => askUrl(url, site, names, cli)))
  const found = tried.find(({ well }) => well) ?? null
  return { found, tried, amiss: found ? amissIn(tried, found.check.url, site) : [] }
}

/** At each host, the first https URL that does not do, where none does. Where the check is by https, an app's own answer elsewhere is no news (a redirect to it), and a certificate that is not good is. */
function amissIn(tried: (Asked & { well: boolean })[], url: string, { site }: Site): string[] {
  const byHost = Map.groupBy(tried.filter(({ check }) => isHttps(check.url)), ({ check }) => new URL(check.url).host)
  return [...byHost.values()].flatMap((each) => {
    const [first] = each
    const answers = first?.answers[site] ?? []
    const isNews = answers.some(({ kind, flaw }) => flaw !== null || (!isHttps(url) && kind !== 'refused' && kind !== 'unable'))
    return first && isNews && !each.some(({ well }) => well) ? [`${first.check.url}: ${answerWords(answers)}`] : []
  })
}

/** `HTTP 200`, and what is wrong with the certificate; of a site whose addresses differ in it each, as `HTTP 200 at 203.0.113.1, could not ask from here (ENETUNREACH) at 2001:db8::1`. */
export function answerWords(answers: Seen[]): string {
  const words = new Set(answers.map(wordsOf))
  if (words.size > 1) return answers.map((each) => `${wordsOf(each)} at ${each.address}`).join(', ')
  return [...words][0] ?? 'not asked'
}

function wordsOf({ detail, flaw }: Seen): string {
  if (flaw === null || detail.includes(flaw)) return detail
  return `${detail}, and ${detail.includes('certificate') ? '' : 'its certificate '}${flaw}`
}

/** The same, and how long a good certificate lasts: `HTTP 200, certificate 61 d`. */
export function answerText(answers: Seen[], { clock }: Cli): string {
  const ends = answers.flatMap(({ certificateUntilMs }) => certificateUntilMs ?? [])
  const isSound = ends.length > 0 && answers.every(({ flaw }) => flaw === null)
  const leftMs = Math.min(...ends) - clock.now().wallMs
  return `${answerWords(answers)}${isSound && leftMs > 0 ? `, certificate ${spell(leftMs)}` : ''}`
}

/** Does every site answer well? Those that do not. */
export const unwellIn = ({ answers }: Asked): string[] => Object.entries(answers).filter(([, each]) => !isWell(each)).map(([site]) => site)
