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
