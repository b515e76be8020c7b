// A command that acts by itself, and its store cannot be used any more, as on a full disk: it would never end.

import type { Clock } from '../clock.ts'
import { planName } from '../core/explain.ts'
import { parseMarker } from '../core/marker.ts'
import type { HostView } from '../core/moving.ts'
import type { Move } from '../core/types.ts'
import { exits, Said } from '../errors.ts'
import type { StoreView } from '../ports.ts'
import type { OpenStore } from '../store/sqlite.ts'

const outMsMost = 10_000

/** The same store, and `out`, which rejects with what it says when reading or committing has failed again and again for 10 s. */
export function mindStore(store: OpenStore, clock: Clock): { store: OpenStore; out: Promise<never> } {
  const { promise: out, reject } = Promise.withResolvers<never>()
  out.catch(() => {}) // Whoever acts waits for it, or has ended.
  const sinceMs = new Map<string, number>()
  const minding = async <T>(what: string, call: Promise<T>): Promise<T> => {
    try {
      const answer = await call
      sinceMs.delete(what)
      return answer
    } catch (thrown) {
      const { monoMs } = clock.now()
      if (!sinceMs.has(what)) sinceMs.set(what, monoMs)
      if (thrown instanceof Said && monoMs - (sinceMs.get(what) ?? monoMs) >= outMsMost) reject(thrown)
      throw thrown
    }
  }
  return { out, store: { ...store, read: () => minding('read', store.read()), commit: (commit) => minding('commit', store.commit(commit)) } }
}

/** What to say then: what is done and what not, by the store and by DNS as they were last read, and how to go on. `view` null: the store cannot be read either. */
export function outageSentence(said: Said, view: StoreView | null, hosts: Record<string, HostView | null>): Said {
  return new Said(`The store could not be used for ${outMsMost / 1000} s, so this command ends. ${said.message}. ${stand(view, hosts)}`, exits.unfinished)
}

function stand(view: StoreView | null, hosts: Record<string, HostView | null>): string {
  if (view === null) return 'What it holds could not be read, so what was done is not known. When it can be used again: lifeboat status'
  const move = view.ledger?.move
  if (move) return `Done: epoch ${move.epoch} is open in it (${planName(move)}); ${inDns(move, hosts)}. Not done: what comes after that, and the store does not hold that it ended. When the store can be written again, this goes on with it: lifeboat watch`
  if (view.requests.length > 0) return 'Done: nothing; what was asked for waits in the store, and expires within a minute. When the store can be written again: the same command once more'
  return 'No move is open in it. When it can be written again, look first: lifeboat status'
}

/** How far the move got at each DNS host. */
function inDns({ epoch, to }: Move, hosts: Record<string, HostView | null>): string {
  const markers = Object.entries(hosts).map(([host, view]) => ({ host, marker: parseMarker(view?.txt[0] ?? '') }))
  const at = (state: 'claimed' | 'pointed') => markers.filter(({ marker }) => marker?.epoch === epoch && marker.state === state).map(({ host }) => host)
  const [pointed, claimed] = [at('pointed'), at('claimed')]
  const said = [
    ...(pointed.length > 0 ? [`in DNS the names point at ${to} (${pointed.join(', ')})`] : []),
    ...(claimed.length > 0 ? [`in DNS the epoch is claimed, and the names are as they were (${claimed.join(', ')})`] : []),
  ]
  return said.join('; ') || 'DNS shows nothing of it'
}
