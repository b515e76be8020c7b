import { describe, expect, test } from 'vitest'
import { alarmsOf, type Scene, type Standing } from '../../src/core/alarms.ts'
import type { Entry } from '../../src/core/moving.ts'
import type { Telling } from '../../src/core/messages.ts'
import { freshTelling, overAfterMs, taken, tell, waitsMost, waitsMostMs, type News } from '../../src/core/telling.ts'
import type { Decision, SiteWatch } from '../../src/core/types.ts'
import type { Reason, Verdict } from '../../src/core/words.ts'
import { configOf, day, ledgerOf, moveOf } from './house.ts'
import { emptyWatch } from '../../src/core/observe.ts'

const channels: News['channels'] = [{ channel: 'both', events: ['move', 'alarm'] }, { channel: 'alarms', events: ['alarm'] }]
const news = (more: Partial<News> = {}): News => ({ app: 'shop', epoch: 7, wallMs: day, next: 'to look: lifeboat status', entries: [], standing: {}, channels, ...more })
const said = ({ outbox }: Telling) => outbox.map(({ message, to }) => `${message.sentence} > ${to.join()}`)

type Journaled = Omit<Entry, 'atMs'>
const journal = (...entries: Journaled[]): News['entries'] => entries.map((entry, i) => ({ seq: i + 1, atMs: day + i, ...entry }))
const opened = (reason: Reason, more: Entry['fields'] = {}): Journaled => ({ event: 'move', msg: 'failover aws → hetzner is opened as epoch 8', fields: { epoch: 8, state: 'open', reason, ...more } })
const ended = (state: string): Journaled => ({ event: 'move', msg: `failover aws → hetzner is ${state}`, fields: { epoch: 8, state, reason: 'outage' } })
const waits = (msg: string): Journaled => ({ event: 'step', msg, fields: { epoch: 8, step: 'point', phase: 'wait' } })

describe('a move', () => {
  const decision: Journaled = { event: 'decision', msg: 'move: aws has been down for 3 min', fields: { id: 'd1' } }

  test('is told with the sentence of its decision, and that it ended; each once', () => {
    const entries = journal(decision, opened('outage', { decision: 'd1' }), ended('done'))
    const once = tell(freshTelling(0), news({ entries }))
    expect(said(once)).toEqual(['move: aws has been down for 3 min > both,alarms', 'failover aws → hetzner is done > both'])
    expect(once.outbox[0]?.message).toEqual({ id: 'shop-1', app: 'shop', epoch: 7, events: ['move', 'alarm'], over: false, atMs: day + 1, reason: 'outage', sentence: 'move: aws has been down for 3 min', next: 'to look: lifeboat status' })
    // Whoever reads the journal again tells nothing again.
    expect(tell(once, news({ entries }))).toEqual(once)
  })

  test('of a person is told with the request, and is no alarm', () => {
    const request: Journaled = { event: 'request', msg: 'move: switchover aws → hetzner, asked for by ann', fields: { epoch: 8 } }
    expect(said(tell(freshTelling(0), news({ entries: journal(request, opened('request')) })))).toEqual([`${request.msg} > both`])
  })

  test('that is turned is told as given up and as opened anew; one that another controller ends is an alarm', () => {
    const told = tell(freshTelling(0), news({ entries: journal(decision, ended('abandoned'), opened('redirect', { decision: 'd1' }), ended('superseded')) }))
    expect(said(told)).toEqual(['failover aws → hetzner is abandoned > both', 'failover aws → hetzner is opened as epoch 8 > both,alarms', 'failover aws → hetzner is superseded > both,alarms'])
  })

  test('that waits is told so once for each thing that it waits for, whatever only counts', () => {
    const told = tell(freshTelling(0), news({ entries: journal(waits('point waits: 10 s'), waits('point waits: 20 s'), waits('point waits: for dns2'), ended('done'), waits('point waits: 5 s')) }))
    expect(said(told).map((line) => line.split(' > ')[0])).toEqual(['point waits: 10 s', 'point waits: for dns2', 'failover aws → hetzner is done', 'point waits: 5 s'])
  })
})

