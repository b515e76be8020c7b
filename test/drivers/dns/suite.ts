import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { markerName, parseMarker } from '../../../src/core/marker.ts'
import type { Change, HostConfig, HostView, Marker } from '../../../src/core/types.ts'
import { foreignValues, planChange, shows } from '../../../src/core/zone.ts'
import type { DnsHost } from '../../../src/ports.ts'
import type { Rr } from '../../../src/drivers/dns/wire.ts'
import { addition, deletion } from '../../lab/hand.ts'
import { isUpdate, startProxy } from '../../lab/proxy.ts'

// The driver suite of DNS.md: any driver of a DNS host is handed to it, and passes every test; a power that it has not is asserted as missing.

export const zone = 'shop.example'
export const owner = '0123456789abcdef0123456789abcdef'
const move = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const signal = (): AbortSignal => AbortSignal.timeout(20_000)

export type DriverOptions = { zone?: string; marker: string; names: string[]; server?: string; timeoutMs?: number }

/** A running server with the zone, and drivers for it. */
export type DriverLab = {
  server: string
  driver(options: DriverOptions): DnsHost
  /** A driver whose credential may not write there. Null: this kind of host knows no credentials. */
  forbidden(options: DriverOptions): DnsHost | null
  /** A change by another hand; gives the response code. */
  byHand(updates: Rr[]): Promise<number>
  dump(): Promise<string[]>
  serial(): Promise<number>
  stop(): Promise<void>
}

const only = (change: Change | { refused: string }): Change => {
  if ('refused' in change) throw new Error(change.refused)
  return change
}

type Case = {
  name: string
  host: HostConfig
  dns: DnsHost
  at(server: string, timeoutMs?: number): DnsHost
  marker(epoch: number, state?: Marker['state'], ofMove?: number): Marker
  read(): Promise<HostView>
  plan(marker: Marker, addresses?: string[] | null, ours?: string[]): Promise<Change>
  write(marker: Marker, addresses?: string[] | null, ours?: string[]): Promise<string>
}

const readSurely = async (dns: DnsHost): Promise<HostView> => {
  const view = await dns.read(signal())
  if (!view) throw new Error('could not read the host')
  return view
}

/** A name and an app that no other test of the lab uses. */
const caseOf = (lab: DriverLab, n: number): Case => {
  const app = `app${n}`
  const name = `t${n}.${zone}`
  const host: HostConfig = { host: `lab/${n}`, driver: 'lab', zone, names: [name], ttlS: 60, atomicZone: true }
  const at = (server: string, timeoutMs?: number): DnsHost =>
    lab.driver({ marker: markerName(app, zone), names: [name], server, ...(timeoutMs ? { timeoutMs } : {}) })
  const dns = at(lab.server)
  const plan: Case['plan'] = async (marker, addresses = null, ours = []) =>
    only(planChange({ view: await readSurely(dns), host, app, marker, addresses, ours }))
  return {
    name,
    host,
    dns,
    at,
    plan,
    marker: (epoch, state = 'claimed', ofMove = epoch) => ({ app, owner, epoch, site: 'aws', move: move(ofMove), state }),
    read: () => readSurely(dns),
    write: async (...asked) => (await dns.write(await plan(...asked), signal())).outcome,
  }
}

const valuesOf = (view: HostView, type: string): string[] => view.sets.filter((set) => set.type === type).flatMap((set) => set.values)

