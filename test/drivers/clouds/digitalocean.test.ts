import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import type { SimState } from '../../../src/demo/sim-digitalocean.ts'
import { digitalocean } from '../../../src/drivers/clouds/digitalocean.ts'
import type { DigitalOceanOptions } from '../../../src/drivers/clouds/digitalocean.ts'
import { none } from '../../../src/drivers/clouds/none.ts'
import { second, token, withSim } from './lab.ts'

const well = 'account account-well account active/200: account status is active'
const running = 'droplet machine-running resource active/200: droplet 4711 is active'
const byAddress = { sites: [{ site: 'do', addresses: ['127.0.0.11'], machineId: null }] }
const many = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => ({ id: from + at, addresses: [`127.0.1.${from + at}`] }))
const ours = { id: 4711, addresses: ['127.0.0.11'] }
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

describe('both tokens refused, and the control says that the API is unwell', () => {
  // The bogus token alone is treated otherwise: the real ones are refused by a server in front of the simulator.
  it.each([
    { mode: 'anything' as const, says: 'account api-failing unknown null/200: both tokens are refused (HTTP 401), but a bogus one was not: HTTP 200 at /v2/account' },
    { mode: 'insane' as const, says: "account api-failing unknown server_error/500: both tokens are refused (HTTP 401), but a bogus one was not: DigitalOcean's API fails: HTTP 500 at /v2/account" },
  ])('$mode', async ({ mode, says }) => {
    await withSim({ state: { mode, tokens: [] } }, async ({ sim, hand }) => {
      const front = createServer(async (request, response) => {
        const bogus = request.headers.authorization?.includes('dop_v1_')
        const inner = bogus ? await fetch(sim.url + request.url, { headers: { authorization: request.headers.authorization! } }) : null
        response.writeHead(inner?.status ?? 401, { 'content-type': 'application/json' })
        response.end(inner ? await inner.text() : JSON.stringify({ id: 'Unauthorized', message: 'Unable to authenticate you' }))
      })
      await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
      const endpoint = `http://127.0.0.1:${(front.address() as AddressInfo).port}/`
      const sites = [{ site: 'do', addresses: [], machineId: null }]
      const cloud = digitalocean({ sites, token, secondToken: second, witness: null, endpoint, clock: hand.clock })
      const [reading] = await cloud.poll(true, AbortSignal.timeout(20_000))
      front.close()
      expect(`${reading?.source} ${reading?.claim} ${reading?.scope} ${reading?.code}/${reading?.http}: ${reading?.detail}`).toBe(says)
    })
  })
})

describe('over several polls', () => {
  it('remembers the id that it found, so that a droplet can be gone', async () => {
    await withSim({ options: byAddress }, async ({ sim, poll }) => {
      await poll()
      sim.set({ droplets: [{ id: 1, addresses: ['127.0.0.3'] }] })
      expect(await poll()).toEqual([well, 'droplet machine-gone resource not_found/404: droplet 4711 is not found (HTTP 404) and is not in the list of 1 either'])
    })
  })

  it('asks for one droplet, not for the list, once it knows the id', async () => {
    await withSim({ options: byAddress }, async ({ sim, poll }) => {
      await poll()
      sim.exchanges.length = 0
      await poll()
      expect(sim.exchanges.map((each) => each.url)).toEqual(['/v2/account', '/v2/droplets/4711'])
    })
  })

  it('looks again for a droplet that it did not find after 5 min, not before', async () => {
    await withSim({ state: { droplets: [] }, options: byAddress }, async ({ sim, hand, poll }) => {
      await poll()
      sim.set({ droplets: [ours] })
      hand.pass(290_000)
      expect((await poll())[1]).toContain('none of 0 droplets has the address')
      hand.pass(20_000)
      expect(await poll()).toEqual([well, running])
    })
  })

  it('leaves it alone for as long as it asks, and says what it read before', async () => {
    await withSim({ state: { retryAfterS: 40 } }, async ({ sim, hand, poll }) => {
      await poll()
      sim.set({ mode: 'limited' })
      await poll()
      sim.set({ mode: 'well', account: 'locked' })
      const calls = sim.exchanges.length
      hand.pass(39_000)
      expect((await poll(true))[0]).toContain('account unknown unknown null/null: DigitalOcean asks us to wait (HTTP 429)')
      expect(sim.exchanges.length).toBe(calls)
      hand.pass(2_000)
      expect((await poll(true))[0]).toContain('account-locked')
    })
  })

  it('without Retry-After, leaves it alone until ratelimit-reset, and never for longer than 15 min', async () => {
    await withSim({ state: { mode: 'limited', retryAfterS: null, resetS: 200, skewMs: -7_200_000 } }, async ({ sim, hand, poll }) => {
      await poll()
      sim.set({ mode: 'well', skewMs: 0 })
      hand.pass(195_000)
      expect((await poll())[0]).toContain('unknown')
      hand.pass(10_000)
      expect(await poll()).toEqual([well, running])
      sim.set({ mode: 'limited', retryAfterS: 1e9 })
      await poll()
      sim.set({ mode: 'well' })
      hand.pass(901_000)
      expect(await poll()).toEqual([well, running])
    })
  })

  it('stays within a tenth of the limit in the worst hour, never waits for it, and reads again when calls come back', async () => {
    await withSim({}, async ({ sim, hand, poll }) => {
      for (let round = 0; round < 180; round++) {
        for (let each = 0; each < (round === 0 ? 70 : 2); each++) await poll(true)
        hand.pass(20_000)
      }
      expect(sim.exchanges.length).toBeGreaterThan(480)
      expect(sim.exchanges.length).toBeLessThanOrEqual(500)
      // What is left pays for two polls at most.
      for (let each = 0; each < 2; each++) await poll(true)
      expect(await poll(true)).toEqual([
        "account unknown account null/null: lifeboat's share of calls is used up; before: account status is active",
        "droplet unknown resource null/null: lifeboat's share of calls is used up; before: droplet 4711 is active",
      ])
      hand.pass(20_000)
      expect(await poll(true)).toEqual([well, running])
    })
  })

  it('says so when its share runs out within a poll', async () => {
    await withSim({ options: { secondToken: second } }, async ({ sim, poll }) => {
      for (let each = 0; each < 59; each++) await poll(true)
      sim.set({ tokens: [] })
      expect((await poll(true))[0]).toBe(
        "account unknown unknown null/null: both tokens are refused (HTTP 401), but a bogus one was not: not asked: lifeboat's share of calls is used up",
      )
    })
  })

  it('still pays for the control that comes last when its share is scarce', async () => {
    await withSim({ state: { tokens: [] }, options: { secondToken: second } }, async ({ hand, poll }) => {
      let refused = 0
      for (let round = 0; round < 120; round++) {
        refused = (await poll(true))[0]?.includes('credentials-refused') ? refused + 1 : refused
        hand.pass(1_000)
      }
      // 40 from what it starts with, and one for each 28 s or so after that.
      expect(refused).toBeGreaterThan(41)
    })
  })
})

