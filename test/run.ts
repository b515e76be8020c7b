// What `npm test` runs: the types, then vitest, and one closing line. Arguments go to vitest.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closingLine, exitOf, outcomeOf, type Report } from './outcome.ts'

const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules/.bin', name)

type Ended = { ok: boolean; said: string }

/** `quiet`: what it says is kept for the end, so that two programs do not talk at once. */
const run = (program: string, args: string[], quiet: boolean): Promise<Ended> =>
  new Promise((done) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'] })
    let said = ''
    child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.on('error', (error) => done({ ok: false, said: `${program}: ${error.message}\n` }))
    child.on('close', (code) => done({ ok: code === 0, said }))
  })

const readReport = (file: string): Report | null => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch (error) {
    process.stderr.write(`vitest left no report: ${String(error)}\n`)
    return null
  }
}

const folder = mkdtempSync(join(tmpdir(), 'lifeboat-test-'))
const file = join(folder, 'report.json')
const args = ['run', ...process.argv.slice(2), '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
// One after the other: the compiler beside the tests would take one of two cores from them.
const types = await run(bin('tsc'), ['--noEmit'], true)
const vitest = await run(bin('vitest'), args, false)
const report = readReport(file)
rmSync(folder, { recursive: true, force: true })

process.stdout.write(types.ok ? '\ntypes: no error\n' : `\ntypes:\n${types.said}\n`)
const outcome = outcomeOf(report, { typesOk: types.ok, vitestOk: vitest.ok })
const ci = process.env['CI'] === 'true'
const ran = (report?.numPassedTests ?? 0) + (report?.numFailedTests ?? 0)
if (ran === 0) process.stdout.write('no test ran\n')
if (ci && outcome.skipped > 0) process.stdout.write('under CI=true a skipped test is a failure\n')
process.stdout.write(`${closingLine(outcome)}\n`)
process.exitCode = exitOf(outcome, { ran, ci })
