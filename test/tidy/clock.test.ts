// Every clock, sleep, deadline, random and id of src goes through clock.ts, so that the simulation can bring its own.
import { describe, expect, test } from 'vitest'
import { places, sourcesOf } from './sources.ts'

const seams = ['src/clock.ts', 'src/lifeboat.js']
const inside = () => sourcesOf('src').filter((s) => !seams.includes(s.path) && !s.path.startsWith('src/demo/'))

const forms: [name: string, form: RegExp, instead: string][] = [
  ['Date.now', /\bDate\.now\b/, 'clock.now().wallMs'],
  ['new Date()', /\bnew Date\(\s*\)|\bDate\(\s*\)/, 'new Date(clock.now().wallMs)'],
  ['performance', /\bperformance\b/, 'clock.now().monoMs'],
  ['hrtime', /\bhrtime\b/, 'clock.now().monoMs'],
  ['timers', /\b(?:setTimeout|setInterval|setImmediate)\b/, 'clock.sleep(ms, signal)'],
  ['AbortSignal.timeout', /\bAbortSignal\.timeout\b/, 'clock.deadline(ms, signal)'],
  ['Math.random', /\bMath\.random\b/, 'clock.random()'],
  ['random of node:crypto', /\brandom(?:UUID|Bytes|Int|FillSync|Fill)\b|\bgetRandomValues\b/, 'clock.random() or clock.id()'],
]

describe('no clock and no chance outside clock.ts', () => {
  test.each(forms)('%s', (name, form, instead) => {
    expect(places(inside(), form, `${name}: take the Clock as an argument and use ${instead}`)).toEqual([])
  })

  test('node:timers', () => {
    const wrong = inside().flatMap((s) => s.imports.filter((i) => /^(?:node:)?timers/.test(i.from)).map((i) => `${s.path}:${i.line}: ${i.from}: use clock.sleep`))
    expect(wrong).toEqual([])
  })

  test('the core has not even process, fetch or console', () => {
    const core = sourcesOf('src/core')
    expect(places(core, /\b(?:process|console|fetch|globalThis|Date|Intl)\b/, 'the core is plain data in, plain data out')).toEqual([])
    expect(places(core, /\basync\b|\bawait\b|\bPromise\b/, 'the core waits for nothing')).toEqual([])
  })
})
