// A process of its own beside a store: `process.ts JOB PATH [N]`. It prints one JSON line per thing done.

import { machineClock } from '../../src/clock.ts'
import { Said } from '../../src/errors.ts'
import { openSqlite, type OpenStore } from '../../src/store/sqlite.ts'
import { ledgerOf } from './ledger.ts'

const [job = '', path = '', n = '0'] = process.argv.slice(2)
const print = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)
const entry = (fields: Record<string, number>, msg = '') => ({ event: 'step', atMs: 1, msg, fields })

/** One commit that raises the epoch by one, with two entries of that epoch, however often others are faster. */
const raise = async (store: OpenStore, msg = ''): Promise<number> => {
  for (;;) {
    const { revision, ledger } = await store.read()
    const epoch = (ledger?.epoch ?? 0) + 1
    const outcome = await store.commit({ revision, ledger: ledgerOf(epoch), entries: [entry({ epoch, pid: process.pid }), entry({ epoch, pid: process.pid }, msg)] })
    if (outcome !== 'lost') return epoch
  }
}

const jobs: Record<string, (store: OpenStore) => Promise<void>> = {
  /** N commits. */
  race: async (store) => {
    for (let i = 0; i < Number(n); i++) print(await raise(store))
    await store.close()
  },
  /** Commits until it is killed. */
  write: async (store) => {
    for (;;) print(await raise(store, 'x'.repeat(5_000)))
  },
  /** Takes the lease, says how it went, and stays. */
  lead: async (store) => {
    const led = await store.lead({ id: 'child', pid: process.pid, machine: 'test', sinceMs: 1, command: 'watch' })
    print('lease' in led ? { unclean: led.lease.unclean } : led)
    setInterval(() => {}, 1000)
  },
  /** A commit of N bytes, then a small one, in a process that may not write that much. */
  large: async (store) => {
    const said = await raise(store, 'x'.repeat(Number(n))).catch((thrown: unknown) => (thrown instanceof Said ? { said: thrown.message, exit: thrown.exit } : { bug: String(thrown) }))
    print(said)
    print(await raise(store))
  },
}

await jobs[job]?.(await openSqlite({ path, app: 'shop', clock: machineClock }))
