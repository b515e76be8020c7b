// Incidents as transcripts. UPDATE=1 rewrites what is said in them; read each for sense before committing it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { playScenario } from './play.ts'

const folder = import.meta.dirname
const names = readdirSync(folder).filter((name) => name.endsWith('.txt'))
const update = process.env['UPDATE'] === '1'

describe('scenarios', () => {
  test('there are some', () => expect(names.length).toBeGreaterThan(10))

  test.each(names)('%s', (name) => {
    const file = join(folder, name)
    const text = readFileSync(file, 'utf8')
    const { transcript } = playScenario(text)
    if (update) writeFileSync(file, transcript)
    else expect(transcript, 'if the new text is right: UPDATE=1 npm test -- test/scenarios').toBe(text)
  })
})
