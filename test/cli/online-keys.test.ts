import { describe, expect, onTestFinished, test } from 'vitest'
import { startBind } from '../lab/bind.ts'
import { debian } from '../lab/debian.ts'
import { startKnot } from '../lab/knot.ts'
import { startPowerDns } from '../lab/powerdns.ts'
import { freePort } from '../lab/ports.ts'
import { labKey, secretOf, type LabKey } from '../lab/servers.ts'
import { hostEntry, online, yamlOf } from './online-lab.ts'

// What a key may do, on each server, told with no write: each zone has the same keys, and one of them is used on it.

const soa = '@ 60 SOA ns1 hostmaster 1 3600 600 86400 60\n@ 60 NS ns1\nns1 60 A 127.0.0.1\n@ 60 A 127.0.0.41\n'
const narrow: LabKey = { name: 'narrow', secret: secretOf('a narrow key of the lab'), types: ['A', 'AAAA', 'CNAME', 'TXT'] }
const other: LabKey = { name: 'other', secret: secretOf('a key for something else'), types: ['SRV'] }
const used: Record<string, LabKey> = {
  'right.example': labKey,
  'narrow.example': narrow,
  'secret.example': { ...labKey, secret: secretOf('not the secret') },
  'stranger.example': { name: 'stranger', secret: labKey.secret },
  'other.example': other,
  'algorithm.example': { ...labKey, algorithm: 'hmac-sha512' },
}
const zones = Object.fromEntries(Object.keys(used).map((zone) => [zone, soa]))
type Server = { server: string; serial(zone: string): Promise<number>; dump(zone: string): Promise<string[]>; stop(): Promise<void> }

/** What is said of the key on each zone, the words that are the same everywhere left out. */
async function keysAt(server: Server, keys: Record<string, LabKey>) {
  onTestFinished(() => server.stop())
  const lab = await online()
  const hosts = Object.entries(keys).map(([zone, key]) => hostEntry(zone, server.server, key))
  const before = await Promise.all(Object.keys(keys).map((zone) => server.dump(zone)))
  const { code, about, all } = await lab.lines(yamlOf({ check: `{ tcp: ${await freePort(['127.0.0.1'])} }`, names: Object.keys(keys), nameservers: [server.server], hosts }))
  expect(code).toBe(5)
  for (const zone of Object.keys(keys)) expect(await server.serial(zone), `${zone} is as it was`).toBe(1)
  expect(await Promise.all(Object.keys(keys).map((zone) => server.dump(zone)))).toEqual(before)
  expect(JSON.stringify(all)).not.toContain(labKey.secret)
  const lines = Object.keys(keys).map((zone) => [zone, about[`DNS host rfc2136/${server.server}/${zone}`]!.filter((line) => !/answers over UDP and TCP|no marker stands|\.example A 127/.test(line)).map((line) => line.replaceAll(server.server, 'SERVER'))])
  return Object.fromEntries(lines) as Record<string, string[]>
}

const clock = 'ok its clock is ours, to 10 s'
const whereIn = 'update-type and update-owner-name in Knot, update-policy in BIND'
const narrowIt = `Whoever gets hold of it may too; narrow it there (${whereIn})`
const all = (key: string, zone: string) => `ok the key "${key}" may write all that a move needs: A at ${zone}, TXT at _lifeboat-shop.${zone}`
const wide = (key: string, zone: string) => [all(key, zone), `warn the key "${key}" may write more than a move needs: MX and NS at ${zone}, and A and TXT at names that are not listed. ${narrowIt}`, clock]
const asTold = {
  'right.example': wide('lifeboat', 'right.example'),
  'narrow.example': [all('narrow', 'narrow.example'), `warn the key "narrow" may write more than a move needs: A and TXT at names that are not listed. ${narrowIt}`, clock],
  'secret.example': ['fail SERVER has another secret for the key "lifeboat" (BADSIG): the file needs the one that stands there'],
  'stranger.example': ['fail SERVER does not know the key "stranger" with hmac-sha256, or does not let it do this (BADKEY): compare with what stands there'],
  'other.example': [`fail the key "other" is right, and may not write what a move needs: A at other.example, TXT at _lifeboat-shop.other.example. Allow it there (${whereIn})`],
  'algorithm.example': ['fail knows the key "lifeboat" with hmac-sha256, and the file says hmac-sha512: write algorithm: hmac-sha256 there'],
}

const knot = await debian(['knot'])
test.skipIf(!knot)('on Knot', async () => {
  expect(await keysAt(await startKnot(knot!, { zones, keys: [labKey, narrow, other] }), used)).toEqual(asTold)
})

const bind = await debian(['bind9'])
test.skipIf(!bind)('on BIND', async () => {
  expect(await keysAt(await startBind(bind!, { zones, keys: [labKey, narrow, other] }), used)).toEqual(asTold)
})

const powerDns = await debian(['pdns-server', 'pdns-backend-sqlite3'])
describe.skipIf(!powerDns)('on PowerDNS', () => {
  const unsaid = (key: string) =>
    `unknown could not find out what may be written: SERVER answered REFUSED without a signature, so anybody may have said it; PowerDNS says so where it does not know the key "${key}", has another secret or algorithm for it, or its clock differs by more than 300 s: compare with what stands there`

  test('as it is', async () => {
    const { 'narrow.example': _, 'other.example': __, ...plain } = used
    expect(await keysAt(await startPowerDns(powerDns!, { zones: Object.fromEntries(Object.keys(plain).map((zone) => [zone, soa])), keys: [labKey] }), plain)).toEqual({
      'right.example': wide('lifeboat', 'right.example'),
      'secret.example': [unsaid('lifeboat')],
      'stranger.example': [unsaid('stranger')],
      'algorithm.example': asTold['algorithm.example'],
    })
  })

  test('with a policy script, which it asks last', async () => {
    const untold = (key: string) => [
      `ok knows the key "${key}", with this secret`,
      `warn what the key "${key}" may write, and whether it takes one at all, cannot be told without a write: this server looks at that last (as PowerDNS does with a policy script)`,
      clock,
    ]
    expect(await keysAt(await startPowerDns(powerDns!, { zones, keys: [labKey, narrow, other] }), used)).toEqual({
      'right.example': untold('lifeboat'),
      'narrow.example': untold('narrow'),
      'secret.example': [unsaid('lifeboat')],
      'stranger.example': [unsaid('stranger')],
      'other.example': untold('other'),
      'algorithm.example': asTold['algorithm.example'],
    })
  })
})
