import { describe } from 'vitest'
import { startBind } from '../../lab/bind.ts'
import { debian } from '../../lab/debian.ts'
import { secondarySuite } from './secondaries.ts'

const bind = await debian(['bind9'])

describe.skipIf(!bind)('BIND', () => {
  // Its `notify-delay` is 5 s (BIND 9.18.49, measured 2026-11).
  if (bind) secondarySuite('BIND', bind, (given) => startBind(bind, given), { inARowMs: 4500 })
})
