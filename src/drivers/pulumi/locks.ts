import { hostname } from 'node:os'

/** Who holds a stack's lock, as pulumi tells it. */
export type Owner = { user: string; host: string; pid: number }

/** The owners named in what pulumi says of a locked stack (CLI 3.274.1, 2026-11); a state at Pulumi Cloud names none. */
export const ownersIn = (text: string): Owner[] =>
  [...text.matchAll(/created by (\S+)@(\S+) \(pid (\d+)\)/g)].map(([, user = '', host = '', pid]) => ({ user, host, pid: Number(pid) }))

/** How an owner stands: its process is gone from this machine, is there (maybe another's by now), or it is somewhere else. */
export type Standing = 'dead' | 'alive' | 'elsewhere'

/** Signal 0 asks only whether the process is there. */
export function standingOf({ host, pid }: Owner): Standing {
  if (host !== hostname()) return 'elsewhere'
  try {
    process.kill(pid, 0)
    return 'alive'
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ESRCH' ? 'dead' : 'alive'
  }
}
