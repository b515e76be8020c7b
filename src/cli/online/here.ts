import { accessSync, constants, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname } from 'node:path'
import { freshLedger } from '../../core/ledger.ts'
import type { Settings } from '../../config/settings.ts'
import type { Ledger } from '../../core/types.ts'
import { Said, textOf } from '../../errors.ts'
import { listenAt, stopListening } from '../../listening.ts'
import type { Report } from '../../ports.ts'
import type { Cli } from '../cli.ts'
import { liveReport } from '../live-report.ts'
import { refuseMisfit } from '../misfit.ts'
import { hasStore, reading } from '../store.ts'
import { foundAbout, type Finding, type Found } from './finding.ts'

/** What stands on this machine: the store, and who leads by it. */
export type Here = { ledger: Ledger; findings: Finding[] }

/** The store as it is, whether it could be written, and whether a controller here could listen. */
export async function lookHere(cli: Cli, settings: Settings): Promise<Here> {
  const found = foundAbout('this machine')
  const writable = folderFindings(found, settings.store.path)
  const { ledger, live, findings } = await readStore(cli, settings, found)
  const controller = live ? [found.ok(`a controller runs: ${live.leader.id} (${live.leader.command})`)] : await listenFindings(found, settings)
  const told = settings.notify.length > 0 || settings.heartbeat ? [found.ok('who is told is not tried here; lifeboat notify sends a test')] : []
  return { ledger, findings: [...writable, ...findings, ...controller, ...told] }
}

/** The folder that is there, or the nearest above it: lifeboat makes the last one itself. */
function folderFindings(found: Found, path: string): Finding[] {
  const folder = dirname(path)
  const there = existsSync(folder) ? folder : dirname(folder)
  try {
    accessSync(there, constants.W_OK | constants.X_OK)
    if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK)
    return [found.ok(`the store ${path} can be written`)]
  } catch (thrown) {
    return [found.fail(`the store ${path} cannot be written: ${textOf(thrown)}`)]
  }
}

async function readStore(cli: Cli, settings: Settings, found: Found): Promise<{ ledger: Ledger; live: Report | null; findings: Finding[] }> {
  const none = freshLedger(settings.core)
  if (!hasStore(settings)) return { ledger: none, live: null, findings: [] }
  try {
    const view = await reading(cli, settings, (store) => store.read())
    refuseMisfit(view.ledger, settings)
    return { ledger: view.ledger ?? none, live: liveReport(view, cli.clock), findings: [] }
  } catch (thrown) {
    if (!(thrown instanceof Said)) throw thrown
    return { ledger: none, live: null, findings: [found.fail(thrown.message)] }
  }
}

async function listenFindings(found: Found, { listen }: Settings): Promise<Finding[]> {
  if (!listen) return []
  const server = createServer()
  try {
    await listenAt(server, listen.address)
    await stopListening(server)
    return [found.ok(`listen: ${listen.address} is free`)]
  } catch (thrown) {
    return [found.fail(`listen: ${listen.address} cannot be had: ${textOf(thrown)}`)]
  }
}
