import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rig } from './rig.ts'

test('what an adoption takes out has no TTL any more, and check --online says that it goes', async () => {
  const at = { name: 'shop.example', ttlS: 2 }
  const lab = await rig([{ ...at, type: 'A', value: '127.0.0.41' }, { ...at, type: 'AAAA', value: '::1' }])
  expect((await lab.run('check', '--online')).out).toContain("  warn     shop.example has AAAA ::1, which is no site's: lifeboat adopt takes it out\n")
  const adopted = await lab.run('adopt', '--active', 'aws', '--yes')
  expect(adopted).toMatchObject({ code: 0, out: expect.stringMatching(/ A 127\.0\.0\.41 \(TTL 2 s\) → 127\.0\.0\.41 \(TTL 1 s\) [^]* AAAA ::1 \(TTL 2 s\) → none  /) })
  expect(lab.dns.dump('shop.example').filter((line) => line.includes(' AAAA '))).toEqual([])
})

test('after its store was lost, history says that moves may be missing, and the adoption shows the marker by what changes in it', async () => {
  const lab = await rig()
  expect((await lab.run('adopt', '--yes')).code).toBe(0)
  expect((await lab.run('history')).out).toMatch(/^epoch 1 /)
  await rm(join(lab.folder, '.lifeboat'), { recursive: true })
  const watch = lab.start('watch')
  await watch.line(({ msg }) => /this store knows nothing of it/.test(msg))
  expect(await lab.run('history')).toMatchObject({ code: 0, out: 'This store may be new, lost or an old copy, and knows of no moves. To take it up: lifeboat adopt\n' })
  expect((await lab.run('adopt', '--yes')).out).toMatch(/ TXT app=shop epoch=1 site=aws → app=shop epoch=2 site=aws /)
  expect((await lab.run('history')).out).toMatch(/^epoch 2 /)
})
