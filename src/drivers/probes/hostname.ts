// A site's address may be a hostname, such as a load balancer's. It is resolved where the probe runs from, and asked at each address.

import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Clock } from '../../clock.ts'
import { textOf } from '../../errors.ts'
import type { Question } from '../../ports.ts'
import { within } from './connection.ts'
import { failureOf } from './answer.ts'
import type { ProbeResult } from './answer.ts'

type Family = 4 | 6

/** The addresses of one family that a name has; empty: none of that family. Rejects where it could not be found out. */
export type Resolve = (name: string, family: Family) => Promise<string[]>

/** As this machine resolves names, its hosts file included. */
export const systemResolve: Resolve = async (name, family) => {
  try {
    return (await lookup(name, { family, all: true })).map(({ address }) => address)
  } catch (thrown) {
    // The resolver's own answer: no such name, or no address of this family. One that fails says EAI_AGAIN or EAI_FAIL.
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOTFOUND') return []
    throw thrown
  }
}

/** Joins a look-up that is under way: one that hangs cannot be stopped, and holds a thread of this process until it ends. */
export const joining = (resolve: Resolve): Resolve => {
  const underWay = new Map<string, Promise<string[]>>()
  return (name, family) => {
    const key = `${name} ${family}`
    const asked = underWay.get(key) ?? resolve(name, family).finally(() => underWay.delete(key))
    underWay.set(key, asked)
    return asked
  }
}

/** A name with more addresses of one family than this is asked at the first of them, in the order of their texts. */
export const addressesMax = 16

/** What is needed to ask at a hostname. `find` asks at one address. */
export type Prober = { resolve: Resolve; clock: Clock; limit: AbortSignal; find: (question: Question) => Promise<ProbeResult> }

/** Asks at the question's address; where that is a hostname, at all its addresses at once, of both families: one result. */
export const findAtEach = async (question: Question, prober: Prober): Promise<ProbeResult> => {
  if (isIP(question.address)) return prober.find(question)
  const results = await Promise.all([findInFamily(4, question, prober), findInFamily(6, question, prober)])
  return together(results.flat())
}

type ResultAt = ProbeResult & { at: string }

const findInFamily = async (family: Family, question: Question, { resolve, clock, limit, find }: Prober): Promise<ResultAt[]> => {
  // The other half of the time is left to the asking: a slow resolver must not make a site silent.
  const resolveLimit = clock.deadline(Math.ceil(question.timeoutMs / 2), limit)
  const addresses = await within(resolve(question.address, family), resolveLimit).catch((thrown: unknown) => textOf(thrown))
  if (typeof addresses === 'string') {
    const why = resolveLimit.aborted ? 'no answer in time' : addresses
    return [{ at: `IPv${family}`, kind: 'unable', detail: `could not resolve its hostname: ${why}` }]
  }
  return Promise.all(
    [...new Set(addresses)].sort().slice(0, addressesMax).map(async (at) => {
      const asked = aimed(question, at)
      return { at, ...(await find(asked).catch((thrown: unknown) => failureOf(thrown, asked, limit))) }
    }),
  )
}

// The hostname is one of the site's names: a redirect to it is no stranger's.
const aimed = (question: Question, address: string): Question =>
  question.kind === 'http' ? { ...question, address, names: [...question.names, question.address] } : { ...question, address }

// All that could be asked must be well, as with the addresses that a file lists (core/votes.ts): each visitor is handed one
// of them, and whoever gets the wrong one has an outage. An address that a load balancer is about to take out of its name
// fails for some rounds, and `fall` and the outage budget wait that long. Where nothing could be asked, there is no vote.
const together = (results: ResultAt[]): ProbeResult => {
  const asked = results.filter(({ kind }) => kind !== 'unable')
  const shown = asked.find(({ kind }) => kind === 'other-site') ?? asked.find(({ kind }) => kind !== 'ok') ?? asked[0] ?? results[0]
  // Found out, and not in doubt: whoever asks for the site is told the same.
  if (!shown) return { kind: 'silent', detail: 'its hostname has no address' }
  const places = results.filter(({ kind, detail }) => kind === shown.kind && detail === shown.detail).map(({ at }) => at)
  const ends = asked.map(({ certificateUntilMs }) => certificateUntilMs ?? null).filter((ms) => ms !== null)
  return {
    kind: shown.kind,
    detail: `${shown.detail} (${places.join(', ')})`,
    certificateUntilMs: ends.length > 0 ? Math.min(...ends) : null,
  }
}
