import type { Settings } from '../../config/settings.ts'
import { openBook } from '../../controller/book.ts'
import { differenceSentence } from '../../controller/difference.ts'
import type { Ledger } from '../../core/types.ts'
import { exits, Said } from '../../errors.ts'
import type { OpenStore } from '../../store/sqlite.ts'
import { asker } from '../ask.ts'
import { writtenOf } from '../changes.ts'
import { describe } from '../check-report.ts'
import type { Cli } from '../cli.ts'
import { liveReport, openToWrite, readSettings, refuseMisfit, refuseNoStore } from '../store.ts'

/** Reads the file, and says what it comes to. `online`: also looks at all that it names, with no write. With `accept` it is the one that a controller may come to lead by. */
export async function check(cli: Cli, { online, accept }: { online: boolean; accept: boolean }): Promise<number> {
  if (online && accept) throw new Said('check takes --online or --accept, not both: look first, then accept')
  if (cli.flags.json && !online) throw new Said('check prints data with --online alone: lifeboat check --online --json')
  const settings = readSettings(cli)
  if (accept) cli.out(await acceptFile(cli, settings))
  else if (!cli.flags.json) for (const line of describe(settings)) cli.out(line)
  return online ? (await import('../online/online.ts')).checkOnline(cli, settings) : exits.done
}

async function acceptFile(cli: Cli, settings: Settings): Promise<string> {
  refuseNoStore(settings)
  const store = await openToWrite(settings, cli.clock)
  try {
    const { ledger } = await store.read()
    refuseMisfit(ledger, settings)
    if (ledger?.file?.hash === settings.hash) return `${settings.file} is the file in force already`
    const msg = `${settings.file} is accepted${ledger?.file ? `: ${differenceSentence(ledger.file.written, writtenOf(settings))}` : ''}`
    await putInForce(cli, settings, store, msg)
    const live = liveReport(await store.read(), cli.clock)
    const meanwhile = live && live.configHash !== settings.hash ? `; ${live.leader.id} goes on leading by another until it ends, or reads this one (SIGHUP)` : ''
    return `${msg}. A controller with this file may lead${meanwhile}`
  } finally {
    await store.close()
  }
}

async function putInForce(cli: Cli, settings: Settings, store: OpenStore, msg: string): Promise<void> {
  const book = openBook(store, settings.core, cli.clock)
  const file: Ledger['file'] = { hash: settings.hash, written: writtenOf(settings), leader: null }
  const by = asker(cli)
  const done = await book.change((ledger) => ({ ledger: { ...ledger, file }, entries: [book.entry('config', `${msg}, by ${by}`, { hash: settings.hash, by })] }))
  if (!done) throw new Said('Others wrote to the store again and again: nothing was accepted. Try again', exits.unfinished)
}
