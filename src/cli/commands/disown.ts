import { admit } from '../../core/admit.ts'
import { markerName } from '../../core/marker.ts'
import type { Config, State } from '../../core/types.ts'
import { verb } from '../../core/verb.ts'
import { planRemoval } from '../../core/zone.ts'
import { exits, Said } from '../../errors.ts'
import type { OpenStore } from '../../store/sqlite.ts'
import { ask, refusalOf } from '../ask.ts'
import type { Actor } from '../actor.ts'
import type { Cli } from '../cli.ts'
import { columns } from '../columns.ts'
import { mayBeDone } from '../follow.ts'
import { groundOf } from '../ground.ts'
import { agree } from '../question.ts'
import { refuseMisfit } from '../misfit.ts'
import { reading } from '../store.ts'
import { lookAtZones, markersOf, type ZoneLook } from '../zone-look.ts'

const pauseMs = 100
/** A host that answers loses its TXT in a moment; a leader that has just begun waits a few seconds before it writes. */
const removalMostMs = 20_000

/** Lets go of the names: the TXT goes at each DNS host, the records stay. */
export async function disown(cli: Cli): Promise<number> {
  const ground = await groundOf(cli)
  const { core } = ground
  const { ledger } = await reading(cli, ground, (store) => store.read())
  refuseMisfit(ledger, ground)
  const look = await lookAtZones(cli, ground)
  refuseNewer(look, ledger?.epoch ?? 0, core)
  if (!ledger?.record && !ledger?.leaving) {
    cli.out(`${core.dns.names.join(', ')} ${verb(core.dns.names, 'is', 'are')} not adopted: there is nothing to let go of`)
    return exits.done
  }
  return ask(cli, ground, {
    command: 'disown',
    warm: false,
    wish: async (state) => {
      const wish = { what: 'disown', epoch: state.ledger.epoch } as const
      const decision = admit(state, core, { ...wish, id: '', by: '', expiresMs: 0 })
      if (decision.kind === 'refuse') throw refusalOf(decision, state, core)
      for (const line of showing(look, state, core)) cli.out(line)
      await agree(cli, 'Let go of them?')
      return wish
    },
    after: (store, actor) => untilRemoved(cli, { store, actor, look, core }),
  })
}

/** A marker of ours that this store knows nothing of: another one may act by it. */
function refuseNewer(look: ZoneLook, epoch: number, core: Config): void {
  const [marker] = markersOf(look, core)
  if (marker && marker.epoch > epoch)
    throw new Said(`refuse: DNS shows epoch ${marker.epoch} (${marker.site}, ${marker.state}), and this store knows epoch ${epoch}: another controller acts, or this store is new or an old copy. To take it up first: lifeboat adopt`, exits.refused)
}

/** What goes and what stays, host by host. */
function showing(look: ZoneLook, { ledger }: State, core: Config): string[] {
  const rows = core.dns.hosts.map((host) => [`  ${markerName(core.app, host.zone)}`, `TXT ${fateOf(look, ledger.owner ?? '', host, core)}`, host.host])
  const stay = ledger.record ? `, and point at ${ledger.record.site} (${ledger.record.addresses.join(', ')})` : ''
  return [`lifeboat lets go of ${core.dns.names.join(', ')}, and moves nothing any more. The records stay as they are${stay}:`, ...columns(rows)]
}

function fateOf(look: ZoneLook, owner: string, host: Config['dns']['hosts'][number], { app }: Config): string {
  const view = look.hosts[host.host]
  if (!view) return 'goes when the host answers'
  const change = planRemoval({ view, host, app, owner })
  if (change === null) return 'is gone already'
  return 'refused' in change ? `stays (${change.refused})` : 'goes'
}

type Removal = { store: OpenStore; actor: Actor; look: ZoneLook; core: Config }

/** Waits until every host that answered shows none of ours; throws Said where some still may. */
async function untilRemoved(cli: Cli, { store, actor, look, core }: Removal): Promise<number> {
  const untilMs = cli.clock.now().monoMs + removalMostMs
  const { hosts } = core.dns
  for (;;) {
    const { ledger } = await mayBeDone(store.read(), { epoch: null, own: actor.own() })
    const left = hosts.filter(({ host }) => ledger?.leaving?.includes(host)).map(({ host }) => host)
    if (left.length === 0) {
      cli.out(`${core.dns.names.join(', ')}: let go of at ${hosts.length} of ${hosts.length} DNS hosts, and the records stay. lifeboat watch moves nothing until: lifeboat adopt`)
      return exits.done
    }
    const over = cli.clock.now().monoMs > untilMs || cli.stop().aborted || ledger?.trusted === false
    if (over || left.every((host) => !look.hosts[host])) throw new Said(leftAt(left, actor), exits.unfinished)
    await cli.clock.sleep(pauseMs)
  }
}

const leftAt = (left: string[], actor: Actor): string =>
  `The names are let go of, and the TXT may still stand at ${left.join(', ')}. ${actor.own() ? 'When it answers again: lifeboat disown' : 'The controller removes it when it answers. To follow it: lifeboat status'}`
