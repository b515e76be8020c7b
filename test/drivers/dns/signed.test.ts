import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refuseOtherSigners } from '../../../src/cli/signers.ts'
import { machineClock } from '../../../src/clock.ts'
import type { HostView, ServerView } from '../../../src/core/moving.ts'
import { digHost } from '../../../src/drivers/dns/query.ts'
import { configOf, hostOf } from '../../core/house.ts'
import { startBind } from '../../lab/bind.ts'
import { debian } from '../../lab/debian.ts'
import { startPowerDns } from '../../lab/powerdns.ts'
import { listed, newRig, one, two } from '../../lab/rig.ts'
import { keyedServer, labKey } from '../../lab/servers.ts'
import type { Started } from '../../lab/servers.ts'
import { signal, zone } from './case.ts'

// BIND and PowerDNS sign the same zone, each with a key of its own. That of Knot stands in moves-dnssec.test.ts.

const bind = await debian(['bind9'])
const powerDns = await debian(['pdns-server', 'pdns-backend-sqlite3'])

const dayMs = 86_400_000
const testMs = 90_000
const text = `@ 60 SOA ns1 hostmaster 1 3600 600 86400 60\n@ 60 NS ns1\nns1 60 A 127.0.0.1\nwww 60 A ${one}\nwww 60 AAAA 2001:db8::11\nalias 60 CNAME www\n*.wild 60 A 127.0.0.13\n`
const names = ['www', 'alias', 'x.y.wild', '*.wild'].map((name) => `${name}.${zone}`)

describe.skipIf(!bind || !powerDns)('signed by BIND and PowerDNS', () => {
  if (!bind || !powerDns) return
  const servers = {} as Record<'BIND' | 'PowerDNS', Started>
  const dig = async (of: keyof typeof servers): Promise<HostView> => {
    const asked = { server: servers[of].server, zone, marker: `_lifeboat-shop.${zone}`, names, timeoutMs: 2000, dnssec: true }
    const view = await digHost(asked, machineClock, signal(), 'both')
    if (!view) throw new Error(`${of} could not be read`)
    return view
  }
  beforeAll(async () => {
    const given = { zones: { [zone]: text }, keys: [labKey], signed: [zone] }
    servers.BIND = keyedServer(await startBind(bind, given))
    servers.PowerDNS = keyedServer(await startPowerDns(powerDns, given))
    // BIND serves the zone at once and signs it a moment later.
    while ((await dig('BIND')).sets.some(({ signed }) => !signed)) await new Promise((resolve) => setTimeout(resolve, 50))
  })
  afterAll(() => Promise.all(Object.values(servers).map((server) => server.stop())))

  test.each(['BIND', 'PowerDNS'] as const)('every set is verified, for longer than confirm asks: %s', async (of) => {
    const { sets, signers } = await dig(of)
    expect(sets.map(({ type }) => type)).toEqual(['A', 'AAAA', 'CNAME', 'A', 'A'])
    const wallMs = machineClock.now().wallMs
    for (const { signed } of sets) {
      expect(signed!.sinceMs).toBeLessThanOrEqual(wallMs)
      expect(signed!.untilMs - wallMs).toBeGreaterThan(3 * dayMs)
    }
    expect([signers!.signs, signers!.publishes]).toEqual([signers!.publishes, [expect.stringMatching(/^\d+ \(algorithm 13\)$/)]])
  })

  test.each(['BIND', 'PowerDNS'] as const)('dnssec-resigned: what is signed anew is confirmed: %s', async (of) => {
    const server = servers[of]
    const rig = await newRig({ servers: [server], zone, names: [`www.${zone}`], nameServers: listed([server.server], true) })
    try {
      rig.start()
      await rig.askAdopt('one', [one, '2001:db8::11'])
      await rig.ended(1)
      await rig.seen()
      await rig.askMove('failover', 'two', { force: true, unready: true })
      expect((await rig.ended(2)).past[0]).toMatchObject({ state: 'done', to: 'two' })
      const [seen] = rig.controllers[0]!.self()!.servers!
      expect(seen).toMatchObject({ ds: true, view: { sets: [{ type: 'A', values: [two], signed: { untilMs: expect.any(Number) } }] } })
    } finally {
      await rig.stop()
    }
  }, testMs)

  test('signer-mismatch-refused', async () => {
    const seen = await Promise.all(
      (['BIND', 'PowerDNS'] as const).map(async (of, n): Promise<ServerView> => ({ server: servers[of].server, zone, host: `dns${n + 1}`, ds: true, view: await dig(of) })),
    )
    const config = configOf({ dns: { hosts: [hostOf(1, { zone }), hostOf(2, { zone })] } })
    expect(() => refuseOtherSigners(seen, config)).toThrow(/^shop\.example has a DS at its parent; \S+ signs it with key \d+ \(algorithm 13\), and \S+ publishes other keys: \d+ \(algorithm 13\)\. /)
    expect(() => refuseOtherSigners(seen.map((each) => ({ ...each, ds: false })), config)).not.toThrow()
  })
})
