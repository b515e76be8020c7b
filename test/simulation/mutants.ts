// Faults that were put in on purpose: each is a patch of a copy of src and of the twins, and the seeds must go red on it.

import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { mutants, type Mutant, type Patch } from './mutant-list.ts'

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '400' }, only: { type: 'string', default: '' }, jobs: { type: 'string', default: '1' } } })
const root = resolve(import.meta.dirname, '../..')

function copyWith(patches: Patch[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'lifeboat-mutant-'))
  for (const path of ['src', 'test/simulation', 'package.json']) cpSync(join(root, path), join(folder, path), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const { file, from, to } of patches) {
    const text = readFileSync(join(folder, file), 'utf8')
    if (!text.includes(from)) throw new Error(`${file} has no "${from}" any more: bring the mutant up to date`)
    writeFileSync(join(folder, file), text.replace(from, () => to))
  }
  return folder
}

const simulate = (folder: string): Promise<string> =>
  new Promise((done, failed) => {
    const child = spawn(process.execPath, ['test/simulation/run.ts', '--seeds', values.seeds, '--quick'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => (text += String(chunk)))
    child.stderr.on('data', (chunk: Buffer) => (text += String(chunk)))
    child.on('error', failed)
    child.on('close', () => done(text))
  })

/** The first red seed of a patched copy and what it said. Null: all are green. */
async function firstRed({ name, patches }: Mutant): Promise<{ seed: string; why: string } | null> {
  const folder = copyWith(patches)
  try {
    const text = await simulate(folder)
    const [, seed, why] = /^seed (\d+) is red\. (.*)/m.exec(text) ?? []
    if (seed === undefined && !/ seeds from /.test(text)) throw new Error(`${name}: the run did not end:\n${text.slice(-2_000)}`)
    return seed === undefined ? null : { seed, why: why! }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

// What is red without a patch says nothing of one.
const asItIs = await firstRed({ name: 'no patch', patches: [] })
if (asItIs) throw new Error(`seed ${asItIs.seed} is red as it is: ${asItIs.why}`)

let survived = 0
async function judge(mutant: Mutant): Promise<void> {
  const red = await firstRed(mutant)
  if (!red) survived++
  console.log(red ? `red   ${mutant.name}: seed ${red.seed}, ${red.why.slice(0, 150)}` : `LIVES ${mutant.name}: ${values.seeds} seeds are green`)
}

const wanted = mutants.filter(({ name }) => name.includes(values.only))
const queue = [...wanted]
await Promise.all(Array.from({ length: Number(values.jobs) }, async () => {
  for (let mutant = queue.shift(); mutant; mutant = queue.shift()) await judge(mutant)
}))
console.log(`${wanted.length} mutants, ${survived} live`)
process.exitCode = survived > 0 ? 1 : 0
