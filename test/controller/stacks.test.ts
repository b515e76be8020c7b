import { expect, test } from 'vitest'
import { readStack } from '../../src/controller/stacks.ts'
import { turnMs } from '../../src/controller/times.ts'
import type { StackCopy } from '../../src/core/types.ts'
import type { Stack } from '../../src/ports.ts'
import { configOf } from '../core/house.ts'
import { bench } from './bench.ts'

const never = new AbortController().signal
const copy = (address: string, readMs: number): StackCopy => ({ stack: 'aws', address, addressV6: null, machineId: null, region: null, readMs })

/** A controller beside one stack that says what it is told to. */
const beside = async () => {
  const sites = configOf().sites.map((site) => (site.site === 'aws' ? { ...site, stack: 'aws' } : site))
  const { self, clock, lines } = bench({ config: configOf({ sites }) })
  await self.book.refresh()
  let asked = 0
  const says: { answer: Awaited<ReturnType<Stack['read']>> } = { answer: { why: 'the state cannot be reached' } }
  const stack: Stack = { site: 'aws', read: async () => (asked++, says.answer) }
  const lead = () => void (self.lease = { heldUntilMonoMs: () => Infinity, unclean: false, release: async () => {} })
  return { self, clock, says, lead, turn: () => readStack(self, stack, never), asked: () => asked, kept: () => self.book.ledger().stacks?.aws, lines: () => lines.map(({ level, msg }) => `${level} ${msg}`) }
}

test('who does not lead reads no stack, and who does reads it every five minutes', async () => {
  const { clock, lead, turn, asked } = await beside()
  expect(await turn()).toBe('not due')
  lead()
  await turn()
  await turn()
  expect(asked()).toBe(1)
  await clock.pass(turnMs.stacks)
  await turn()
  expect(asked()).toBe(2)
})

test('what was last read well stays, with its age; each state of the stack is said once', async () => {
  const { self, clock, says, lead, turn, kept, lines } = await beside()
  lead()
  const next = async (answer: typeof says.answer) => {
    says.answer = answer
    await turn()
    await clock.pass(turnMs.stacks)
  }
  await next({ copy: copy('192.0.2.1', 1) })
  await next({ copy: copy('192.0.2.1', 2) })
  expect(kept()).toEqual(copy('192.0.2.1', 2))
  await next({ why: 'the state cannot be reached' })
  const sinceMs = self.stackReads.aws?.failing?.sinceMs
  await next({ why: 'the state cannot be reached' })
  expect(kept()).toEqual(copy('192.0.2.1', 2))
  expect(self.stackReads.aws?.failing).toEqual({ sinceMs, why: 'the state cannot be reached' })
  await next({ copy: copy('192.0.2.9', 3) })
  expect(kept()).toEqual(copy('192.0.2.9', 3))
  expect(lines()).toEqual([
    'info the stack aws of site aws was read: 192.0.2.1',
    'warn the stack of site aws could not be read, and what it last said stays: the state cannot be reached',
    'info the stack of site aws can be read again',
    'info the stack aws of site aws says 192.0.2.9, and said 192.0.2.1',
  ])
})

test('one that was never read leaves the site without an address, and that is said', async () => {
  const { lead, turn, kept, lines } = await beside()
  lead()
  await turn()
  expect(kept()).toBeUndefined()
  expect(lines()).toEqual(['warn the stack of site aws could not be read, and it was never read, so that the site has no address: the state cannot be reached'])
})
