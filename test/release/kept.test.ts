import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { withoutRelease } from '../../src/cli/commands/check.ts'
import { keep, keptIn, newestKept } from '../../src/release/kept.ts'
import { makeRelease } from '../../src/release/release.ts'
import { configOf } from '../core/house.ts'

const made = (value: string, nowMs: number, certificate: string | null = null) =>
  makeRelease({ app: 'shop', composed: { app: 'services: {}\n', ours: '' }, values: new Map([['KEY', value]]), certificate, nowMs })

test('the newest is found again, with the very files; six leave five', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-kept-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  expect(newestKept(folder)).toBeNull()
  const releases = [1, 2, 3, 4, 5, 6].map((n) => made(`value ${n}`, Date.UTC(2026, 10, 25) + n, 'a certificate\n'))
  for (const release of releases) keep(folder, release)
  expect(newestKept(folder)).toEqual(releases.at(-1))
  expect((await readdir(keptIn(folder))).sort()).toEqual(releases.slice(1).map(({ name }) => name))
})

test('the id tells values apart, and neither times nor certificates', () => {
  expect(made('a', 1).id).toBe(made('a', 2, 'a certificate').id)
  expect(made('a', 1).id).not.toBe(made('b', 1).id)
})

test('check warns of a cold site while none is kept', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-kept-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const core = configOf()
  const cold = { ...core, sites: [...core.sites, { site: 'attic', cloud: 'none', addresses: [], standby: 'cold' as const }] }
  expect(withoutRelease({ folder, core: { ...cold, sites: core.sites.filter(({ standby }) => standby === 'hot') } })).toEqual([])
  expect(withoutRelease({ folder, core: cold }).at(-1)).toBe(`sites.attic: is cold, and no release is kept for it in ${keptIn(folder)}. Type lifeboat push --all --env FILE`)
  keep(folder, made('a', 1))
  expect(withoutRelease({ folder, core: cold })).toEqual([])
})
