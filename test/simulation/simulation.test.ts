import { describe, expect, test } from 'vitest'
import { noCounts, countNames } from './judge.ts'
import { simulate, transcriptOf } from './simulation.ts'

const seeds = Array.from({ length: 50 }, (_, i) => i + 1)
const counts = noCounts()

describe('the real controller on seeded time', () => {
  test.each(seeds)('seed %i breaks no invariant', async (seed) => {
    const result = await simulate(seed)
    for (const name of countNames) counts[name] += result.counts[name]
    if (result.red) throw new Error(transcriptOf(result))
  })

  test('the seeds are not vacuous', () => {
    expect(countNames.filter((name) => counts[name] === 0)).toEqual([])
  })

  test('a seed is the same world each time', async () => {
    const tell = async () => {
      const lines: string[] = []
      await simulate(4, (line) => lines.push(line))
      return lines
    }
    expect(await tell()).toEqual(await tell())
  })
})
