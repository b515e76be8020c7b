import type { Settings } from '../config/settings.ts'
import { openBook } from '../controller/book.ts'
import { differenceSentence } from '../controller/difference.ts'
import type { Clock } from '../clock.ts'
import type { Ledger } from '../core/types.ts'
import { exits, Said } from '../errors.ts'
import type { OpenStore } from '../store/sqlite.ts'
import { writtenOf } from './changes.ts'
import { liveReport } from './live-report.ts'
import { refuseMisfit } from './misfit.ts'

type Accepting = { settings: Settings; store: OpenStore; clock: Clock; by: string }

/** The file becomes the one that a controller may come to lead by, although another leads by a different one. Gives what to say. */
export async function acceptFile({ settings, store, clock, by }: Accepting): Promise<string> {
  const { ledger } = await store.read()
  refuseMisfit(ledger, settings)
  if (ledger?.file?.hash === settings.hash) return `${settings.file} is the file in force already`
  const msg = `${settings.file} is accepted${ledger?.file ? `: ${differenceSentence(ledger.file.written, writtenOf(settings))}` : ''}`
  await putInForce({ settings, store, clock, by }, msg)
  const live = liveReport(await store.read(), clock)
  const meanwhile = live && live.configHash !== settings.hash ? `; ${live.leader.id} goes on leading by another until it ends, or reads this one (SIGHUP)` : ''
  return `${msg}. A controller with this file may lead${meanwhile}`
}

async function putInForce({ settings, store, clock, by }: Accepting, msg: string): Promise<void> {
  const book = openBook(store, settings.core, clock)
  const file: Ledger['file'] = { hash: settings.hash, written: writtenOf(settings), leader: null }
  const done = await book.change((ledger) => ({ ledger: { ...ledger, file }, entries: [book.entry('config', `${msg}, by ${by}`, { hash: settings.hash, by })] }))
  if (!done) throw new Said('Others wrote to the store again and again: nothing was accepted. Try again', exits.unfinished)
}
