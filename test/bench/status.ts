// How soon `lifeboat status` has answered, while a real `lifeboat watch` leads beside it.
import { execa } from 'execa'
import { accessSync, constants } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { debian } from '../lab/debian.ts'
import { knotWith } from '../lab/servers.ts'
import type { Bench, Figure } from './frame.ts'
import { startWatching } from './watching.ts'

const root = resolve(import.meta.dirname, '../..')
const zone = 'bench.example'
const sites = { one: '127.0.0.71', two: '127.0.0.72' }

/** The `node` that a person's shell finds: npm puts the pinned one before it. */
const machineNode = (): string => {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '' && !folder.includes('node_modules'))
  const found = folders.map((folder) => join(folder, 'node')).find((file) => {
    try {
      accessSync(file, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
  return found ?? process.execPath
}

export const bench: Bench = {
  name: 'status',
  needs: null,
  run: async ({ runs, say }) => {
    const unpacked = await debian(['knot'])
    if (!unpacked) throw new Error('Knot could not be had')
    const knot = await knotWith(unpacked, [zone])
    try {
      const watching = await startWatching({ zone, names: [zone, `www.${zone}`], server: knot.server, sites, check: 'interval: 2s', policy: 'outage: 3m' })
      const time = async (node: string, args: string[]): Promise<number[]> => {
        const values: number[] = []
        for (let n = -1; n < runs; n++) {
          const startMs = performance.now()
          await execa(node, args, { cwd: watching.folder, env: { ...watching.env } })
          if (n >= 0) values.push(performance.now() - startMs) // The first of all fills the cache of what is compiled.
        }
        say(`${args.join(' ')}: ${values.map(Math.round).join(', ')} ms`)
        return values
      }
      const versionOf = async (node: string): Promise<string> => `Node ${(await execa(node, ['--version'])).stdout.replace(/^v/, '')}`
      const ways = [
        { node: process.execPath, file: 'src/main.ts', by: '', most: 400 },
        { node: machineNode(), file: 'src/lifeboat.js', by: 'through the launcher, ', most: 600 },
      ]
      const figures: Figure[] = []
      try {
        for (const { node, file, by, most } of ways) {
          const bare = `${await versionOf(node)} that does nothing`
          figures.push({ what: `lifeboat status, ${by}${await versionOf(node)}`, unit: 'ms', values: await time(node, [join(root, file), 'status']), goal: { of: 'median', most }, beside: bare })
          figures.push({ what: bare, unit: 'ms', values: await time(node, ['-e', '0']), goal: null, beside: null })
        }
      } finally {
        await watching.stop()
      }
      return figures
    } finally {
      await knot.stop()
    }
  },
}
