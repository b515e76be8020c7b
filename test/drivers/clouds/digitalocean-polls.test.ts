import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { machineClock } from '../../../src/clock.ts'
import { digitalocean } from '../../../src/drivers/clouds/digitalocean.ts'
import { none } from '../../../src/drivers/clouds/none.ts'
import { listen, listenHttp } from '../../lab/sockets.ts'
import { byAddress, ours, running, second, token, well, withSim } from './lab.ts'

describe('both tokens refused, and the control says that the API is unwell', () => {
  // The bogus token alone is treated otherwise: the real ones are refused by a server in front of the simulator.
  it.each([
    { mode: 'anything' as const, says: 'account api-failing unknown null/200: both tokens are refused (HTTP 401), but a bogus one was not: HTTP 200 at /v2/account' },
    { mode: 'insane' as const, says: "account api-failing unknown server_error/500: both tokens are refused (HTTP 401), but a bogus one was not: DigitalOcean's API fails: HTTP 500 at /v2/account" },
  ])('$mode', async ({ mode, says }) => {
    await withSim({ state: { mode, tokens: [] } }, async ({ sim, hand }) => {
      const port = await listenHttp(async (request, response) => {
        const bogus = request.headers.authorization?.includes('dop_v1_')
        const inner = bogus ? await fetch(sim.url + request.url, { headers: { authorization: request.headers.authorization! } }) : null
        response.writeHead(inner?.status ?? 401, { 'content-type': 'application/json' })
        response.end(inner ? await inner.text() : JSON.stringify({ id: 'Unauthorized', message: 'Unable to authenticate you' }))
      })
      const sites = [{ site: 'do', addresses: [], machineId: null }]
      const cloud = digitalocean({ sites, token, secondToken: second, witness: null, endpoint: `http://127.0.0.1:${port}/`, clock: hand.clock })
      const [reading] = await cloud.poll(true, AbortSignal.timeout(20_000))
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
    const port = await listenHttp((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const more = () => void (response.destroyed || response.write('x'.repeat(1024 * 1024), more))
      more()
    })
    const endpoint = `http://127.0.0.1:${port}`
    const cloud = digitalocean({ sites: [{ site: 'do', addresses: [], machineId: null }], token, secondToken: null, witness: null, endpoint, clock: machineClock })
    const [reading] = await cloud.poll(false, AbortSignal.timeout(20_000))
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
    const witness = `http://127.0.0.1:${await listen(server)}/`
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