export const driverSuite = (name: string, start: () => Promise<DriverLab>): void => {
  describe(`driver suite: ${name}`, () => {
    let lab: DriverLab
    let count = 0
    const fresh = (): Case => caseOf(lab, ++count)
    beforeAll(async () => {
      lab = await start()
    }, 60_000)
    afterAll(() => lab.stop())

    test('claim-absent', async () => {
      const { marker, write, read } = fresh()
      expect(await write(marker(7))).toBe('done')
      const { txt, sets } = await read()
      expect(txt.map(parseMarker)).toEqual([marker(7)])
      expect(sets).toEqual([])
    })

    test('claim-taken', async () => {
      const { marker, plan, dns, read, host } = fresh()
      const [first, second] = [await plan(marker(1, 'claimed', 1)), await plan(marker(1, 'claimed', 2))]
      expect((await dns.write(first, signal())).outcome).toBe('done')
      expect((await dns.write(second, signal())).outcome).toBe('lost')
      const view = await read()
      expect(shows(view, host, marker(1, 'claimed', 2), null, [])).toBe('other-move')
      const stranger = { ...marker(2), owner: 'f'.repeat(32) }
      expect(planChange({ view, host, app: stranger.app, marker: stranger, addresses: null, ours: [] })).toHaveProperty('refused')
    })

    test('swap-from-read', async () => {
      const { marker, write, read } = fresh()
      for (const epoch of [1, 2, 3]) expect(await write(marker(epoch))).toBe('done')
      expect((await read()).txt.map(parseMarker)).toEqual([marker(3)])
    })

    test('swap-stale-rejected', async () => {
      const { marker, plan, write, dns, read } = fresh()
      await write(marker(1))
      const stale = await plan(marker(2, 'claimed', 20))
      await write(marker(2))
      expect((await dns.write(stale, signal())).outcome).toBe('lost')
      expect((await read()).txt.map(parseMarker)).toEqual([marker(2)])
    })

    test('swap-skips-epochs', async () => {
      const { marker, write, read } = fresh()
      await write(marker(1))
      expect(await write(marker(9))).toBe('done')
      expect((await read()).txt.map(parseMarker)).toEqual([marker(9)])
    })

    test('race-40-one-winner', async () => {
      const { marker, plan, write, dns, read } = fresh()
      await write(marker(1))
      const changes = await Promise.all(Array.from({ length: 40 }, (_, n) => plan(marker(2, 'claimed', 100 + n))))
      const outcomes = await Promise.all(changes.map(async (change) => (await dns.write(change, signal())).outcome))
      expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'lost')).toHaveLength(39)
      expect((await read()).txt.map((text) => parseMarker(text)?.move)).toEqual([move(100 + outcomes.indexOf('done'))])
    })

    test('replayed-success-is-success', async () => {
      const { marker, plan, dns, read, host } = fresh()
      const change = await plan(marker(1))
      expect((await dns.write(change, signal())).outcome).toBe('done')
      expect((await dns.write(change, signal())).outcome).toBe('lost')
      expect(shows(await read(), host, marker(1), null, [])).toBe('yes')
    })

    // The two time-outs come exactly when the test wants them: the caller's deadline is what aborts the write.
    test('timeout-then-landed', async () => {
      const { marker, plan, at, read, host } = fresh()
      const deadline = new AbortController()
      const proxy = await startProxy(lab.server, {
        reply: (message) => {
          if (!isUpdate(message)) return message
          deadline.abort()
          return null
        },
      })
      const { outcome, detail } = await at(proxy.server).write(await plan(marker(1)), deadline.signal)
      expect([outcome, detail]).toEqual(['unknown', expect.stringContaining('may have landed')])
      expect(shows(await read(), host, marker(1), null, [])).toBe('yes')
      await proxy.stop()
    })

    test('timeout-then-lost', async () => {
      const { marker, plan, write, at, read, dns, host } = fresh()
      const deadline = new AbortController()
      const [release, landed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const proxy = await startProxy(lab.server, {
        request: async (message) => {
          if (isUpdate(message)) {
            deadline.abort()
            await release.promise
          }
          return message
        },
        reply: (message) => {
          if (isUpdate(message)) landed.resolve()
          return message
        },
      })
      const late = await plan(marker(1))
      expect((await at(proxy.server).write(late, deadline.signal)).outcome).toBe('unknown')
      expect(await write(marker(2))).toBe('done')
      release.resolve()
      await landed.promise
      expect(shows(await read(), host, marker(1), null, [])).toBe('newer')
      expect((await dns.write(late, signal())).outcome).toBe('lost')
      await proxy.stop()
    })

    test('aaaa-removed-with-a', async () => {
      const { name, marker, write, read, host } = fresh()
      await lab.byHand([addition(name, 60, 'A', '127.0.0.11'), addition(name, 60, 'AAAA', '::11')])
      expect(await write(marker(1, 'pointed'), ['127.0.0.12'], ['127.0.0.11', '::11'])).toBe('done')
      const view = await read()
      expect([valuesOf(view, 'A'), valuesOf(view, 'AAAA')]).toEqual([['127.0.0.12'], []])
      expect(shows(view, host, marker(1, 'pointed'), ['127.0.0.12'], ['127.0.0.11', '::11'])).toBe('yes')
    })

    test('aaaa-added', async () => {
      const { name, marker, write, read } = fresh()
      await lab.byHand([addition(name, 60, 'A', '127.0.0.11')])
      expect(await write(marker(1, 'pointed'), ['127.0.0.12', '2001:db8::12'], ['127.0.0.11'])).toBe('done')
      const view = await read()
      expect([valuesOf(view, 'A'), valuesOf(view, 'AAAA')]).toEqual([['127.0.0.12'], ['2001:db8::12']])
    })

    test('cname-replaced-by-addresses and back', async () => {
      const { name, marker, write, read } = fresh()
      await lab.byHand([addition(name, 60, 'CNAME', 'old.example')])
      expect(await write(marker(1, 'pointed'), ['127.0.0.12'], ['old.example'])).toBe('done')
      expect((await read()).sets).toEqual([{ name, type: 'A', ttlS: 60, values: ['127.0.0.12'] }])
      expect(await write(marker(2, 'pointed'), ['new.example'], ['127.0.0.12'])).toBe('done')
      expect((await read()).sets).toEqual([{ name, type: 'CNAME', ttlS: 60, values: ['new.example'] }])
    })

    test('cname-beside-other-types-refused', async () => {
      const { name, marker, plan, dns, read } = fresh()
      await lab.byHand([addition(name, 60, 'A', '127.0.0.11'), addition(name, 60, 'MX', Buffer.from('000a016d07696e76616c696400', 'hex'))])
      const { outcome, detail } = await dns.write(await plan(marker(1, 'pointed'), ['new.example'], ['127.0.0.11']), signal())
      expect([outcome, detail]).toEqual(['refused', `${name} has MX records, and a CNAME cannot stand beside them`])
      expect(valuesOf(await read(), 'A')).toEqual(['127.0.0.11'])
    })

    test('other-types-untouched', async () => {
      const { name, marker, write } = fresh()
      const mx = Buffer.from('000a046d61696c07696e76616c696400', 'hex')
      const caa = Buffer.from('0005697373756563612e6578616d706c65', 'hex')
      await lab.byHand([addition(name, 60, 'A', '127.0.0.11'), addition(name, 300, 'MX', mx), addition(name, 300, 'TXT', 'V=spf1 "quoted" \\ -all'), addition(name, 300, 'CAA', caa)])
      const others = async (): Promise<string[]> => (await lab.dump()).filter((line) => line.startsWith(name) && !line.includes(' A '))
      const before = await others()
      expect(before).toHaveLength(3)
      expect(await write(marker(1, 'pointed'), ['127.0.0.12'], ['127.0.0.11'])).toBe('done')
      expect(await others()).toEqual(before)
    })

    test('foreign-value-survives', async () => {
      const { name, marker, write, read, host } = fresh()
      await lab.byHand([addition(name, 60, 'A', '127.0.0.11'), addition(name, 60, 'A', '127.0.0.99')])
      expect(await write(marker(1, 'pointed'), ['127.0.0.12'], ['127.0.0.11'])).toBe('done')
      const view = await read()
      expect(valuesOf(view, 'A')).toEqual(['127.0.0.12', '127.0.0.99'])
      expect(shows(view, host, marker(1, 'pointed'), ['127.0.0.12'], ['127.0.0.11'])).toBe('yes')
      expect(foreignValues(view, host, ['127.0.0.11', '127.0.0.12'])).toEqual([{ name, type: 'A', value: '127.0.0.99', bars: false }])
    })

    test('case-and-quoting', async () => {
      const { name, marker, write, read, plan } = fresh()
      await lab.byHand([addition(name.toUpperCase(), 60, 'A', '127.0.0.11')])
      await write(marker(1))
      const { txt } = await plan(marker(2))
      // Another tool wrote the same text as two strings: to us it is the same marker, to the server another value.
      const text = Buffer.from(txt.old[0] ?? '')
      const split = Buffer.concat([Buffer.from([10]), text.subarray(0, 10), Buffer.from([text.length - 10]), text.subarray(10)])
      await lab.byHand([deletion(txt.name, 'TXT'), addition(txt.name, 60, 'TXT', split)])
      expect((await read()).txt).toEqual(txt.old)
      expect(await write(marker(2, 'pointed'), ['127.0.0.12'], ['127.0.0.11'])).toBe('done')
      const view = await read()
      expect(view.txt.map(parseMarker)).toEqual([marker(2, 'pointed')])
      expect(view.sets).toEqual([{ name, type: 'A', ttlS: 60, values: ['127.0.0.12'] }])
    })

    test('ttl-change-applies', async () => {
      const { name, marker, write, read, host } = fresh()
      await lab.byHand([addition(name, 3600, 'A', '127.0.0.12')])
      expect(await write(marker(1, 'pointed'), ['127.0.0.12'])).toBe('done')
      expect((await read()).sets).toEqual([{ name, type: 'A', ttlS: 60, values: ['127.0.0.12'] }])
      await lab.byHand([deletion(name, 'A'), addition(name, 3600, 'A', '127.0.0.12')])
      expect(shows(await read(), host, marker(1, 'pointed'), ['127.0.0.12'], [])).toBe('other-addresses')
    })

    test('ttl-below-minimum-refused: there is no minimum', async () => {
      const { marker, read, dns, host, name } = fresh()
      const asked = { view: await read(), host: { ...host, ttlS: 1 }, app: marker(1).app, marker: marker(1), addresses: ['127.0.0.12'], ours: [] }
      expect((await dns.write(only(planChange(asked)), signal())).outcome).toBe('done')
      expect((await read()).sets).toEqual([{ name, type: 'A', ttlS: 1, values: ['127.0.0.12'] }])
    })

    test('idempotent', async () => {
      const { marker, write } = fresh()
      expect(await write(marker(1, 'pointed'), ['127.0.0.12'])).toBe('done')
      const serial = await lab.serial()
      expect(await write(marker(1, 'pointed'), ['127.0.0.12'])).toBe('done')
      expect(await lab.serial()).toBe(serial)
    })

    test('list-empty-is-unknown', async () => {
      const { name, marker } = fresh()
      const elsewhere = lab.driver({ zone: 'elsewhere.example', marker: markerName(marker(1).app, 'elsewhere.example'), names: [name] })
      expect(await elsewhere.read(signal())).toBeNull()
    })

    test('401-403-404-is-unknown', async () => {
      const { marker, plan, name, read } = fresh()
      const elsewhere = lab.driver({ zone: 'elsewhere.example', marker: 'x.elsewhere.example', names: [name] })
      const change = await plan(marker(1), ['127.0.0.12'])
      const outside = { ...change, zone: 'elsewhere.example', txt: { ...change.txt, name: 'x.elsewhere.example' }, sets: [] }
      const { outcome, detail } = await elsewhere.write(outside, signal())
      // Knot cannot sign what it says of a zone that it has not, so anybody may have said it; without keys it is a plain refusal.
      expect([outcome, detail]).toEqual([detail.includes('without a signature') ? 'unknown' : 'refused', expect.stringContaining('NOTAUTH')])
      expect(await elsewhere.read(signal())).toBeNull()
      expect((await read()).sets).toEqual([])
    })

    test('429-backs-off: one question, and no retry of its own', async () => {
      const { marker, plan, at } = fresh()
      let updates = 0
      const busy = await startProxy(lab.server, {
        request: (message) => {
          if (!isUpdate(message)) return message
          updates++
          return null
        },
      })
      expect((await at(busy.server, 1500).write(await plan(marker(1)), signal())).outcome).toBe('unknown')
      expect(updates).toBe(1)
      await busy.stop()
      const failing = await startProxy(lab.server, {
        reply: (message) => {
          if (!isUpdate(message)) return message
          message.writeUInt8((message.readUInt8(3) & 0xf0) | 2, 3)
          return message
        },
      })
      expect((await at(failing.server).write(await plan(marker(1)), signal())).outcome).toBe('unknown')
      await failing.stop()
    })

    test('host-refused', async () => {
      const { marker, plan, name, read } = fresh()
      const forbidden = lab.forbidden({ marker: markerName(marker(1).app, zone), names: [name] })
      if (forbidden) {
        const { outcome, detail } = await forbidden.write(await plan(marker(1)), signal())
        expect(outcome).toBe('refused')
        expect(detail).toMatch(/refused the update|does not know the key/)
      }
      expect((await read()).txt).toEqual([])
    })

    test('host-away is unknown, and nothing was sent', async () => {
      const { marker, plan, at } = fresh()
      const away = await startProxy(lab.server, {})
      await away.stop()
      const { outcome, detail } = await at(away.server, 900).write(await plan(marker(1)), signal())
      expect(outcome).toBe('unknown')
      expect(detail).toContain('nothing was sent')
      expect(await at(away.server, 900).read(signal())).toBeNull()
    })

    test('wildcard-moved, and a name under it is left to it', async () => {
      const { name, marker, plan, dns } = fresh()
      const app = marker(1).app
      const wildcard = `*.${name}`
      await lab.byHand([addition(wildcard, 60, 'A', '127.0.0.11')])
      const under = `www.${name}`
      const asked = { app, marker: marker(1, 'pointed'), addresses: ['127.0.0.12'], ours: ['127.0.0.11'] }
      const hostOf = (listed: string): HostConfig => ({ host: 'lab/wild', driver: 'lab', zone, names: [listed], ttlS: 60, atomicZone: true })
      const read = async (listed: string): Promise<HostView> => readSurely(lab.driver({ marker: markerName(app, zone), names: [listed] }))
      expect(valuesOf(await read(under), 'A')).toEqual(['127.0.0.11'])
      const shadow = await dns.write(only(planChange({ ...asked, view: await read(under), host: hostOf(under) })), signal())
      expect([shadow.outcome, shadow.detail]).toEqual(['lost', expect.stringContaining(`only through ${wildcard}`)])
      const moved = await dns.write(only(planChange({ ...asked, view: await read(wildcard), host: hostOf(wildcard) })), signal())
      expect(moved.outcome).toBe('done')
      expect(valuesOf(await read(under), 'A')).toEqual(['127.0.0.12'])
      expect((await plan(marker(2))).txt.old).toHaveLength(1)
    })

    test('64-names in one change', async () => {
      const { marker } = fresh()
      const names = Array.from({ length: 64 }, (_, n) => `a-rather-long-name-of-a-host-${n}.${zone}`)
      const app = marker(1).app
      const dns = lab.driver({ marker: markerName(app, zone), names })
      const host: HostConfig = { host: 'lab/64', driver: 'lab', zone, names, ttlS: 60, atomicZone: true }
      const addresses = ['127.0.0.12', '2001:db8::12']
      const change = planChange({ view: await readSurely(dns), host, app, marker: marker(1, 'pointed'), addresses, ours: [] })
      expect((await dns.write(only(change), signal())).outcome).toBe('done')
      expect(shows(await readSurely(dns), host, marker(1, 'pointed'), addresses, [])).toBe('yes')
    })
  })
}
