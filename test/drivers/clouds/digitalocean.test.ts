import { describe, expect, it } from 'vitest'
import type { SimState } from '../../../src/demo/sim-digitalocean.ts'
import type { DigitalOceanOptions } from '../../../src/drivers/clouds/digitalocean.ts'
import { byAddress, ours, running, second, token, well, withSim } from './lab.ts'

const many = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => ({ id: from + at, addresses: [`127.0.1.${from + at}`] }))
const at = (hour: number) => `2026-11-02T${String(hour).padStart(2, '0')}:00:00Z`

type Row = { says: string; state?: Partial<SimState>; options?: Partial<DigitalOceanOptions>; doubt?: boolean; readings: string[] }

const rows: Row[] = [
  { says: 'all is well', readings: [well, running] },
  {
    says: 'the account is locked',
    state: { account: 'locked', message: 'Contact\n support.' },
    readings: ['account account-locked account locked/200: account status is locked: Contact support.', running],
  },
  {
    says: 'a warning',
    state: { account: 'warning', message: ' ' },
    readings: ['account account-warning account warning/200: account status is warning', running],
  },
  {
    says: 'a status that nobody knows',
    state: { account: 'suspended' as 'locked' },
    readings: ['account unknown account suspended/200: account status is suspended', running],
  },
  {
    says: 'a message that holds our token',
    state: { account: 'locked', message: `your key ${token} was seen` },
    readings: ['account account-locked account locked/200: account status is locked: your key (hidden) was seen', running],
  },
  {
    says: 'the droplet is locked',
    state: { droplets: [{ ...ours, locked: true }] },
    readings: [well, 'droplet machine-locked resource active/200: droplet 4711 is locked'],
  },
  {
    says: 'off, by an action',
    state: { droplets: [{ ...ours, status: 'off', actions: [{ type: 'power_off', status: 'completed', startedAt: at(9) }] }] },
    readings: [well, `droplet machine-stopped-by-operator resource off/200: droplet 4711 is off by the action power_off of ${at(9)}`],
  },
  {
    says: 'off, by nobody',
    state: { droplets: [{ ...ours, status: 'off' }] },
    readings: [well, 'droplet machine-stopped resource off/200: droplet 4711 is off, and no action says why'],
  },
  { says: 'no id, found by its address', options: byAddress, readings: [well, running] },
  {
    says: 'no id, found by its IPv6 address, written otherwise',
    state: { droplets: [{ id: 4711, addresses: ['127.0.0.3', '0:0:0:0:0:0:0:1'] }] },
    options: { sites: [{ site: 'do', addresses: ['::1'], machineId: null }] },
    readings: [well, running],
  },
  {
    says: 'no id, found by a reserved address',
    state: { droplets: [{ id: 4711, addresses: ['127.0.0.3'], reserved: ['127.0.0.11'] }] },
    options: byAddress,
    readings: [well, running],
  },
  {
    says: 'no id, found by a reserved IPv6 address',
    state: { droplets: [{ id: 4711, addresses: ['127.0.0.3'], reserved: ['::1'] }] },
    options: { sites: [{ site: 'do', addresses: ['::1'], machineId: null }] },
    readings: [well, running],
  },
  {
    says: 'no id, found on the third page',
    state: { droplets: [...many(1, 5), ours], pageMost: 2 },
    options: byAddress,
    readings: [well, running],
  },
  {
    says: 'no id, and the list is empty',
    state: { droplets: [] },
    options: byAddress,
    readings: [well, 'droplet unknown unknown null/200: none of 0 droplets has the address 127.0.0.11'],
  },
  { says: 'no id and no address yet', options: { sites: [{ site: 'do', addresses: [], machineId: null }] }, readings: [well] },
  {
    says: 'gone: 404, and not in the whole list',
    state: { droplets: many(1, 5), pageMost: 2 },
    readings: [well, 'droplet machine-gone resource not_found/404: droplet 4711 is not found (HTTP 404) and is not in the list of 5 either'],
  },
  {
    says: 'gone, and another droplet has its address',
    state: { droplets: [{ ...ours, id: 4712 }] },
    readings: [well, 'droplet machine-running resource active/200: droplet 4712 is active'],
  },
  {
    says: 'gone, and another droplet has its reserved address',
    state: { droplets: [{ id: 4712, addresses: ['127.0.0.3'], reserved: ['127.0.0.11'] }] },
    readings: [well, 'droplet machine-running resource active/200: droplet 4712 is active'],
  },
  {
    says: '404, but the list has it',
    state: { unfound: [4711] },
    readings: [well, 'droplet unknown unknown not_found/404: droplet 4711 is not found (HTTP 404), but the list of droplets has it'],
  },
  {
    says: 'the list leaves it out, but GET by id has it',
    state: { unlisted: [4711] },
    readings: [well, running],
  },
  {
    says: '404, and the list has fewer than it counts',
    state: { droplets: [ours, ...many(1, 3)], unfound: [4711], unlisted: [4711], counted: true },
    readings: [well, 'droplet unknown unknown not_found/404: droplet 4711 is not found (HTTP 404), but the list of droplets could not be read whole (HTTP 200 at /v2/droplets?per_page=200&page=2)'],
  },
  {
    says: '404, and page 2 is empty',
    state: { droplets: many(1, 5), pageMost: 2, emptyPage2: true },
    readings: [well, 'droplet unknown unknown not_found/404: droplet 4711 is not found (HTTP 404), but the list of droplets could not be read whole (HTTP 200 at /v2/droplets?per_page=200&page=2)'],
  },
  {
    says: '404, and page 1 comes again and again',
    state: { droplets: many(1, 5), pageMost: 2, repeats: true },
    readings: [well, 'droplet unknown unknown not_found/404: droplet 4711 is not found (HTTP 404), but the list of droplets could not be read whole (HTTP 200 at /v2/droplets?per_page=200&page=2)'],
  },
  {
    says: '404, and the account cannot be read',
    state: { droplets: [], forbids: ['/account'] },
    readings: [
      'account unknown key Forbidden/403: the token may not read this (HTTP 403 at /v2/account)',
      'droplet unknown unknown not_found/404: droplet 4711 is not found (HTTP 404), but the account is not known to be active',
    ],
  },
  {
    says: '404, and the account is locked',
    state: { droplets: [], account: 'locked' },
    readings: [
      'account account-locked account locked/200: account status is locked',
      'droplet unknown unknown not_found/404: droplet 4711 is not found (HTTP 404), but the account is not known to be active',
    ],
  },
  {
    says: 'the token may not read droplets',
    state: { forbids: ['/droplets'] },
    readings: [well, 'droplet unknown key Forbidden/403: the token may not read this (HTTP 403 at /v2/droplets/4711)'],
  },
  {
    says: 'the only token is refused',
    state: { tokens: [] },
    doubt: true,
    readings: [
      'account unknown key Unauthorized/401: the token is refused (HTTP 401 at /v2/account), and there is no second one to tell the key from the account',
      'droplet unknown key Unauthorized/401: the token is refused (HTTP 401 at /v2/account)',
    ],
  },
  {
    says: 'one of two tokens is refused, and the other goes on',
    state: { tokens: [second], account: 'locked' },
    options: { secondToken: second },
    doubt: true,
    readings: [
      'account account-locked account locked/200: account status is locked',
      'credentials unknown key Unauthorized/401: the token is refused (HTTP 401 at /v2/account); the second one is accepted',
      running,
    ],
  },
  {
    says: 'both tokens are refused, and so is a bogus one',
    state: { tokens: [] },
    options: { secondToken: second },
    doubt: true,
    readings: [
      'account credentials-refused account Unauthorized/401: both tokens are refused (HTTP 401), and a bogus one as it should be',
      'droplet unknown key Unauthorized/401: the token is refused (HTTP 401 at /v2/account)',
    ],
  },
  {
    says: 'both tokens are refused while nothing is in doubt',
    state: { tokens: [] },
    options: { secondToken: second },
    readings: [
      'account unknown key Unauthorized/401: both tokens are refused (HTTP 401)',
      'droplet unknown key Unauthorized/401: the token is refused (HTTP 401 at /v2/account)',
    ],
  },
  {
    says: 'it asks us to wait',
    state: { mode: 'limited' },
    readings: ['account', 'droplet'].map((source) => `${source} unknown unknown too_many_requests/429: DigitalOcean's API asks us to wait (HTTP 429 at /v2/account)`),
  },
  {
    says: '503 with a page',
    state: { mode: 'unavailable' },
    readings: [
      "account api-failing unknown null/503: DigitalOcean's API fails: HTTP 503 at /v2/account",
      "droplet api-failing unknown null/503: DigitalOcean's API fails: HTTP 503 at /v2/droplets/4711",
    ],
  },
  {
    says: 'a redirect to its login page',
    state: { mode: 'redirect' },
    readings: [
      "account api-failing unknown null/302: DigitalOcean's API fails: HTTP 302 at /v2/account",
      "droplet api-failing unknown null/302: DigitalOcean's API fails: HTTP 302 at /v2/droplets/4711",
    ],
  },
  {
    says: "a 401 that is not DigitalOcean's own",
    state: { mode: 'gate' },
    options: { secondToken: second },
    doubt: true,
    readings: [
      "account api-failing unknown null/401: DigitalOcean's API fails: HTTP 401 at /v2/account",
      "droplet api-failing unknown null/401: DigitalOcean's API fails: HTTP 401 at /v2/droplets/4711",
    ],
  },
  {
    says: 'JSON of another kind',
    state: { mode: 'nonsense' },
    readings: [
      "account api-failing unknown null/200: DigitalOcean's API answers nonsense (HTTP 200 at /v2/account)",
      "droplet api-failing unknown null/200: DigitalOcean's API answers nonsense (HTTP 200 at /v2/droplets/4711)",
    ],
  },
  {
    says: 'a Date 10 min behind ours',
    state: { skewMs: -600_000 },
    readings: [well, "clock clock-off unknown null/200: our clock is 10 min ahead of DigitalOcean's", running],
  },
  {
    says: 'a Date 10 min ahead of ours',
    state: { skewMs: 600_000 },
    readings: [well, "clock clock-off unknown null/200: our clock is 10 min behind DigitalOcean's", running],
  },
  { says: 'a Date 4 min behind ours', state: { skewMs: -240_000 }, readings: [well, running] },
]

describe('what DigitalOcean says becomes readings', () => {
  it.each(rows)('$says', async ({ state, options, doubt, readings }) => {
    await withSim({ ...(state && { state }), ...(options && { options }) }, async ({ poll }) => expect(await poll(doubt)).toEqual(readings))
  })
})
