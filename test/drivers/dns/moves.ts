import { afterAll, beforeAll, describe, expect } from 'vitest'
import { one, two } from '../../lab/rig.ts'
import type { Started } from '../../lab/servers.ts'
import { moveTest } from './moves-case.ts'
import type { Case, CaseOptions } from './moves-case.ts'

// The move suite of DNS.md: the real controller moves names at the DNS hosts of a lab, one or several that serve the same zone.

const zones = Array.from({ length: 40 }, (_, n) => `z${n}.example`)

export const moveSuite = (name: string, start: (zones: string[]) => Promise<Started[]>): void => {
  describe.concurrent(`move suite: ${name}`, () => {
    let servers: Started[] = []
    let count = 0
    beforeAll(async () => {
      servers = await start(zones)
    }, 60_000)
    afterAll(async () => {
      await Promise.all(servers.map((server) => server.stop()))
    })
    const move = (title: string, options: CaseOptions, run: (c: Case) => Promise<void>): void =>
      moveTest(title, () => ({ servers, zone: zones[count++]! }), options, run)

    move('adopt, failover', {}, async ({ rig, adopted, values, markers }) => {
      await adopted()
      expect(await values()).toEqual(servers.map(() => [one]))
      rig.up.one = false
      await rig.seen()
      await rig.askMove('failover', 'two')
      const { past } = await rig.ended(2)
      expect(past[0]).toMatchObject({ epoch: 2, state: 'done', to: 'two' })
      expect(await values()).toEqual(servers.map(() => [two]))
      expect((await markers()).map((m) => m?.state)).toEqual(servers.map(() => 'pointed'))
    })
  })
}
