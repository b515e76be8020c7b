import { describe } from 'vitest'
import { debian } from '../../lab/debian.ts'
import { startKnot } from '../../lab/knot.ts'
import { secondarySuite } from './secondaries.ts'

const bind = await debian(['bind9'])
const knot = await debian(['knot'])

describe.skipIf(!bind || !knot)('Knot', () => {
  if (bind && knot) secondarySuite('Knot', bind, (given) => startKnot(knot, given), { inARowMs: 0 })
})
