import { exits, Said } from '../../errors.ts'
import { describe } from '../check-report.ts'
import type { Cli } from '../cli.ts'
import { readSettings } from '../store.ts'

/** Reads the file, and says what it comes to. */
export async function check(cli: Cli, options: { online: boolean; accept: boolean }): Promise<number> {
  for (const flag of ['online', 'accept'] as const) if (options[flag]) throw new Said(`check --${flag} is not yet built. Without it, check reads the file alone`)
  for (const line of describe(readSettings(cli))) cli.out(line)
  return exits.done
}
