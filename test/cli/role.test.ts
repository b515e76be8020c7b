import { createSocket } from 'node:dgram'
import { readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { addition, updateByHand } from '../lab/hand.ts'
import { marker, now, old, others, owner } from '../lab/role-cases.ts'
import { rig, secret, type Rig } from './rig.ts'

const txt = (value: string) => ({ name: '_lifeboat-shop.shop.example', type: 'TXT' as const, ttlS: 1, value })
const a = { name: 'shop.example', type: 'A' as const, ttlS: 2, value: '127.0.0.41' }
const nobody = '127.0.0.1:1'

/** The file with these name servers in the place of the usual one. */
const asks = (servers: string[]) => (yaml: string) => yaml.replace(/nameservers: .*/, `nameservers: ${JSON.stringify(servers)}`)

test('says which site is active, of what its name servers say alone', async () => {
  const lab = await rig([a, txt(now)])
  const behind = await rig([a, txt(old)])
  const role = async (...servers: string[]) => {
    await lab.write(asks(servers))
    const [aws, hetzner] = [await lab.run('role', 'aws'), await lab.run('role', 'hetzner')]
    return { codes: [aws.code, hetzner.code], aws, hetzner }
  }
  const one = await role(lab.dns.server)
  expect(one).toMatchObject({
    codes: [5, 0],
    aws: { out: 'aws is not active: hetzner is (epoch 8 at 1 of 1 name servers)\n', err: '' },
    hetzner: { out: 'hetzner is active (epoch 8 at 1 of 1 name servers)\n', err: '' },
  })
  expect((await role(lab.dns.server, behind.dns.server)).codes).toEqual([5, 0])
  const cut = await role(lab.dns.server, nobody)
  expect(cut).toMatchObject({ codes: [4, 4], aws: { out: '', err: expect.stringMatching(/^Whether aws is active could not be found out: of 2 name servers more than half .* 127\.0\.0\.1:1 does not answer\n$/) } })
  expect((await role(behind.dns.server, nobody)).codes).toEqual([4, 4])
})

test('needs no store, no secret, and leaves nothing behind', async () => {
  const lab = await rig([a, txt(now)])
  await lab.write((yaml) =>
    asks([lab.dns.server])(yaml)
      .replace('CANARY_WORD', 'NOT_SET_AT_THIS_HOST')
      .replace(/- \{ driver: embedded, (.*) \}/, '- { driver: rfc2136, $1, key: lifeboat, secret: "${TSIG_SECRET_NOT_SET}" }')
      .concat('notify: [{ url: "${NTFY_URL_NOT_SET}" }]\nheartbeat: { url: "${HEARTBEAT_URL_NOT_SET}" }\n'),
  )
  expect(await lab.run('role', 'hetzner')).toMatchObject({ code: 0, err: '' })
  // Any other mistake is one, and every other command needs the secrets.
  expect(await lab.run('check')).toMatchObject({ code: 2, err: expect.stringMatching(/needs TSIG_SECRET_NOT_SET, which is not set/) })
  await lab.write((yaml) => yaml.replace('fall: 2', 'fall: 0'))
  expect(await lab.run('role', 'hetzner')).toMatchObject({ code: 2, err: expect.stringMatching(/check\.fall/) })
  expect(await readdir(lab.folder)).toEqual(['lifeboat.yaml'])
  expect(lab.printed()).not.toContain(secret)
})

test('what the user got wrong is exit 2, and says what to write', async () => {
  const lab = await rig([a, txt(now)])
  expect(await lab.run('role')).toMatchObject({ code: 2, err: expect.stringMatching(/^lifeboat role needs the site that it is about: lifeboat role SITE\. The sites are aws, hetzner/) })
  expect(await lab.run('role', 'azure')).toMatchObject({ code: 2, err: expect.stringMatching(/^There is no site azure in .*lifeboat\.yaml; there are aws, hetzner\n$/) })
  await lab.write((yaml) => yaml.replace(/^owner.*\n/m, ''))
  expect(await lab.run('role', 'aws')).toMatchObject({ code: 2, err: expect.stringMatching(/has no owner/) })
})

test("another owner's marker, or none, is could not find out", async () => {
  const lab = await rig([a, txt(marker('hetzner', 8, { by: others }))])
  expect(await lab.run('role', 'hetzner')).toMatchObject({ code: 4, err: expect.stringContaining(`by owner ${owner}, and ${lab.dns.server} shows another owner's (${others})`) })
  const bare = await rig([a])
  expect(await bare.run('role', 'hetzner')).toMatchObject({ code: 4, err: expect.stringMatching(/shows none\. Where the names are not adopted: lifeboat adopt\n$/) })
})

test('an adopted name, through a move, as a host hears of it', async () => {
  const lab = await rig()
  expect((await lab.run('adopt', '--yes')).code).toBe(0)
  const codes = async (lab: Rig) => [(await lab.run('role', 'aws')).code, (await lab.run('role', 'hetzner')).code]
  expect(await codes(lab)).toEqual([0, 5])
  expect((await lab.run('switchover', 'hetzner', '--yes')).code).toBe(0)
  expect(await codes(lab)).toEqual([5, 0])
  // A second text beside ours is nobody's word.
  expect(await updateByHand(lab.dns.server, 'shop.example', null, [addition('_lifeboat-shop.shop.example', 1, 'TXT', 'anything')])).toBe(0)
  expect(await codes(lab)).toEqual([4, 4])
})

test('a name server that takes the question and never answers is waited for no longer than a few seconds', async () => {
  const lab = await rig([a, txt(now)])
  const mute = createSocket('udp4')
  await new Promise<void>((bound) => mute.bind(0, '127.0.0.1', bound))
  await lab.write(asks([`127.0.0.1:${mute.address().port}`]))
  const ran = await lab.run('role', 'hetzner')
  mute.close()
  expect(ran).toMatchObject({ code: 4, err: expect.stringContaining('does not answer') })
})