describe('when nothing comes back', () => {
  it('gives up on a call at its deadline, 5 s', async () => {
    await withSim({ state: { mode: 'hang' }, faster: 20 }, async ({ hand, poll }) => {
      expect(await poll()).toEqual(['account', 'droplet'].map((source) => `${source} api-failing network null/null: DigitalOcean's API fails: no answer in 5 s`))
      expect(Math.max(...hand.deadlinesMs)).toBe(5_000)
    })
  })

  it('says so when nobody listens', async () => {
    await withSim({}, async ({ sim, poll }) => {
      await sim.stop()
      expect((await poll())[0]).toBe("account api-failing network null/null: DigitalOcean's API fails: connect ECONNREFUSED HOST")
    })
  })

  it('says so when TLS fails', async () => {
    await withSim({}, async ({ sim, hand }) => {
      const endpoint = sim.url.replace('http:', 'https:')
      const cloud = digitalocean({ sites: [{ site: 'do', addresses: [], machineId: null }], token, secondToken: null, witness: null, endpoint, clock: hand.clock })
      const [reading] = await cloud.poll(false, AbortSignal.timeout(20_000))
      expect(reading).toMatchObject({ claim: 'api-failing', scope: 'network', http: null })
    })
  })

  it('reads no answer without an end', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const more = () => void (response.destroyed || response.write('x'.repeat(1024 * 1024), more))
      more()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const cloud = digitalocean({ sites: [{ site: 'do', addresses: [], machineId: null }], token, secondToken: null, witness: null, endpoint, clock: machineClock })
    const [reading] = await cloud.poll(false, AbortSignal.timeout(20_000))
    server.closeAllConnections()
    server.close()
    expect(reading).toMatchObject({ claim: 'api-failing', scope: 'unknown', detail: "DigitalOcean's API fails: more than 8388608 bytes" })
  })

  it('throws when it is aborted, before and during a call', async () => {
    await withSim({ state: { mode: 'hang' } }, async ({ cloud }) => {
      const abort = new AbortController()
      const poll = cloud.poll(true, abort.signal)
      setTimeout(() => abort.abort(new Error('stopped')), 50)
      await expect(poll).rejects.toThrow('stopped')
      await expect(cloud.poll(true, abort.signal)).rejects.toThrow('stopped')
    })
  })
})

describe('the witness', () => {
  it('is asked while in doubt, and claims nothing', async () => {
    const server = createServer((_request, response) => response.end('hello'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const witness = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    await withSim({ options: { witness } }, async ({ poll }) => {
      expect(await poll(false)).toEqual([well, running])
      expect(await poll(true)).toEqual([well, 'witness unknown network null/200: the witness answers (HTTP 200)', running])
      server.closeAllConnections()
      server.close()
      expect((await poll(true))[1]).toMatch(/^witness unknown network null\/null: the witness does not answer \(connect ECONNREFUSED/)
    })
  })
})

it('a cloud without an API says nothing', async () => {
  expect(await none().poll(true, AbortSignal.timeout(1_000))).toEqual([])
})