describe('an alarm', () => {
  const down: Standing = { what: 'automatic-off aws', sentence: 'refuse: aws is down', reason: 'automatic-off', patienceMs: 0 }
  const other: Standing = { what: 'no-target aws', sentence: 'refuse: no other site', reason: 'no-target', patienceMs: 0 }
  const calm: Standing = { calm: 'aws is well' }
  const at = (ms: number, decision: Standing, telling: Telling) => tell(telling, news({ wallMs: day + ms, standing: { decision } }))

  test('that lasts is told once; another one at the same place too; in doubt nothing is', () => {
    let telling = at(0, down, freshTelling(0))
    for (const standing of [down, null, other, down, null, other]) telling = at(1, standing, telling)
    expect(said(telling)).toEqual(['refuse: aws is down > both,alarms', 'refuse: no other site > both,alarms'])
  })

  test('is told to be over once it has been for 5 min, and what comes back sooner was never over', () => {
    let telling = at(0, down, freshTelling(0))
    for (const ms of [1_000, overAfterMs]) telling = at(ms, calm, telling)
    telling = at(overAfterMs + 500, down, telling)
    for (const ms of [overAfterMs + 1_000, 2 * overAfterMs]) telling = at(ms, calm, telling)
    expect(said(telling)).toHaveLength(1)
    telling = at(2 * overAfterMs + 1_000, calm, telling)
    expect(said(telling)[1]).toBe('over: aws is well > both,alarms')
    expect(telling.outbox.map(({ message }) => message.over)).toEqual([false, true])
    expect(at(3 * overAfterMs, calm, telling)).toEqual(telling)
    expect(said(at(3 * overAfterMs, down, telling))).toHaveLength(3)
  })

  test('of what the file no longer names is forgotten', () => {
    const telling = at(0, down, freshTelling(0))
    expect(tell(telling, news()).episodes).toEqual([])
    expect(tell(telling, news({ standing: { decision: down }, channels: channels.slice(0, 1) })).outbox.map(({ to }) => to)).toEqual([['both']])
  })
})

describe('what waits', () => {
  const one = tell(freshTelling(0), news({ entries: journal(opened('outage')) }))

  test('waits until each channel took it', () => {
    const half = taken(one, 'shop-1', 'both')
    expect(said(half)).toEqual(['failover aws → hetzner is opened as epoch 8 > alarms'])
    expect(taken(half, 'shop-1', 'alarms').outbox).toEqual([])
  })

  test('is given up after a day, and counted until the channel takes one', () => {
    const late = tell(one, news({ wallMs: day + waitsMostMs + 1 }))
    expect([late.outbox, late.lost]).toEqual([[], { both: 1, alarms: 1 }])
    expect(taken(late, 'shop-2', 'both').lost).toEqual({ alarms: 1 })
  })

  test('is bounded: the oldest are given up', () => {
    const many = tell(freshTelling(0), news({ entries: journal(...Array.from({ length: waitsMost + 5 }, () => opened('outage'))) }))
    expect([many.outbox.length, many.outbox[0]?.message.id, many.lost]).toEqual([waitsMost, 'shop-6', { both: 5, alarms: 5 }])
  })

  test('is made of nothing that happened longer ago than that', () => {
    expect(tell(freshTelling(0), news({ entries: journal(opened('outage')), wallMs: day + waitsMostMs + 1 }))).toEqual({ ...freshTelling(0), seq: 1 })
  })

  test('is made for nobody where no channel asks for it', () => {
    expect(tell(freshTelling(0), news({ entries: journal(ended('done')), channels: channels.slice(1) }))).toMatchObject({ made: 0, outbox: [], seq: 1 })
  })
})

