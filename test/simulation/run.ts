import { parseArgs } from 'node:util'
import { countNames, noCounts } from './judge.ts'
import { simulate, transcriptOf } from './simulation.ts'

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '50' }, from: { type: 'string', default: '1' }, seed: { type: 'string' }, trace: { type: 'boolean', default: false }, all: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
})
const first = Number(values.seed ?? values.from)
const most = values.seed === undefined ? Number(values.seeds) : 1
const counts = noCounts()
let failed = 0
const began = performance.now()
for (let seed = first; seed < first + most; seed++) {
  const result = await simulate(seed, values.trace ? (line) => console.log(line) : undefined)
  for (const name of countNames) counts[name] += result.counts[name]
  if (!result.red) continue
  failed++
  console.log(values.quick || values.trace ? `seed ${seed} is red. ${result.red.message}` : transcriptOf(result))
  if (!values.all) break
}
console.log(`${most} seeds from ${first}: ${failed} red, in ${((performance.now() - began) / 1000).toFixed(1)} s; ${countNames.map((n) => `${n} ${counts[n]}`).join(', ')}`)
process.exitCode = failed > 0 ? 1 : 0
