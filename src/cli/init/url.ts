import { spell } from '../../core/spell.ts'
import type { Answer } from '../../core/types.ts'
import type { Question } from '../../ports.ts'
import type { Cli } from '../cli.ts'
import { localVantage } from '../wiring.ts'
import type { CheckDraft, Site } from './draft.ts'

/** What each site answers to one check. */
export type Asked = { check: CheckDraft; answers: Record<string, Answer[]> }

/** As long as the check itself waits by default. */
const timeoutMs = 1_000

/** How a check may have to be written, the strictest first. */
const ways = (['public', 'any'] as const).flatMap((tls) => (['200', '2xx'] as const).map((status) => ({ tls, status })))

const isWell = (answers: Answer[]): boolean => answers.length > 0 && answers.every(({ kind }) => kind === 'ok')

/** Asks the sites by a check, each at all of its addresses. */
export async function askSites(check: CheckDraft, sites: Site[], names: string[], cli: Cli): Promise<Asked> {
  const status = check.status === '200' ? 200 : check.status
  const questions = sites.flatMap(({ site, addresses }) =>
    addresses.map((address): Question => ({ kind: 'http', site, address, timeoutMs, url: check.url, status: [status], body: null, tls: check.tls, names })),
  )
  const sight = await localVantage('here', cli.clock).probe({ questions, canaries: [], timeoutMs }, cli.stop())
  return { check, answers: Object.fromEntries(sites.map(({ site }) => [site, (sight?.answers ?? []).filter((_, i) => questions[i]?.site === site)])) }
}

/** The check by which a site answers this URL well; else what it answers to the strictest. */
export async function askUrl(url: string, site: Site, names: string[], cli: Cli): Promise<Asked & { well: boolean }> {
  let strictest: Asked | null = null
  for (const way of ways) {
    if (way.tls === 'any' && !url.startsWith('https:')) break
    const asked = await askSites({ url, ...way }, [site], names, cli)
    const answers = asked.answers[site.site] ?? []
    if (isWell(answers) && !isOver(answers, cli)) return { ...asked, well: true }
    strictest ??= asked
    // Only the app's own answer may be one that another way takes: a stranger's and none stay what they are.
    if (!answers.some(({ kind }) => kind === 'app')) break
  }
  return { ...strictest!, well: false }
}

/** A certificate that has ended is no reason to look at none. */
const isOver = (answers: Answer[], { clock }: Cli): boolean => answers.some(({ certificateUntilMs }) => certificateUntilMs !== null && certificateUntilMs < clock.now().wallMs)

/** Hosts whose URLs are tried, and what is asked there. */
const hostsMost = 3
const candidates = (names: string[]): string[] =>
  names.filter((name) => !name.startsWith('*.')).slice(0, hostsMost).flatMap((name) => ['https', 'http'].flatMap((scheme) => ['/healthz', '/'].map((path) => `${scheme}://${name}${path}`)))

/** The first likely URL that a site answers well, and what it answers to each. */
export async function findUrl(site: Site, names: string[], cli: Cli): Promise<{ found: Asked | null; tried: Asked[] }> {
  const tried = await Promise.all(candidates(names).map((url) => askUrl(url, site, names, cli)))
  return { found: tried.find(({ well }) => well) ?? null, tried }
}

/** `HTTP 200, certificate 61 d`; of a site with several addresses the worst. */
export function answerText(answers: Answer[], { clock }: Cli): string {
  const shown = answers.find(({ kind }) => kind !== 'ok') ?? answers[0]
  if (!shown) return 'not asked'
  const ends = answers.flatMap(({ certificateUntilMs }) => certificateUntilMs ?? [])
  const leftMs = Math.min(...ends) - clock.now().wallMs
  return `${shown.detail}${ends.length > 0 && leftMs > 0 ? `, certificate ${spell(leftMs)}` : ''}`
}

/** Does every site answer well? Those that do not. */
export const unwellIn = ({ answers }: Asked): string[] => Object.entries(answers).filter(([, each]) => !isWell(each)).map(([site]) => site)
