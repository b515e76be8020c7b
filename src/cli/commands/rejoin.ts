import { admit } from '../../core/admit.ts'
import { leavesData } from '../../core/plan.ts'
import type { SiteWatch } from '../../core/types.ts'
import { ask, refusalOf } from '../ask.ts'
import type { Cli } from '../cli.ts'
import { groundOf } from '../ground.ts'
import { agree } from '../question.ts'

/** A person says that a fenced site's data is in order: it is a standby again. */
export async function rejoin(cli: Cli, { site }: { site: string }): Promise<number> {
  const ground = await groundOf(cli)
  const { core } = ground
  let seen: SiteWatch | undefined
  const done = await ask(cli, ground, {
    command: 'rejoin',
    warm: false,
    wish: async (state) => {
      const decision = admit(state, core, { what: 'rejoin', site, id: '', by: '', expiresMs: 0 })
      if (decision.kind === 'refuse') throw refusalOf(decision, state, core)
      seen = state.watch.sites[site]
      cli.out(`${site} becomes a standby again, and may be moved to${leavesData(core) ? `. It holds ${core.data.holds}: only you know whether they are in order` : ''}`)
      await agree(cli, 'Is it in order?')
      return { what: 'rejoin', site }
    },
  })
  cli.out(`${site} is a standby again${seen?.health === 'down' ? `; it is down now: ${seen.why}` : ''}`)
  return done
}
