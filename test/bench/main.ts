// npm run bench [-- NAME… --runs N]: measures, and prints the table that stands in the README.
import { readdir } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { whyNoNet } from '../lab/net.ts'
import { goalsOf, tableOf } from './frame.ts'
import type { Bench, Figure } from './frame.ts'

const { values: flags, positionals: names } = parseArgs({ allowPositionals: true, options: { runs: { type: 'string', default: '30' } } })
const runs = Number(flags.runs)
const say = (line: string): void => void process.stderr.write(`${line}\n`)

const own = ['main.ts', 'frame.ts']
const files = (await readdir(import.meta.dirname)).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !own.includes(file))
const modules = (await Promise.all(files.sort().map((file) => import(join(import.meta.dirname, file))))) as { bench?: Bench }[]
const benches = modules.flatMap(({ bench }) => bench ?? [])
const unknown = names.filter((name) => !benches.some((each) => each.name === name))
if (unknown.length > 0 || !Number.isInteger(runs) || runs < 1) {
  say(`usage: npm run bench [-- NAME… --runs N]\nbenches: ${benches.map(({ name }) => name).join(', ')}; N: how often each thing is measured, 30 where left out`)
  process.exit(1)
}

const chosen = benches.filter(({ name }) => names.length === 0 || names.includes(name))
const noNet = chosen.some(({ needs }) => needs === 'root') ? await whyNoNet() : null
const failed = (what: string, error: unknown): void => {
  say(`${what} failed: ${error instanceof Error ? error.stack : String(error)}`)
  process.exitCode = 1
}
const figures: Figure[] = []
const servers = new Set<string>()
for (const bench of chosen) {
  if (bench.needs === 'root' && noNet !== null) {
    say(`${bench.name} is left out: ${noNet}`)
    continue
  }
  try {
    figures.push(...(await bench.run({ runs, say: (line) => say(`${bench.name}: ${line}`), uses: (server) => void servers.add(server), failed })))
  } catch (error) {
    failed(bench.name, error)
  }
}

const processors = cpus()
const machine = [`${processors.length} cores (${processors[0]?.model.trim() || 'unnamed'})`, `Node ${process.version}`, ...[...servers].sort()]
process.stdout.write(`${machine.join(' · ')} · ${new Date().toISOString().slice(0, 10)}\n\n${tableOf(figures)}\n\n${goalsOf(figures)}\n`)
