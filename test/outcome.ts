/** The part of vitest's JSON report that is counted. */
export type Report = {
  success: boolean
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: { name: string; status: string; message: string; assertionResults: { status: string }[] }[]
}

export type Outcome = { passed: number; failed: number; skipped: number }

/**
 * What the whole run came to. The check of the types counts as one test. A file that could not be loaded, a run without a
 * report (null) and an error outside every test count as one failure each, so that nothing red ends in "0 failed".
 */
export const outcomeOf = (report: Report | null, ended: { typesOk: boolean; vitestOk: boolean }): Outcome => {
  const types = { passed: ended.typesOk ? 1 : 0, failed: ended.typesOk ? 0 : 1 }
  if (!report) return { passed: types.passed, failed: types.failed + 1, skipped: 0 }
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
  const failed = report.numFailedTests + broken
  const outside = failed === 0 && !(report.success && ended.vitestOk) ? 1 : 0
  return {
    passed: types.passed + report.numPassedTests,
    failed: types.failed + failed + outside,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** The last line of every run. */
export const closingLine = ({ passed, failed, skipped }: Outcome): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`

/** Zero only where something ran, nothing failed and, under CI=true, nothing was skipped. `ran` leaves the types out. */
export const exitOf = ({ failed, skipped }: Outcome, { ran, ci }: { ran: number; ci: boolean }): number =>
  failed > 0 || ran === 0 || (ci && skipped > 0) ? 1 : 0
