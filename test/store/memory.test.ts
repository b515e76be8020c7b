import { expect, test } from 'vitest'
import { machineClock } from '../../src/clock.ts'
import { memoryClient, memoryState, type Gate } from '../../src/store/memory.ts'
import { ledgerOf } from './ledger.ts'
import { keeps, storeSuite } from './suite.ts'

storeSuite('memory', () => {
  const state = memoryState(keeps)
  return { client: async (clock) => memoryClient(state, { clock }) }
})

test('a simulation may lose the answer of a commit that landed', async () => {
  const state = memoryState()
  const loses: Gate = async (run) => {
    run()
    throw new Error('no answer')
  }
  const client = memoryClient(state, { clock: machineClock, gate: loses })
  await expect(client.commit({ revision: 0, ledger: ledgerOf(4), entries: [] })).rejects.toThrow('no answer')
  expect(await memoryClient(state, { clock: machineClock }).read()).toMatchObject({ revision: 1, ledger: { epoch: 4 } })
})

test('a transaction that a simulation delays past its client’s death never runs', async () => {
  const state = memoryState()
  const held: (() => void)[] = []
  const delays: Gate = (run) => new Promise((resolve, reject) => held.push(() => void (async () => run())().then(resolve, reject)))
  const client = memoryClient(state, { clock: machineClock, gate: delays })
  const late = client.commit({ revision: 0, ledger: ledgerOf(4), entries: [] })
  await client.close()
  for (const run of held) run()
  await expect(late).rejects.toThrow('closed')
  expect(state.revision).toBe(0)
})
