import { expect, it } from 'vitest'
import { judgeDroplet } from '../../../src/drivers/clouds/digitalocean-droplets.ts'
import type { DropletAction } from '../../../src/drivers/clouds/digitalocean-api.ts'

const action = (type: string, hour: number, status = 'completed'): DropletAction => ({ type, status, started_at: `2026-11-02T0${hour}:00:00Z` })

const rows: [status: string, locked: boolean, actions: DropletAction[] | null, claim: string, detail: string][] = [
  ['active', false, null, 'machine-running', 'droplet 7 is active'],
  ['new', false, null, 'unknown', 'droplet 7 is new'],
  ['new', true, [], 'unknown', 'droplet 7 is new'],
  ['archive', false, null, 'machine-stopped', 'droplet 7 is archived'],
  ['paused', false, null, 'unknown', 'droplet 7 is paused'],
  ['active', true, [], 'machine-locked', 'droplet 7 is locked'],
  ['off', true, [action('power_off', 1)], 'machine-locked', 'droplet 7 is locked'],
  ['active', true, null, 'machine-locked', 'droplet 7 is locked'],
  ['active', true, [action('snapshot', 1, 'in-progress')], 'unknown', 'droplet 7 is locked while its action snapshot runs'],
  ['off', false, null, 'machine-stopped', 'droplet 7 is off, and its actions could not be read'],
  ['off', false, [], 'machine-stopped', 'droplet 7 is off, and no action says why'],
  ['off', false, [action('resize', 1, 'in-progress')], 'machine-stopped-by-operator', 'droplet 7 is off while its action resize runs'],
  ['off', false, [action('shutdown', 3), action('power_on', 2)], 'machine-stopped-by-operator', 'droplet 7 is off by the action shutdown of 2026-11-02T03:00:00Z'],
  ['off', false, [action('power_on', 2), action('shutdown', 3)], 'machine-stopped-by-operator', 'droplet 7 is off by the action shutdown of 2026-11-02T03:00:00Z'],
  ['off', false, [action('power_on', 3), action('power_off', 2)], 'machine-stopped', 'droplet 7 is off, and no action says why'],
  ['off', false, [action('power_off', 3, 'errored')], 'machine-stopped', 'droplet 7 is off, and no action says why'],
  ['off', false, [action('snapshot', 4), action('power_off', 3)], 'machine-stopped-by-operator', 'droplet 7 is off by the action power_off of 2026-11-02T03:00:00Z'],
]

it.each(rows)('%s, locked %s, actions %j: %s', (status, locked, actions, claim, detail) => {
  expect(judgeDroplet({ id: 7, status, locked }, actions)).toEqual({ claim, detail })
})
