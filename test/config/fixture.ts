import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Said } from '../../src/errors.ts'
import { loadSettings } from '../../src/config/loading.ts'
import type { Settings } from '../../src/config/settings.ts'
import type { Copies } from '../../src/config/stacks.ts'

export const folderOf = (kind: 'bad' | 'good'): string => join(import.meta.dirname, kind)

export const fixturesOf = (kind: 'bad' | 'good'): string[] => readdirSync(folderOf(kind)).filter((name) => name.endsWith('.yaml'))

/** A fixture may begin with comments `# env: NAME=value`: the only environment that it is read with. */
const envOf = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/^# env: (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]))

export const loadFixture = (kind: 'bad' | 'good', name: string, env: Record<string, string> = {}, copies: Copies = {}): Settings => {
  const file = join(folderOf(kind), name)
  return loadSettings({ file, env: { ...envOf(readFileSync(file, 'utf8')), ...env }, cwd: '/', copies })
}

/** The sentence that was thrown; anything but a sentence for the user is thrown on. */
export const saidBy = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    if (error instanceof Said && error.exit === 2) return error.message
    throw error
  }
  throw new Error('nothing was said')
}
