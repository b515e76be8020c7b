import { describe, expect, test } from 'vitest'
import { closingLine, exitOf, outcomeOf, type Report } from './outcome.ts'

const report = (more: Partial<Report> = {}): Report => ({
  success: true, numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [], ...more,
})
const fine = { typesOk: true, vitestOk: true }
const file = (status: string, tests: string[]) => ({ name: 'a', status, message: '', assertionResults: tests.map((t) => ({ status: t })) })

describe('the closing line', () => {
  test.each([
    ['all is well', report(), fine, '4 passed, 0 failed'],
    ['a skip is named', report({ numPendingTests: 2 }), fine, '4 passed, 0 failed, 2 skipped'],
    ['wrong types fail', report(), { typesOk: false, vitestOk: true }, '3 passed, 1 failed'],
    ['a failed test', report({ success: false, numFailedTests: 1, testResults: [file('failed', ['failed'])] }), { typesOk: true, vitestOk: false }, '4 passed, 1 failed'],
    ['a file that cannot be loaded', report({ success: false, testResults: [file('failed', [])] }), { typesOk: true, vitestOk: false }, '4 passed, 1 failed'],
    ['an error outside every test', report(), { typesOk: true, vitestOk: false }, '4 passed, 1 failed'],
    ['no report at all', null, { typesOk: true, vitestOk: false }, '1 passed, 1 failed'],
  ])('%s', (_, of, ended, line) => {
    expect(closingLine(outcomeOf(of, ended))).toBe(line)
  })
})

describe('the exit code', () => {
  const outcome = { passed: 4, failed: 0, skipped: 0 }
  test.each([
    ['all is well', outcome, { ran: 3, ci: true }, 0],
    ['a failure', { ...outcome, failed: 1 }, { ran: 3, ci: false }, 1],
    ['nothing ran', { ...outcome, passed: 1 }, { ran: 0, ci: false }, 1],
    ['a skip on a person\'s machine', { ...outcome, skipped: 1 }, { ran: 3, ci: false }, 0],
    ['a skip under CI=true', { ...outcome, skipped: 1 }, { ran: 3, ci: true }, 1],
  ])('%s', (_, of, given, code) => {
    expect(exitOf(of, given)).toBe(code)
  })
})