describe('what is an alarm', () => {
  const config = configOf()
  const seen = (verdict: Verdict) => ({ health: verdict === 'well' ? 'up' : 'down', verdict, why: 'as scripted' }) as SiteWatch
  const decided = (reason: Reason, kind: 'hold' | 'refuse' = 'hold'): Scene['decision'] => ({ ...({ kind, reason, site: 'aws', would: null } as unknown as Decision), sentence: `${kind}: a sentence` })
  const scene = (more: Partial<Scene> & { sites?: Record<string, SiteWatch>; ledger?: Parameters<typeof ledgerOf>[1] } = {}): Scene => ({
    state: { ledger: ledgerOf(config, more.ledger), watch: { ...emptyWatch(), sites: more.sites ?? {} } },
    decision: more.decision ?? null,
    dns: more.dns ?? null,
  })
  const at = (source: string, given: Scene) => alarmsOf(given, config)[source]

  test.each<[Reason, 'hold' | 'refuse']>([
    ['automatic-off', 'refuse'], ['paused', 'refuse'], ['cooldown', 'refuse'], ['moves-capped', 'refuse'], ['data-held', 'refuse'], ['no-target', 'refuse'],
    ['notice', 'hold'], ['cut-serving', 'hold'], ['stopped-by-operator', 'hold'], ['app-fault-never', 'hold'], ['store-untrusted', 'hold'], ['owner-missing', 'hold'],
  ])('%s is, at once', (reason, kind) => {
    expect(at('decision', scene({ decision: decided(reason, kind) }))).toEqual({ what: `${reason} aws`, sentence: `${kind}: a sentence`, reason, patienceMs: 0 })
  })

  test('an observer that abstains is one when it lasts', () => expect(at('decision', scene({ decision: decided('abstain') }))).toMatchObject({ patienceMs: 30_000 }))

  test.each<Reason>(['starting', 'blip', 'outage-budget', 'app-fault-budget', 'cut-unconfirmed', 'move-open'])('%s says nothing of what was before it', (reason) => {
    expect(at('decision', scene({ decision: decided(reason) }))).toBeNull()
  })

  test('well is calm', () => expect(at('decision', scene({ decision: decided('well') }))).toEqual({ calm: 'a sentence' }))

  test('a DNS host that was changed is one at once, one that does not answer when it lasts', () => {
    const host = (detail: string, addresses: string[] | null) => scene({ dns: [{ host: 'dns1', addresses, detail }] })
    expect(at('dns dns1', host('dns1 serves 192.0.2.9, changed by somebody else', ['192.0.2.9']))).toMatchObject({ patienceMs: 0 })
    expect(at('dns dns1', host('dns1 gives no usable answer', null))).toMatchObject({ patienceMs: 90_000 })
    expect(at('dns dns1', host('', ['192.0.2.1']))).toEqual({ calm: 'dns1 shows what it should' })
    expect(at('dns dns1', scene())).toBeNull()
    expect(at('dns dns1', scene({ ledger: { move: moveOf(config) }, dns: [{ host: 'dns1', addresses: null, detail: 'dns1 gives no usable answer' }] }))).toBeNull()
  })

  test('too few voters that say anything of the active site are one when it lasts, where others still do', () => {
    const saying = (...says: ('up' | 'down' | 'unknown')[]) => {
      const { state, ...rest } = scene()
      const votes = Object.fromEntries(config.vantages.map(({ vantage }, i) => [vantage, { says: says[i] ?? 'unknown', run: 0, answers: [], failure: null, atMs: 0 }]))
      return { ...rest, state: { ...state, watch: { ...state.watch, votes: { aws: votes } } } }
    }
    expect(at('voters aws', saying('up'))).toMatchObject({ sentence: expect.stringMatching(/^\S+, \S+ of 3 voters can say nothing of aws, and 2 must agree: nothing moves by itself$/), patienceMs: 30_000 })
    expect(at('voters aws', saying('up', 'down'))).toEqual({ calm: 'enough voters see aws again' })
    expect(at('voters aws', saying())).toBeNull()
    expect(at('voters hetzner', saying('up'))).toBeUndefined()
  })

  test('another site of ours at an address is one when it lasts, and over when the site is up again', () => {
    const answering = (kind: 'ok' | 'other-site', detail: string) => {
      const { state, ...rest } = scene({ sites: { aws: seen('well') } })
      const vote = { says: 'unknown' as const, run: 0, failure: null, atMs: 0, answers: [{ kind, address: '192.0.2.1', detail, ms: 1, certificateUntilMs: null }] }
      return { ...rest, state: { ...state, watch: { ...state.watch, votes: { aws: { paris: vote } } } } }
    }
    expect(at('addresses aws', answering('other-site', 'site hetzner answers here'))).toMatchObject({
      sentence: "192.0.2.1 is aws's, and site hetzner answers here: that counts for neither up nor down, so nothing moves by it",
      patienceMs: 30_000,
    })
    expect(at('addresses aws', answering('ok', 'HTTP 200'))).toEqual({ calm: 'aws answers at its own address again' })
    expect(at('addresses aws', scene())).toBeNull()
  })

  test('a site that stands by and could not take over is one; one that was given up is known', () => {
    const sites = (verdict: Verdict) => ({ sites: { aws: seen('well'), hetzner: seen(verdict) } })
    expect(at('site hetzner', scene(sites('cut')))).toMatchObject({ sentence: 'hetzner is cut off: as scripted. It stands by, and could not take over', patienceMs: 0 })
    expect(at('site hetzner', scene(sites('down')))).toMatchObject({ patienceMs: config.policy.outageMs })
    expect(at('site hetzner', scene(sites('well')))).toEqual({ calm: 'hetzner stands by again' })
    expect(at('site hetzner', scene({ ...sites('down'), ledger: { given: [{ site: 'hetzner', epoch: 6, atMs: day }] } }))).toBeNull()
    expect(at('site aws', scene(sites('down')))).toBeUndefined()
  })
})
