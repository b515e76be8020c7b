import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { machineClock, type Clock } from '../../src/clock.ts'
import { exits, Said } from '../../src/errors.ts'
import type { Entry } from '../../src/core/moving.ts'
import type { Request } from '../../src/core/types.ts'
import type { Journal, Leader, Report } from '../../src/ports.ts'
export { ledgerOf } from './ledger.ts'

export const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'lifeboat-store-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** The machine's clock with a wall that tests may set. */
export const wallClock = (wallMs: number): Clock & { wallMs: number } => {
  const clock = { ...machineClock, wallMs, now: () => ({ monoMs: performance.now(), wallMs: clock.wallMs }) }
  return clock
}

export const entryOf = (event: string, fields: Entry['fields'] = {}, atMs = 1): Entry => ({ event, atMs, msg: `${event} happened`, fields })

export const requestOf = (id: string, expiresMs: number): Request => ({ id, by: 'someone', expiresMs, what: 'resume' })

export const leaderOf = (id: string): Leader => ({ id, pid: process.pid, machine: 'test', sinceMs: 1, command: 'watch' })

export const reportOf = (id: string): Report => ({
  leader: leaderOf(id),
  atMonoMs: 1,
  atWallMs: 2,
  watch: { at: null, abstains: null, blind: {}, votes: {}, evidence: [], deadlines: {}, sites: {} },
  decision: null, waits: null,
  dns: [],
  configHash: 'abc',
})

/** What a promise was refused with: a sentence and an exit code. */
export const saidBy = async (promise: Promise<unknown>): Promise<{ text: string; exit: number }> => {
  const thrown = await promise.then(() => null, (thrown: unknown) => thrown)
  if (!(thrown instanceof Said)) throw new Error('it was not refused with a sentence', { cause: thrown })
  return { text: thrown.message, exit: thrown.exit }
}
export { exits }

/** Every entry of a journal, oldest first, one line of JSON each, read page by page. */
export const linesOf = async (journal: Journal): Promise<string[]> => {
  const lines: string[] = []
  for (let afterSeq = 0; ; ) {
    const page = await journal.entries({ afterSeq, most: 500 })
    lines.push(...page.map((entry) => JSON.stringify(entry)))
    const last = page.at(-1)
    if (!last) return lines
    afterSeq = last.seq
  }
}
