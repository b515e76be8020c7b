import { tokenLeast } from '../../core/limits.ts'
import { exits, Said } from '../../errors.ts'
import { serveVantage } from '../../drivers/vantages/server.ts'
import type { Cli } from '../cli.ts'
import { logTo } from '../log.ts'
import { localVantage } from '../wiring.ts'

/** Probes for controllers elsewhere until SIGINT or SIGTERM. It needs no lifeboat.yaml. */
export async function vantage(cli: Cli, { listen }: { listen: string | null }): Promise<number> {
  if (listen === null) throw new Said('lifeboat vantage needs to know where to listen: --listen 127.0.0.1:8687')
  const token = cli.env.LIFEBOAT_VANTAGE_TOKEN ?? ''
  if (token.length < tokenLeast)
    throw new Said(`LIFEBOAT_VANTAGE_TOKEN ${token === '' ? 'is not set' : `is too short`}. Set it to at least ${tokenLeast} characters, the same as the controller's; a fresh one: ${cli.clock.id().replaceAll('-', '')}`)
  cli.keepSecret([token])
  const stop = cli.stop()
  const log = logTo(cli)
  const serving = await serveVantage({ listen, token, vantage: localVantage('here', cli.clock), log, clock: cli.clock })
  if (!stop.aborted) await new Promise((stopped) => stop.addEventListener('abort', stopped, { once: true }))
  await serving.stop()
  log({ level: 'info', event: 'stop', msg: 'the vantage has stopped' })
  return exits.done
}
