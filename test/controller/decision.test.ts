import { expect, test } from 'vitest'
import { takeRequests } from '../../src/controller/requests.ts'
import { count, hear } from '../../src/controller/round.ts'
import type { Request } from '../../src/core/types.ts'
import { answerOf, configOf, ledgerOf } from '../core/house.ts'
import { bench, seeing } from './bench.ts'

const config = configOf({ policy: { outageMs: 0 } })
const never = new AbortController().signal

type Asks = { what: 'disown'; epoch: number } | { what: 'pause'; untilMs: null; why: string }

/** A leader to whom the active site is down. `meanwhile`: what a person asks for while its decision is being journaled. */
const decided = async (meanwhile: Asks | null) => {
  let asking = meanwhile
  const { self, store, clock } = bench({
    config,
    change: (given) => ({
      ...given,
      vantages: config.vantages.map(({ vantage }) =>
        seeing(vantage, { probe: async ({ questions, canaries }) => ({ answers: questions.map(({ site, address }) => answerOf(site === 'aws' ? 'refused' : 'ok', address)), canaries: { well: canaries.length, asked: canaries.length } }) }),
      ),
      store: {
        ...given.store,
        commit: async (what) => {
          const landed = await given.store.commit(what)
          const ask = what.entries.some(({ event, fields }) => event === 'decision' && fields.kind === 'move') ? asking : null
          if (ask === null) return landed
          asking = null
          await given.store.ask({ request: { id: 'r1', by: 'ana', expiresMs: clock.now().wallMs + 30_000, ...ask } as Request })
          await takeRequests(self)
          return landed
        },
      },
    }),
  })
  const { lease } = (await store.lead(self.parts.leader)) as { lease: NonNullable<typeof self.lease> }
  Object.assign(self, { lease, entered: true, dnsReadMs: 0 })
  await self.book.change(() => ({ ledger: ledgerOf(config), entries: [] }))
  for (let rounds = 0; rounds < 8; rounds++) {
    const heard = await hear(self, never)
    await clock.pass(200)
    await count(self, heard, true)
    await clock.pass(1_800)
  }
  return (await store.read()).ledger!
}

test('a site that is down is left', async () => {
  expect((await decided(null)).move).toMatchObject({ kind: 'failover', from: 'aws', to: 'hetzner', epoch: 8 })
})

test('a move is not opened at names that were let go of while its decision was journaled', async () => {
  const { move, record, leaving } = await decided({ what: 'disown', epoch: 7 })
  expect({ move, record, leaving }).toEqual({ move: null, record: null, leaving: ['dns1'] })
})

test('nor while paused', async () => {
  expect(await decided({ what: 'pause', untilMs: null, why: 'release' })).toMatchObject({ move: null, pause: { by: 'ana' } })
})
