import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { markerName, parseMarker } from '../../../src/core/marker.ts'
import type { HostView } from '../../../src/core/moving.ts'
import { foreignValues, planChange, shows } from '../../../src/core/zone.ts'
import { addition, deletion } from '../../lab/hand.ts'
import { forUpdates, startProxy } from '../../lab/proxy.ts'
import { caseOf, hostWith, move, only, readSurely, signal, valuesOf, zone } from './case.ts'
import type { Case, DriverLab } from './case.ts'

// The driver suite of DNS.md: any driver of a DNS host is handed to it, and passes every test; a power that it has not is asserted as missing.

export const driverSuite = (name: string, start: () => Promise<DriverLab>): void => {
  describe(`driver suite: ${name}`, () => {
    let lab: DriverLab
    let count = 0
    const fresh = (): Case => caseOf(lab, ++count)
    beforeAll(async () => {
      lab = await start()
    })
    afterAll(() => lab.stop())

    test('claim-absent', async () => {
      const { marker, write, read } = fresh()
      expect(await write(marker(7))).toBe('done')
      const { txt, sets } = await read()
      expect([txt.map(parseMarker), sets]).toEqual([[marker(7)], []])
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
        reply: forUpdates(() => {
          deadline.abort()
          return null
        }),
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
        request: forUpdates(async (message) => {
          deadline.abort()
          await release.promise
          return message
        }),
        reply: forUpdates((message) => {
          landed.resolve()
          return message
        }),
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
      expect((await read()).sets.map((set) => set.values)).toEqual([['127.0.0.12'], ['2001:db8::12']])
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
      const { txt: now, sets } = await read()
      expect(now.map(parseMarker)).toEqual([marker(2, 'pointed')])
      expect(sets).toEqual([{ name, type: 'A', ttlS: 60, values: ['127.0.0.12'] }])
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
      const asked = { view: await read(), host: { ...host, ttlS: 1 }, app: marker(1).app, marker: marker(1), addresses: ['127.0.0.12'] }
      expect((await dns.write(only(planChange({ ...asked, ours: [] })), signal())).outcome).toBe('done')
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
      const elsewhere = { zone: 'elsewhere.example', marker: markerName(marker(1).app, 'elsewhere.example'), names: [name] }
      expect(await lab.driver(elsewhere).read(signal())).toBeNull()
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
        request: forUpdates(() => {
          updates++
          return null
        }),
      })
      expect((await at(busy.server, 3_000).write(await plan(marker(1)), signal())).outcome).toBe('unknown')
      expect(updates).toBe(1)
      await busy.stop()
      const servfail = (message: Buffer): Buffer => Buffer.concat([message.subarray(0, 3), Buffer.from([2]), message.subarray(4)])
      const failing = await startProxy(lab.server, { reply: forUpdates(servfail) })
      expect((await at(failing.server).write(await plan(marker(1)), signal())).outcome).toBe('unknown')
      await failing.stop()
    })

    test('host-refused', async () => {
      const { marker, plan, name, read } = fresh()
      const { forbidden } = lab
      // A host without credentials takes a change from anybody.
      if (!forbidden) expect(await lab.byHand([addition(name, 60, 'A', '127.0.0.11')])).toBe(0)
      else {
        const [outcome, detail] = forbidden.says
        const dns = forbidden.driver({ marker: markerName(marker(1).app, zone), names: [name] })
        expect(await dns.write(await plan(marker(1)), signal())).toEqual({ outcome, detail: expect.stringMatching(detail) })
      }
      expect((await read()).txt).toEqual([])
    })

    test('host-away is unknown, and nothing was sent', async () => {
      const { marker, plan, at } = fresh()
      const away = await startProxy(lab.server, {})
      await away.stop()
      const { outcome, detail } = await at(away.server, 900).write(await plan(marker(1)), signal())
      expect([outcome, detail]).toEqual(['unknown', expect.stringContaining('nothing was sent')])
      expect(await at(away.server, 900).read(signal())).toBeNull()
    })

    test('wildcard-moved, and a name under it is left to it', async () => {
      const { name, marker, plan, dns } = fresh()
      const [app, wildcard, under] = [marker(1).app, `*.${name}`, `www.${name}`]
      await lab.byHand([addition(wildcard, 60, 'A', '127.0.0.11')])
      const asked = { app, marker: marker(1, 'pointed'), addresses: ['127.0.0.12'], ours: ['127.0.0.11'] }
      const read = async (listed: string): Promise<HostView> => readSurely(lab.driver({ marker: markerName(app, zone), names: [listed] }))
      expect(valuesOf(await read(under), 'A')).toEqual(['127.0.0.11'])
      expect(planChange({ ...asked, view: await read(under), host: hostWith([under]) })).toEqual({ refused: expect.stringContaining(`only through ${wildcard}`) })
      const moved = await dns.write(only(planChange({ ...asked, view: await read(wildcard), host: hostWith([wildcard]) })), signal())
      expect(moved.outcome).toBe('done')
      expect(valuesOf(await read(under), 'A')).toEqual(['127.0.0.12'])
      expect((await plan(marker(2))).txt.old).toHaveLength(1)
    })

    test('64-names in one change', async () => {
      const { marker } = fresh()
      const names = Array.from({ length: 64 }, (_, n) => `a-rather-long-name-of-a-host-${n}.${zone}`)
      const { app } = marker(1)
      const dns = lab.driver({ marker: markerName(app, zone), names })
      const host = hostWith(names)
      const addresses = ['127.0.0.12', '2001:db8::12']
      const change = planChange({ view: await readSurely(dns), host, app, marker: marker(1, 'pointed'), addresses, ours: [] })
      expect((await dns.write(only(change), signal())).outcome).toBe('done')
      expect(shows(await readSurely(dns), host, marker(1, 'pointed'), addresses, [])).toBe('yes')
    })
  })
}
