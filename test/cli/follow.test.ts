import { expect, test } from 'vitest'
import type { Cli } from '../../src/cli/cli.ts'
import { follow } from '../../src/cli/follow.ts'
import { machineClock, type Clock } from '../../src/clock.ts'
import { freshLedger } from '../../src/core/ledger.ts'
import type { Entry } from '../../src/core/moving.ts'
import type { Config, Request } from '../../src/core/types.ts'
import { exits, Said } from '../../src/errors.ts'
import { memoryClient, memoryState } from '../../src/store/memory.ts'

/** A clock whose sleeps are over at once. */
const quick = (): Clock => {
  let wallMs = 1_000_000
  return { ...machineClock, now: () => ({ monoMs: wallMs, wallMs }), sleep: async (ms) => void (wallMs += ms) }
}

const setUp = () => {
  const clock = quick()
  const said: string[] = []
  const cli = { clock, out: (text: string) => said.push(text), stop: () => new AbortController().signal, terminal: { out: false } } as unknown as Cli
  const store = memoryClient(memoryState(), { clock })
  const request = { id: 'r-1', by: 'tester', expiresMs: clock.now().wallMs + 30_000, what: 'resume' } as Request
  const journal = async (...entries: Partial<Entry>[]) => {
    const { revision } = await store.read()
    await store.commit({ revision, ledger: freshLedger({ app: 'shop', owner: null } as Config), entries: entries.map((entry) => ({ event: 'move', atMs: 1, msg: '', fields: {}, ...entry })) })
  }
  return { clock, said, cli, store, request, journal, following: { cli, store, request, afterSeq: 0, own: () => false } }
}

test('a request that nobody takes expires: exit 4, and it never runs', async () => {
  const { store, request, following } = setUp()
  await store.ask({ request })
  await expect(follow(following)).rejects.toMatchObject({ exit: 4, message: expect.stringMatching(/expired and never runs.*lifeboat status$/) })
})

test('a move that is turned to another site is followed there; one that ends with debts ends well', async () => {
  const { said, journal, following } = setUp()
  await journal(
    { event: 'request', fields: { request: 'r-1', kind: 'move', reason: 'request', epoch: 4 } },
    { event: 'step', msg: 'ready', fields: { epoch: 4, phase: 'end' } },
    { msg: 'abandoned', fields: { epoch: 4, state: 'abandoned' } },
    { msg: 'opened as epoch 5', fields: { epoch: 5, state: 'open', reason: 'redirect' } },
    { event: 'step', msg: 'of another move', fields: { epoch: 3, phase: 'end' } },
    { msg: 'confirmed; still to be brought up: b', fields: { epoch: 5, state: 'done-with-debts' } },
  )
  expect(await follow(following)).toBe(0)
  expect(said).toEqual(['', '  ready', 'abandoned', 'opened as epoch 5', 'confirmed; still to be brought up: b'])
})

test('a refusal is the sentence and exit 3; another controller that acts is exit 4', async () => {
  const refused = setUp()
  await refused.journal({ event: 'request', msg: 'refuse: so it is', fields: { request: 'r-1', kind: 'refuse' } })
  await expect(follow(refused.following)).rejects.toMatchObject({ exit: 3, message: 'refuse: so it is' })
  const aside = setUp()
  await aside.journal({ event: 'request', fields: { request: 'r-1', kind: 'move', epoch: 4 } }, { fields: { epoch: 4, state: 'superseded' } })
  await expect(follow(aside.following)).rejects.toMatchObject({ exit: 4 })
})

test('a move whose controller is gone for a minute is left open, and said: exit 4', async () => {
  const { journal, following } = setUp()
  await journal({ event: 'request', msg: 'opened', fields: { request: 'r-1', kind: 'move', epoch: 4 } })
  await expect(follow(following)).rejects.toMatchObject({ exit: 4, message: 'No controller has lived for 60 s, and epoch 4 is open: the next lifeboat watch goes on with it' })
})

test('a store that is out of reach after the request was put: that it was asked for, and how to follow it, exit 4', async () => {
  const gone = () => Promise.reject(new Said('The controller cannot be reached: no answer in 5 s', exits.unfinished))
  const begun = setUp()
  await begun.journal({ event: 'request', msg: 'opened', fields: { request: 'r-1', kind: 'move', epoch: 4 } })
  const follows = 'what became of it cannot be seen from here. To follow it: lifeboat status, lifeboat history. The controller cannot be reached: no answer in 5 s'
  await expect(follow({ ...begun.following, store: { ...begun.store, read: gone } })).rejects.toMatchObject({ exit: 4, message: `It was begun as epoch 4, and may be done or under way: ${follows}` })
  await expect(follow({ ...begun.following, store: { ...begun.store, entries: gone } })).rejects.toMatchObject({ exit: 4, message: `It was asked for, and may be done or under way: ${follows}` })
  // Whoever carries it out itself says what its own store lacks.
  await expect(follow({ ...begun.following, store: { ...begun.store, entries: gone }, own: () => true })).rejects.toMatchObject({ exit: 4, message: 'The controller cannot be reached: no answer in 5 s' })
})
