import type { Settings } from '../../config/settings.ts'
import { questionsOf } from '../../controller/round.ts'
import type { Question } from '../../ports.ts'
import type { Cli } from '../cli.ts'
import { localVantage } from '../wiring.ts'

/** One look at a site from here, as a round would ask it. Null: every address that can be asked from here is well; else what is not, in words. */
type Look = (signal: AbortSignal) => Promise<string | null>

/** `app`: whatever its certificate, which may not be there yet; `asChecked`: as the file says. */
export function lookAt({ cli, core, checks, site, active }: { cli: Cli; core: Settings['core']; checks: Settings['checks']; site: string; active: string | null }): { app: Look; asChecked: Look } {
  const asked = questionsOf({ config: core, checks }, active).filter((question) => question.site === site)
  const vantage = localVantage('push', cli.clock)
  const look = (questions: Question[]): Look => async (signal) => {
    const sight = await vantage.probe({ questions, canaries: [], timeoutMs: core.check.timeoutMs }, signal)
    const answers = sight?.answers ?? []
    const wrong = answers.find(({ kind }) => kind !== 'ok' && kind !== 'unable')
    if (wrong) return `${wrong.detail} at ${wrong.address}`
    return answers.some(({ kind }) => kind === 'ok') ? null : 'none of its addresses can be asked from here'
  }
  return { app: look(asked.map((question) => (question.kind === 'http' ? { ...question, tls: 'any' } : question))), asChecked: look(asked) }
}
